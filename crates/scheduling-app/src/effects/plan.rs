//! What must happen outside, because something happened to a booking.

use chrono::{DateTime, Utc};
use scheduling_core::booking::{Booking, BookingEvent};
use scheduling_core::effect::{Effect, NotificationKind, PlannedEffect, Recipient};
use scheduling_core::ids::OutboxId;
use scheduling_core::ports::IdSource;

/// What a plan is made from.
#[derive(Clone, Copy)]
pub struct PlanContext<'a> {
    booking: &'a Booking,
    now: DateTime<Utc>,
    ids: &'a dyn IdSource,
}

impl<'a> PlanContext<'a> {
    /// Plans for a booking as it is after the event, at an instant, with ids for the effects.
    pub fn new(booking: &'a Booking, now: DateTime<Utc>, ids: &'a dyn IdSource) -> Self {
        Self { booking, now, ids }
    }
}

/// Says who must be told: one effect a person, so that a mail that fails never repeats another.
///
/// A confirmation and a cancellation go to everyone: the attendees, the invitee first, then the hosts in roster order.
/// About the other events nobody is told.
pub fn plan(event: &BookingEvent, context: &PlanContext<'_>) -> Vec<PlannedEffect> {
    let about = match event {
        BookingEvent::Confirmed(_) => NotificationKind::Confirmed,
        BookingEvent::Cancelled { .. } => NotificationKind::Cancelled,
        BookingEvent::Requested(_)
        | BookingEvent::Declined(_)
        | BookingEvent::Rescheduled { .. }
        | BookingEvent::NoShow(_)
        | BookingEvent::Expired(_) => return Vec::new(),
    };
    let booking = context.booking;
    let attendees = booking.attendees.iter().map(|a| Recipient::Attendee(a.id));
    let hosts = booking.hosts.iter().map(|h| Recipient::Host(h.user));
    attendees
        .chain(hosts)
        .map(|recipient| PlannedEffect {
            id: OutboxId::generate(context.ids),
            effect: Effect::Notify {
                booking: booking.id,
                recipient,
                about,
                sequence: booking.sequence,
            },
            dedupe_key: None,
            due_at: context.now,
            created_at: context.now,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use scheduling_core::booking::Party;
    use scheduling_core::event_type::Hosting;
    use scheduling_testkit::SequenceIds;
    use scheduling_testkit::builders::{self, instant};

    use super::*;

    /// A booking with a guest and two hosts, and who everybody is.
    fn booking() -> (Booking, Vec<(Recipient, &'static str)>) {
        let ids = SequenceIds::new();
        let workspace = builders::workspace(&ids, "firm");
        let (ann, bob) = (
            builders::person(&ids, "Ann", chrono_tz::Tz::UTC),
            builders::person(&ids, "Bob", chrono_tz::Tz::UTC),
        );
        let hosting = Hosting::all_hands(vec![ann.id, bob.id]).unwrap();
        let event_type = builders::event_type(&ids, workspace.id, "intro", 30, hosting);
        let start = instant("2026-11-24T09:00:00Z");
        let mut booking = builders::booking(&ids, &event_type, &[ann.id, bob.id], start);
        let guest = builders::invitee(&ids, "Gus Guest");
        booking.attendees.push(guest);
        let names = vec![
            (Recipient::Attendee(booking.attendees[0].id), "invitee"),
            (Recipient::Attendee(booking.attendees[1].id), "guest"),
            (Recipient::Host(ann.id), "ann"),
            (Recipient::Host(bob.id), "bob"),
        ];
        (booking, names)
    }

    /// The plan as text: who is told what, at which sequence.
    fn planned(event: &BookingEvent, booking: &Booking, names: &[(Recipient, &str)]) -> String {
        let now = instant("2026-11-20T10:00:00Z");
        let ids = SequenceIds::after(1000);
        let lines = plan(event, &PlanContext::new(booking, now, &ids))
            .into_iter()
            .map(|planned| {
                assert_eq!((planned.due_at, planned.created_at), (now, now));
                assert_eq!(planned.dedupe_key, None);
                let Effect::Notify {
                    booking: about_booking,
                    recipient,
                    about,
                    sequence,
                } = planned.effect;
                assert_eq!(about_booking, booking.id);
                let name = names.iter().find(|(r, _)| *r == recipient).unwrap().1;
                let id = planned.id.as_uuid().as_u128() & 0xffff;
                format!("{id} {name} {about:?} #{sequence}\n")
            });
        lines.collect()
    }

    #[test]
    fn a_confirmation_goes_to_everyone_in_order_one_effect_each() {
        let (booking, names) = booking();
        insta::assert_snapshot!(planned(&BookingEvent::Confirmed(booking.id), &booking, &names), @"
        1001 invitee Confirmed #0
        1002 guest Confirmed #0
        1003 ann Confirmed #0
        1004 bob Confirmed #0
        ");
    }

    #[test]
    fn a_cancellation_goes_to_everyone_at_the_new_sequence() {
        let (booking, names) = booking();
        let (booking, event) = booking
            .cancel(Party::Invitee, None, instant("2026-11-20T10:00:00Z"))
            .unwrap();
        insta::assert_snapshot!(planned(&event, &booking, &names), @"
        1001 invitee Cancelled #1
        1002 guest Cancelled #1
        1003 ann Cancelled #1
        1004 bob Cancelled #1
        ");
    }

    #[test]
    fn about_the_other_events_nobody_is_told() {
        let (booking, names) = booking();
        let id = booking.id;
        for event in [
            BookingEvent::Requested(id),
            BookingEvent::Declined(id),
            BookingEvent::Rescheduled {
                booking: id,
                previous: booking.interval,
            },
            BookingEvent::NoShow(id),
            BookingEvent::Expired(id),
        ] {
            assert_eq!(planned(&event, &booking, &names), "", "{event:?}");
        }
    }
}
