//! Members of a workspace and their roles.

use scheduling_core::directory::{Member, Role};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use serde_json::json;
use thiserror::Error;

use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::ports::{AccountUnitOfWork, Hosting};
use crate::principal::{self, AccessError, AuthorizeError, Membership, Principal, WorkspaceRef};
use crate::scope::{Resource, Scope};

/// How many event types and how many bookings a refusal names at most.
const NAMED: u32 = 20;

/// Why a member stayed as he was.
#[derive(Debug, Error)]
pub enum MemberError {
    /// There is no such member.
    #[error("there is no such member")]
    NotFound,
    /// Only owners make, change and remove owners.
    #[error("only an owner decides about owners")]
    OwnersOnly,
    /// A workspace always has an owner.
    #[error("a workspace needs an owner; make somebody else one first")]
    LastOwner,
    /// He still hosts.
    #[error("still hosts {} event types and {} bookings to come", .0.event_types.len(), .0.bookings.len())]
    StillHosts(Hosting),
    /// He may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<AuthorizeError> for MemberError {
    fn from(error: AuthorizeError) -> Self {
        match error {
            AuthorizeError::Access(error) => Self::Access(error),
            AuthorizeError::Storage(error) => Self::Storage(error),
        }
    }
}

impl Accounts {
    /// The members of a workspace with their roles, by name. For every member.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn members(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
    ) -> Result<Vec<Member>, MemberError> {
        let mut work = self.read().await?;
        let scope = Scope::read(Resource::Members);
        let membership =
            principal::admit(&mut *work, principal, workspace, scope, Role::Member).await?;
        Ok(work.directory().members(membership.workspace.id).await?)
    }

    /// Gives a member another role. For owners and admins; only owners make or unmake owners, and the last one stays.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn change_role(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
        member: UserId,
        role: Role,
    ) -> Result<Member, MemberError> {
        let mut work = self.begin().await?;
        let changed = self
            .change_role_in(&mut *work, principal, workspace, member, role)
            .await;
        settle(work, changed).await
    }

    async fn change_role_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        workspace: &WorkspaceRef,
        member: UserId,
        role: Role,
    ) -> Result<Member, MemberError> {
        let own = hold(work, principal, workspace, Role::Admin).await?;
        let id = own.workspace.id;
        let before = work.members().role(id, member).await?;
        let before = before.ok_or(MemberError::NotFound)?;
        if before.max(role) == Role::Owner && own.role < Role::Owner {
            return Err(MemberError::OwnersOnly);
        }
        if before == Role::Owner && role != Role::Owner {
            keep_an_owner(work, id).await?;
        }
        if before != role {
            work.directory().set_role(id, member, role).await?;
            if role < before {
                self.revoke_invitations_of(work, id, member).await?;
            }
            let note = AuditNote::by(principal, "member.role_changed", member)
                .within(id)
                .detailed(json!({ "from": before.as_str(), "to": role.as_str() }));
            self.note(work, note).await?;
        }
        let members = work.directory().members(id).await?;
        let changed = members.into_iter().find(|found| found.person.id == member);
        changed.ok_or(MemberError::NotFound)
    }

    /// Ends somebody's membership: his tokens there and the invitations he issued end too. For owners and admins; only
    /// owners remove owners, and the last one stays. Whoever still hosts stays as well, until others do.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn remove_member(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
        member: UserId,
    ) -> Result<(), MemberError> {
        let mut work = self.begin().await?;
        let removed = self
            .remove_member_in(&mut *work, principal, workspace, member)
            .await;
        settle(work, removed).await
    }

    async fn remove_member_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        workspace: &WorkspaceRef,
        member: UserId,
    ) -> Result<(), MemberError> {
        let own = hold(work, principal, workspace, Role::Admin).await?;
        let id = own.workspace.id;
        let role = work.members().role(id, member).await?;
        let role = role.ok_or(MemberError::NotFound)?;
        if role == Role::Owner && own.role < Role::Owner {
            return Err(MemberError::OwnersOnly);
        }
        self.part(work, id, member, role).await?;
        let note = AuditNote::by(principal, "member.removed", member)
            .within(id)
            .detailed(json!({ "role": role.as_str() }));
        Ok(self.note(work, note).await?)
    }

    /// Ends his own membership, by the rules of [`remove_member`](Self::remove_member). For whoever is signed in.
    ///
    /// # Errors
    /// [`MemberError`].
    pub async fn leave(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
    ) -> Result<(), MemberError> {
        principal.signed_in()?;
        let mut work = self.begin().await?;
        let left = self.leave_in(&mut *work, principal, workspace).await;
        settle(work, left).await
    }

    async fn leave_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        workspace: &WorkspaceRef,
    ) -> Result<(), MemberError> {
        let own = hold(work, principal, workspace, Role::Member).await?;
        let id = own.workspace.id;
        self.part(work, id, principal.user, own.role).await?;
        let note = AuditNote::by(principal, "member.left", principal.user)
            .within(id)
            .detailed(json!({ "role": own.role.as_str() }));
        Ok(self.note(work, note).await?)
    }

    /// Ends a membership, if nothing ties the member.
    async fn part(
        &self,
        work: &mut dyn AccountUnitOfWork,
        workspace: WorkspaceId,
        member: UserId,
        role: Role,
    ) -> Result<(), MemberError> {
        if role == Role::Owner {
            keep_an_owner(work, workspace).await?;
        }
        // Whoever books him at this moment comes before or after.
        work.lock_hosts(&[member]).await?;
        let now = self.ports().clock.now();
        let hosting = work
            .members()
            .hosting(workspace, member, now, NAMED)
            .await?;
        if !hosting.is_empty() {
            return Err(MemberError::StillHosts(hosting));
        }
        work.directory().remove_member(workspace, member).await?;
        work.api_tokens().revoke_all(workspace, member, now).await?;
        self.revoke_invitations_of(work, workspace, member).await?;
        Ok(())
    }

    async fn revoke_invitations_of(
        &self,
        work: &mut dyn AccountUnitOfWork,
        workspace: WorkspaceId,
        member: UserId,
    ) -> Result<(), StorageError> {
        let now = self.ports().clock.now();
        work.invitations()
            .revoke_issued_by(workspace, member, now)
            .await?;
        Ok(())
    }
}

/// Holds a workspace's members, and then looks at what the caller may do: his own role cannot change meanwhile either.
pub(crate) async fn hold(
    work: &mut dyn AccountUnitOfWork,
    principal: &Principal,
    workspace: &WorkspaceRef,
    least: Role,
) -> Result<Membership, AuthorizeError> {
    let scope = Scope::write(Resource::Members);
    principal::admit_held(work, principal, workspace, scope, least).await
}

/// Refuses where the workspace has one owner, who is about to go.
async fn keep_an_owner(
    work: &mut dyn AccountUnitOfWork,
    workspace: WorkspaceId,
) -> Result<(), MemberError> {
    if work.members().owners(workspace).await? <= 1 {
        return Err(MemberError::LastOwner);
    }
    Ok(())
}
