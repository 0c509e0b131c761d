//! The entrance: one cheap-to-clone value that knows every port.

use std::fmt;
use std::sync::Arc;

use scheduling_core::ports::{Clock, CredentialSealer, IdSource, SecretSource, StorageError};

use crate::password::PasswordHashing;
use crate::ports::{AccountStorage, AccountUnitOfWork};
use crate::settings::AccountSettings;

/// All use cases of accounts, over the ports it was built with. Cloning is cheap.
#[derive(Clone)]
pub struct Accounts {
    ports: Arc<AccountsBuilder>,
    hashing: PasswordHashing,
}

/// The ports that [`Accounts`] needs, and how it behaves.
#[derive(Clone)]
pub struct AccountsBuilder {
    /// Where everything is kept.
    pub storage: Arc<dyn AccountStorage>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// New secrets for sessions, tokens, links and salts.
    pub secrets: Arc<dyn SecretSource>,
    /// Seals the secrets of links for the mails that carry them.
    pub sealer: Arc<dyn CredentialSealer>,
    /// How long things last and how often they may be tried.
    pub settings: AccountSettings,
}

impl AccountsBuilder {
    /// Puts the use cases over these ports.
    pub fn build(self) -> Accounts {
        let hashing = PasswordHashing::new(&self.settings.hashing, Arc::clone(&self.secrets));
        Accounts {
            ports: Arc::new(self),
            hashing,
        }
    }
}

impl Accounts {
    pub(crate) fn ports(&self) -> &AccountsBuilder {
        &self.ports
    }

    /// How it behaves.
    pub fn settings(&self) -> &AccountSettings {
        &self.ports.settings
    }

    pub(crate) fn hashing(&self) -> &PasswordHashing {
        &self.hashing
    }

    pub(crate) async fn begin(&self) -> Result<Box<dyn AccountUnitOfWork>, StorageError> {
        self.ports.storage.begin().await
    }

    pub(crate) async fn read(&self) -> Result<Box<dyn AccountUnitOfWork>, StorageError> {
        self.ports.storage.begin_read().await
    }
}

/// Ends a transaction: what was done lasts where it succeeded, else it is undone.
pub(crate) async fn settle<T, E>(
    work: Box<dyn AccountUnitOfWork>,
    outcome: Result<T, E>,
) -> Result<T, E>
where
    E: From<StorageError>,
{
    match outcome {
        Ok(done) => {
            work.commit().await?;
            Ok(done)
        }
        Err(refusal) => {
            work.rollback().await?;
            Err(refusal)
        }
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts")
    }
}
