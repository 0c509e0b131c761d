//! The form with samples, and how what was typed is read.

use std::sync::Arc;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use scheduling_core::event_type::{
    BookingForm, EventType, Location, LocationChoice, Locations, RawAnswer,
};

use super::super::sample;
use super::submission::{Parsed, Wrong};
use super::*;

/// What Elena types, and more.
fn typed(more: &[(&str, &str)]) -> Fields {
    let plain = [
        ("name", "Elena Vaszary"),
        ("email", "elena@halden-mills.example"),
        (
            "note",
            "We lose about a week between order and first shift plan.",
        ),
    ];
    let kept = plain
        .into_iter()
        .filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    Fields::of(&kept.chain(more.iter().copied()).collect::<Vec<_>>())
}

/// The form for 14:00 on 24 November, as it is shown in a zone.
fn sources(page: EventTypePage, zone: Tz, fields: &Fields) -> Sources {
    let mut carry = Carry::new(fields, sample::view(zone), &page.event_type);
    carry.prefill.clear();
    Sources {
        entry: Entry::new(fields, Some(&page.event_type.form.questions)),
        length: carry.length(&page.event_type),
        carry,
        page: Arc::new(page),
        now: sample::now(),
        start: sample::at("2026-11-24T14:00:00Z"),
        held: Some(sample::held()),
        idempotency_key: "00".repeat(16),
    }
}

fn form(page: EventTypePage, zone: Tz, fields: &Fields, notice: Option<Notice>) -> Details {
    Details::new(
        &sources(page, zone, fields),
        &Paths::new(""),
        Vec::new(),
        notice,
    )
}

/// The form with whatever its fields need another look for.
fn judged(page: EventTypePage, fields: &Fields) -> Details {
    let sources = sources(page, Tz::Europe__Lisbon, fields);
    let parsed = sources
        .entry
        .parse(&sources.page.event_type, Tz::Europe__Lisbon);
    Details::new(
        &sources,
        &Paths::new(""),
        parsed.err().unwrap_or_default(),
        None,
    )
}

impl Details {
    #[expect(clippy::too_many_lines, reason = "one list of samples")]
    pub(in crate::web) fn samples() -> Vec<(&'static str, Self)> {
        let lisbon = Tz::Europe__Lisbon;
        let elena = typed(&[]);
        let noticed = |notice| form(sample::single(), lisbon, &elena, Some(notice));
        let crowded = |of, seconds| noticed(Notice::TooMany { of, seconds });
        let near = [
            sample::at("2026-11-24T13:30:00Z"),
            sample::at("2026-11-24T14:30:00Z"),
            sample::at("2026-11-25T08:00:00Z"),
        ];
        let wanted = sample::at("2026-11-24T14:00:00Z");
        let alternatives = || alternatives(&near, wanted, sample::view(lisbon));
        let taken = Details {
            hold: None,
            ..noticed(Notice::Taken {
                alternatives: alternatives(),
            })
        };
        let hostile_text = format!("\n</textarea>{}", sample::HOSTILE);
        let hostile = typed(&[
            ("name", sample::HOSTILE),
            ("email", sample::HOSTILE),
            ("note", &hostile_text),
            ("guests", sample::HOSTILE),
            ("a_a", sample::HOSTILE),
            ("a_b", &hostile_text),
        ]);
        let mut hostile_page = sample::hostile();
        hostile_page.event_type.form = BookingForm {
            questions: sample::hostile_questions(),
            max_guests: 20,
        };
        let mut renewed = noticed(Notice::HeldAgain);
        renewed.hold.as_mut().unwrap().renewed = true;
        let mut ran_out = form(sample::single(), lisbon, &elena, None);
        ran_out.hold.as_mut().unwrap().left = 0;
        vec![
            (
                "empty",
                form(sample::single(), lisbon, &Fields::default(), None),
            ),
            (
                "team",
                form(sample::rotating(), Tz::Asia__Tokyo, &elena, None),
            ),
            (
                "seats",
                form(sample::seats(), Tz::Europe__Berlin, &elena, None),
            ),
            (
                "asking",
                form(sample::asking(), lisbon, &Fields::default(), None),
            ),
            (
                "asking-answered",
                form(
                    sample::asking(),
                    lisbon,
                    &typed(&[
                        ("location", "1"),
                        ("phone", "+49 30 123456"),
                        (
                            "guests",
                            "jonas@halden-mills.example\nmira@halden-mills.example",
                        ),
                        ("a_size", "20 to 100"),
                        ("a_topic", "Data"),
                        ("a_topic", "Something else"),
                        ("a_else", "Shift plans"),
                        ("a_met", "Not yet"),
                        ("a_terms", "on"),
                        ("duration", "240"),
                    ]),
                    None,
                ),
            ),
            (
                "asking-errors",
                judged(
                    sample::asking(),
                    &typed(&[
                        ("email", "elena@"),
                        ("location", "2"),
                        ("guests", "jonas"),
                        ("a_topic", "Something else"),
                        ("a_people", "none"),
                        ("a_deadline", "2026-01-01"),
                        ("a_site", "halden-mills"),
                    ]),
                ),
            ),
            (
                "error",
                judged(sample::single(), &typed(&[("email", "elena@")])),
            ),
            (
                "errors",
                judged(
                    sample::single(),
                    &typed(&[
                        ("name", ""),
                        ("email", "elena@"),
                        ("note", &"x".repeat(4001)),
                    ]),
                ),
            ),
            ("taken", taken),
            (
                "gone",
                noticed(Notice::Gone {
                    alternatives: vec![],
                }),
            ),
            (
                "too-late",
                noticed(Notice::TooLate {
                    alternatives: alternatives(),
                }),
            ),
            ("used", noticed(Notice::Used)),
            ("unavailable", noticed(Notice::Unavailable)),
            ("too-many", crowded(TooMany::Network, 12)),
            ("link-crowded", crowded(TooMany::Link, 1)),
            ("address-crowded", crowded(TooMany::Address, 170)),
            ("moved", noticed(Notice::Moved)),
            ("held-again", renewed),
            ("ran-out", ran_out),
            ("hostile", judged(hostile_page, &hostile)),
        ]
    }
}

