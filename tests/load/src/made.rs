//! What was made in a database, for those who ask for it: a file beside it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Failure;

/// Everything somebody needs who puts load on a made database.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Made {
    /// How many bookings there are.
    pub(crate) bookings: u64,
    /// How many people host.
    pub(crate) hosts: u64,
    /// The first date for which slots are asked, such as `2026-11-23`.
    pub(crate) from: String,
    /// The first date after those.
    pub(crate) to: String,
    /// The zone in which the answers are told.
    pub(crate) timezone: String,
    /// The workspaces, the one to measure first.
    pub(crate) workspaces: Vec<MadeWorkspace>,
    /// The manage tokens of some bookings ahead in the first workspace.
    pub(crate) manage_tokens: Vec<String>,
}

/// A workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct MadeWorkspace {
    /// Its part of the link.
    pub(crate) slug: String,
    /// Event types of one host.
    pub(crate) alone: Vec<String>,
    /// Event types of several, in rotation.
    pub(crate) teams: Vec<String>,
    /// An API token for its bookings; the first workspace and the largest have one.
    pub(crate) token: Option<String>,
}

impl Made {
    /// The path that asks for an event type's slots.
    pub(crate) fn slots(&self, workspace: &str, event_type: &str) -> String {
        format!(
            "/api/v1/public/{workspace}/event-types/{event_type}/slots?from={}&to={}&timezone={}",
            self.from, self.to, self.timezone
        )
    }

    /// Every workspace's event types of one host, with the workspace.
    pub(crate) fn alone(&self) -> impl Iterator<Item = (&str, &str)> {
        self.workspaces.iter().flat_map(|workspace| {
            let slug = workspace.slug.as_str();
            workspace
                .alone
                .iter()
                .map(move |event_type| (slug, event_type.as_str()))
        })
    }

    /// The workspace with most hosts.
    pub(crate) fn largest(&self) -> Option<&MadeWorkspace> {
        self.workspaces
            .iter()
            .max_by_key(|workspace| workspace.alone.len())
    }

    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Writes the file.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(path, text).map_err(|error| Failure::file(path, error))
    }
}
