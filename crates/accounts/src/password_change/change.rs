//! Changing the present password.

use std::net::IpAddr;
use std::time::Duration;

use scheduling_core::directory::Person;
use scheduling_core::ports::StorageError;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::ids::SessionId;
use crate::password::{self, PasswordRefused, Verdict};
use crate::ports::{AccountUnitOfWork, StoredPassword};
use crate::principal::{AccessError, Principal};
use crate::sign_in::{Counted, Proven, SignInError};

/// Why the password is still the old one.
#[derive(Debug, Error)]
pub enum ChangePasswordError {
    /// The present password is another.
    #[error("the present password is wrong")]
    WrongPassword,
    /// Too many have tried.
    #[error("too many attempts have failed")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The new password was refused.
    #[error("the password {0}")]
    Password(#[from] PasswordRefused),
    /// No token changes passwords.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<SignInError> for ChangePasswordError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::WrongCredentials => Self::WrongPassword,
            SignInError::TooMany { retry_after } => Self::TooMany { retry_after },
            SignInError::Storage(error) => Self::Storage(error),
        }
    }
}

impl Accounts {
    /// Changes his password. His other sessions end, and he is told by mail. Failures count as those of signing in.
    ///
    /// # Errors
    /// [`ChangePasswordError`].
    pub async fn change_password(
        &self,
        principal: &Principal,
        present: &SecretString,
        new: &SecretString,
        ip: Option<IpAddr>,
    ) -> Result<(), ChangePasswordError> {
        let session = principal.signed_in()?;
        let mut work = self.begin().await?;
        let looked_up = self.look_up_own(&mut *work, principal, ip).await;
        let (counted, person, stored) = settle(work, looked_up).await?;
        let verdict = self
            .hashing()
            .verify(present, Some(stored.phc.clone()))
            .await?;
        if verdict == Verdict::Wrong {
            return Err(ChangePasswordError::WrongPassword);
        }
        let of_account = [person.name.as_str(), person.email.as_str()];
        let refused = password::check(new.expose_secret(), &of_account).err();
        let phc = match refused {
            None => Some(self.hashing().hash(new).await?),
            Some(_) => None,
        };
        let proven = Proven {
            password: stored,
            rehashed: None,
        };

        let mut work = self.begin().await?;
        let changed = self
            .change_password_in(&mut *work, &person, &proven, &counted, phc, session)
            .await;
        settle(work, changed).await?;
        match refused {
            Some(refused) => Err(refused.into()),
            None => Ok(()),
        }
    }

    async fn look_up_own(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        ip: Option<IpAddr>,
    ) -> Result<(Counted, Person, StoredPassword), ChangePasswordError> {
        let mut people = work.directory().people(&[principal.user]).await?;
        let person = people.remove(&principal.user);
        let person = person.ok_or(ChangePasswordError::WrongPassword)?;
        let counted = self.count_sign_in(work, person.email.as_str(), ip).await?;
        let stored = work.credentials().password(person.id).await?;
        let stored = stored.ok_or(ChangePasswordError::WrongPassword)?;
        Ok((counted, person, stored))
    }

    async fn change_password_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        person: &Person,
        proven: &Proven,
        counted: &Counted,
        phc: Option<String>,
        session: SessionId,
    ) -> Result<(), ChangePasswordError> {
        if !self.accept_proof(work, person.id, proven, counted).await? {
            return Err(ChangePasswordError::WrongPassword);
        }
        // A refused new password leaves only the count taken back.
        let Some(phc) = phc else {
            return Ok(());
        };
        work.credentials().forget_link(person.id).await?;
        let note = AuditNote::by_user(person.id, "password.changed", person.id);
        self.set_password(work, person, phc, Some(session), note)
            .await?;
        Ok(())
    }
}
