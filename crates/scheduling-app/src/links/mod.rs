//! Further links to event types: for one campaign, one person, one use.
//!
//! Whoever may change an event type makes, changes and deletes its links; every member of the workspace sees them.

use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use scheduling_core::event_type::{BookingLink, EventType, Questions};
use scheduling_core::ids::{BookingLinkId, EventTypeId};
use scheduling_core::ports::UnitOfWork;
use scheduling_core::text::{Slug, Title, WebAddress};

use crate::Scheduling;
use crate::actor::Actor;
use crate::event_types::{SlugOwner, check_slug};
use crate::idempotency::{Created, Idempotent};
use crate::manage::{Attempts, Field, ManageError, Problem, expect_version, readable};

#[cfg(test)]
mod tests;

/// What the maker of a link decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkSettings {
    /// What its maker calls it; guests do not see it.
    pub name: Option<Title>,
    /// Questions in place of the event type's.
    pub questions: Option<Questions>,
    /// Where an invitee is sent afterwards, in place of the event type's address.
    pub redirect_url: Option<WebAddress>,
    /// It leads nowhere from then on.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many bookings can be made with it: one makes it a single-use link.
    pub max_uses: Option<NonZeroU32>,
    /// Whether it is withdrawn.
    pub revoked: bool,
}

impl LinkSettings {
    /// What was decided about a link.
    pub fn of(link: &BookingLink) -> Self {
        Self {
            name: link.name.clone(),
            questions: link.questions.clone(),
            redirect_url: link.redirect_url.clone(),
            expires_at: link.expires_at,
            max_uses: link.max_uses,
            revoked: link.revoked,
        }
    }

    fn apply_to(self, link: &mut BookingLink) {
        link.name = self.name;
        link.questions = self.questions;
        link.redirect_url = self.redirect_url;
        link.expires_at = self.expires_at;
        link.max_uses = self.max_uses;
        link.revoked = self.revoked;
    }
}

/// Adds a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddLink {
    /// Where it leads.
    pub event_type: EventTypeId,
    /// Its part of the link; one that nobody can guess where none is given.
    pub slug: Option<Slug>,
    /// What it is to be.
    pub settings: LinkSettings,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

/// Changes a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateLink {
    /// Which.
    pub id: BookingLinkId,
    /// Its part of the link; as it is where none is given.
    pub slug: Option<Slug>,
    /// Everything else as it is to be.
    pub settings: LinkSettings,
    /// The version that was read.
    pub expected: Option<u32>,
}

