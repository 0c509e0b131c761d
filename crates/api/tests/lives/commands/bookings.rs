//! Making bookings and changing them.

use chrono_tz::Tz;
use scheduling_app::HostToken;
use scheduling_app::bookings::{
    Actions, ApproveBooking, BookError, BookSlot, Booked, CancelBooking, Changed, DeclineBooking,
    GuestDetails, InviteeDetails, MarkBooking, Permission, RescheduleBooking, RescheduleError,
};
use scheduling_core::booking::Booking;
use scheduling_core::ports::CredentialSealer;
use scheduling_testkit::PlainSealer;
use scheduling_testkit::builders::parse;

use super::known::KnownBooking;
use super::{Kind, Life};
use crate::world::length;

impl Life {
    /// A wish for a slot, by whichever link.
    async fn slot(&mut self) -> BookSlot {
        let (workspace, slug) = self.link_to_book();
        let ida = InviteeDetails {
            name: parse("Ida"),
            email: parse("ida@example.org"),
            timezone: Tz::Asia__Kathmandu,
        };
        let start = self.likely_start(&workspace, &slug).await;
        let mut command = BookSlot::new(workspace, slug, start, ida);
        command.duration = self.dice.one_in(8).then(|| length(60));
        if self.dice.one_in(3) {
            command.guests = vec![GuestDetails {
                name: None,
                email: parse("gus@example.org"),
            }];
        }
        command
    }

    pub(super) async fn book(&mut self) {
        let mut command = self.slot().await;
        if self.dice.one_in(2)
            && let Some(hold) = self.take_hold()
        {
            command.workspace = hold.workspace;
            command.event_type = hold.event_type;
            command.start = hold.start;
            command.duration = hold.duration;
            command.hold = Some(hold.token);
        }
        let booked = self.world.scheduling.book(&command).await;
        self.learn(Kind::Book, &booked);
    }

    /// Says the same as whoever used the key first.
    pub(super) async fn book_under_key(&mut self) {
        let key = self.dice.roll(6);
        let mut command = self.slot().await;
        command.idempotency_key = Some(parse(&format!("key-{key}")));
        let command = self.known().keyed.entry(key).or_insert(command).clone();
        let booked = self.world.scheduling.book(&command).await;
        if let Ok(booked) = &booked {
            let answer = (key, booked.booking.id, booked.replayed);
            self.known().made_under_keys.push(answer);
        }
        self.learn(Kind::BookUnderKey, &booked);
    }

    pub(super) async fn book_for(&mut self) {
        let command = self.slot().await;
        let [firm, club] = self.world.workspaces;
        let at_club = command.workspace.as_str() == "club";
        // Now and then somebody of the other one tries.
        let stranger = self.dice.one_in(6);
        let actor = self.member(if at_club == stranger { firm } else { club });
        let booked = self.world.scheduling.book_for(&actor, &command).await;
        self.learn(Kind::BookFor, &booked);
    }

    pub(super) async fn reschedule(&mut self) {
        let may = |may: &Actions| matches!(may.reschedule, Permission::Granted { .. });
        let Some(access) = self.likely_access(may).await else {
            return;
        };
        let start = self.likely_start_for_move(&access).await;
        let mut command = RescheduleBooking::new(access, start);
        command.expected = self.expected();
        command.duration = self.dice.one_in(8).then(|| length(60));
        if self.dice.one_in(6)
            && let Some(hold) = self.take_hold()
        {
            command.start = hold.start;
            command.duration = hold.duration;
            command.hold = Some(hold.token);
        }
        let changed = self.world.scheduling.reschedule(&command).await;
        self.learn_links(&changed);
        self.note(Kind::Move, &changed);
    }

    pub(super) async fn cancel(&mut self) {
        let Some(access) = self.access() else { return };
        let mut command = CancelBooking::new(access);
        command.expected = self.expected();
        command.reason = self.dice.one_in(2).then(|| parse("It is raining"));
        let changed = self.world.scheduling.cancel(&command).await;
        self.note(Kind::Cancel, &changed);
    }

    pub(super) async fn approve(&mut self) {
        let may = |may: &Actions| may.answer;
        let Some(access) = self.likely_access(may).await else {
            return;
        };
        let mut command = ApproveBooking::new(access);
        command.expected = self.expected();
        let changed = self.world.scheduling.approve(&command).await;
        self.note(Kind::Approve, &changed);
    }

    pub(super) async fn decline(&mut self) {
        let may = |may: &Actions| may.answer;
        let Some(access) = self.likely_access(may).await else {
            return;
        };
        let mut command = DeclineBooking::new(access);
        command.expected = self.expected();
        let changed = self.world.scheduling.decline(&command).await;
        self.note(Kind::Decline, &changed);
    }

    pub(super) async fn expire(&mut self) {
        let Some((booking, ..)) = self.booking() else {
            return;
        };
        let expired = self.world.scheduling.expire_pending(booking).await;
        self.note(Kind::Expire, &expired);
    }

    /// Notes that a meeting took place, or that the invitee did not come.
    pub(super) async fn mark(&mut self, kind: Kind) {
        let may = |may: &Actions| may.complete || may.mark_no_show;
        let Some(access) = self.likely_access(may).await else {
            return;
        };
        let mut command = MarkBooking::new(access);
        command.expected = self.expected();
        let scheduling = &self.world.scheduling;
        let changed = if kind == Kind::NoShow {
            scheduling.mark_no_show(&command).await
        } else {
            scheduling.mark_completed(&command).await
        };
        self.note(kind, &changed);
    }

    /// Keeps a new booking in mind, and writes the answer down.
    fn learn(&mut self, kind: Kind, booked: &Result<Booked, BookError>) {
        if let Ok(booked) = booked {
            let made = KnownBooking {
                id: booked.booking.id,
                manage: booked.manage_token.clone(),
                hosts: host_tokens(&booked.booking),
            };
            self.known().bookings.push(made);
        }
        let told = booked.as_ref().map(|b| (&b.booking, b.replayed));
        self.note(kind, &told);
    }

    /// Keeps the links of whoever hosts now in mind, beside those that were sent before.
    fn learn_links(&self, changed: &Result<Changed, RescheduleError>) {
        let Ok(changed) = changed else { return };
        let mut known = self.known();
        let moved = &changed.booking;
        for booking in known.bookings.iter_mut().filter(|b| b.id == moved.id) {
            for token in host_tokens(moved) {
                if !booking.hosts.contains(&token) {
                    booking.hosts.push(token);
                }
            }
        }
    }
}

/// The links of a booking's hosts, as their mails have them.
fn host_tokens(booking: &Booking) -> Vec<HostToken> {
    let opened = |sealed: &[u8]| PlainSealer.open(sealed).unwrap().try_into().unwrap();
    booking
        .hosts
        .iter()
        .map(|host| HostToken::from_bytes(opened(&host.manage.sealed)))
        .collect()
}
