//! What the domain needs from outside. Each trait's documentation states its guarantee; how it is kept is the adapter's.
//!
//! Rules for every adapter: a lookup that finds nothing answers `Ok(None)`; a repository stores what it is given, ids
//! and times included, and never reads a clock; instants are whole microseconds.

mod delivery;
pub mod error;
mod storage;
mod system;

pub use delivery::{Links, Notifier};
pub use error::{DeliveryError, DeliveryErrorKind, Retry, StorageError};
pub use storage::{
    BookingRepository, BusyRepository, Directory, EventTypeRepository, HostReservation,
    IdempotencyClaim, IdempotencyRepository, OutboxCounts, OutboxFailure, OutboxRepository,
    RotationRepository, ScheduleRepository, SessionRepository, Storage, UnitOfWork,
};
pub use system::{Clock, CredentialSealer, IdSource, SealError, SecretSource};
