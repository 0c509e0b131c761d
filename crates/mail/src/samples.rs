//! Notifications to try templates on.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::booking::Party;
use scheduling_core::directory::Role;
use scheduling_core::effect::{AccountNotice, NotificationKind};
use scheduling_core::event_type::{Answer, AnswerValue, AssignmentKind, MeetingPlace};
use scheduling_core::ids::{BookingId, OutboxId};
use scheduling_core::notification::{
    AccountNotification, Audience, BookingFacts, Contact, Decision, MessageWords, Notification,
    NotificationLinks,
};
use scheduling_core::time::Interval;
use uuid::Uuid;

/// Each notification to each reader, with everything that a booking may have and with nothing of it.
pub(crate) fn samples() -> Vec<Notification> {
    let mut samples = Vec::new();
    for rich in [true, false] {
        for kind in NotificationKind::ALL {
            for audience in [Audience::Invitee, Audience::Guest, Audience::Host] {
                samples.extend(sample(kind, audience, rich));
            }
        }
    }
    samples
}

/// Each message about an account, with a name and a link and without.
pub(crate) fn account_samples() -> Vec<AccountNotification> {
    let start = DateTime::<Utc>::UNIX_EPOCH;
    let mut samples = Vec::new();
    for rich in [true, false] {
        let invitation = || {
            Some(AccountNotice::Invitation {
                workspace: "Sample".parse().ok()?,
                inviter: "Mara".parse().ok()?,
                role: Role::Member,
                expires_at: start,
            })
        };
        let reset = AccountNotice::PasswordReset { expires_at: start };
        for about in [
            invitation(),
            Some(reset),
            Some(AccountNotice::PasswordChanged),
        ] {
            samples.extend(about.and_then(|about| {
                Some(AccountNotification {
                    id: OutboxId::from_uuid(Uuid::nil()),
                    at: start,
                    name: "Elena".parse().ok().filter(|_| rich),
                    email: "elena@example.org".parse().ok()?,
                    about,
                    link: link(rich),
                })
            }));
        }
    }
    samples
}

fn sample(kind: NotificationKind, audience: Audience, rich: bool) -> Option<Notification> {
    let booking = facts(rich)?;
    Some(Notification {
        id: OutboxId::from_uuid(Uuid::nil()),
        kind,
        at: DateTime::<Utc>::UNIX_EPOCH,
        to: booking.invitee.clone(),
        audience,
        booking,
        links: NotificationLinks {
            manage: link(rich),
            answer: link(rich),
            reschedule: link(rich),
            cancel: link(rich),
            book_again: link(rich),
        },
        words: MessageWords::default(),
    })
}

fn link(rich: bool) -> Option<String> {
    Some("https://example.org".to_owned()).filter(|_| rich)
}

fn facts(rich: bool) -> Option<BookingFacts> {
    let start = DateTime::<Utc>::UNIX_EPOCH;
    let half_an_hour =
        |start: DateTime<Utc>| Interval::new(start, start + TimeDelta::minutes(30)).ok();
    let host = person("Mara", "mara@example.org", Tz::Europe__Berlin)?;
    Some(BookingFacts {
        id: BookingId::from_uuid(Uuid::nil()),
        sequence: 0,
        title: "Sample".parse().ok()?,
        workspace: "Sample".parse().ok()?,
        interval: half_an_hour(start)?,
        place: MeetingPlace::Link {
            url: "https://example.org".parse().ok()?,
        },
        assignment: AssignmentKind::AllHands,
        hosts: vec![host; if rich { 2 } else { 1 }],
        invitee: person("Elena", "elena@example.org", Tz::Europe__Lisbon)?,
        guests: person("Jonas", "jonas@example.org", Tz::UTC)
            .into_iter()
            .filter(|_| rich)
            .collect(),
        note: "Sample".parse().ok().filter(|_| rich),
        answers: answer().into_iter().filter(|_| rich).collect(),
        confirmation_message: "Sample".parse().ok().filter(|_| rich),
        waits_until: Some(start).filter(|_| rich),
        is_ahead: false,
        was_confirmed: rich,
        previous: half_an_hour(start - TimeDelta::days(1)).filter(|_| rich),
        decision: Some(Decision {
            by: Party::Host,
            reason: "Sample".parse().ok(),
        })
        .filter(|_| rich),
        changed_at: start,
    })
}

fn answer() -> Option<Answer> {
    Some(Answer {
        key: "sample".parse().ok()?,
        label: "Sample".parse().ok()?,
        value: AnswerValue::Checkbox(true),
    })
}

fn person(name: &str, email: &str, timezone: Tz) -> Option<Contact> {
    Some(Contact {
        name: name.parse().ok()?,
        email: email.parse().ok()?,
        timezone,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_sample_of_each_kind() {
        assert_eq!(samples().len(), 2 * 10 * 3);
        assert_eq!(account_samples().len(), 2 * 3);
    }
}
