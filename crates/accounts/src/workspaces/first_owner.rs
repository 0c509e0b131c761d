//! The very first owner, from the command line.

use chrono_tz::Tz;
use scheduling_core::directory::{Person, Role, Workspace};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::text::{EmailAddress, PersonName};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::{NewWorkspace, WorkspaceError};
use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::password::{self, PasswordRefused};
use crate::ports::{AccountUnitOfWork, StoredPassword};

/// Who shall be the first owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstOwner {
    /// The name.
    pub name: PersonName,
    /// The address to sign in with.
    pub email: EmailAddress,
    /// The zone the person lives in.
    pub timezone: Tz,
}

/// Why there is no first owner.
#[derive(Debug, Error)]
pub enum FirstOwnerError {
    /// Somebody can sign in already, and can invite others.
    #[error("somebody has a password already; owners invite others from there")]
    NotTheFirst,
    /// The password was refused.
    #[error("the password {0}")]
    Password(#[from] PasswordRefused),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// Makes the first owner, for the command line: a person with a password, who owns a workspace. A workspace or a
    /// person that is there already, made from a set-up file, is taken as it is.
    ///
    /// # Errors
    /// [`FirstOwnerError`].
    pub async fn create_first_owner(
        &self,
        workspace: &NewWorkspace,
        owner: &FirstOwner,
        password: &SecretString,
    ) -> Result<(Workspace, Person), FirstOwnerError> {
        let of_account = [owner.name.as_str(), owner.email.as_str()];
        password::check(password.expose_secret(), &of_account)?;
        let phc = self.hashing().hash(password).await?;
        let mut work = self.begin().await?;
        let made = self
            .create_first_owner_in(&mut *work, workspace, owner, phc)
            .await;
        settle(work, made).await
    }

    async fn create_first_owner_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        new: &NewWorkspace,
        owner: &FirstOwner,
        phc: String,
    ) -> Result<(Workspace, Person), FirstOwnerError> {
        if work.credentials().lock_out_first_passwords().await? {
            return Err(FirstOwnerError::NotTheFirst);
        }
        let now = self.ports().clock.now();
        let workspace = match work.directory().workspace_by_slug(&new.slug).await? {
            Some(workspace) => workspace,
            None => match self.add_workspace(work, new).await {
                Ok(workspace) => workspace,
                Err(WorkspaceError::Storage(error)) => return Err(error.into()),
                Err(_taken_meanwhile) => return Err(StorageError::Conflict.into()),
            },
        };
        let person = self.person(work, owner, workspace.id).await?;
        let promoted = work
            .directory()
            .set_role(workspace.id, person.id, Role::Owner)
            .await?;
        if !promoted {
            work.directory()
                .insert_member(workspace.id, person.id, Role::Owner, now)
                .await?;
        }
        let password = StoredPassword {
            phc,
            changed_at: now,
        };
        work.credentials()
            .store_password(person.id, &password)
            .await?;
        let note = AuditNote::by_operator("workspace.first_owner", person.id).within(workspace.id);
        self.note(work, note).await?;
        Ok((workspace, person))
    }

    /// The person with the owner's address, new where there is none.
    async fn person(
        &self,
        work: &mut dyn AccountUnitOfWork,
        owner: &FirstOwner,
        home: WorkspaceId,
    ) -> Result<Person, StorageError> {
        if let Some(person) = work.directory().person_by_email(&owner.email).await? {
            return Ok(person);
        }
        let person = Person {
            id: UserId::generate(&*self.ports().ids),
            name: owner.name.clone(),
            email: owner.email.clone(),
            timezone: owner.timezone,
        };
        work.directory().insert_person(home, &person).await?;
        self.first_hours(work, home, person.id, person.timezone)
            .await?;
        Ok(person)
    }
}
