//! Notifications to compose mails from, and the counterparts that judge them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{
    Answer, AnswerValue, AssignmentKind, ConferenceProvider, MeetingPlace,
};
use scheduling_core::ids::{BookingId, OutboxId};
use scheduling_core::notification::{
    Audience, BookingFacts, Contact, Decision, MessageWords, Notification, NotificationLinks,
};
use scheduling_core::time::Interval;
use scheduling_mail::{
    Failover, MailNotifier, MailOptions, MailSender, OutgoingMail, Transport, TransportError,
};

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn contact(name: &str, email: &str, zone: &str) -> Contact {
    Contact {
        name: name.parse().unwrap(),
        email: email.parse().unwrap(),
        timezone: zone.parse().unwrap(),
    }
}

pub(crate) fn mara() -> Contact {
    contact("Mara Lindqvist", "mara@northwind.example", "Europe/Berlin")
}

pub(crate) fn elena() -> Contact {
    contact(
        "Elena Vaszary",
        "elena.vaszary@halden-mills.example",
        "Europe/Lisbon",
    )
}

pub(crate) fn jonas() -> Contact {
    contact("Jonas Wik", "jonas@halden-mills.example", "Europe/Lisbon")
}

pub(crate) fn facts() -> BookingFacts {
    let start = at("2026-11-24T14:00:00Z");
    BookingFacts {
        id: BookingId::from_uuid("0193a000-0000-7000-8000-000000000001".parse().unwrap()),
        sequence: 0,
        title: "First conversation".parse().unwrap(),
        workspace: "Northwind Advisory".parse().unwrap(),
        interval: Interval::new(start, start + TimeDelta::minutes(30)).unwrap(),
        place: MeetingPlace::Link {
            url: "https://meet.northwind.example/r/8kd-2fa".parse().unwrap(),
        },
        assignment: AssignmentKind::Single,
        hosts: vec![mara()],
        invitee: elena(),
        guests: vec![jonas()],
        note: Some(
            "We lose about a week between order and first shift plan.\nCan you help?"
                .parse()
                .unwrap(),
        ),
        answers: Vec::new(),
        confirmation_message: None,
        waits_until: None,
        is_ahead: true,
        was_confirmed: true,
        previous: None,
        decision: None,
        changed_at: at("2026-11-20T09:15:00.123456Z"),
    }
}

pub(crate) fn cancelled(by: Party) -> BookingFacts {
    BookingFacts {
        sequence: 1,
        is_ahead: false,
        decision: Some(Decision {
            by,
            reason: Some("The plant is closed that day.".parse().unwrap()),
        }),
        changed_at: at("2026-11-21T16:40:00Z"),
        ..facts()
    }
}

pub(crate) fn notification(
    kind: NotificationKind,
    audience: Audience,
    booking: BookingFacts,
) -> Notification {
    let to = match audience {
        Audience::Invitee => booking.invitee.clone(),
        Audience::Guest => booking.guests[0].clone(),
        Audience::Host if kind == NotificationKind::Released => mara(),
        Audience::Host => booking.hosts.last().unwrap().clone(),
    };
    Notification {
        id: OutboxId::from_uuid("0193a000-0000-7000-8000-0000000000ff".parse().unwrap()),
        kind,
        at: match kind {
            NotificationKind::Reminder => booking.interval.start() - TimeDelta::hours(24),
            NotificationKind::FollowUp => booking.interval.end() + TimeDelta::hours(1),
            _ => booking.changed_at,
        },
        to,
        audience,
        booking,
        links: links(kind, audience),
        words: MessageWords::default(),
    }
}

/// The links of a message, as far as they make sense. Guests are given the invitee's, to see that no mail uses them.
pub(crate) fn links(kind: NotificationKind, audience: Audience) -> NotificationLinks {
    let is_off = matches!(
        kind,
        NotificationKind::Declined
            | NotificationKind::Released
            | NotificationKind::Cancelled
            | NotificationKind::Expired
            | NotificationKind::FollowUp
    );
    let link = |path: &str| Some(format!("https://northwind.example{path}"));
    match (audience, kind) {
        (Audience::Host, NotificationKind::Released | NotificationKind::FollowUp) => {
            NotificationLinks::default()
        }
        (Audience::Host, _) => NotificationLinks {
            manage: link("/h/51c0de"),
            answer: link("/h/51c0de").filter(|_| kind == NotificationKind::Requested),
            reschedule: link("/h/51c0de/reschedule").filter(|_| !is_off),
            cancel: link("/h/51c0de/cancel").filter(|_| !is_off),
            book_again: None,
        },
        _ => NotificationLinks {
            manage: link("/b/8kd2fa").filter(|_| kind != NotificationKind::FollowUp),
            answer: None,
            reschedule: link("/b/8kd2fa/reschedule").filter(|_| !is_off),
            cancel: link("/b/8kd2fa/cancel").filter(|_| !is_off),
            book_again: link("/book/northwind/first-conversation").filter(|_| is_off),
        },
    }
}

