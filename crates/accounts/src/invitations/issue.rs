//! Issuing, sending and revoking invitations.

use std::time::Duration;

use chrono::{DateTime, Utc};
use scheduling_core::directory::{Role, Workspace};
use scheduling_core::effect::AccountNotice;
use scheduling_core::ids::WorkspaceId;
use scheduling_core::ports::StorageError;
use scheduling_core::text::EmailAddress;
use thiserror::Error;

use super::{Invitation, about};
use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::idempotent::{self, Idempotent, KeyReused, Made};
use crate::ids::InvitationId;
use crate::members::hold;
use crate::notices::Addressee;
use crate::ports::{AccountUnitOfWork, StoredInvitation};
use crate::principal::{self, AccessError, AuthorizeError, Principal, WorkspaceRef};
use crate::scope::{Resource, Scope};
use crate::secret::SecretToken;
use crate::throttle::{self, Attempt};

/// How many open invitations a workspace may have.
pub const MOST_INVITATIONS: usize = 200;

/// Whom to invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvitation {
    /// The address.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
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
