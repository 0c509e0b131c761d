//! What the domain needs from outside. Each trait's documentation states its guarantee; how it is kept is the adapter's.
//!
//! Rules for every adapter: a lookup that finds nothing answers `Ok(None)`; a repository stores what it is given, ids
//! and times included, and never reads a clock; instants are whole microseconds.

mod delivery;
pub mod error;
mod observer;
mod record;
mod revisions;
mod slot_facts;
mod storage;
mod system;

pub use delivery::{
    AttemptOutcome, Delivery, DeliveryAttempt, Links, Notifier, RenderedMessage, Wording,
    WordsError,
};
pub use error::{DeliveryError, DeliveryErrorKind, Retry, StorageError};
pub use observer::{
    AnswerSource, BookingOutcome, ChangeKind, ChangeOutcome, EffectOutcome, NoObserver, Observer,
};
pub use record::{BookingRecord, SpentKey};
pub use revisions::{Revisions, SlotSources};
pub use slot_facts::{KeyQuery, SlotFacts, SlotQuery};
pub use storage::{
    BookingFilter, BookingPage, BookingRepository, BusyRepository, Direction, Directory,
    EventTypeRepository, HoldRepository, HostReservation, IdempotencyClaim, IdempotencyRepository,
    Image, ImageRepository, LinkRepository, LoggedAttempt, MessageRepository, OutboxCounts,
    OutboxEntry, OutboxFailure, OutboxRepository, OutboxStatus, Partial, RotationRepository,
    ScheduleRepository, SessionRepository, Storage, TimeOffRepository, UnitOfWork,
};
pub use system::{Clock, CredentialSealer, IdSource, SealError, SecretSource};