pub(crate) const AUDIENCES: [Audience; 3] = [Audience::Invitee, Audience::Guest, Audience::Host];

/// The usual message of a kind to one side.
pub(crate) fn usual(kind: NotificationKind, audience: Audience) -> Notification {
    notification(kind, audience, usual_facts(kind))
}

pub(crate) fn usual_facts(kind: NotificationKind) -> BookingFacts {
    match kind {
        NotificationKind::Requested => requested(),
        NotificationKind::Confirmed | NotificationKind::Approved | NotificationKind::Reminder => {
            facts()
        }
        NotificationKind::Declined => BookingFacts {
            is_ahead: false,
            was_confirmed: false,
            decision: Some(Decision {
                by: Party::Host,
                reason: Some("I am on leave until December.".parse().unwrap()),
            }),
            ..facts()
        },
        NotificationKind::Rescheduled => moved(Party::Invitee),
        NotificationKind::Released => BookingFacts {
            hosts: vec![ben()],
            ..moved(Party::Invitee)
        },
        NotificationKind::Cancelled => cancelled(Party::Host),
        NotificationKind::Expired => BookingFacts {
            is_ahead: false,
            was_confirmed: false,
            ..facts()
        },
        NotificationKind::FollowUp => BookingFacts {
            is_ahead: false,
            ..facts()
        },
    }
}

/// A request that waits for a host's answer.
pub(crate) fn requested() -> BookingFacts {
    BookingFacts {
        was_confirmed: false,
        waits_until: Some(at("2026-11-22T09:15:00Z")),
        ..facts()
    }
}

/// A confirmed booking that has moved, from the day before.
pub(crate) fn moved(by: Party) -> BookingFacts {
    let before = at("2026-11-23T08:30:00Z");
    BookingFacts {
        sequence: 1,
        previous: Some(Interval::new(before, before + TimeDelta::minutes(30)).unwrap()),
        decision: Some(Decision {
            by,
            reason: Some("The train is late.".parse().unwrap()),
        }),
        changed_at: at("2026-11-21T16:40:00Z"),
        ..facts()
    }
}

/// An approved booking that the invitee has moved: it needs an approval anew.
pub(crate) fn moved_and_waits() -> BookingFacts {
    BookingFacts {
        waits_until: Some(at("2026-11-22T16:40:00Z")),
        ..moved(Party::Invitee)
    }
}

/// The same, called off while it waits: by a host's no, or by nobody's answer.
pub(crate) fn moved_and_off(decision: Option<Decision>) -> BookingFacts {
    BookingFacts {
        is_ahead: false,
        previous: None,
        decision,
        changed_at: at("2026-11-22T16:40:00Z"),
        ..moved(Party::Invitee)
    }
}

pub(crate) fn ben() -> Contact {
    contact("Ben Adler", "ben@northwind.example", "America/New_York")
}

pub(crate) fn confirmed_for(audience: Audience) -> Notification {
    usual(NotificationKind::Confirmed, audience)
}

/// With answers, a message to the invitee, and two guests.
pub(crate) fn answered() -> BookingFacts {
    let answer = |key: &str, label: &str, value| Answer {
        key: key.parse().unwrap(),
        label: label.parse().unwrap(),
        value,
    };
    BookingFacts {
        guests: vec![
            jonas(),
            contact("Ana Reis", "ana@halden-mills.example", "Europe/Lisbon"),
        ],
        answers: vec![
            answer(
                "company-size",
                "How many people work at your company?",
                AnswerValue::Choice("50 to 200".parse().unwrap()),
            ),
            answer(
                "goal",
                "What should be different after this meeting?",
                AnswerValue::LongText("We know whether to start.\nAnd with whom.".parse().unwrap()),
            ),
            answer("nda", "We have signed an NDA", AnswerValue::Checkbox(true)),
        ],
        confirmation_message: Some(
            "Bring the order list of one week.\nAn export from your system is enough."
                .parse()
                .unwrap(),
        ),
        ..facts()
    }
}

