//! Make an event type, or a copy of one.

use scheduling_core::event_type::{EventType, EventTypeStatus};
use scheduling_core::ids::{EventTypeId, WorkspaceId};
use scheduling_core::notification::MessageOverride;
use scheduling_core::ports::UnitOfWork;
use scheduling_core::text::Slug;

use super::check::{check, check_hosts, may_make};
use super::{EventTypeSettings, SlugOwner, check_slug};
use crate::Scheduling;
use crate::actor::Actor;
use crate::idempotency::{Created, Idempotent};
use crate::manage::{Attempts, ManageError, lock, readable};

/// Adds an event type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddEventType {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// What it is to be.
    pub settings: EventTypeSettings,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

/// Copies an event type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloneEventType {
    /// Which.
    pub id: EventTypeId,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

impl Scheduling {
    /// Adds an event type, after those the workspace has. A member can add what he alone hosts.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `Taken`, `Invalid`, `IdempotencyKeyReused`, `Storage`.
    pub async fn add_event_type(
        &self,
        actor: &Actor,
        command: &AddEventType,
    ) -> Result<Created<EventType>, ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.add_event_type_in(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    async fn add_event_type_in(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &AddEventType,
    ) -> Result<Created<EventType>, ManageError> {
        let workspace = command.workspace;
        let hosting = &command.settings.hosting;
        may_make(actor, workspace, hosting)?;
        let exists = work.directory().workspace(workspace).await?;
        exists.ok_or(ManageError::NotFound)?;
        check_hosts(work, workspace, hosting).await?;
        lock(work, hosting.roster().collect()).await?;
        if let Some(replayed) = self
            .made_before(work, actor, command.idempotency.as_ref())
            .await?
        {
            return Ok(replayed);
        }
        let settings = command.settings.clone().normalized();
        check(work, workspace, &settings).await?;
        check_slug(work, workspace, &settings.slug, SlugOwner::Nobody).await?;
        let id = EventTypeId::generate(&*self.ports().ids);
        let position = next_position(work, workspace).await?;
        let event_type = settings.into_event_type(id, workspace, position, 1);
        insert(work, event_type, command.idempotency.as_ref()).await
    }

    /// Copies an event type, with the words of its messages, without its links: under a slug that ends in `-copy`,
    /// inactive, after the others.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `IdempotencyKeyReused`, `Storage`.
    pub async fn clone_event_type(
        &self,
        actor: &Actor,
        command: &CloneEventType,
    ) -> Result<Created<EventType>, ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.clone_event_type_in(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    async fn clone_event_type_in(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &CloneEventType,
    ) -> Result<Created<EventType>, ManageError> {
        let original = work.event_types().get(command.id).await?;
        let original = original.ok_or(ManageError::NotFound)?;
        actor.manages_event_type(&original)?;
        lock(work, original.hosting.roster().collect()).await?;
        if let Some(replayed) = self
            .made_before(work, actor, command.idempotency.as_ref())
            .await?
        {
            return Ok(replayed);
        }
        let workspace = original.workspace;
        let copy = EventType {
            id: EventTypeId::generate(&*self.ports().ids),
            slug: free_slug(work, workspace, &original.slug).await?,
            status: EventTypeStatus::Inactive,
            position: next_position(work, workspace).await?,
            version: 1,
            ..original.clone()
        };
        let created = insert(work, copy, command.idempotency.as_ref()).await?;
        let words = work.messages().list(workspace).await?;
        for words in words
            .into_iter()
            .filter(|words| words.event_type == Some(original.id))
        {
            let event_type = Some(created.made.id);
            let words = MessageOverride {
                event_type,
                ..words
            };
            work.messages().set(&words).await?;
        }
        Ok(created)
    }

    /// What an earlier command with the key made. Without one, the key is claimed.
    async fn made_before(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        idempotency: Option<&Idempotent>,
    ) -> Result<Option<Created<EventType>>, ManageError> {
        let Some(idempotency) = idempotency else {
            return Ok(None);
        };
        let now = self.ports().clock.now();
        let Some(made) = idempotency.claim(work, now).await? else {
            return Ok(None);
        };
        let made = work.event_types().get(EventTypeId::from_uuid(made)).await?;
        let made = made
            .filter(|made| super::check::is_seen(actor, made))
            .ok_or(ManageError::NotFound)?;
        Ok(Some(Created {
            made,
            replayed: true,
        }))
    }
}

async fn insert(
    work: &mut dyn UnitOfWork,
    event_type: EventType,
    idempotency: Option<&Idempotent>,
) -> Result<Created<EventType>, ManageError> {
    work.event_types().insert(&event_type).await?;
    if let Some(idempotency) = idempotency {
        idempotency.store(work, event_type.id.as_uuid()).await?;
    }
    Ok(Created {
        made: event_type,
        replayed: false,
    })
}

async fn next_position(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
) -> Result<u32, ManageError> {
    let others = readable(work.event_types().list(workspace).await?);
    let next = others.iter().map(|e| e.position.saturating_add(1)).max();
    Ok(next.unwrap_or(0))
}

/// `intro-copy`, or the first free one of `intro-copy-2`, `intro-copy-3` and so on.
async fn free_slug(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    slug: &Slug,
) -> Result<Slug, ManageError> {
    for number in 1_u32.. {
        let copy = copy_slug(slug, number);
        match check_slug(work, workspace, &copy, SlugOwner::Nobody).await {
            Err(ManageError::Taken(_)) => {}
            Err(other) => return Err(other),
            Ok(()) => return Ok(copy),
        }
    }
    Err(ManageError::Taken(slug.clone()))
}

/// A slug with an ending that makes it another, short enough.
fn copy_slug(slug: &Slug, number: u32) -> Slug {
    let ending = match number {
        1 => "-copy".to_owned(),
        more => format!("-copy-{more}"),
    };
    // A slug is ASCII, so that any place is between two characters.
    let room = Slug::LIMIT - ending.len();
    let start = slug.as_str();
    let start = start[..start.len().min(room)].trim_end_matches('-');
    format!("{start}{ending}")
        .parse()
        .unwrap_or_else(|_no_slug| slug.clone())
}

#[cfg(test)]
mod tests {
    use scheduling_testkit::builders::parse;

    use super::*;

    #[test]
    fn a_copys_slug_stays_a_slug_however_long_the_original_is() {
        let copy = |slug: &str, number| copy_slug(&parse(slug), number).to_string();
        assert_eq!(copy("intro", 1), "intro-copy");
        assert_eq!(copy("intro", 12), "intro-copy-12");
        let longest = "a".repeat(Slug::LIMIT);
        assert_eq!(copy(&longest, 1), format!("{}-copy", "a".repeat(59)));
        let hyphen_at_the_cut = format!("{}-{}", "a".repeat(58), "b".repeat(5));
        assert_eq!(
            copy(&hyphen_at_the_cut, 1),
            format!("{}-copy", "a".repeat(58))
        );
    }
}
