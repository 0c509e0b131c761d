//! What accounts need from storage: small repositories on one transaction, which is the core's as well.
//!
//! The rules of [`scheduling_core::ports`] hold: a lookup that finds nothing answers `Ok(None)`; a repository stores what
//! it is given and reads no clock; instants are whole microseconds. Methods that answer `bool` say whether they changed
//! something, and an answer of `false` leaves the transaction as good as it was.

mod audit;
mod credentials;
mod invitations;
mod members;
mod sessions;
mod throttle;
mod tokens;

use async_trait::async_trait;
use scheduling_core::ports::{StorageError, UnitOfWork};

pub use audit::AuditRepository;
pub use credentials::{CredentialRepository, StoredPassword, StoredPasswordLink};
pub use invitations::{InvitationRepository, StoredInvitation};
pub use members::{HostedBooking, HostedEventType, Hosting, MemberRepository};
pub use sessions::SessionRepository;
pub use throttle::{ThrottleCount, ThrottleKey, ThrottleRepository};
pub use tokens::TokenRepository;

/// A place that keeps accounts, and everything else too.
#[async_trait]
pub trait AccountStorage: Send + Sync {
    /// Opens a transaction for writing.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when the storage does not answer.
    async fn begin(&self) -> Result<Box<dyn AccountUnitOfWork>, StorageError>;

    /// Opens a transaction for reading. It sees one consistent state and never waits for writers.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when the storage does not answer.
    async fn begin_read(&self) -> Result<Box<dyn AccountUnitOfWork>, StorageError>;
}

/// One transaction, with the repositories of accounts beside those of the core. Dropping it undoes everything.
pub trait AccountUnitOfWork: UnitOfWork {
    /// Passwords, and the links that set one.
    fn credentials(&mut self) -> &mut dyn CredentialRepository;
    /// Who is signed in where.
    fn sign_ins(&mut self) -> &mut dyn SessionRepository;
    /// API tokens.
    fn api_tokens(&mut self) -> &mut dyn TokenRepository;
    /// Members, beside what the directory says of them.
    fn members(&mut self) -> &mut dyn MemberRepository;
    /// Invitations.
    fn invitations(&mut self) -> &mut dyn InvitationRepository;
    /// How often something was tried.
    fn throttle(&mut self) -> &mut dyn ThrottleRepository;
    /// The audit trail.
    fn audit(&mut self) -> &mut dyn AuditRepository;
}
