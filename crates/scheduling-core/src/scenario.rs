//! Scenario files: questions to the engine, and histories of a rotation, as JSON lines.
//!
//! They are how a policy is tested offline: `kalends slots` and `kalends rotation` read them, and so do this crate's own
//! conformance tests. A line is one scenario; with `expect` it carries its answer.
//!
//! Reading is strict. A field that is not known, a window upside down, a host that does not exist: each is an error
//! that names its place, such as `hosts[1].schedule.weekly.monday`.

mod reader;
mod rotation;
mod slots;

use thiserror::Error;

pub use rotation::{RotationAnswer, RotationScenario};
pub use slots::{ScenarioHost, SlotAnswer, SlotScenario};

/// Why a scenario was refused: where in it, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct ScenarioError {
    /// The place, as a path of fields and places in lists.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

impl ScenarioError {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass texts and errors alike"
    )]
    fn new(place: impl Into<String>, problem: impl ToString) -> Self {
        Self {
            place: place.into(),
            problem: problem.to_string(),
        }
    }
}