/// What is read from fields: the ids of what needs another look, or what the domain gets.
fn parse(event_type: &EventType, fields: &[(&str, &str)]) -> Result<Parsed, Vec<String>> {
    let entry = Entry::new(&Fields::of(fields), Some(&event_type.form.questions));
    entry
        .parse(event_type, Tz::Europe__Lisbon)
        .map_err(|errors| errors.into_iter().map(|error| error.id).collect())
}

fn sent(name: &str, email: &str, note: &str) -> Result<Option<String>, Vec<String>> {
    let event_type = sample::single().event_type;
    let fields = [("name", name), ("email", email), ("note", note)];
    parse(&event_type, &fields).map(|parsed| parsed.note.map(String::from))
}

#[test]
fn every_wrong_field_is_named_in_order() {
    assert_eq!(sent(" Elena ", "elena@example.org", " "), Ok(None));
    assert_eq!(
        sent("Elena", "elena@example.org", "a\r\nb"),
        Ok(Some("a\nb".to_owned()))
    );
    let ids = |ids: &[&str]| Err(ids.iter().map(|id| (*id).to_owned()).collect());
    assert_eq!(
        sent("", "elena@", &"x".repeat(4001)),
        ids(&["name", "email", "note"])
    );
    assert_eq!(
        sent("Elena\r\nBcc: all@example.org", "", "a\u{7}"),
        ids(&["name", "email", "note"])
    );
    let asking = sample::asking().event_type;
    let all = parse(
        &asking,
        &[("location", "1"), ("guests", "x"), ("a_people", "0.5")],
    );
    // The questions in between are those that must be answered and are shown.
    let expected = [
        "name", "email", "phone", "q1", "q2", "q5", "q6", "q12", "guests",
    ];
    assert_eq!(all.unwrap_err(), expected);
}

