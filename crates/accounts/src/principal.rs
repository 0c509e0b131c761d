//! Who is asking, and what he may do where.

use scheduling_core::directory::{Role, Workspace};
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::text::Slug;
use thiserror::Error;

use crate::Accounts;
use crate::ids::{SessionId, TokenId};
use crate::ports::AccountUnitOfWork;
use crate::scope::{Scope, Scopes};

/// Somebody who proved who he is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub user: UserId,
    /// By what.
    pub kind: PrincipalKind,
}

/// By what somebody proved who he is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalKind {
    /// He is signed in, and may do all that his roles allow.
    Session(SessionId),
    /// A program with an API token of his: one workspace, some scopes, and never more than his role there.
    Token {
        /// Which token.
        id: TokenId,
        /// Where it is good.
        workspace: WorkspaceId,
        /// For what.
        scopes: Scopes,
    },
}

impl Principal {
    /// Whether the way he proved who he is allows this. His role is another question.
    pub fn allows(&self, scope: Scope) -> bool {
        match &self.kind {
            PrincipalKind::Session(_) => true,
            PrincipalKind::Token { scopes, .. } => scopes.allow(scope),
        }
    }

    /// The session he is signed in with; none for a token.
    pub fn session(&self) -> Option<SessionId> {
        match self.kind {
            PrincipalKind::Session(id) => Some(id),
            PrincipalKind::Token { .. } => None,
        }
    }

    /// The token, for the audit trail; none for a session.
    pub fn token(&self) -> Option<TokenId> {
        match self.kind {
            PrincipalKind::Session(_) => None,
            PrincipalKind::Token { id, .. } => Some(id),
        }
    }

    /// What only a signed-in person may do.
    pub(crate) fn signed_in(&self) -> Result<SessionId, AccessError> {
        self.session().ok_or(AccessError::SessionOnly)
    }
}

/// A workspace, by whichever name the caller has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkspaceRef {
    /// Its id.
    Id(WorkspaceId),
    /// Its part of the link.
    Slug(Slug),
}

impl From<WorkspaceId> for WorkspaceRef {
    fn from(id: WorkspaceId) -> Self {
        Self::Id(id)
    }
}

impl From<Slug> for WorkspaceRef {
    fn from(slug: Slug) -> Self {
        Self::Slug(slug)
    }
}

/// Somebody's part in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The workspace.
    pub workspace: Workspace,
    /// What he may do there.
    pub role: Role,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AccessError {
    /// There is no such workspace, or he is no member of it: the two cannot be told apart.
    #[error("there is no such workspace")]
    NotFound,
    /// He is a member but his role is not enough.
    #[error("needs the role {0} or more")]
    Role(Role),
    /// The API token lacks a scope.
    #[error("the token lacks the scope {0}")]
    Scope(Scope),
    /// No API token can do this: somebody must be signed in.
    #[error("needs somebody who is signed in")]
    SessionOnly,
}

/// Why [`Accounts::authorize`] gave no membership.
#[derive(Debug, Error)]
pub enum AuthorizeError {
    /// He may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// His part in a workspace. `None` when there is no such workspace or he is no member of it; for a token also
    /// outside the workspace it belongs to.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn membership(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
    ) -> Result<Option<Membership>, StorageError> {
        let mut work = self.read().await?;
        find(&mut *work, principal, workspace).await
    }

    /// His parts in all workspaces, by slug. For a token it is the one it belongs to.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn memberships(
        &self,
        principal: &Principal,
    ) -> Result<Vec<Membership>, StorageError> {
        let mut work = self.read().await?;
        let found = work.directory().memberships(principal.user).await?;
        Ok(found
            .into_iter()
            .filter(|(workspace, _role)| is_good_in(principal, workspace.id))
            .map(|(workspace, role)| Membership { workspace, role })
            .collect())
    }

    /// His part in a workspace, when it and the way he proved who he is are enough for something.
    ///
    /// # Errors
    /// [`AuthorizeError`].
    pub async fn authorize(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
        scope: Scope,
        least: Role,
    ) -> Result<Membership, AuthorizeError> {
        let mut work = self.read().await?;
        admit(&mut *work, principal, workspace, scope, least).await
    }
}

/// As [`Accounts::authorize`], inside a transaction: what holds then, holds until its end.
pub(crate) async fn admit(
    work: &mut dyn AccountUnitOfWork,
    principal: &Principal,
    workspace: &WorkspaceRef,
    scope: Scope,
    least: Role,
) -> Result<Membership, AuthorizeError> {
    let found = find(work, principal, workspace).await?;
    permit(principal, found, scope, least).map_err(AuthorizeError::from)
}

/// The same, and nobody's membership there changes until the transaction ends.
pub(crate) async fn admit_held(
    work: &mut dyn AccountUnitOfWork,
    principal: &Principal,
    workspace: &WorkspaceRef,
    scope: Scope,
    least: Role,
) -> Result<Membership, AuthorizeError> {
    let found = find_held(work, principal, workspace).await?;
    permit(principal, found, scope, least).map_err(AuthorizeError::from)
}

/// Membership first: who may not know of the workspace hears nothing about scopes.
fn permit(
    principal: &Principal,
    found: Option<Membership>,
    scope: Scope,
    least: Role,
) -> Result<Membership, AccessError> {
    let membership = found.ok_or(AccessError::NotFound)?;
    if !principal.allows(scope) {
        return Err(AccessError::Scope(scope));
    }
    if membership.role < least {
        return Err(AccessError::Role(least));
    }
    Ok(membership)
}

/// His part in a workspace, if he has one.
pub(crate) async fn find(
    work: &mut dyn AccountUnitOfWork,
    principal: &Principal,
    workspace: &WorkspaceRef,
) -> Result<Option<Membership>, StorageError> {
    let found = match workspace {
        WorkspaceRef::Id(id) => work.directory().workspace(*id).await?,
        WorkspaceRef::Slug(slug) => work.directory().workspace_by_slug(slug).await?,
    };
    let Some(workspace) = found.filter(|workspace| is_good_in(principal, workspace.id)) else {
        return Ok(None);
    };
    let role = work.members().role(workspace.id, principal.user).await?;
    Ok(role.map(|role| Membership { workspace, role }))
}

/// The same, and nobody's membership there changes until the transaction ends.
pub(crate) async fn find_held(
    work: &mut dyn AccountUnitOfWork,
    principal: &Principal,
    workspace: &WorkspaceRef,
) -> Result<Option<Membership>, StorageError> {
    let Some(found) = find(work, principal, workspace).await? else {
        return Ok(None);
    };
    let id = found.workspace.id;
    work.members().lock(id).await?;
    // Read again: it may have changed while this waited.
    find(work, principal, &WorkspaceRef::Id(id)).await
}

fn is_good_in(principal: &Principal, workspace: WorkspaceId) -> bool {
    match principal.kind {
        PrincipalKind::Session(_) => true,
        PrincipalKind::Token {
            workspace: its_own, ..
        } => its_own == workspace,
    }
}
