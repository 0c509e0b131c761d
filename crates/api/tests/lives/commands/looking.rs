//! Looking without changing anything.

use chrono::TimeDelta;
use scheduling_app::availability::FindSlots;
use scheduling_app::bookings::{ListBookings, PageStart};
use scheduling_core::booking::BookingStatus;
use scheduling_core::ports::{BookingFilter, Direction};

use super::{Kind, Life};

impl Life {
    /// Looks at a booking, its history, and where it could be moved.
    pub(super) async fn look(&mut self) {
        let Some(access) = self.access() else { return };
        let from = self.start();
        let to = from + TimeDelta::hours(3);
        let scheduling = self.world.scheduling.clone();
        let details = scheduling.booking(&access).await;
        let history = scheduling.history(&access).await;
        let slots = scheduling.find_slots_for_move(&access, from, to, None);
        let slots = slots.await;
        self.note(Kind::Look, &details);
        self.note(Kind::Look, &history);
        self.note(Kind::Look, &slots);
    }

    pub(super) async fn find_slots(&mut self) {
        let (workspace, slug) = self.link_to_book();
        let from = self.start();
        let query = FindSlots::new(workspace, slug, from, from + TimeDelta::hours(6));
        let found = self.world.scheduling.find_slots(&query).await;
        self.note(Kind::FindSlots, &found);
    }

    /// Lists bookings by one thing or another, and turns the page.
    pub(super) async fn list(&mut self) {
        let workspace = *self.dice.pick(&self.world.workspaces);
        let actor = self.member(workspace);
        let filter = match self.dice.roll(5) {
            0 => BookingFilter {
                status: vec![*self.dice.pick(&[
                    BookingStatus::Pending,
                    BookingStatus::Confirmed,
                    BookingStatus::Completed,
                    BookingStatus::Cancelled,
                    BookingStatus::Expired,
                ])],
                ..BookingFilter::default()
            },
            1 => BookingFilter {
                rescheduled: true,
                ..BookingFilter::default()
            },
            2 => BookingFilter {
                host: Some(self.dice.pick(&self.world.hosts).id),
                ..BookingFilter::default()
            },
            3 => BookingFilter {
                text: Some("GUS".to_owned()),
                from: Some(self.start()),
                ..BookingFilter::default()
            },
            _ => BookingFilter {
                event_type: Some(self.event().id),
                ..BookingFilter::default()
            },
        };
        let mut query = ListBookings {
            filter,
            sort: *self
                .dice
                .pick(&[Direction::Ascending, Direction::Descending]),
            start: PageStart::First,
            limit: 3,
        };
        let scheduling = self.world.scheduling.clone();
        let first = scheduling.bookings(&actor, &query).await;
        self.note(Kind::List, &first);
        if let Some(next) = first.ok().and_then(|page| page.next) {
            query.start = PageStart::After(next);
            let second = scheduling.bookings(&actor, &query).await;
            self.note(Kind::List, &second);
        }
    }
}
