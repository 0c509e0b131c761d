//! What a command is about, as the dice fall.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use scheduling_app::actor::Actor;
use scheduling_app::availability::{FindSlots, FoundSlots};
use scheduling_app::bookings::{Actions, BookingAccess};
use scheduling_app::{HostToken, ManageToken};
use scheduling_core::directory::Role;
use scheduling_core::ids::{BookingId, WorkspaceId};
use scheduling_core::ports::Clock;
use scheduling_core::text::Slug;

use super::Life;
use super::known::lock;
use crate::world::Event;

impl Life {
    /// Something to book.
    pub(super) fn event(&mut self) -> Event {
        *self.dice.pick(&self.world.events)
    }

    /// A quarter of an hour in the next five hours, or in the last.
    pub(super) fn start(&mut self) -> DateTime<Utc> {
        let now = self.world.clock.now();
        let quarter = now.duration_trunc(TimeDelta::minutes(15)).unwrap();
        quarter + TimeDelta::minutes(15 * (i64::from(self.dice.roll(24)) - 4))
    }

    /// Mostly a start that is offered in the next five hours, as people see it; else any.
    pub(super) async fn likely_start(&mut self, workspace: &Slug, slug: &Slug) -> DateTime<Utc> {
        if self.dice.one_in(3) {
            return self.start();
        }
        let from = self.world.clock.now();
        let to = from + TimeDelta::hours(5);
        let query = FindSlots::new(workspace.clone(), slug.clone(), from, to);
        let found = self.world.scheduling.find_slots(&query).await;
        self.offered_start(found.as_deref().ok())
    }

    /// The same for a booking that is to be moved.
    pub(super) async fn likely_start_for_move(&mut self, access: &BookingAccess) -> DateTime<Utc> {
        if self.dice.one_in(3) {
            return self.start();
        }
        let from = self.world.clock.now();
        let to = from + TimeDelta::hours(5);
        let scheduling = &self.world.scheduling;
        let slots = scheduling.find_slots_for_move(access, from, to, None);
        let slots = slots.await;
        self.offered_start(slots.as_ref().ok().map(|slots| &slots.found))
    }

    fn offered_start(&mut self, found: Option<&FoundSlots>) -> DateTime<Utc> {
        let offered: Vec<DateTime<Utc>> = found
            .into_iter()
            .flat_map(|found| found.slots.iter())
            .map(|slot| slot.start)
            .collect();
        match self.dice.place(&offered) {
            Some(place) => offered[place],
            None => self.start(),
        }
    }

    /// Somebody who hosts, signed in with any role.
    pub(super) fn member(&mut self, workspace: WorkspaceId) -> Actor {
        Actor::Member {
            workspace,
            user: self.dice.pick(&self.world.hosts).id,
            role: *self.dice.pick(&[Role::Member, Role::Admin, Role::Owner]),
        }
    }

    /// One of the bookings, with the manage link and a host's link to it.
    pub(super) fn booking(&mut self) -> Option<(BookingId, ManageToken, HostToken)> {
        let known = lock(&self.known);
        let booking = &known.bookings[self.dice.place(&known.bookings)?];
        let host = self.dice.pick(&booking.hosts);
        Some((booking.id, booking.manage.clone(), host.clone()))
    }

    /// A way to one of the bookings: a link, an account of either workspace, or none.
    pub(super) fn access(&mut self) -> Option<BookingAccess> {
        let (booking, manage, host) = self.booking()?;
        Some(match self.dice.roll(8) {
            0..=2 => BookingAccess::Invitee(manage),
            3 | 4 => BookingAccess::Host(host),
            5 | 6 => {
                let [firm, club] = self.world.workspaces;
                let workspace = if self.dice.one_in(4) { club } else { firm };
                let actor = self.member(workspace);
                BookingAccess::Member { actor, booking }
            }
            _ => BookingAccess::Member {
                actor: Actor::System,
                booking,
            },
        })
    }

    /// Mostly a way by which something may be done, as the booking's page has it; else any.
    pub(super) async fn likely_access(
        &mut self,
        may: fn(&Actions) -> bool,
    ) -> Option<BookingAccess> {
        if !self.dice.one_in(4) {
            for _ in 0..6 {
                let access = self.access()?;
                let details = self.world.scheduling.booking(&access).await;
                if details.is_ok_and(|details| may(&details.actions)) {
                    return Some(access);
                }
            }
        }
        self.access()
    }

    /// Mostly no version; else one that may be right.
    pub(super) fn expected(&mut self) -> Option<u32> {
        self.dice.one_in(6).then(|| 1 + self.dice.roll(3))
    }
}
