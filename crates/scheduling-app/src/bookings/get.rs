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
