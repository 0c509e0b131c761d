//! Waiting until all is quiet, and reading what is there.

use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::Plan;
use super::chaos::Nodes;
use super::clients::Shared;
use super::clock::now;
use super::node::Binary;
use super::wire::{Message, Wire};
use crate::Failure;
use crate::facts::{Database, Facts, View, read_mails};

/// What is needed to read what is there.
pub(super) struct Collect<'a> {
    pub(super) plan: &'a Plan,
    pub(super) binary: &'a Binary,
    pub(super) database: &'a Database,
    pub(super) shared: &'a Shared,
    pub(super) wire: &'a Wire,
    pub(super) servers: &'a Nodes,
    pub(super) workers: &'a Nodes,
    pub(super) folders: &'a [(String, PathBuf)],
}

impl Collect<'_> {
    /// Waits until nothing is owed any more, looks at every booking as its invitee does, stops the nodes, and reads tables
    /// and mails.
    ///
    /// # Errors
    /// When nodes do not start again, or something cannot be read.
    pub(super) async fn facts(&self) -> Result<Facts, Failure> {
        let recorder = &self.shared.recorder;
        for node in self.servers.iter().chain(self.workers.iter()) {
            let mut node = node.lock().await;
            node.thaw(recorder).await?;
            node.revive(recorder).await?;
        }
        let still_owed = self.drain().await?;
        let views = self.views().await;
        for node in self.servers.iter().chain(self.workers.iter()) {
            node.lock().await.stop(recorder).await?;
        }
        let verify = self
            .binary
            .run(&["verify"])
            .await
            .err()
            .map(|error| error.to_string());
        let read_at = now();
        Ok(Facts {
            read_at,
            mails: read_mails(self.folders)?,
            views,
            verify,
            still_owed,
            ..self.database.read().await?
        })
    }

    /// Waits until the workers have done what is due; answers what they have not.
    async fn drain(&self) -> Result<Vec<String>, Failure> {
        let began = Instant::now();
        loop {
            let due = format!("status in ('ready', 'leased') and due_at <= {}", now());
            let owed = self
                .database
                .count(&format!("select count(*) from outbox where {due}"))
                .await?;
            let failed = "select count(*) from outbox where status = 'failed'";
            if owed == 0 || began.elapsed() > self.plan.patience {
                let failed = self.database.count(failed).await?;
                let say =
                    |count: i64, what: &str| (count > 0).then(|| format!("{count} effects {what}"));
                return Ok([
                    say(owed, "were not done in time"),
                    say(failed, "were given up"),
                ]
                .into_iter()
                .flatten()
                .collect());
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    async fn views(&self) -> Vec<View> {
        let opened = self
            .shared
            .opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut views = Vec::new();
        for (place, (booking, token)) in opened.into_iter().enumerate() {
            let server = &self.shared.servers[place % self.shared.servers.len()];
            let message = Message::get(format!("/api/v1/public/bookings/{token}"));
            let (outcome, _) = self.wire.send(server, &message).await;
            let reply = outcome.reply().cloned().unwrap_or_default();
            views.push(View {
                booking: reply.booking.unwrap_or(booking),
                answer: reply.status,
                status: reply.state.unwrap_or_default(),
                start: reply.start,
                end: reply.end,
                version: reply
                    .version
                    .and_then(|version| i64::try_from(version).ok()),
            });
        }
        views
    }
}
