//! Accepting an invitation.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;
use scheduling_core::text::PersonName;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::{Invitation, about};
use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::password::{self, PasswordRefused};
use crate::ports::{AccountUnitOfWork, StoredPassword};
use crate::principal::{AccessError, Membership, Principal};
use crate::secret::SecretToken;
use crate::sessions::{NewSession, SignInContext};

/// What the page behind an invitation's link shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationView {
    /// The invitation.
    pub invitation: Invitation,
    /// The workspace.
    pub workspace: Workspace,
    /// Who invites, if he is still there.
    pub inviter: Option<PersonName>,
    /// Whether the address has an account: then its owner signs in and accepts as who he is. Only the reader of the mail
    /// hears this.
    pub has_account: bool,
}

/// The account that a new person makes when accepting.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The name, as guests read it.
    pub name: PersonName,
    /// The zone the person lives in.
    pub timezone: Tz,
    /// The password.
    pub password: SecretString,
}

/// An invitation that was accepted by a new person, who is now signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The person.
    pub person: Person,
    /// What the person now is where.
    pub membership: Membership,
    /// The session.
    pub session: NewSession,
}

/// Why an invitation was not accepted.
#[derive(Debug, Error)]
pub enum AcceptError {
    /// The link is none, or was used, revoked or replaced, or has expired.
    #[error("the invitation is not good any more")]
    NotFound,
    /// The address has an account: its owner must sign in and accept as who he is.
    #[error("there is an account with this address; sign in to accept")]
    AccountExists,
    /// He is signed in with another address than the one that was invited.
    #[error("the invitation is for another address")]
    AnotherAddress,
    /// The password was refused.
    #[error("the password {0}")]
    Password(#[from] PasswordRefused),
    /// A token cannot accept.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// What the page behind an invitation's link shows. `None` when the link is none, or not good any more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn invitation(&self, token: &str) -> Result<Option<InvitationView>, StorageError> {
        let Ok(token) = token.parse::<SecretToken>() else {
            return Ok(None);
        };
        let now = self.ports().clock.now();
        let mut work = self.read().await?;
        let Some(invitation) = work.invitations().by_token(&token.hash(), now).await? else {
            return Ok(None);
        };
        let Some(workspace) = work.directory().workspace(invitation.workspace).await? else {
            return Ok(None);
        };
        let mut inviter = work.directory().people(&[invitation.invited_by]).await?;
        let account = work.directory().person_by_email(&invitation.email).await?;
        Ok(Some(InvitationView {
            inviter: inviter
                .remove(&invitation.invited_by)
                .map(|person| person.name),
            has_account: account.is_some(),
            workspace,
            invitation,
        }))
    }

    /// Accepts an invitation as a new person: an account with the invited address, which the link has proven, a
    /// membership, and a session. Once.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn accept(
        &self,
        token: &str,
        account: &NewAccount,
        context: &SignInContext,
    ) -> Result<Accepted, AcceptError> {
        // Looked at first, so that a refused password does not use the link up and a guessed link costs no hash.
        let view = self.invitation(token).await?.ok_or(AcceptError::NotFound)?;
        if view.has_account {
            return Err(AcceptError::AccountExists);
        }
        let email = view.invitation.email;
        let of_account = [account.name.as_str(), email.as_str()];
        password::check(account.password.expose_secret(), &of_account)?;
        let phc = self.hashing().hash(&account.password).await?;
        let token: SecretToken = token.parse().map_err(|_refused| AcceptError::NotFound)?;

        let mut work = self.begin().await?;
        let accepted = self
            .accept_in(&mut *work, &token, account, phc, context)
            .await;
        settle(work, accepted).await
    }

    async fn accept_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        token: &SecretToken,
        account: &NewAccount,
        phc: String,
        context: &SignInContext,
    ) -> Result<Accepted, AcceptError> {
        let now = self.ports().clock.now();
        let (invitation, workspace) = take(work, token, now).await?;
        if work
            .directory()
            .person_by_email(&invitation.email)
            .await?
            .is_some()
        {
            return Err(AcceptError::AccountExists);
        }
        let person = Person {
            id: UserId::generate(&*self.ports().ids),
            name: account.name.clone(),
            email: invitation.email.clone(),
            timezone: account.timezone,
        };
        match work.directory().insert_person(workspace.id, &person).await {
            // Somebody made an account with the address in the last moment.
            Err(StorageError::Conflict) => return Err(AcceptError::AccountExists),
            other => other?,
        }
        self.first_hours(work, workspace.id, person.id, person.timezone)
            .await?;
        let password = StoredPassword {
            phc,
            changed_at: now,
        };
        work.credentials()
            .store_password(person.id, &password)
            .await?;
        let membership = self
            .join(work, &invitation, workspace, person.id, now)
            .await?;
        let session = self.open_session(work, person.id, context).await?;
        Ok(Accepted {
            person,
            membership,
            session,
        })
    }

    /// Accepts an invitation as somebody who has an account with the invited address and is signed in. Once.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn accept_as(
        &self,
        token: &str,
        principal: &Principal,
    ) -> Result<Membership, AcceptError> {
        principal.signed_in()?;
        let token: SecretToken = token.parse().map_err(|_refused| AcceptError::NotFound)?;
        let mut work = self.begin().await?;
        let accepted = self.accept_as_in(&mut *work, &token, principal).await;
        settle(work, accepted).await
    }

    async fn accept_as_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        token: &SecretToken,
        principal: &Principal,
    ) -> Result<Membership, AcceptError> {
        let now = self.ports().clock.now();
        let (invitation, workspace) = take(work, token, now).await?;
        let people = work.directory().people(&[principal.user]).await?;
        let person = people.get(&principal.user).ok_or(AcceptError::NotFound)?;
        // Letters of other scripts have no case here: two addresses that only look alike are two addresses.
        let same = person
            .email
            .as_str()
            .eq_ignore_ascii_case(invitation.email.as_str());
        if !same {
            return Err(AcceptError::AnotherAddress);
        }
        Ok(self
            .join(work, &invitation, workspace, person.id, now)
            .await?)
    }

    /// Makes a person a member as invited. Whoever is one already keeps the higher of both roles.
    async fn join(
        &self,
        work: &mut dyn AccountUnitOfWork,
        invitation: &Invitation,
        workspace: Workspace,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Membership, StorageError> {
        let before = work.members().role(workspace.id, user).await?;
        let role = match before {
            None => {
                work.directory()
                    .insert_member(workspace.id, user, invitation.role, now)
                    .await?;
                invitation.role
            }
            Some(before) => {
                let role = before.max(invitation.role);
                work.directory().set_role(workspace.id, user, role).await?;
                role
            }
        };
        let note = AuditNote::by_user(user, "invitation.accepted", invitation.id);
        self.note(work, about(note, invitation)).await?;
        Ok(Membership { workspace, role })
    }
}

/// Takes the open invitation with this token, for good, and holds its workspace's members.
async fn take(
    work: &mut dyn AccountUnitOfWork,
    token: &SecretToken,
    now: DateTime<Utc>,
) -> Result<(Invitation, Workspace), AcceptError> {
    let hash = token.hash();
    let found = work.invitations().by_token(&hash, now).await?;
    let invitation = found.ok_or(AcceptError::NotFound)?;
    // The workspace first, as everybody does who takes both.
    work.members().lock(invitation.workspace).await?;
    if !work.invitations().accept(&hash, now).await? {
        return Err(AcceptError::NotFound);
    }
    let workspace = work.directory().workspace(invitation.workspace).await?;
    let workspace = workspace.ok_or(AcceptError::NotFound)?;
    Ok((invitation, workspace))
}
