//! The audit trail: who did what, when.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use scheduling_core::directory::Role;
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::{IdSource, StorageError};
use serde_json::Value;

use crate::Accounts;
use crate::ids::{AuditId, TokenId};
use crate::principal::{self, AuthorizeError, Principal, WorkspaceRef};
use crate::scope::{Resource, Scope};

/// The largest page of the audit trail.
const LARGEST_PAGE: u32 = 200;

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub note: AuditNote,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditNote {
    /// In which workspace; what concerns an account alone is in none.
    pub workspace: Option<WorkspaceId>,
    /// By whom; nobody for what the operator did.
    pub user: Option<UserId>,
    /// With which API token.
    pub token: Option<TokenId>,
    /// What was done, such as `member.role_changed`.
    pub action: String,
    /// To what, such as the id of a member.
    pub subject: String,
    /// What else there is to say: an object. Never a secret.
    pub detail: Value,
}

impl AuditNote {
    /// Something that somebody did.
    pub fn by(principal: &Principal, action: &str, subject: impl Display) -> Self {
        Self {
            user: Some(principal.user),
            token: principal.token(),
            ..Self::by_operator(action, subject)
        }
    }

    /// Something that was done at the server's command line.
    pub fn by_operator(action: &str, subject: impl Display) -> Self {
        Self {
            workspace: None,
            user: None,
            token: None,
            action: action.to_owned(),
            subject: subject.to_string(),
            detail: Value::Object(serde_json::Map::new()),
        }
    }

    pub(crate) fn by_user(user: UserId, action: &str, subject: impl Display) -> Self {
        Self {
            user: Some(user),
            ..Self::by_operator(action, subject)
        }
    }

    /// In a workspace.
    #[must_use]
    pub fn within(self, workspace: WorkspaceId) -> Self {
        Self {
            workspace: Some(workspace),
            ..self
        }
    }

    /// With more to say.
    #[must_use]
    pub fn detailed(self, detail: Value) -> Self {
        Self { detail, ..self }
    }

    /// As an entry that happens now.
    pub fn entry(self, ids: &dyn IdSource, at: DateTime<Utc>) -> AuditEntry {
        AuditEntry {
            id: AuditId::generate(ids),
            at,
            note: self,
        }
    }
}

/// A place in the audit trail: that of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCursor {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: AuditId,
}

/// A page of the audit trail, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// Its entries.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins, if there is one.
    pub next: Option<AuditCursor>,
}

impl Accounts {
    /// A page of a workspace's audit trail, newest first: behind `after` where it is given, at most `limit` entries, and
    /// 200 at most. For owners and admins.
    ///
    /// # Errors
    /// [`AuthorizeError`].
    pub async fn audit(
        &self,
        principal: &Principal,
        workspace: &WorkspaceRef,
        after: Option<AuditCursor>,
        limit: u32,
    ) -> Result<AuditPage, AuthorizeError> {
        let mut work = self.read().await?;
        let scope = Scope::read(Resource::Workspace);
        let membership =
            principal::admit(&mut *work, principal, workspace, scope, Role::Admin).await?;
        let limit = limit.clamp(1, LARGEST_PAGE);
        let mut entries = work
            .audit()
            .of_workspace(membership.workspace.id, after, limit + 1)
            .await?;
        let limit = limit as usize;
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map(|last| AuditCursor {
            at: last.at,
            id: last.id,
        });
        Ok(AuditPage { entries, next })
    }

    /// Notes that something was done. The use cases of accounts note what they do themselves, in their own transactions.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn record(&self, note: AuditNote) -> Result<(), StorageError> {
        let ports = self.ports();
        let entry = note.entry(&*ports.ids, ports.clock.now());
        let mut work = self.begin().await?;
        let recorded = work.audit().record(&entry).await;
        crate::accounts::settle(work, recorded).await
    }
}
