//! A meeting with everything that can be asked.

use scheduling_app::availability::EventTypePage;
use scheduling_core::event_type::{
    Appearance, Approval, BookingForm, Condition, ConditionTest, ConferenceProvider, Durations,
    Location, Locations, Question, QuestionKind, Questions, SlotSteps,
};
use scheduling_core::ids::ImageId;
use scheduling_core::time::Length;
use uuid::Uuid;

use super::{HOSTILE, single};

fn question(key: &str, label: &str, kind: QuestionKind) -> Question {
    Question {
        key: key.parse().unwrap(),
        label: label.parse().unwrap(),
        help: None,
        kind,
        required: false,
        shown_if: None,
    }
}

/// One question of each kind, three of which depend on others.
pub(in crate::web) fn questions() -> Questions {
    let titles = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let ask = question;
    let required = |question: Question| Question {
        required: true,
        ..question
    };
    let when = |question: Question, on: &str, is| Question {
        shown_if: Some(Condition {
            question: on.parse().unwrap(),
            is,
        }),
        ..question
    };
    let sizes = titles(&["Up to 20 people", "20 to 100", "More than 100"]);
    let topics = titles(&[
        "Operations",
        "Data",
        "People and structure",
        "Something else",
    ]);
    let other = ConditionTest::AnyOf(titles(&["Something else"]));
    Questions::new(vec![
        ask("company", "Company", QuestionKind::Text),
        required(ask(
            "size",
            "Size of your team",
            QuestionKind::Select { options: sizes },
        )),
        required(ask(
            "topic",
            "What is this about?",
            QuestionKind::MultiSelect { options: topics },
        )),
        required(when(
            ask("else", "What else?", QuestionKind::Text),
            "topic",
            other,
        )),
        ask(
            "met",
            "Have we met before?",
            QuestionKind::Radio {
                options: titles(&["Yes", "Not yet"]),
            },
        ),
        Question {
            help: "A sentence or two is plenty.".parse().ok(),
            ..required(ask(
                "goal",
                "What would make it worth your time?",
                QuestionKind::LongText,
            ))
        },
        ask(
            "people",
            "How many of you come?",
            QuestionKind::Number {
                min: Some(1.into()),
                max: Some(20.into()),
                integer: true,
            },
        ),
        ask("mobile", "Your mobile number", QuestionKind::Phone),
        ask(
            "copy",
            "Who else should read the summary?",
            QuestionKind::Email,
        ),
        ask(
            "deadline",
            "By when must it be decided?",
            QuestionKind::Date {
                min: "2026-11-20".parse().ok(),
                max: None,
            },
        ),
        when(
            ask("why", "Why then?", QuestionKind::Text),
            "deadline",
            ConditionTest::Answered,
        ),
        ask("site", "Your site", QuestionKind::Url),
        required(ask(
            "terms",
            "We keep these answers to prepare the meeting",
            QuestionKind::Checkbox,
        )),
        when(
            ask("until", "Until when?", QuestionKind::Text),
            "terms",
            ConditionTest::Checked,
        ),
    ])
    .unwrap()
}

/// A meeting with everything that can be asked: how long, where, who comes along, and what for.
pub(in crate::web) fn asking() -> EventTypePage {
    let mut page = single();
    let event_type = &mut page.event_type;
    event_type.slug = "workshop".parse().unwrap();
    let lengths = [90, 240].map(|minutes| Length::new(minutes).unwrap());
    event_type.durations = Durations::new(lengths.to_vec(), SlotSteps::Interval).unwrap();
    event_type.locations = Locations::new(vec![
        Location::Conference {
            provider: ConferenceProvider::Zoom,
        },
        Location::HostCalls,
        Location::AskInvitee,
    ])
    .unwrap();
    event_type.form = BookingForm {
        questions: questions(),
        max_guests: 4,
    };
    event_type.policy.approval = Some(Approval::default());
    event_type.appearance = Appearance {
        colour: "#c2410c".parse().ok(),
        banner: Some(ImageId::from_uuid(Uuid::from_u128(0xf))),
        ..Appearance::default()
    };
    page
}

/// Questions that try to be more than text.
pub(in crate::web) fn hostile_questions() -> Questions {
    let option = |text: &str| text.parse().unwrap();
    let options = vec![option(HOSTILE), option("b\"]' x=\"")];
    Questions::new(vec![
        Question {
            help: HOSTILE.parse().ok(),
            ..question(
                "a",
                HOSTILE,
                QuestionKind::Radio {
                    options: options.clone(),
                },
            )
        },
        Question {
            shown_if: Some(Condition {
                question: "a".parse().unwrap(),
                is: ConditionTest::AnyOf(options),
            }),
            ..question("b", HOSTILE, QuestionKind::LongText)
        },
    ])
    .unwrap()
}