/// Each kind of place, by a name.
pub(crate) fn places() -> Vec<(&'static str, MeetingPlace)> {
    vec![
        (
            "in-person",
            MeetingPlace::InPerson {
                address: "Hafenstraße 12, 20457 Hamburg; third floor"
                    .parse()
                    .unwrap(),
            },
        ),
        (
            "link",
            MeetingPlace::Link {
                url: "https://meet.northwind.example/r/8kd-2fa".parse().unwrap(),
            },
        ),
        (
            "conference",
            MeetingPlace::Conference {
                provider: ConferenceProvider::GoogleMeet,
                url: Some("https://meet.google.com/abc-defg-hij".parse().unwrap()),
            },
        ),
        (
            "conference-without-link",
            MeetingPlace::Conference {
                provider: ConferenceProvider::MicrosoftTeams,
                url: None,
            },
        ),
        (
            "phone",
            MeetingPlace::Phone {
                instructions: "Call +49 40 1234567, code 42".parse().unwrap(),
            },
        ),
        (
            "host-calls",
            MeetingPlace::HostCalls {
                number: "+351 21 123 4567".parse().unwrap(),
            },
        ),
        (
            "custom",
            MeetingPlace::Custom {
                text: "At the fair, hall 4\nStand B 12".parse().unwrap(),
            },
        ),
        (
            "chosen",
            MeetingPlace::ChosenByInvitee {
                place: "Café A Brasileira".parse().unwrap(),
            },
        ),
    ]
}

pub(crate) fn all_hands() -> BookingFacts {
    BookingFacts {
        assignment: AssignmentKind::AllHands,
        hosts: vec![
            mara(),
            ben(),
            contact("Chidi Obi", "chidi@northwind.example", "Africa/Lagos"),
            contact("Yui Tanaka", "yui@northwind.example", "Asia/Tokyo"),
            contact("Priya Rao", "priya@northwind.example", "Asia/Kolkata"),
        ],
        place: MeetingPlace::InPerson {
            address: "Hafenstraße 12, 20457 Hamburg; third floor"
                .parse()
                .unwrap(),
        },
        note: None,
        guests: vec![jonas()],
        ..facts()
    }
}

