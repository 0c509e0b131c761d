//! What somebody says of himself.

use chrono_tz::Tz;
use scheduling_core::directory::Person;
use scheduling_core::ports::StorageError;
use scheduling_core::text::PersonName;
use thiserror::Error;

use crate::Accounts;
use crate::accounts::settle;
use crate::ports::AccountUnitOfWork;
use crate::principal::{AccessError, Principal};

/// What somebody changes about himself. What is not given stays. (The address stays too: it is what others know him by,
/// and nothing has proven another.)
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MyChange {
    /// The name, as guests read it.
    pub name: Option<PersonName>,
    /// The zone he lives in.
    pub timezone: Option<Tz>,
}

/// Why somebody is as he was, or nobody.
#[derive(Debug, Error)]
pub enum MeError {
    /// He is gone.
    #[error("there is no such person")]
    NotFound,
    /// He may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// Who he is.
    ///
    /// # Errors
    /// [`MeError`].
    pub async fn me(&self, principal: &Principal) -> Result<Person, MeError> {
        let mut work = self.read().await?;
        read(&mut *work, principal).await
    }

    /// Changes his name or his zone, in all workspaces. For whoever is signed in.
    ///
    /// # Errors
    /// [`MeError`].
    pub async fn update_me(
        &self,
        principal: &Principal,
        change: &MyChange,
    ) -> Result<Person, MeError> {
        principal.signed_in()?;
        let mut work = self.begin().await?;
        let updated = update(&mut *work, principal, change).await;
        settle(work, updated).await
    }
}

async fn read(work: &mut dyn AccountUnitOfWork, principal: &Principal) -> Result<Person, MeError> {
    let mut people = work.directory().people(&[principal.user]).await?;
    people.remove(&principal.user).ok_or(MeError::NotFound)
}

async fn update(
    work: &mut dyn AccountUnitOfWork,
    principal: &Principal,
    change: &MyChange,
) -> Result<Person, MeError> {
    let mut person = read(work, principal).await?;
    if let Some(name) = &change.name {
        person.name = name.clone();
    }
    if let Some(timezone) = change.timezone {
        person.timezone = timezone;
    }
    work.directory().update_person(&person).await?;
    Ok(person)
}
