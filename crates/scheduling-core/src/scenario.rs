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
            place: excerpt(place.into()),
            problem: excerpt(problem.to_string()),
        }
    }
}

/// Keeps the beginning and the end of a text that quotes something long, and shows control characters by their codes.
fn excerpt(text: String) -> String {
    const BEGINNING: usize = 96;
    const END: usize = 64;
    let place = |nth| text.char_indices().nth(nth).map(|(at, _)| at);
    let from_end = || text.char_indices().rev().nth(END - 1).map(|(at, _)| at);
    let short = match (place(BEGINNING + END), place(BEGINNING), from_end()) {
        (Some(_), Some(left), Some(right)) => format!("{}…{}", &text[..left], &text[right..]),
        _ => text,
    };
    if !short.contains(char::is_control) {
        return short;
    }
    let shown = short.chars().map(|c| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_quotation_is_cut_in_the_middle() {
        let short = "x".repeat(160);
        assert_eq!(excerpt(short.clone()), short);
        let long = format!("there is no host \"{}\" here", "é".repeat(10_000_000));
        let cut = excerpt(long);
        assert!(cut.starts_with("there is no host \"ééé"), "{cut}");
        assert!(cut.contains("é…é"), "{cut}");
        assert!(cut.ends_with("éé\" here"), "{cut}");
        assert_eq!(cut.chars().count(), 161);
        assert_eq!(excerpt("a\u{1b}[31m\nb".to_owned()), "a\\u{1b}[31m\\nb");
    }
}
