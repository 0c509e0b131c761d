//! Every setting of an event type.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::event_type::{
    Appearance, Approval, BookingForm, BookingPolicy, ChangeRule, Condition, ConditionTest,
    ConferenceProvider, Durations, EventHours, EventType, EventTypeStatus, Hosting, Location,
    Locations, Question, QuestionKind, Questions, ReasonPolicy, Reminder, ReminderTo, Reminders,
    Required, SlotSteps,
};
use scheduling_core::ids::{EventTypeId, ImageId, ScheduleId};
use scheduling_core::ports::Storage;
use scheduling_core::time::{Length, Minutes};

use super::fixture::{House, whole};
use crate::builders::{default_schedule, parse, working_hours};

async fn stored(house: &House, id: EventTypeId) -> Option<EventType> {
    let mut work = house.begin_read().await;
    work.event_types().get(id).await.unwrap()
}

fn locations() -> Locations {
    let all = vec![
        Location::AskInvitee,
        Location::HostCalls,
        Location::InPerson {
            address: parse("1, \"Quay\" Street"),
        },
        Location::Link {
            url: parse("https://meet.example/äöü?a=b&c='d'"),
        },
        Location::Room {
            template: parse("https://meet.example.org/kalends-{room}?lang=en"),
        },
        Location::Conference {
            provider: ConferenceProvider::GoogleMeet,
        },
        Location::Conference {
            provider: ConferenceProvider::Zoom,
        },
        Location::Phone {
            instructions: parse("Ring 030 / 123"),
        },
        Location::Custom {
            text: parse("Ring\nthe bell"),
        },
    ];
    Locations::new(all).unwrap()
}

fn questions() -> Questions {
    let options = || vec![parse("Yes, \"please\""), parse("No; --"), parse("李")];
    let kinds = [
        QuestionKind::Text,
        QuestionKind::LongText,
        QuestionKind::Number {
            min: Some(parse("-1.5")),
            max: Some(parse("1000000")),
            integer: false,
        },
        QuestionKind::Email,
        QuestionKind::Phone,
        QuestionKind::Select { options: options() },
        QuestionKind::MultiSelect { options: options() },
        QuestionKind::Radio { options: options() },
        QuestionKind::Checkbox,
        QuestionKind::Date {
            min: Some(parse("2026-01-01")),
            max: None,
        },
        QuestionKind::Url,
    ];
    let condition = |on: &str, is| {
        Some(Condition {
            question: parse(on),
            is,
        })
    };
    let question = |(place, kind)| Question {
        key: parse(&format!("question-{place}")),
        label: parse(&format!("Question \"{place}\"?")),
        help: (place % 2 == 0).then(|| parse("So\nthat")),
        kind,
        required: place % 3 == 0,
        shown_if: match place {
            1 => condition("question-0", ConditionTest::Answered),
            7 => condition("question-6", ConditionTest::AnyOf(options())),
            9 => condition("question-8", ConditionTest::Checked),
            _ => None,
        },
    };
    Questions::new(kinds.into_iter().enumerate().map(question).collect()).unwrap()
}

fn policy() -> BookingPolicy {
    BookingPolicy {
        approval: Some(Approval {
            answer_within: Length::new(u32::MAX).unwrap(),
        }),
        cancel: ChangeRule {
            invitee_may: false,
            notice: Minutes(u32::MAX),
            invitee_reason: ReasonPolicy::Required,
            host_reason: ReasonPolicy::Hidden,
        },
        reschedule: ChangeRule {
            notice: Minutes(90),
            ..ChangeRule::default()
        },
    }
}

/// Everything there is to say about an event type, with the house's own as its example.
pub(super) fn with_everything(house: &House, schedule: ScheduleId) -> EventType {
    let mut kind = house.event_type.clone();
    let lengths = [5, 1440, 45].map(|minutes| Length::new(minutes).unwrap());
    kind.durations = Durations::new(lengths.to_vec(), SlotSteps::Duration).unwrap();
    kind.hours = EventHours::Schedule {
        schedule,
        within_hosts: true,
    };
    kind.host_schedules = BTreeMap::from([(house.bob.id, schedule), (house.ann.id, schedule)]);
    kind.locations = locations();
    kind.form = BookingForm {
        questions: questions(),
        max_guests: 20,
    };
    kind.policy = policy();
    kind.appearance = Appearance {
        colour: Some(parse("#1a7f5a")),
        banner: Some(ImageId::generate(&house.ids)),
        confirmation_message: Some(parse("Thanks!\n\"李\" <b>")),
        redirect_url: Some(parse("https://example.org/thanks?a='b'")),
    };
    let reminder = |minutes, to| Reminder {
        minutes: Minutes(minutes),
        to,
    };
    let before = vec![
        reminder(0, ReminderTo::Hosts),
        reminder(60 * 24 * 60, ReminderTo::Everyone),
    ];
    let after = vec![reminder(30, ReminderTo::Attendees)];
    kind.reminders = Reminders::new(before, after).unwrap();
    kind
}

/// A schedule of Ann's, stored.
pub(super) async fn anns_schedule(house: &House) -> ScheduleId {
    let hours = working_hours(Tz::Europe__Berlin, "09:00-17:00");
    let schedule = default_schedule(&house.ids, house.workspace.id, house.ann.id, hours);
    let mut work = house.begin().await;
    work.schedules().insert(&schedule).await.unwrap();
    work.commit().await.unwrap();
    schedule.id
}

/// Durations, hours, schedules, places, questions, rules, looks, reminders and every status.
pub async fn every_setting_comes_back_as_it_was(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let schedule = anns_schedule(&house).await;
    let mut full = with_everything(&house, schedule);
    for (status, version) in [
        (EventTypeStatus::Active, 1),
        (EventTypeStatus::Hidden, 2),
        (EventTypeStatus::Inactive, 77),
        (EventTypeStatus::Archived, u32::MAX),
    ] {
        full.id = EventTypeId::generate(&house.ids);
        full.slug = parse(&format!("full-{version}"));
        full.status = status;
        full.version = version;
        let mut work = house.begin().await;
        work.event_types().insert(&full).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(stored(&house, full.id).await.as_ref(), Some(&full));
    }
    let bare = house.event_type.clone();
    assert_eq!(stored(&house, bare.id).await, Some(bare));
    // Archived ones are listed too.
    let mut work = house.begin_read().await;
    let listed = whole(work.event_types().list(house.workspace.id).await);
    assert_eq!(listed.len(), 5);
    assert!(listed.contains(&full));
}

/// The largest value of each number.
pub async fn the_largest_numbers_fit(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut kind = house.event_type.clone();
    kind.version = 2;
    kind.position = u32::MAX;
    kind.rules.duration = Length::new(u32::MAX).unwrap();
    kind.rules.minimum_notice = Minutes(u32::MAX);
    kind.rules.limits.per_day = Some(u32::MAX);
    let most = Required::AtLeast(NonZeroU32::new(3).unwrap());
    let pool = vec![house.bob.id, house.ann.id, house.eve.id];
    kind.hosting = Hosting::collective(pool, most).unwrap();
    let mut work = house.begin().await;
    work.event_types().update(&kind).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(stored(&house, kind.id).await, Some(kind));
}
