//! Setting a password: the link of a forgotten one, the operator's link, and changing the present one.

mod change;
mod link;

use scheduling_core::directory::Person;
use scheduling_core::effect::AccountNotice;
use scheduling_core::ports::StorageError;

pub use change::ChangePasswordError;
pub use link::{PasswordLink, PasswordLinkError, ResetPasswordError};

use crate::Accounts;
use crate::audit::AuditNote;
use crate::ids::SessionId;
use crate::ports::{AccountUnitOfWork, StoredPassword};

impl Accounts {
    /// Stores a password, ends the sessions but for one, and tells the owner.
    async fn set_password(
        &self,
        work: &mut dyn AccountUnitOfWork,
        person: &Person,
        phc: String,
        but: Option<SessionId>,
        note: AuditNote,
    ) -> Result<(), StorageError> {
        let now = self.ports().clock.now();
        let password = StoredPassword {
            phc,
            changed_at: now,
        };
        work.credentials()
            .store_password(person.id, &password)
            .await?;
        work.sign_ins().end_all(person.id, but).await?;
        self.tell(
            work,
            person.into(),
            AccountNotice::PasswordChanged,
            None,
            now,
        )
        .await?;
        self.note(work, note).await
    }
}