impl Scheduling {
    /// Adds a link to an event type.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `Taken`, `Invalid` for one that has expired already,
    /// `IdempotencyKeyReused`, `Storage`.
    pub async fn add_link(
        &self,
        actor: &Actor,
        command: &AddLink,
    ) -> Result<Created<BookingLink>, ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.add_link_in(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    async fn add_link_in(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &AddLink,
    ) -> Result<Created<BookingLink>, ManageError> {
        let event_type = changeable(work, actor, command.event_type).await?;
        let now = self.ports().clock.now();
        if let Some(idempotency) = &command.idempotency
            && let Some(made) = idempotency.claim(work, now).await?
        {
            let (made, _) = seen(work, actor, BookingLinkId::from_uuid(made)).await?;
            return Ok(Created {
                made,
                replayed: true,
            });
        }
        is_ahead(command.settings.expires_at, now)?;
        let slug = match &command.slug {
            Some(slug) => slug.clone(),
            None => unguessable(self.ports().secrets.secret()),
        };
        check_slug(work, event_type.workspace, &slug, SlugOwner::Nobody).await?;
        let mut link = BookingLink {
            id: BookingLinkId::generate(&*self.ports().ids),
            workspace: event_type.workspace,
            event_type: event_type.id,
            slug,
            name: None,
            questions: None,
            redirect_url: None,
            expires_at: None,
            max_uses: None,
            uses: 0,
            revoked: false,
            version: 1,
            created_at: now,
        };
        command.settings.clone().apply_to(&mut link);
        work.links().insert(&link).await?;
        if let Some(idempotency) = &command.idempotency {
            idempotency.store(work, link.id.as_uuid()).await?;
        }
        Ok(Created {
            made: link,
            replayed: false,
        })
    }

    /// The links to an event type, the newest first. One that cannot be read is left out, and the log says so.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Storage`.
    pub async fn links(
        &self,
        actor: &Actor,
        event_type: EventTypeId,
    ) -> Result<Vec<BookingLink>, ManageError> {
        let mut work = self.ports().storage.begin_read().await?;
        let found = work.event_types().get(event_type).await?;
        let found = found.ok_or(ManageError::NotFound)?;
        actor.sees(found.workspace)?;
        Ok(readable(work.links().list(event_type).await?))
    }

    /// A link, ended or not.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Storage`.
    pub async fn link(&self, actor: &Actor, id: BookingLinkId) -> Result<BookingLink, ManageError> {
        let mut work = self.ports().storage.begin_read().await?;
        Ok(seen(&mut *work, actor, id).await?.0)
    }

    /// Changes a link. A new expiry must lie ahead; one that stays as it is may have passed. To withdraw a link is to
    /// set `revoked`.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `VersionConflict`, `Taken`, `Invalid`, `Storage`.
    pub async fn update_link(
        &self,
        actor: &Actor,
        command: &UpdateLink,
    ) -> Result<BookingLink, ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.update_link_in(&mut *work, actor, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    async fn update_link_in(
        &self,
        work: &mut dyn UnitOfWork,
        actor: &Actor,
        command: &UpdateLink,
    ) -> Result<BookingLink, ManageError> {
        let (old, event_type) = seen(work, actor, command.id).await?;
        actor.manages_event_type(&event_type)?;
        expect_version(command.expected, old.version)?;
        let mut new = old.clone();
        command.settings.clone().apply_to(&mut new);
        if let Some(slug) = &command.slug {
            new.slug = slug.clone();
        }
        if new == old {
            return Ok(old);
        }
        if new.expires_at != old.expires_at {
            is_ahead(new.expires_at, self.ports().clock.now())?;
        }
        check_slug(work, new.workspace, &new.slug, SlugOwner::Link(new.id)).await?;
        new.version = old.version.saturating_add(1);
        work.links().update(&new).await?;
        Ok(new)
    }

    /// Deletes a link. Bookings that were made with it stay.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `VersionConflict`, `Storage`.
    pub async fn delete_link(
        &self,
        actor: &Actor,
        id: BookingLinkId,
        expected: Option<u32>,
    ) -> Result<(), ManageError> {
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = delete(&mut *work, actor, id, expected).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }
}

async fn delete(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    id: BookingLinkId,
    expected: Option<u32>,
) -> Result<(), ManageError> {
    let (link, event_type) = seen(work, actor, id).await?;
    actor.manages_event_type(&event_type)?;
    expect_version(expected, link.version)?;
    if work.links().delete(id).await? {
        Ok(())
    } else {
        Err(ManageError::NotFound)
    }
}

/// A link that the actor may see, and where it leads.
async fn seen(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    id: BookingLinkId,
) -> Result<(BookingLink, EventType), ManageError> {
    let link = work.links().get(id).await?;
    let link = link.ok_or(ManageError::NotFound)?;
    actor.sees(link.workspace)?;
    let event_type = work.event_types().get(link.event_type).await?;
    let event_type = event_type.ok_or(ManageError::NotFound)?;
    Ok((link, event_type))
}

/// An event type that the actor may make links to.
async fn changeable(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    id: EventTypeId,
) -> Result<EventType, ManageError> {
    let found = work.event_types().get(id).await?;
    let found = found.ok_or(ManageError::NotFound)?;
    actor.manages_event_type(&found)?;
    Ok(found)
}

fn is_ahead(expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), ManageError> {
    match expires_at {
        Some(at) if at <= now => Err(ManageError::invalid(Field::ExpiresAt, Problem::InThePast)),
        _ => Ok(()),
    }
}

/// A slug of 26 letters and digits that hold 130 bits of a secret.
fn unguessable(secret: [u8; 32]) -> Slug {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let letters = secret
        .iter()
        .take(26)
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let slug: String = letters.collect();
    slug.parse().expect("letters and digits make a slug")
}
