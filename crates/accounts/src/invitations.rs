//! Invitations into a workspace.
//!
//! The link in the mail proves that its reader has the address, and lets a new person make an account for it. An account
//! that exists already is never joined by an address alone: its owner signs in, and accepts as who he is.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_core::directory::{Person, Role, Workspace};
use scheduling_core::effect::AccountNotice;
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::text::{EmailAddress, PersonName};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use thiserror::Error;

use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::idempotent::{self, Idempotent, KeyReused, Made};
use crate::ids::InvitationId;
use crate::members::hold;
use crate::notices::Addressee;
use crate::password::{self, PasswordRefused};
use crate::ports::{AccountUnitOfWork, StoredInvitation, StoredPassword};
use crate::principal::{self, AccessError, AuthorizeError, Membership, Principal, WorkspaceRef};
use crate::scope::{Resource, Scope};
use crate::secret::SecretToken;
use crate::sessions::{NewSession, SignInContext};
use crate::throttle::{self, Attempt};

use std::time::Duration;

/// How many open invitations a workspace may have.
pub const MOST_INVITATIONS: usize = 200;

/// An invitation into a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Where to.
    pub workspace: WorkspaceId,
    /// To whom.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
    /// By whom.
    pub invited_by: UserId,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Whom to invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvitation {
    /// The address.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
}

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

/// Why nobody was invited, or an invitation stayed as it was.
#[derive(Debug, Error)]
pub enum InviteError {
    /// There is no such open invitation.
    #[error("there is no such invitation")]
    NotFound,
    /// The address is a member's.
    #[error("is a member already")]
    AlreadyMember,
    /// The address has an open invitation: send that again instead.
    #[error("is invited already")]
    AlreadyInvited(InvitationId),
    /// Only owners invite owners.
    #[error("only an owner decides about owners")]
    OwnersOnly,
    /// The workspace has [`MOST_INVITATIONS`] open invitations.
    #[error("must not be more than {MOST_INVITATIONS} open invitations")]
    TooManyInvitations,
    /// The address was sent enough invitations for now.
    #[error("too many invitations were sent to this address")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// He may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The idempotency key was used for something else.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<AuthorizeError> for InviteError {
    fn from(error: AuthorizeError) -> Self {
        match error {
            AuthorizeError::Access(error) => Self::Access(error),
            AuthorizeError::Storage(error) => Self::Storage(error),
        }
    }
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
    /// Invites an address into a workspace; the mail with the link goes into the outbox. For owners and admins; only
    /// owners invite owners. An open invitation that has expired is replaced.
    ///
    /// # Errors
    /// [`InviteError`].
    pub async fn invite(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
        invitation: &NewInvitation,
        request: Option<&Idempotent>,
    ) -> Result<Made<Invitation>, InviteError> {
        let mut work = self.begin().await?;
        let made = self
            .invite_in(&mut *work, principal, workspace, invitation, request)
            .await;
        settle(work, made).await
    }