/// Names that have broken somebody's calendar.
pub(crate) fn names() -> Vec<String> {
    [
        r#"Zoë "Z" O'Hara, 李"#,
        "ATTENDEE;CN=x:mailto:y@example.org",
        r"back\slash\n and \, \;",
        "semi;colon:comma,equals=",
        "👩‍🚀👨‍👩‍👧‍👦 Ünïcödé",
        "\u{200f}gro.live אבג عربى",
        "^n^'^^ caret",
        "<script>alert(1)</script>&amp;\"'",
        "=?utf-8?q?encoded?=",
        "{{ 7 * 7 }} {% raw %}",
        "Bcc: all@example.org",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([
        "a".repeat(120),
        "👩‍🚀".repeat(40),
        "\"".repeat(120),
        "長".repeat(120),
        // Every alignment of a four-octet character against the fold.
        format!("x{}", "😀".repeat(119)),
        format!("xy{}", "😀".repeat(118)),
        format!("xyz{}", "😀".repeat(117)),
    ])
    .collect()
}

pub(crate) fn hostile() -> Vec<BookingFacts> {
    let emails = [
        "what?cc=all&x%y#z@example.org",
        "o'hara+{tag}|`^*~!$_-/=@example.org",
        "ann@müller.example",
        "jörg@example.org",
    ];
    names()
        .into_iter()
        .enumerate()
        .map(|(number, name)| BookingFacts {
            title: name.parse().unwrap(),
            workspace: name.parse().unwrap(),
            hosts: vec![
                contact(&name, emails[number % emails.len()], "Asia/Kathmandu"),
                // One mailbox twice, in another spelling.
                contact("Again", "ELENA.vaszary@halden-mills.example", "UTC"),
            ],
            invitee: contact(&name, "elena.vaszary@halden-mills.example", "Pacific/Apia"),
            guests: vec![contact(&name, emails[(number + 1) % emails.len()], "UTC")],
            note: Some(
                format!(
                    "{name}\n\n.\n..dots\nBEGIN:VALARM\nFrom here\t{name} \u{202e}gro.live\u{202c}"
                )
                .parse()
                .unwrap(),
            ),
            place: match number % 4 {
                0 => MeetingPlace::Link {
                    url: r#"https://example.org/"><script>;a,b&c=1"#.parse().unwrap(),
                },
                1 => MeetingPlace::Phone {
                    instructions: name.parse().unwrap(),
                },
                2 => MeetingPlace::Custom {
                    text: format!("{name}\n{name}").parse().unwrap(),
                },
                _ => MeetingPlace::InPerson {
                    address: name.parse().unwrap(),
                },
            },
            ..facts()
        })
        .collect()
}

/// As much of everything as fits, all of it hostile.
pub(crate) fn huge() -> BookingFacts {
    let names = names();
    let long = |start: &str| -> String {
        let text = format!("{start}\r\nBcc: all@example.org\n\u{202e}{{{{ 7 * 7 }}}}<script>\"\n");
        text.chars().cycle().take(3990).collect()
    };
    BookingFacts {
        note: long("note").parse().ok(),
        confirmation_message: long("message").parse().ok(),
        waits_until: Some(at("2026-11-22T09:15:00Z")),
        previous: moved(Party::Host).previous,
        decision: Some(Decision {
            by: Party::Invitee,
            reason: long("reason").parse().ok(),
        }),
        guests: (0..10)
            .map(|number| {
                let email = format!("guest{number}@example.org");
                contact(&names[number], &email, "Pacific/Auckland")
            })
            .collect(),
        answers: (0..50)
            .map(|number| Answer {
                key: format!("question-{number}").parse().unwrap(),
                label: names[number % names.len()].parse().unwrap(),
                value: match number % 3 {
                    0 => AnswerValue::LongText(long("answer").parse().unwrap()),
                    1 => {
                        AnswerValue::Choices(vec![names[number % names.len()].parse().unwrap(); 20])
                    }
                    _ => AnswerValue::Checkbox(false),
                },
            })
            .collect(),
        ..facts()
    }
}

/// Keeps what it is given.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<Vec<OutgoingMail>>);

#[async_trait]
impl Transport for Kept {
    fn name(&self) -> &'static str {
        "kept"
    }

    async fn send(&self, mail: &OutgoingMail, _time: Duration) -> Result<(), TransportError> {
        self.0.lock().unwrap().push(mail.clone());
        Ok(())
    }
}

pub(crate) fn sender() -> MailSender {
    MailSender {
        name: None,
        address: "meetings@northwind.example".parse().unwrap(),
    }
}

pub(crate) fn notifier_over(transport: impl Into<Failover>) -> MailNotifier {
    MailNotifier::new(transport, sender(), MailOptions::for_sender(&sender())).unwrap()
}

/// One that only composes. Reading the templates takes longer than using them.
pub(crate) fn notifier() -> &'static MailNotifier {
    static NOTIFIER: LazyLock<MailNotifier> =
        LazyLock::new(|| notifier_over(Arc::new(Kept::default())));
    &NOTIFIER
}

/// A name as mails write it, where it is one of ours.
pub(crate) fn clean(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '\u{202e}' | '\u{202c}'))
        .collect::<String>()
        .replace("=?", "= ?")
        .trim()
        .to_owned()
}

/// The top of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf()
}

/// The Python that has the counterparts, or `None` when the run was told to do without it.
///
/// # Panics
/// When it is missing and nobody said so: a test that quietly checks nothing is worse than none.
pub(crate) fn python() -> Option<PathBuf> {
    let without = std::env::var("KALENDS_TEST_WITHOUT").unwrap_or_default();
    if without.split(',').any(|name| name.trim() == "python") {
        return None;
    }
    let python = root().join("tests/.counterparts/venv/bin/python3");
    assert!(
        python.exists(),
        "The Python counterparts are missing. Get them with `python3 -m venv tests/.counterparts/venv && \
         tests/.counterparts/venv/bin/pip install -r tests/counterparts/requirements.txt` (and Debian's libical3), \
         or set KALENDS_TEST_WITHOUT=python to leave them out."
    );
    Some(python)
}
