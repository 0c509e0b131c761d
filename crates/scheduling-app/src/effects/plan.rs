//! What must happen outside, because something happened to a booking.

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::booking::{
    Attendee, AttendeeRole, Booking, BookingEvent, BookingState, BookingStatus, Doer,
};
use scheduling_core::effect::{Effect, NotificationKind, PlannedEffect, Recipient};
use scheduling_core::event_type::{ReminderTo, Reminders};
use scheduling_core::ids::{OutboxId, UserId};
use scheduling_core::ports::IdSource;

/// What a plan is made from.
#[derive(Clone, Copy)]
pub struct PlanContext<'a> {
    booking: &'a Booking,
    reminders: &'a Reminders,
    now: DateTime<Utc>,
    ids: &'a dyn IdSource,
    before: Option<&'a Booking>,
    was_confirmed: bool,
    by: Doer,
}

impl<'a> PlanContext<'a> {
    /// Plans for a booking as it is after the event, at an instant, with ids for the effects.
    pub fn new(
        booking: &'a Booking,
        reminders: &'a Reminders,
        now: DateTime<Utc>,
        ids: &'a dyn IdSource,
    ) -> Self {
        Self {
            booking,
            reminders,
            now,
            ids,
            before: None,
            was_confirmed: false,
            by: Doer::System,
        }
    }

    /// With the booking as it was before the event, and whether it was ever confirmed until then: whether guests have
    /// heard of it, and calendars know it.
    #[must_use]
    pub fn after(mut self, before: &'a Booking, was_confirmed: bool) -> Self {
        self.before = Some(before);
        self.was_confirmed = was_confirmed;
        self
    }

    /// With who made the event happen; nobody but Kalends itself otherwise.
    #[must_use]
    pub fn by(mut self, doer: Doer) -> Self {
        self.by = doer;
        self
    }
}

/// A reminder that would go out sooner than this is left out: the confirmation has just said the same.
const NOT_NEARER_THAN: TimeDelta = TimeDelta::minutes(10);

/// Says what is owed: one effect a person, so that a mail that fails never repeats another.
///
/// | event | who is told |
/// |---|---|
/// | requested | the invitee, the hosts, who are asked to answer |
/// | confirmed, approved | attendees and hosts |
/// | declined | the invitee; the other hosts; all, if it was confirmed before |
/// | rescheduled | attendees and hosts; hosts who join it get a confirmation, those who leave are released |
/// | rescheduled, and waiting | as requested, with those who leave released |
/// | cancelled, expired | the invitee and the hosts; guests, if it was confirmed before |
/// | completed, no-show | nobody |
///
/// What is confirmed gets its reminders and follow-ups, what waits its deadline.
pub fn plan(event: &BookingEvent, context: &PlanContext<'_>) -> Vec<PlannedEffect> {
    let mut plan = Plan {
        context,
        effects: Vec::new(),
    };
    match event {
        BookingEvent::Requested(_) => plan.ask_hosts(),
        BookingEvent::Confirmed(_) => {
            plan.tell_everyone(NotificationKind::Confirmed);
            plan.remind();
        }
        BookingEvent::Approved(_) => {
            plan.tell_everyone(NotificationKind::Approved);
            plan.remind();
        }
        BookingEvent::Declined(_) => {
            plan.tell_attendees_who_know(NotificationKind::Declined);
            let knows = |host: UserId| context.by == Doer::Member(host) && !context.was_confirmed;
            plan.tell_hosts(NotificationKind::Declined, |host| !knows(host));
        }
        BookingEvent::Cancelled { .. } => plan.tell_who_know(NotificationKind::Cancelled),
        BookingEvent::Expired(_) => plan.tell_who_know(NotificationKind::Expired),
        BookingEvent::Rescheduled { released, .. } => plan.move_with(released),
        BookingEvent::Completed(_) | BookingEvent::NoShow(_) => {}
    }
    plan.effects
}

struct Plan<'a> {
    context: &'a PlanContext<'a>,
    effects: Vec<PlannedEffect>,
}

