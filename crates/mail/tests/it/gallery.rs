//! One of everything, to hold to rules and to look at.

use std::fs;
use std::path::PathBuf;

use scheduling_core::booking::Party;
use scheduling_core::directory::Role;
use scheduling_core::effect::{AccountNotice, NotificationKind};
use scheduling_core::ids::OutboxId;
use scheduling_core::notification::{
    AccountNotification, Audience, BookingFacts, Decision, MessageWords, Notification,
};

use crate::common::{
    AUDIENCES, all_hands, answered, at, cancelled, facts, hostile, huge, moved, moved_and_off,
    moved_and_waits, notification, notifier, places, requested, usual,
};

/// Each kind to each reader, and what is special about some.
pub(crate) fn everyday() -> Vec<(String, Notification)> {
    let mut all = Vec::new();
    for kind in NotificationKind::ALL {
        for audience in AUDIENCES {
            all.push((named(kind.as_str(), audience), usual(kind, audience)));
        }
    }
    for audience in AUDIENCES {
        for (name, kind, booking) in special() {
            all.push((
                named(&name, audience),
                notification(kind, audience, booking),
            ));
        }
    }
    for audience in AUDIENCES {
        let own = own_words();
        let said = Notification {
            words: own,
            ..notification(NotificationKind::Confirmed, audience, answered())
        };
        all.push((named("own-words", audience), said));
    }
    all
}

fn special() -> Vec<(String, NotificationKind, BookingFacts)> {
    use NotificationKind::{
        Approved, Cancelled, Confirmed, Declined, Expired, Reminder, Requested, Rescheduled,
    };

    let no = Decision {
        by: Party::Host,
        reason: None,
    };
    let mut all = vec![
        ("request-to-move".to_owned(), Requested, moved_and_waits()),
        (
            "approved-move".to_owned(),
            Approved,
            BookingFacts {
                sequence: 1,
                ..facts()
            },
        ),
        (
            "declined-move".to_owned(),
            Declined,
            moved_and_off(Some(no)),
        ),
        ("expired-move".to_owned(), Expired, moved_and_off(None)),
        ("answered".to_owned(), Confirmed, answered()),
        (
            "answered-request".to_owned(),
            Requested,
            BookingFacts {
                was_confirmed: false,
                waits_until: requested().waits_until,
                ..answered()
            },
        ),
        ("all-hands".to_owned(), Confirmed, all_hands()),
        ("all-hands-reminder".to_owned(), Reminder, all_hands()),
        (
            "all-hands-request".to_owned(),
            Requested,
            BookingFacts {
                waits_until: requested().waits_until,
                was_confirmed: false,
                ..all_hands()
            },
        ),
        (
            "cancelled-request".to_owned(),
            Cancelled,
            BookingFacts {
                was_confirmed: false,
                ..cancelled(Party::Invitee)
            },
        ),
    ];
    for by in [Party::Invitee, Party::Host, Party::System] {
        let name = format!("{by:?}").to_lowercase();
        all.push((format!("cancelled-by-{name}"), Cancelled, cancelled(by)));
        all.push((format!("rescheduled-by-{name}"), Rescheduled, moved(by)));
    }
    for (name, place) in places() {
        let booking = BookingFacts { place, ..facts() };
        all.push((format!("place-{name}"), Confirmed, booking));
    }
    all
}

/// The same with hostile names and notes, some of the kinds.
pub(crate) fn gallery() -> Vec<(String, Notification)> {
    let mut all = everyday();
    for audience in AUDIENCES {
        for kind in [NotificationKind::Confirmed, NotificationKind::Requested] {
            let name = format!("huge-{}", kind.as_str());
            all.push((named(&name, audience), notification(kind, audience, huge())));
        }
        for (number, booking) in hostile().into_iter().enumerate() {
            let other = NotificationKind::ALL[number % NotificationKind::ALL.len()];
            let both = [NotificationKind::Confirmed, NotificationKind::Cancelled];
            let other = Some(other).filter(|kind| !both.contains(kind));
            for kind in both.into_iter().chain(other) {
                let name = format!("hostile-{number}-{}", kind.as_str());
                all.push((
                    named(&name, audience),
                    notification(kind, audience, booking.clone()),
                ));
            }
        }
    }
    all
}

