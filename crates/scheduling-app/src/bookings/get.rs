//! Read a booking by its manage token.

use scheduling_core::booking::Booking;
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::EventType;
use scheduling_core::ports::StorageError;

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
        let _ = token;
        unimplemented!()
    }
}
