//! The worker.

use std::time::Duration;

use scheduling_app::worker::WorkerSettings;
use serde::Deserialize;

use super::Config;

/// How what is owed gets done.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerConfig {
    /// How many messages are worked on at once.
    pub at_once: usize,
    /// How long a worker has a message for itself.
    pub lease_seconds: u64,
    /// How often a worker looks whether something is due.
    pub poll_milliseconds: u64,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        let settings = WorkerSettings::default();
        Self {
            at_once: settings.concurrency,
            lease_seconds: settings.lease.as_secs(),
            poll_milliseconds: u64::try_from(settings.poll.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl Config {
    /// As the worker takes them.
    pub fn worker_settings(&self) -> WorkerSettings {
        WorkerSettings {
            concurrency: self.worker.at_once,
            lease: Duration::from_secs(self.worker.lease_seconds),
            poll: Duration::from_millis(self.worker.poll_milliseconds),
            finish_within: self.http.shutdown_time(),
            ..WorkerSettings::default()
        }
    }
}
