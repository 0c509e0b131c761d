//! The form with samples, and how answers are read.

use super::super::sample;
use super::*;

fn answers() -> Answers {
    Answers {
        name: "Elena Vaszary".to_owned(),
        email: "elena@halden-mills.example".to_owned(),
        note: "We lose about a week between order and first shift plan.".to_owned(),
    }
}

/// The form for 14:00 on 24 November, as it is shown in a zone.
fn form(
    page: EventTypePage,
    zone: Tz,
    answers: Answers,
    errors: Vec<FieldError>,
    notice: Option<Notice>,
) -> Details {
    let sources = Sources {
        page,
        view: sample::view(zone),
        now: sample::now(),
        start: sample::at("2026-11-24T14:00:00Z"),
        answers,
        idempotency_key: "00".repeat(16),
    };
    Details::new(&sources, &Paths::new(""), errors, notice)
}

impl Details {
    pub(in crate::web) fn samples() -> Vec<(&'static str, Self)> {
        let lisbon = Tz::Europe__Lisbon;
        let plain = |answers| form(sample::single(), lisbon, answers, vec![], None);
        let noticed = |notice| form(sample::single(), lisbon, answers(), vec![], Some(notice));
        let refused = |problems: &[(Field, Problem)]| {
            let errors = problems.iter().map(|(field, problem)| FieldError {
                field: *field,
                problem: *problem,
            });
            let typed = Answers {
                email: "elena@".to_owned(),
                ..answers()
            };
            form(sample::single(), lisbon, typed, errors.collect(), None)
        };
        let near = [
            sample::at("2026-11-24T13:30:00Z"),
            sample::at("2026-11-24T14:30:00Z"),
            sample::at("2026-11-25T08:00:00Z"),
        ];
        let wanted = sample::at("2026-11-24T14:00:00Z");
        let alternatives = alternatives(&near, wanted, sample::view(lisbon));
        let hostile = Answers {
            name: sample::HOSTILE.to_owned(),
            email: sample::HOSTILE.to_owned(),
            note: format!("\n</textarea>{}", sample::HOSTILE),
        };
        let all = [
            (Field::Name, Problem::Missing),
            (Field::Email, Problem::Wrong),
            (Field::Note, Problem::TooLong),
        ];
        let berlin = Tz::Europe__Berlin;
        let tokyo = Tz::Asia__Tokyo;
        vec![
            ("empty", plain(Answers::default())),
            (
                "team",
                form(sample::rotating(), tokyo, answers(), vec![], None),
            ),
            (
                "seats",
                form(sample::seats(), berlin, answers(), vec![], None),
            ),
            ("error", refused(&[(Field::Email, Problem::Wrong)])),
            ("errors", refused(&all)),
            ("taken", noticed(Notice::Taken { alternatives })),
            (
                "gone",
                noticed(Notice::Gone {
                    alternatives: vec![],
                }),
            ),
            ("used", noticed(Notice::Used)),
            ("unavailable", noticed(Notice::Unavailable)),
            ("moved", noticed(Notice::Moved)),
            (
                "hostile",
                form(sample::hostile(), lisbon, hostile, vec![], None),
            ),
        ]
    }
}

fn sent(name: &str, email: &str, note: &str) -> Result<Option<String>, Vec<(Field, Problem)>> {
    let submission = Submission {
        name: name.to_owned(),
        email: email.to_owned(),
        note: note.to_owned(),
        ..Submission::default()
    };
    submission
        .parse(Tz::Europe__Lisbon)
        .map(|(_, note)| note.map(String::from))
        .map_err(|errors| errors.iter().map(|e| (e.field, e.problem)).collect())
}

#[test]
fn every_wrong_field_is_named_in_order() {
    assert_eq!(sent(" Elena ", "elena@example.org", " "), Ok(None));
    assert_eq!(
        sent("Elena", "elena@example.org", "a\r\nb"),
        Ok(Some("a\nb".to_owned()))
    );
    assert_eq!(
        sent("", "elena@", &"x".repeat(4001)),
        Err(vec![
            (Field::Name, Problem::Missing),
            (Field::Email, Problem::Wrong),
            (Field::Note, Problem::TooLong)
        ])
    );
    assert_eq!(
        sent("Elena\r\nBcc: all@example.org", "", "a\u{7}"),
        Err(vec![
            (Field::Name, Problem::Wrong),
            (Field::Email, Problem::Missing),
            (Field::Note, Problem::Wrong)
        ])
    );
}

#[test]
fn alternatives_name_their_day_only_when_it_is_another() {
    let starts = [
        sample::at("2026-11-24T13:30:00Z"),
        sample::at("2026-11-25T00:30:00Z"),
    ];
    let wanted = sample::at("2026-11-24T14:00:00Z");
    let lisbon = alternatives(&starts, wanted, sample::view(Tz::Europe__Lisbon));
    assert_eq!(lisbon[0].date, None);
    assert_eq!(lisbon[1].date.as_deref(), Some("Wed 25 Nov"));
    let new_york = alternatives(&starts, wanted, sample::view(Tz::America__New_York));
    assert_eq!(
        (new_york[1].date.as_deref(), new_york[1].time.as_str()),
        (None, "19:30")
    );
}