impl Plan<'_> {
    fn ask_hosts(&mut self) {
        self.tell_attendees(NotificationKind::Requested, |role| {
            role == AttendeeRole::Invitee
        });
        self.tell_hosts(NotificationKind::Requested, |_| true);
        self.expire();
    }

    fn move_with(&mut self, released: &[UserId]) {
        let context = self.context;
        if context.booking.state.name() == BookingStatus::Pending {
            self.ask_hosts();
        } else {
            let hosted = |host| {
                context
                    .before
                    .is_none_or(|before| before.host(host).is_some())
            };
            self.tell_attendees(NotificationKind::Rescheduled, |_| true);
            self.tell_hosts(NotificationKind::Rescheduled, hosted);
            self.tell_hosts(NotificationKind::Confirmed, |host| !hosted(host));
            self.remind();
        }
        for host in released {
            self.tell(
                Recipient::Host(*host),
                NotificationKind::Released,
                context.now,
            );
        }
    }

    fn tell_everyone(&mut self, about: NotificationKind) {
        self.tell_attendees(about, |_| true);
        self.tell_hosts(about, |_| true);
    }

    fn tell_who_know(&mut self, about: NotificationKind) {
        self.tell_attendees_who_know(about);
        self.tell_hosts(about, |_| true);
    }

    fn tell_attendees_who_know(&mut self, about: NotificationKind) {
        let guests_know = self.context.was_confirmed;
        self.tell_attendees(about, |role| role == AttendeeRole::Invitee || guests_know);
    }

    /// Tells the attendees of the roles that are meant, the invitee first.
    fn tell_attendees(&mut self, about: NotificationKind, is_meant: impl Fn(AttendeeRole) -> bool) {
        let attendees: Vec<&Attendee> = self.context.booking.attendees.iter().collect();
        for attendee in attendees.into_iter().filter(|a| is_meant(a.role)) {
            self.tell(Recipient::Attendee(attendee.id), about, self.context.now);
        }
    }

    /// Tells the hosts who are meant, in roster order.
    fn tell_hosts(&mut self, about: NotificationKind, is_meant: impl Fn(UserId) -> bool) {
        let hosts = self.context.booking.hosts.iter().map(|host| host.user);
        for host in hosts.filter(|host| is_meant(*host)) {
            self.tell(Recipient::Host(host), about, self.context.now);
        }
    }

    /// Plans reminders and follow-ups. Each carries the sequence of now, so that a move makes it moot.
    fn remind(&mut self) {
        let context = self.context;
        let (booking, reminders) = (context.booking, context.reminders);
        let (start, end) = (booking.interval.start(), booking.interval.end());
        let before = reminders.before().iter().map(|reminder| {
            let due = start.checked_sub_signed(reminder.minutes.delta());
            (NotificationKind::Reminder, reminder.to, due)
        });
        let after = reminders.after().iter().map(|reminder| {
            let due = end.checked_add_signed(reminder.minutes.delta());
            (NotificationKind::FollowUp, reminder.to, due)
        });
        let soonest = context.now + NOT_NEARER_THAN;
        for (about, to, due) in before.chain(after) {
            // At the ends of time there is nobody to remind.
            if let Some(due) = due.filter(|due| *due >= soonest) {
                self.remind_at(about, to, due);
            }
        }
    }

    fn remind_at(&mut self, about: NotificationKind, to: ReminderTo, due: DateTime<Utc>) {
        let booking = self.context.booking;
        let attendees = booking.attendees.iter().map(|a| Recipient::Attendee(a.id));
        let hosts = booking.hosts.iter().map(|host| Recipient::Host(host.user));
        let attendees = attendees.filter(|_| to.attendees());
        for recipient in attendees.chain(hosts.filter(|_| to.hosts())) {
            self.tell(recipient, about, due);
        }
    }

    /// Plans the end of a request that nobody answers.
    fn expire(&mut self) {
        let booking = self.context.booking;
        if let BookingState::Pending {
            expires_at: Some(due),
            ..
        } = booking.state
        {
            let expire = Effect::ExpirePending {
                booking: booking.id,
            };
            self.owe(expire, due);
        }
    }

    fn tell(&mut self, recipient: Recipient, about: NotificationKind, due_at: DateTime<Utc>) {
        let booking = self.context.booking;
        let effect = Effect::Notify {
            booking: booking.id,
            recipient,
            about,
            sequence: booking.sequence,
        };
        self.owe(effect, due_at);
    }

    fn owe(&mut self, effect: Effect, due_at: DateTime<Utc>) {
        let PlanContext {
            booking, now, ids, ..
        } = *self.context;
        self.effects.push(PlannedEffect {
            id: OutboxId::generate(ids),
            workspace: Some(booking.workspace),
            effect,
            dedupe_key: None,
            due_at,
            created_at: now,
        });
    }
}

#[cfg(test)]
mod tests;
