//! Delete an event type, or put it away with its bookings.

use chrono::{DateTime, Utc};
use scheduling_core::booking::{Booking, BookingStatus, Party};
use scheduling_core::event_type::{EventType, EventTypeStatus, ReasonPolicy};
use scheduling_core::ids::{BookingId, EventTypeId, UserId};
use scheduling_core::ports::{
    BookingFilter, BookingPage, Direction, Partial, StorageError, UnitOfWork,
};
use scheduling_core::text::Note;

use crate::Scheduling;
use crate::actor::Actor;
use crate::bookings::{BookingAccess, CancelBooking, ChangeError};
use crate::manage::{Attempts, ManageError, expect_version, lock};

/// What becomes of an event type's bookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnBookings {
    /// They stay as they are, and the event type is archived.
    Keep,
    /// Those that are still ahead are cancelled and everybody is told; the event type is archived.
    Cancel {
        /// Why, as everybody reads it.
        reason: Option<Note>,
    },
    /// They are deleted for good, with the event type. For owners and admins.
    Erase {
        /// The event type's slug: it cannot be undone.
        confirm: String,
    },
}

/// Deletes an event type. Where it has bookings, it is archived instead unless they are to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteEventType {
    /// Which.
    pub id: EventTypeId,
    /// What becomes of its bookings.
    pub on_bookings: OnBookings,
    /// The version that was read.
    pub expected: Option<u32>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeletedEventType {
    /// It had no bookings and is gone.
    Deleted,
    /// It is archived: its bookings stay.
    Archived {
        /// As it is now.
        event_type: Box<EventType>,
        /// How many bookings were cancelled.
        cancelled: u32,
    },
    /// It is gone with its bookings.
    Erased {
        /// How many there were.
        bookings: u32,
    },
}

/// What the first transaction came to.
enum PutAway {
    Deleted,
    Archived(Box<EventType>),
}

/// How many bookings are read at once.
const PAGE: u32 = 100;