#[test]
fn what_belongs_to_another_place_is_not_looked_at() {
    let mut event_type = sample::asking().event_type;
    event_type.form = BookingForm::default();
    let read = |fields: &[(&'static str, &'static str)]| {
        let mut all = vec![("name", "Elena"), ("email", "elena@example.org")];
        all.extend(fields);
        parse(&event_type, &all).map(|parsed| {
            let LocationChoice {
                index,
                phone,
                place,
            } = parsed.location;
            (index, phone.map(String::from), place.map(String::from))
        })
    };
    let junk = [("phone", "call me"), ("place", "\u{7}")];
    assert_eq!(
        read(&junk),
        Ok((None, None, None)),
        "a video call needs neither"
    );
    assert_eq!(
        read(&[
            ("location", "1"),
            ("phone", "030 / 123 456"),
            ("place", "\u{7}")
        ]),
        Ok((Some(1), Some("030123456".to_owned()), None))
    );
    assert_eq!(
        read(&[("location", "1"), ("phone", "call me")]),
        Err(vec!["phone".to_owned()])
    );
    assert_eq!(
        read(&[("location", "2"), ("place", " Café Einstein ")]),
        Ok((Some(2), None, Some("Café Einstein".to_owned())))
    );
    assert_eq!(read(&[("location", "2")]), Err(vec!["place".to_owned()]));
    assert_eq!(
        read(&[("location", "9")]),
        Err(vec!["location-0".to_owned()])
    );
    // One place leaves nothing to choose, but may have something to ask.
    event_type.locations = Locations::one(Location::HostCalls);
    let fields = [("name", "Elena"), ("email", "elena@example.org")];
    assert_eq!(parse(&event_type, &fields).unwrap_err(), ["phone"]);
}

#[test]
fn guests_are_addresses_each_once_and_not_the_invitees_own() {
    let mut event_type = sample::single().event_type;
    event_type.form.max_guests = 2;
    let read = |guests: &str| {
        let fields = [
            ("name", "Elena"),
            ("email", "elena@example.org"),
            ("guests", guests),
        ];
        parse(&event_type, &fields).map(|parsed| {
            let guests = parsed.guests.into_iter();
            guests
                .map(|guest| guest.email.to_string())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(
        read(" a@example.org,;\r\n A@example.org Elena@Example.org\tb@example.org "),
        Ok(vec!["a@example.org".to_owned(), "b@example.org".to_owned()])
    );
    let refused = Err(vec!["guests".to_owned()]);
    assert_eq!(read("a@example.org b@example.org c@example.org"), refused);
    assert_eq!(read("a@example.org, Bob"), refused);
    assert_eq!(read("\"x\r\nBcc: y\"@example.org"), refused);
}

#[test]
fn a_link_fills_in_the_form() {
    let page = sample::asking();
    let fields = Fields::of_query(
        "first_name=Elena&last_name=Vaszary&email=e%40x.example&notes=Hi&guests=a@x.example&guests=b@x.example&a_topic=Data&a_unknown=1",
    );
    let entry = Entry::new(&fields, Some(&page.event_type.form.questions));
    assert_eq!(
        (entry.name.as_str(), entry.note.as_str()),
        ("Elena Vaszary", "Hi")
    );
    assert_eq!(entry.guests, "a@x.example\nb@x.example");
    let topic = RawAnswer::Many(vec!["Data".to_owned()]);
    assert_eq!(entry.answers, BTreeMap::from([("topic".to_owned(), topic)]));
}

#[test]
fn a_wrong_answer_is_told_beside_its_question() {
    let fields = typed(&[
        ("a_people", "99"),
        ("a_size", "20 to 100"),
        ("a_topic", "Data"),
    ]);
    let details = judged(sample::asking(), &fields);
    let told: Vec<_> = details
        .errors
        .iter()
        .map(|error| (error.target.as_str(), &error.wrong))
        .collect();
    let label = |text: &str| text.to_owned();
    assert_eq!(
        told,
        [
            (
                "q5",
                &Wrong::Unanswered {
                    label: label("What would make it worth your time?"),
                    choose: false
                }
            ),
            (
                "q6",
                &Wrong::Answer {
                    label: label("How many of you come?"),
                    said: label("must be at most 20")
                }
            ),
            (
                "q12",
                &Wrong::NotTicked {
                    label: label("We keep these answers to prepare the meeting")
                }
            ),
        ]
    );
    // A list is reached at its first option.
    let nothing = judged(
        sample::asking(),
        &typed(&[("a_size", "20 to 100"), ("a_goal", "x")]),
    );
    assert_eq!(nothing.errors[0].target, "q2-0");
}

#[test]
fn a_hold_for_another_time_or_length_is_not_this_ones() {
    let kept = |start: &str, query: &[(&str, &str)]| {
        let mut sources = sources(sample::asking(), Tz::UTC, &Fields::of(query));
        sources.start = sample::at(start);
        sources.own_hold().is_some()
    };
    assert!(kept("2026-11-24T14:00:00Z", &[]));
    assert!(!kept("2026-11-24T14:30:00Z", &[]));
    assert!(!kept("2026-11-24T14:00:00Z", &[("duration", "90")]));
}
