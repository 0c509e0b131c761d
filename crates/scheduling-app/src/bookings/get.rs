//! Read a booking by its manage token.

use scheduling_core::booking::Booking;
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::EventType;
use scheduling_core::ids::UserId;
use scheduling_core::ports::{SealError, StorageError};

use crate::availability::in_order;
use crate::{ManageToken, Scheduling};

/// A booking with everything a page about it shows.
#[derive(Debug, Clone)]
pub struct BookingDetails {
    /// The booking.
    pub booking: Booking,
    /// Its workspace.
    pub workspace: Workspace,
    /// Its event type.
    pub event_type: EventType,
    /// Its hosts; the first is the organiser.
    pub hosts: Vec<Person>,
}

impl Scheduling {
    /// The booking that a manage token opens; `None` when it opens none.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn booking(
        &self,
        token: &ManageToken,
    ) -> Result<Option<BookingDetails>, StorageError> {
        let mut work = self.ports().storage.begin_read().await?;
        let Some(booking) = work.bookings().by_manage_token(&token.hash()).await? else {
            return Ok(None);
        };
        let workspace = work
            .directory()
            .workspace(booking.workspace)
            .await?
            .ok_or_else(|| dangling(&booking, "workspace_id"))?;
        let event_type = work
            .event_types()
            .get(booking.event_type)
            .await?
            .ok_or_else(|| dangling(&booking, "event_type_id"))?;
        let hosts: Vec<UserId> = booking.hosts.iter().map(|host| host.user).collect();
        let people = work.directory().people(&hosts).await?;
        Ok(Some(BookingDetails {
            booking,
            workspace,
            event_type,
            hosts: in_order(hosts, &people),
        }))
    }

    /// The secret of a booking's manage link.
    pub(crate) fn open_manage_token(&self, booking: &Booking) -> Result<ManageToken, SealError> {
        let secret = self.ports().sealer.open(&booking.manage.sealed)?;
        let secret: [u8; 32] = secret.try_into().map_err(|_wrong_length| SealError)?;
        Ok(ManageToken::from_bytes(secret))
    }
}

/// A booking that names something which is not there.
pub(crate) fn dangling(booking: &Booking, column: &'static str) -> StorageError {
    StorageError::Corrupt {
        table: "bookings",
        column,
        row: booking.id.to_string(),
        source: "it names nothing that exists".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn the_manage_token_opens_the_booking_with_its_people() {
        let world = World::new(
            "host ann UTC 09:00-12:00
             host bob UTC 09:00-12:00
             event both 30 hands:bob,ann",
        )
        .await;
        let booked = world.booked("both", "24T10:00").await;
        let details = world.scheduling.booking(&booked.manage_token).await;
        let details = details.unwrap().unwrap();
        assert_eq!(details.booking, booked.booking);
        assert_eq!(details.workspace, world.workspace);
        assert_eq!(details.event_type, world.event_types["both"]);
        let names: Vec<&str> = details
            .hosts
            .iter()
            .map(|host| host.name.as_str())
            .collect();
        assert_eq!(names, ["bob", "ann"]);
        // The sealed token is the one that was given out.
        let opened = world.scheduling.open_manage_token(&details.booking);
        assert_eq!(opened, Ok(booked.manage_token));
    }

    #[tokio::test]
    async fn another_token_opens_nothing() {
        let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
        world.booked("intro", "24T10:00").await;
        let token = ManageToken::from_bytes([7; 32]);
        assert!(world.scheduling.booking(&token).await.unwrap().is_none());
    }
}
