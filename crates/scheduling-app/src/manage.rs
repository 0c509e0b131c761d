//! What the use cases that manage a workspace share: how they refuse, who may do what, and how a transaction that meets
//! another starts again.

use std::fmt;

use scheduling_core::directory::Role;
use scheduling_core::event_type::EventType;
use scheduling_core::ids::{EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::{Partial, StorageError, UnitOfWork};
use scheduling_core::text::{Slug, Title};
use thiserror::Error;
use tracing::{debug, error};

use crate::Scheduling;
use crate::actor::Actor;
use crate::idempotency::ClaimError;

mod invalid;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use invalid::{Field, Invalid, Problem};

/// Why nothing was changed, or shown.
#[derive(Debug, Error)]
pub enum ManageError {
    /// There is no such thing, or it is none of the actor's business: both are answered alike.
    #[error("there is no such thing")]
    NotFound,
    /// The actor may see it, but not do this to it.
    #[error("this is not for {} to do", with_article(*.0))]
    Forbidden(Role),
    /// It has changed since the version that the command names.
    #[error("it has changed meanwhile: the version is {current} now")]
    VersionConflict {
        /// The stored version.
        current: u32,
    },
    /// Something else has the slug.
    #[error("{0} is taken")]
    Taken(Slug),
    /// What is asked for makes no sense.
    #[error("{}", in_one_line(.0))]
    Invalid(Vec<Invalid>),
    /// Event types name the schedule.
    #[error("the schedule is in use by {} event types", event_types.len())]
    InUse {
        /// Those of the workspace, by id.
        event_types: Vec<NamedEventType>,
    },
    /// A person's default schedule stays until another is the default.
    #[error("a person's default schedule cannot be deleted: make another the default first")]
    IsDefault,
    /// Bookings are still ahead, and whoever has them would not hear that they are gone.
    #[error("{count} bookings are still ahead: cancel them first")]
    BookingsAhead {
        /// How many; of very many, the first hundred.
        count: u32,
    },
    /// What cannot be undone must be confirmed with the slug.
    #[error("erasing must be confirmed with the event type's slug")]
    NotConfirmed,
    /// Only what has failed can be tried again.
    #[error("only an effect that has failed can be tried again")]
    NotFailed,
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// An event type, as a refusal names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedEventType {
    /// Its id.
    pub id: EventTypeId,
    /// Its part of the link.
    pub slug: Slug,
    /// Its title.
    pub title: Title,
}

impl NamedEventType {
    pub(crate) fn of(event_type: &EventType) -> Self {
        Self {
            id: event_type.id,
            slug: event_type.slug.clone(),
            title: event_type.title.clone(),
        }
    }
}

impl From<ClaimError> for ManageError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Reused => Self::IdempotencyKeyReused,
            ClaimError::Storage(error) => Self::Storage(error),
        }
    }
}

impl ManageError {
    /// A single thing that makes no sense.
    pub(crate) fn invalid(field: Field, problem: impl Into<Problem>) -> Self {
        Self::Invalid(vec![Invalid::new(field, problem)])
    }
}

fn with_article(role: Role) -> &'static str {
    match role {
        Role::Member => "a member",
        Role::Admin => "an admin",
        Role::Owner => "an owner",
    }
}

fn in_one_line(problems: &[Invalid]) -> String {
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    problems.join("; ")
}

impl Actor {
    /// Refuses whoever has no part in a workspace.
    pub(crate) fn sees(&self, workspace: WorkspaceId) -> Result<(), ManageError> {
        match self {
            Self::System => Ok(()),
            Self::Member { workspace: his, .. } if *his == workspace => Ok(()),
            Self::Member { .. } | Self::Invitee => Err(ManageError::NotFound),
        }
    }

    /// Refuses whoever does not manage what belongs to others in a workspace.
    pub(crate) fn manages(&self, workspace: WorkspaceId) -> Result<(), ManageError> {
        self.sees(workspace)?;
        match self {
            Self::Member { role, .. } if !role.manages() => Err(ManageError::Forbidden(*role)),
            _ => Ok(()),
        }
    }

    /// Refuses whoever is neither this person nor manages what belongs to others.
    pub(crate) fn is_or_manages(
        &self,
        person: UserId,
        workspace: WorkspaceId,
    ) -> Result<(), ManageError> {
        if self.user() == Some(person) {
            return self.sees(workspace);
        }
        self.manages(workspace)
    }

