//! Words of one's own for messages: of a workspace, and of an event type, which go before the workspace's.
//!
//! Owners and admins write both; a member writes those of event types whose only host he is.

use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::EventType;
use scheduling_core::ids::{BookingId, EventTypeId, WorkspaceId};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use scheduling_core::ports::{RenderedMessage, UnitOfWork, Wording, WordsError};

use crate::Scheduling;
use crate::actor::Actor;
use crate::manage::{Attempts, Field, Invalid, ManageError, readable};

mod preview;
#[cfg(test)]
mod tests;

/// Asks how a message would read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewMessage {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Of this event type; of any where none is given.
    pub event_type: Option<EventTypeId>,
    /// Which message.
    pub kind: NotificationKind,
    /// To whom.
    pub audience: Audience,
    /// With these words, which need not be stored; with those that are where none are given.
    pub words: Option<MessageWords>,
    /// About this booking; about one that is made up where none is given.
    pub about: Option<BookingId>,
}

impl Scheduling {
    /// The words of a workspace and its event types: all of them for owners and admins, those that he may change for a
    /// member.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Storage`.
    pub async fn message_words(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
    ) -> Result<Vec<MessageOverride>, ManageError> {
        actor.sees(workspace)?;
        let mut work = self.ports().storage.begin_read().await?;
        let mut words = work.messages().list(workspace).await?;
        if actor.manages(workspace).is_err() {
            let event_types = readable(work.event_types().list(workspace).await?);
            let may_change = |id| {
                let of_id = event_types.iter().find(|event_type| event_type.id == id);
                of_id.is_some_and(|event_type| actor.manages_event_type(event_type).is_ok())
            };
            words.retain(|words| words.event_type.is_some_and(may_change));
        }
        Ok(words)
    }

    /// Stores words in place of what was there. Words without subject and body bring Kalends' own back.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `Invalid` when they cannot be read as templates, `Storage`.
    pub async fn set_message_words(
        &self,
        actor: &Actor,
        wording: &dyn Wording,
        words: &MessageOverride,
    ) -> Result<(), ManageError> {
        check_words(wording, &words.words)?;
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = set(&mut *work, actor, words).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    /// A message as its reader would get it. Its links lead nowhere: whoever previews gets no secrets to see.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Forbidden`, `Invalid`, `Storage`.
    pub async fn preview_message(
        &self,
        actor: &Actor,
        wording: &dyn Wording,
        query: &PreviewMessage,
    ) -> Result<RenderedMessage, ManageError> {
        if let Some(words) = &query.words {
            check_words(wording, words)?;
        }
        let mut work = self.ports().storage.begin_read().await?;
        let notification = self.sample(&mut *work, actor, query).await?;
        drop(work);
        Ok(wording.render(&notification))
    }
}

async fn set(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    words: &MessageOverride,
) -> Result<(), ManageError> {
    may_change(work, actor, words.workspace, words.event_type).await?;
    Ok(work.messages().set(words).await?)
}

/// The event type that words are for, if the actor may change them.
async fn may_change(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    workspace: WorkspaceId,
    event_type: Option<EventTypeId>,
) -> Result<Option<EventType>, ManageError> {
    let Some(event_type) = event_type else {
        actor.manages(workspace)?;
        let exists = work.directory().workspace(workspace).await?;
        exists.ok_or(ManageError::NotFound)?;
        return Ok(None);
    };
    actor.sees(workspace)?;
    let found = work.event_types().get(event_type).await?;
    let found = found.filter(|found| found.workspace == workspace);
    let found = found.ok_or(ManageError::NotFound)?;
    actor.manages_event_type(&found)?;
    Ok(Some(found))
}

fn check_words(wording: &dyn Wording, words: &MessageWords) -> Result<(), ManageError> {
    wording.check(words).map_err(|error| {
        let field = match &error {
            WordsError::Subject(_) => Field::Subject,
            WordsError::Body(_) => Field::Body,
        };
        ManageError::Invalid(vec![Invalid::new(field, error)])
    })
}
