//! Notifications to compose mails from, and the counterparts that judge them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{AssignmentKind, MeetingPlace};
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
        Audience::Host => booking.hosts.last().unwrap().clone(),
    };
    Notification {
        id: OutboxId::from_uuid("0193a000-0000-7000-8000-0000000000ff".parse().unwrap()),
        kind,
        at: at("2026-11-23T14:00:00Z"),
        to,
        audience,
        booking,
        // Given for every audience, to see that only the invitee's mail uses them.
        links: NotificationLinks {
            manage: Some("https://northwind.example/b/8kd2fa".to_owned()),
            answer: None,
            reschedule: Some("https://northwind.example/b/8kd2fa/reschedule".to_owned()),
            cancel: Some("https://northwind.example/b/8kd2fa/cancel".to_owned()),
            book_again: Some(
                "https://northwind.example/book/northwind/first-conversation".to_owned(),
            ),
        },
        words: MessageWords::default(),
    }
}

pub(crate) fn confirmed_for(audience: Audience) -> Notification {
    notification(NotificationKind::Confirmed, audience, facts())
}

/// One of everything: each kind and reader, all hands, hostile names, every kind of location.
pub(crate) fn gallery() -> Vec<(String, Notification)> {
    let mut all = Vec::new();
    for audience in [Audience::Invitee, Audience::Guest, Audience::Host] {
        let name = format!("{audience:?}").to_lowercase();
        all.push((format!("confirmed-{name}"), confirmed_for(audience)));
        for by in [Party::Invitee, Party::Host, Party::System] {
            let by_name = format!("{by:?}").to_lowercase();
            all.push((
                format!("cancelled-by-{by_name}-{name}"),
                notification(NotificationKind::Cancelled, audience, cancelled(by)),
            ));
        }
        all.push((
            format!("all-hands-{name}"),
            notification(NotificationKind::Confirmed, audience, all_hands()),
        ));
        for (number, booking) in hostile().into_iter().enumerate() {
            all.push((
                format!("hostile-{number}-{name}"),
                notification(NotificationKind::Confirmed, audience, booking.clone()),
            ));
            all.push((
                format!("hostile-cancelled-{number}-{name}"),
                notification(NotificationKind::Cancelled, audience, booking),
            ));
        }
    }
    all
}

pub(crate) fn all_hands() -> BookingFacts {
    BookingFacts {
        assignment: AssignmentKind::AllHands,
        hosts: vec![
            mara(),
            contact("Ben Adler", "ben@northwind.example", "America/New_York"),
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