    /// Refuses whoever may not change an event type: a member changes those whose only host he is.
    pub(crate) fn manages_event_type(&self, event_type: &EventType) -> Result<(), ManageError> {
        let mut roster = event_type.hosting.roster();
        match (roster.next(), roster.next()) {
            (Some(only), None) => self.is_or_manages(only, event_type.workspace),
            _ => self.manages(event_type.workspace),
        }
    }

    /// Which member it is.
    pub(crate) fn user(&self) -> Option<UserId> {
        match self {
            Self::Member { user, .. } => Some(*user),
            Self::Invitee | Self::System => None,
        }
    }
}

/// Compares the version that a command names with the stored one.
pub(crate) fn expect_version(expected: Option<u32>, current: u32) -> Result<(), ManageError> {
    match expected {
        Some(expected) if expected != current => Err(ManageError::VersionConflict { current }),
        _ => Ok(()),
    }
}

/// How often a transaction is tried when the storage reports conflicts.
const ATTEMPTS: u32 = 4;

/// A use case's tries. Each begins a transaction; one that conflicts with another's is tried again, since what it was
/// judged by has changed.
pub(crate) struct Attempts(u32);

impl Attempts {
    pub(crate) const fn new() -> Self {
        Self(0)
    }

    /// Ends a try: commits what was done, or undoes it. `None` means to try again.
    pub(crate) async fn settle<T>(
        &mut self,
        work: Box<dyn UnitOfWork>,
        done: Result<T, ManageError>,
    ) -> Option<Result<T, ManageError>> {
        self.0 += 1;
        let settled = match done {
            Ok(done) => work.commit().await.map(|()| done).map_err(Into::into),
            Err(refusal) => match work.rollback().await {
                Ok(()) => Err(refusal),
                Err(error) => Err(error.into()),
            },
        };
        match settled {
            Err(ManageError::Storage(StorageError::Conflict)) if self.0 < ATTEMPTS => {
                debug!("A change conflicted with another and starts again");
                None
            }
            settled => Some(settled),
        }
    }
}

/// Takes what could be read, and says in the log what could not.
pub(crate) fn readable<T>(partial: Partial<T>) -> T {
    log_unreadable(&partial.unreadable);
    partial.found
}

/// Says in the log which rows could not be read.
pub(crate) fn log_unreadable(unreadable: &[StorageError]) {
    for damage in unreadable {
        match damage {
            StorageError::Corrupt {
                table,
                column,
                row,
                source,
            } => {
                error!(table, column, row, cause = %source, "Left out {table} {row}: its {column} cannot be read");
            }
            other => error!(cause = %other, "Left out something that cannot be read"),
        }
    }
}

/// A row that names something which is not there.
pub(crate) fn dangling(
    table: &'static str,
    column: &'static str,
    row: impl fmt::Display,
) -> StorageError {
    StorageError::Corrupt {
        table,
        column,
        row: row.to_string(),
        source: "it names nothing that exists".into(),
    }
}

impl Scheduling {
    /// An event type that the actor may change, as it is under the lock of its hosts, old ones and further ones.
    pub(crate) async fn event_type_to_change(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        id: EventTypeId,
        further: &[UserId],
    ) -> Result<EventType, ManageError> {
        let found = work.event_types().get(id).await?;
        let found = found.ok_or(ManageError::NotFound)?;
        actor.manages_event_type(&found)?;
        let mut hosts: Vec<UserId> = found.hosting.roster().collect();
        hosts.extend(further);
        lock(work, hosts.clone()).await?;
        // Somebody may have changed it while this waited for the lock.
        let found = work.event_types().get(id).await?;
        let found = found.ok_or(ManageError::NotFound)?;
        actor.manages_event_type(&found)?;
        if !found.hosting.roster().all(|host| hosts.contains(&host)) {
            return Err(StorageError::Conflict.into());
        }
        Ok(found)
    }
}

/// Locks hosts, each once, in id order: what is known of their time grows older.
pub(crate) async fn lock(
    work: &mut dyn UnitOfWork,
    mut hosts: Vec<UserId>,
) -> Result<(), StorageError> {
    hosts.sort_unstable();
    hosts.dedup();
    work.lock_hosts(&hosts).await
}
