//! Pictures for the heads of event types' pages.

use scheduling_core::ids::{ImageId, WorkspaceId};
use scheduling_core::ports::{Image, StorageError, UnitOfWork};

use crate::Scheduling;
use crate::actor::Actor;
use crate::idempotency::{Created, Idempotent};
use crate::manage::{Attempts, Field, ManageError, Problem};

/// The largest picture, in bytes.
pub const LARGEST_IMAGE: usize = 1024 * 1024;

/// Adds a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddImage {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The file. What it is, is told by its first bytes, whatever its sender calls it.
    pub bytes: Vec<u8>,
    /// Makes repeating the command harmless.
    pub idempotency: Option<Idempotent>,
}

impl Scheduling {
    /// Adds a picture: PNG, JPEG or WebP, at most [`LARGEST_IMAGE`] bytes. Every member may.
    ///
    /// # Errors
    /// [`ManageError`]: `NotFound`, `Invalid`, `IdempotencyKeyReused`, `Storage`.
    pub async fn add_image(
        &self,
        actor: &Actor,
        command: &AddImage,
    ) -> Result<Created<ImageId>, ManageError> {
        actor.sees(command.workspace)?;
        let media_type = media_type(&command.bytes)
            .filter(|_| command.bytes.len() <= LARGEST_IMAGE)
            .ok_or_else(|| ManageError::invalid(Field::Image, Problem::NotAPicture))?;
        let mut attempts = Attempts::new();
        loop {
            let mut work = self.ports().storage.begin().await?;
            let done = self.add_image_in(&mut *work, media_type, command).await;
            if let Some(done) = attempts.settle(work, done).await {
                return done;
            }
        }
    }

    async fn add_image_in(
        &self,
        work: &mut dyn UnitOfWork,
        media_type: &str,
        command: &AddImage,
    ) -> Result<Created<ImageId>, ManageError> {
        let now = self.ports().clock.now();
        if let Some(idempotency) = &command.idempotency
            && let Some(made) = idempotency.claim(work, now).await?
        {
            return Ok(Created {
                made: ImageId::from_uuid(made),
                replayed: true,
            });
        }
        let exists = work.directory().workspace(command.workspace).await?;
        exists.ok_or(ManageError::NotFound)?;
        let image = Image {
            id: ImageId::generate(&*self.ports().ids),
            workspace: command.workspace,
            media_type: media_type.to_owned(),
            bytes: command.bytes.clone(),
            created_at: now,
        };
        work.images().insert(&image).await?;
        if let Some(idempotency) = &command.idempotency {
            idempotency.store(work, image.id.as_uuid()).await?;
        }
        Ok(Created {
            made: image.id,
            replayed: false,
        })
    }

    /// A picture, for whoever knows its id: pages show it to guests.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn image(&self, id: ImageId) -> Result<Option<Image>, StorageError> {
        let mut work = self.ports().storage.begin_read().await?;
        work.images().get(id).await
    }
}

/// What a picture's first bytes say it is. SVG is left out on purpose: it can carry scripts.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_first_bytes_say() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\nrest"), Some("image/png"));
        assert_eq!(media_type(&[0xff, 0xd8, 0xff, 0xe0]), Some("image/jpeg"));
        assert_eq!(media_type(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        for hostile in [
            &b""[..],
            b"<svg onload=alert(1)>",
            b"<html>",
            b"GIF89a",
            b"RIFF\0\0\0\0WAVE",
        ] {
            assert_eq!(media_type(hostile), None, "{hostile:?}");
        }
    }
}