    async fn invite_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        workspace: &WorkspaceRef,
        new: &NewInvitation,
        request: Option<&Idempotent>,
    ) -> Result<Made<Invitation>, InviteError> {
        let own = hold(work, principal, workspace, Role::Admin).await?;
        let id = own.workspace.id;
        let ports = self.ports();
        let now = ports.clock.now();
        if let Some(made) = idempotent::claim(work, request, now).await?? {
            let made = InvitationId::from_uuid(made);
            let invitation = work.invitations().get(made).await?;
            let invitation = invitation.filter(|invitation| invitation.workspace == id);
            return Ok(Made::before(invitation.ok_or(InviteError::NotFound)?));
        }
        if new.role == Role::Owner && own.role < Role::Owner {
            return Err(InviteError::OwnersOnly);
        }
        if let Some(person) = work.directory().person_by_email(&new.email).await?
            && work.members().role(id, person.id).await?.is_some()
        {
            return Err(InviteError::AlreadyMember);
        }
        if let Some(open) = work.invitations().open_for(id, &new.email).await? {
            if open.expires_at > now {
                return Err(InviteError::AlreadyInvited(open.id));
            }
            work.invitations().revoke(open.id, now).await?;
        }
        if work.invitations().open(id).await?.len() >= MOST_INVITATIONS {
            return Err(InviteError::TooManyInvitations);
        }
        self.count_invitation(work, id, &new.email, now).await?;

        let token = SecretToken::generate(&*ports.secrets);
        let invitation = Invitation {
            id: InvitationId::generate(&*ports.ids),
            workspace: id,
            email: new.email.clone(),
            role: new.role,
            invited_by: principal.user,
            created_at: now,
            expires_at: now + self.settings().invitation_lasts,
            accepted_at: None,
            revoked_at: None,
        };
        let stored = StoredInvitation {
            invitation: invitation.clone(),
            hash: token.hash(),
        };
        if !work.invitations().insert(&stored).await? {
            return Err(StorageError::Conflict.into());
        }
        idempotent::store(work, request, invitation.id.as_uuid()).await?;
        self.send_invitation(work, principal, &own.workspace, &invitation, &token)
            .await?;
        let note = AuditNote::by(principal, "invitation.issued", invitation.id);
        self.note(work, about(note, &invitation)).await?;
        Ok(Made::now(invitation))
    }

    /// Sends an invitation again, with a new link and seven days more. The link that was sent before opens nothing from
    /// now on.
    ///
    /// # Errors
    /// [`InviteError`].
    pub async fn resend_invitation(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
        invitation: InvitationId,
    ) -> Result<Invitation, InviteError> {
        let mut work = self.begin().await?;
        let sent = self
            .resend_invitation_in(&mut *work, principal, workspace, invitation)
            .await;
        settle(work, sent).await
    }

    async fn resend_invitation_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        workspace: &WorkspaceRef,
        id: InvitationId,
    ) -> Result<Invitation, InviteError> {
        let own = hold(work, principal, workspace, Role::Admin).await?;
        let mut invitation = open_in(work, own.workspace.id, id).await?;
        if invitation.role == Role::Owner && own.role < Role::Owner {
            return Err(InviteError::OwnersOnly);
        }
        let now = self.ports().clock.now();
        self.count_invitation(work, own.workspace.id, &invitation.email, now)
            .await?;
        let token = SecretToken::generate(&*self.ports().secrets);
        invitation.expires_at = now + self.settings().invitation_lasts;
        let renewed = work
            .invitations()
            .renew(id, &token.hash(), invitation.expires_at)
            .await?;
        if !renewed {
            return Err(InviteError::NotFound);
        }
        self.send_invitation(work, principal, &own.workspace, &invitation, &token)
            .await?;
        let note = AuditNote::by(principal, "invitation.sent_again", id);
        self.note(work, about(note, &invitation)).await?;
        Ok(invitation)
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`InviteError`].
    pub async fn revoke_invitation(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
        invitation: InvitationId,
    ) -> Result<(), InviteError> {
        let mut work = self.begin().await?;
        let revoked = self
            .revoke_invitation_in(&mut *work, principal, workspace, invitation)
            .await;
        settle(work, revoked).await
    }

    async fn revoke_invitation_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        workspace: &WorkspaceRef,
        id: InvitationId,
    ) -> Result<(), InviteError> {
        let own = hold(work, principal, workspace, Role::Admin).await?;
        let invitation = open_in(work, own.workspace.id, id).await?;
        if invitation.role == Role::Owner && own.role < Role::Owner {
            return Err(InviteError::OwnersOnly);
        }
        let now = self.ports().clock.now();
        if !work.invitations().revoke(id, now).await? {
            return Err(InviteError::NotFound);
        }
        let note = AuditNote::by(principal, "invitation.revoked", id);
        Ok(self.note(work, about(note, &invitation)).await?)
    }

    /// The invitations of a workspace that are open, newest first; expired ones are among them. For owners and admins.
    ///
    /// # Errors
    /// [`InviteError`].
    pub async fn invitations(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
    ) -> Result<Vec<Invitation>, InviteError> {
        let mut work = self.read().await?;
        let scope = Scope::read(Resource::Members);
        let membership =
            principal::admit(&mut *work, principal, workspace, scope, Role::Admin).await?;
        Ok(work.invitations().open(membership.workspace.id).await?)
    }

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

    async fn count_invitation(
        &self,
        work: &mut dyn AccountUnitOfWork,
        workspace: WorkspaceId,
        email: &EmailAddress,
        now: DateTime<Utc>,
    ) -> Result<(), InviteError> {
        let on = format!("{workspace} {}", email.as_str().to_ascii_lowercase());
        let attempt = Attempt {
            key: throttle::key("invitation", on.as_bytes()),
            limit: self.settings().limits.invitation_address,
        };
        match throttle::count(work, &[attempt], now).await? {
            Some(retry_after) => Err(InviteError::TooMany { retry_after }),
            None => Ok(()),
        }
    }

    async fn send_invitation(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        workspace: &Workspace,
        invitation: &Invitation,
        token: &SecretToken,
    ) -> Result<(), InviteError> {
        let mut people = work.directory().people(&[principal.user]).await?;
        let inviter = people
            .remove(&principal.user)
            .ok_or(AccessError::NotFound)?;
        let to = Addressee {
            name: None,
            email: &invitation.email,
            workspace: Some(workspace.id),
        };
        let about = AccountNotice::Invitation {
            workspace: workspace.name.clone(),
            inviter: inviter.name,
            role: invitation.role,
            expires_at: invitation.expires_at,
        };
        let now = self.ports().clock.now();
        Ok(self.tell(work, to, about, Some(token), now).await?)
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

/// The open invitation with this id, if it is one of the workspace.
async fn open_in(
    work: &mut dyn AccountUnitOfWork,
    workspace: WorkspaceId,
    id: InvitationId,
) -> Result<Invitation, InviteError> {
    let found = work.invitations().get(id).await?;
    let found = found.filter(|invitation| {
        invitation.workspace == workspace
            && invitation.accepted_at.is_none()
            && invitation.revoked_at.is_none()
    });
    found.ok_or(InviteError::NotFound)
}

fn about(note: AuditNote, invitation: &Invitation) -> AuditNote {
    note.within(invitation.workspace).detailed(json!({
        "email": invitation.email.as_str(),
        "role": invitation.role.as_str(),
    }))
}
