//! Words of one's own for messages, and pictures.

use async_trait::async_trait;
use scheduling_core::effect::NotificationKind;
use scheduling_core::ids::{EventTypeId, ImageId, WorkspaceId};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use scheduling_core::ports::{Image, ImageRepository, MessageRepository, StorageError};

use super::MemoryUnitOfWork;

#[async_trait]
impl MessageRepository for MemoryUnitOfWork {
    async fn words(
        &mut self,
        workspace: WorkspaceId,
        event_type: EventTypeId,
        kind: NotificationKind,
        audience: Audience,
    ) -> Result<MessageWords, StorageError> {
        let messages = &self.read().messages;
        let stored = |of| messages.get(&(workspace, of, kind, audience));
        let own = stored(Some(event_type)).cloned().unwrap_or_default();
        let general = stored(None).cloned().unwrap_or_default();
        Ok(MessageWords {
            subject: own.subject.or(general.subject),
            body: own.body.or(general.body),
        })
    }

    async fn list(&mut self, workspace: WorkspaceId) -> Result<Vec<MessageOverride>, StorageError> {
        // The keys stand in the order that is promised: what is for no event type comes first.
        let messages = self.read().messages.iter();
        Ok(messages
            .filter(|((of, ..), _)| *of == workspace)
            .map(|((_, event_type, kind, audience), words)| MessageOverride {
                workspace,
                event_type: *event_type,
                kind: *kind,
                audience: *audience,
                words: words.clone(),
            })
            .collect())
    }

    async fn set(&mut self, message: &MessageOverride) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_workspace(message.workspace)?;
            if let Some(event_type) = message.event_type {
                tables.must_have_event_type(event_type)?;
            }
            let key = (
                message.workspace,
                message.event_type,
                message.kind,
                message.audience,
            );
            if message.words == MessageWords::default() {
                tables.messages.remove(&key);
            } else {
                tables.messages.insert(key, message.words.clone());
            }
            Ok(())
        })
    }
}

#[async_trait]
impl ImageRepository for MemoryUnitOfWork {
    async fn get(&mut self, id: ImageId) -> Result<Option<Image>, StorageError> {
        Ok(self.read().images.get(&id).cloned())
    }

    async fn insert(&mut self, image: &Image) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_workspace(image.workspace)?;
            match tables.images.insert(image.id, image.clone()) {
                Some(_image) => Err(StorageError::Conflict),
                None => Ok(()),
            }
        })
    }

    async fn delete(&mut self, id: ImageId) -> Result<bool, StorageError> {
        self.write(|tables| Ok(tables.images.remove(&id).is_some()))
    }
}
