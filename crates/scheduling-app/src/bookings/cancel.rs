//! Call a booking off.

use scheduling_core::booking::{Booking, TransitionError};
use scheduling_core::ports::StorageError;
use scheduling_core::text::Note;
use thiserror::Error;

use crate::{ManageToken, Scheduling};

/// Calls a booking off, as its invitee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelBooking {
    /// The manage token.
    pub token: ManageToken,
    /// Why.
    pub reason: Option<Note>,
}

/// Why nothing was cancelled.
#[derive(Debug, Error)]
pub enum CancelError {
    /// The token opens no booking.
    #[error("there is no such booking")]
    NotFound,
    /// It is over, or was cancelled before.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Scheduling {
    /// Calls a booking off: its time opens up, the rotation's step is undone, invitee and hosts are told.
    ///
    /// # Errors
    /// [`CancelError`].
    pub async fn cancel(&self, command: &CancelBooking) -> Result<Booking, CancelError> {
        let _ = command;
        unimplemented!()
    }
}
