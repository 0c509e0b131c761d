//! A folder of `.eml` files, for trying things out and for tests.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use scheduling_core::ports::DeliveryErrorKind;
use tokio::fs;
use tokio::io::AsyncWriteExt;

use super::{Fault, Transport, TransportError};
use crate::message::OutgoingMail;

/// Tells the temporary files of one process apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Writes each message to a file of its own.
///
/// The file is named after the Message-ID, so that a message sent twice is one file, and appears whole or not at all.
/// Mails hold names, addresses and manage links: on Unix only the owner may read them.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Messages go to this folder, which is made when the first one comes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn write(&self, mail: &OutgoingMail) -> io::Result<()> {
        let mut folder = fs::DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        folder.mode(0o700);
        folder.create(&self.path).await?;

        let name = file_name(&mail.message_id);
        let temporary = self.path.join(format!(
            ".{name}.{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        let written = write_whole(&temporary, &mail.bytes).await;
        let moved = match written {
            Ok(()) => fs::rename(&temporary, self.path.join(&name)).await,
            Err(error) => Err(error),
        };
        if moved.is_err() {
            // The first error is the one to report; what is left behind is hidden and harmless.
            let _ = fs::remove_file(&temporary).await;
        }
        moved
    }
}

async fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    fill(options.open(path).await?, bytes).await
}

async fn fill(mut file: fs::File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes).await?;
    // Writing goes on in the background. Only flushing tells whether it went well; `sync_all` alone would not.
    file.flush().await?;
    file.sync_all().await
}

/// The part of the Message-ID before the `@`, as far as any file system takes it.
fn file_name(message_id: &str) -> String {
    let local = message_id.split('@').next().unwrap_or_default();
    let safe: String = local
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .take(100)
        .collect();
    format!("{safe}.eml")
}

#[async_trait]
impl Transport for Folder {
    fn name(&self) -> &'static str {
        "folder"
    }

    /// A disk has no time limit: what was begun on it is finished.
    async fn send(&self, mail: &OutgoingMail, _time: Duration) -> Result<(), TransportError> {
        self.write(mail).await.map_err(|error| TransportError {
            // A full or missing disk is a passing fault of this side, not of the message.
            kind: DeliveryErrorKind::Unavailable,
            fault: Fault::Transport,
            source: Box::new(error),
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_an_error_and_no_empty_file() {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").await;
        let refused = fill(full.unwrap(), b"Subject: Hello\r\n")
            .await
            .unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    }
}
