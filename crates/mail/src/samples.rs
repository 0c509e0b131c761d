//! Notifications to try templates on.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{AssignmentKind, MeetingPlace};
use scheduling_core::ids::{BookingId, OutboxId};
use scheduling_core::notification::{
    Audience, BookingFacts, Contact, Decision, MessageWords, Notification, NotificationLinks,
};
use scheduling_core::time::Interval;
use uuid::Uuid;

/// Each notification to each reader, with everything that a booking may have and with nothing of it.
pub(crate) fn samples() -> Vec<Notification> {
    let person = |name: &str, email: &str, timezone: Tz| {
        Some(Contact {
            name: name.parse().ok()?,
            email: email.parse().ok()?,
            timezone,
        })
    };
    let booking = |rich: bool| {
        let host = person("Mara", "mara@example.org", Tz::Europe__Berlin)?;
        let start = DateTime::<Utc>::UNIX_EPOCH;
        Some(BookingFacts {
            id: BookingId::from_uuid(Uuid::nil()),
            sequence: 0,
            title: "Sample".parse().ok()?,
            workspace: "Sample".parse().ok()?,
            interval: Interval::new(start, start + TimeDelta::minutes(30)).ok()?,
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
            answers: Vec::new(),
            confirmation_message: None,
            waits_until: None,
            is_ahead: false,
            previous: None,
            decision: Some(Decision {
                by: Party::Host,
                reason: "Sample".parse().ok().filter(|_| rich),
            }),
            changed_at: start,
        })
    };
    let link = |rich: bool| Some("https://example.org".to_owned()).filter(|_| rich);
    let mut samples = Vec::new();
    for rich in [true, false] {
        for kind in [NotificationKind::Confirmed, NotificationKind::Cancelled] {
            for audience in [Audience::Invitee, Audience::Guest, Audience::Host] {
                samples.extend(booking(rich).map(|booking| Notification {
                    id: OutboxId::from_uuid(Uuid::nil()),
                    kind,
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
                }));
            }
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_sample_of_each_kind() {
        assert_eq!(samples().len(), 12);
    }
}