fn named(name: &str, audience: Audience) -> String {
    format!("{name}-{audience:?}").to_lowercase()
}

pub(crate) fn own_words() -> MessageWords {
    MessageWords {
        subject: Some(
            "{{ event_title }} with {{ host_names }}, {{ date }}"
                .parse()
                .unwrap(),
        ),
        body: Some(
            "Hello {{ reader_first_name }},\n\n\
             thank you for your trust. {{ host_first_name }} has read that you are \
             {{ answer.company_size | default('some') }} people <b>and</b> prepares for it.\n\
             {% if answer.nda == 'yes' %}\nYour NDA is on file.\n{% endif %}\n\
             {{ no_such_thing }}\n\n\
             {% if manage_link %}Everything is at {{ manage_link }}.{% endif %}"
                .parse()
                .unwrap(),
        ),
    }
}

/// Each message about an account.
pub(crate) fn accounts() -> Vec<(String, AccountNotification)> {
    let id = OutboxId::from_uuid("0193a000-0000-7000-8000-0000000000fe".parse().unwrap());
    let message = |about, link: Option<&str>| AccountNotification {
        id,
        at: at("2026-11-20T09:15:00Z"),
        name: Some("Mara Lindqvist".parse().unwrap()),
        email: "mara@northwind.example".parse().unwrap(),
        about,
        link: link.map(str::to_owned),
    };
    let invitation = |role| AccountNotice::Invitation {
        workspace: "Northwind Advisory".parse().unwrap(),
        inviter: "Ben Adler".parse().unwrap(),
        role,
        expires_at: at("2026-11-27T09:15:00Z"),
    };
    let accept = Some("https://northwind.example/invitations/51c0de");
    let reset = AccountNotice::PasswordReset {
        expires_at: at("2026-11-20T10:15:00Z"),
    };
    vec![
        (
            "invitation".to_owned(),
            AccountNotification {
                name: None,
                ..message(invitation(Role::Member), accept)
            },
        ),
        (
            "invitation-admin".to_owned(),
            message(invitation(Role::Admin), accept),
        ),
        (
            "password-reset".to_owned(),
            message(
                reset,
                Some("https://northwind.example/reset-password/51c0de"),
            ),
        ),
        (
            "password-changed".to_owned(),
            message(AccountNotice::PasswordChanged, None),
        ),
    ]
}

/// `KALENDS_MAILS=folder cargo test -p scheduling-mail gallery` writes all of them there, to be looked at.
#[test]
fn the_gallery_can_be_looked_at() {
    let kept = tempfile::tempdir().unwrap();
    let folder = match std::env::var_os("KALENDS_MAILS") {
        Some(folder) => PathBuf::from(folder),
        None => kept.path().to_owned(),
    };
    fs::create_dir_all(&folder).unwrap();
    let mails = gallery()
        .into_iter()
        .map(|(name, notification)| (name, notifier().compose(&notification).unwrap()));
    let accounts = accounts()
        .into_iter()
        .map(|(name, message)| (name, notifier().compose_account(&message).unwrap()));
    let mut written = 0;
    for (name, mail) in mails.chain(accounts) {
        fs::write(folder.join(format!("{name}.eml")), &mail.bytes).unwrap();
        fs::write(folder.join(format!("{name}.html")), &mail.letter.html).unwrap();
        fs::write(folder.join(format!("{name}.txt")), &mail.letter.text).unwrap();
        written += 3;
    }
    assert!(fs::read_dir(&folder).unwrap().count() >= written);
}