impl Scheduling {
    /// Deletes an event type. One without bookings is gone, with its links, words and time off.
    ///
    /// With bookings, it is first archived in a transaction of its own, so that nobody books it any more. Then its
    /// bookings are cancelled one by one, each in a transaction with the mails it owes, or erased page by page. Where
    /// that breaks off, the same command without a version goes on where it stopped.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `VersionConflict`, `NotConfirmed`, `BookingsAhead` when bookings are to
    /// be erased of which people would not hear, `Storage`.
    pub async fn delete_event_type(
        &self,
        actor: &Actor,
        command: &DeleteEventType,
    ) -> Result<DeletedEventType, ManageError> {
        let mut attempts = Attempts::new();
        let put_away = loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.put_away(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                break done?;
            }
        };
        let event_type = match put_away {
            PutAway::Deleted => return Ok(DeletedEventType::Deleted),
            PutAway::Archived(event_type) => event_type,
        };
        match &command.on_bookings {
            OnBookings::Keep => Ok(DeletedEventType::Archived {
                event_type,
                cancelled: 0,
            }),
            OnBookings::Cancel { reason } => {
                let cancelled = self.cancel_ahead(actor, &event_type, reason.as_ref());
                let cancelled = cancelled.await?;
                Ok(DeletedEventType::Archived {
                    event_type,
                    cancelled,
                })
            }
            OnBookings::Erase { .. } => self.erase(actor, &event_type).await,
        }
    }

    /// Deletes an event type without bookings, and archives one with some.
    async fn put_away(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &DeleteEventType,
    ) -> Result<PutAway, ManageError> {
        let found = self
            .event_type_to_change(work, actor, command.id, &[])
            .await?;
        if let OnBookings::Erase { confirm } = &command.on_bookings {
            actor.manages(found.workspace)?;
            if confirm != found.slug.as_str() {
                return Err(ManageError::NotConfirmed);
            }
        }
        expect_version(command.expected, found.version)?;
        if work.event_types().delete(found.id).await? {
            return Ok(PutAway::Deleted);
        }
        if matches!(command.on_bookings, OnBookings::Erase { .. }) {
            self.nobody_expects_to_meet(work, &found).await?;
        }
        if found.status == EventTypeStatus::Archived {
            return Ok(PutAway::Archived(Box::new(found)));
        }
        let archived = EventType {
            status: EventTypeStatus::Archived,
            version: found.version.saturating_add(1),
            ..found
        };
        work.event_types().update(&archived).await?;
        Ok(PutAway::Archived(Box::new(archived)))
    }

    /// Refuses to erase bookings that are still ahead: who has them would not hear of it.
    async fn nobody_expects_to_meet(
        &self,
        work: &mut dyn UnitOfWork,
        event_type: &EventType,
    ) -> Result<(), ManageError> {
        let now = self.ports().clock.now();
        let ahead = ahead(work, event_type, now, None).await?;
        if let Some(damage) = ahead.unreadable.into_iter().next() {
            return Err(damage.into());
        }
        match u32::try_from(ahead.found.len()) {
            Ok(0) => Ok(()),
            count => Err(ManageError::BookingsAhead {
                count: count.unwrap_or(u32::MAX),
            }),
        }
    }

    /// Cancels what has not begun, booking by booking. Answers how many were cancelled.
    async fn cancel_ahead(
        &self,
        actor: &Actor,
        event_type: &EventType,
        reason: Option<&Note>,
    ) -> Result<u32, ManageError> {
        let reason = match event_type.policy.cancel.reason(Party::Host) {
            ReasonPolicy::Required => Some(reason.cloned().unwrap_or_else(no_longer_offered)),
            ReasonPolicy::Optional | ReasonPolicy::Hidden => reason.cloned(),
        };
        let mut cancelled = 0;
        let mut after = None;
        loop {
            let now = self.ports().clock.now();
            let mut work = self.ports().storage.begin_read().await?;
            let page = ahead(&mut *work, event_type, now, after).await?;
            drop(work);
            if let Some(damage) = page.unreadable.into_iter().next() {
                return Err(damage.into());
            }
            let Some(last) = page.found.last() else {
                return Ok(cancelled);
            };
            after = Some((last.interval.start(), last.id));
            for booking in page.found.iter().filter(|b| b.interval.start() > now) {
                // Who may put the event type away may call off what was booked, whoever hosted it then.
                let actor = match actor {
                    member if member.may_act_on(booking) => *member,
                    _ => Actor::System,
                };
                let access = BookingAccess::Member {
                    actor,
                    booking: booking.id,
                };
                let mut command = CancelBooking::new(access);
                command.reason.clone_from(&reason);
                match self.cancel(&command).await {
                    Ok(_) => cancelled += 1,
                    // Somebody else was quicker.
                    Err(ChangeError::NotFound | ChangeError::Transition(_)) => {}
                    Err(ChangeError::Storage(error)) => return Err(error.into()),
                    Err(other) => return Err(StorageError::Other(other.into()).into()),
                }
            }
        }
    }

    pub(super) async fn erase(
        &self,
        actor: &Actor,
        event_type: &EventType,
    ) -> Result<DeletedEventType, ManageError> {
        let mut bookings = 0;
        loop {
            let mut attempts = Attempts::new();
            let (erased, is_gone) = loop {
                let mut work = self.ports().storage.begin().await?;
                let done = self.erase_page(&mut *work, actor, event_type.id).await;
                if let Some(done) = attempts.settle(work, done).await {
                    break done?;
                }
            };
            bookings += erased;
            if is_gone {
                return Ok(DeletedEventType::Erased { bookings });
            }
            if erased == 0 {
                // It has neither bookings that can be read nor can it be deleted.
                let damage = crate::manage::dangling("event_types", "id", event_type.id);
                return Err(damage.into());
            }
        }
    }

    /// Erases some bookings; where there are none left, the event type.
    async fn erase_page(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        id: EventTypeId,
    ) -> Result<(u32, bool), ManageError> {
        let found = self.event_type_to_change(work, actor, id, &[]).await?;
        actor.manages(found.workspace)?;
        // Somebody may have booked it while it was put away.
        self.nobody_expects_to_meet(work, &found).await?;
        let filter = BookingFilter {
            event_type: Some(id),
            ..BookingFilter::default()
        };
        let page = BookingPage {
            direction: Direction::Ascending,
            after: None,
            limit: PAGE,
        };
        let page = work
            .bookings()
            .list(found.workspace, &filter, &page)
            .await?;
        if let Some(damage) = page.unreadable.into_iter().next() {
            return Err(damage.into());
        }
        if page.found.is_empty() {
            let is_gone = work.event_types().delete(id).await?;
            return Ok((0, is_gone));
        }
        let hosts = page.found.iter().flat_map(|b| &b.hosts);
        let hosts: Vec<UserId> = hosts.map(|host| host.user).collect();
        lock(work, hosts).await?;
        let mut erased = 0;
        for booking in page.found {
            if booking.state.takes_time() {
                for session in booking.hosts.iter().filter_map(|host| host.session) {
                    work.sessions().leave(session).await?;
                }
            }
            if work.bookings().erase(booking.id).await? {
                erased += 1;
            }
        }
        Ok((erased, false))
    }
}

/// The bookings of an event type that wait or take place and are not over, behind one of them.
async fn ahead(
    work: &mut dyn UnitOfWork,
    event_type: &EventType,
    now: DateTime<Utc>,
    after: Option<(DateTime<Utc>, BookingId)>,
) -> Result<Partial<Vec<Booking>>, StorageError> {
    let filter = BookingFilter {
        status: vec![BookingStatus::Pending, BookingStatus::Confirmed],
        now: Some(now),
        from: Some(now),
        event_type: Some(event_type.id),
        ..BookingFilter::default()
    };
    let page = BookingPage {
        direction: Direction::Ascending,
        after,
        limit: PAGE,
    };
    work.bookings()
        .list(event_type.workspace, &filter, &page)
        .await
}

/// The reason where one must be given and nobody gave one.
fn no_longer_offered() -> Note {
    "This kind of meeting is no longer offered."
        .parse()
        .expect("it is a note")
}
