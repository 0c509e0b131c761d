//! What may become of a booking, written down once more, apart from the program that is judged.

use crate::case::Whole;
use crate::facts::{HistoryEntry, instant_of};

/// What a booking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for a host.
    Pending,
    /// It takes place.
    Confirmed,
    /// A host said no.
    Declined,
    /// Somebody called it off.
    Cancelled,
}

impl State {
    /// As the table has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A booking after one entry of its history.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// The entry.
    pub entry: &'a HistoryEntry,
    /// What it is from then on.
    pub state: State,
    /// When it begins.
    pub start: i64,
    /// When it ends.
    pub end: i64,
    /// When it began and ended before.
    pub before: (i64, i64),
    /// iCalendar's `SEQUENCE`.
    pub sequence: i64,
    /// Whether it had ever been confirmed before this step.
    pub was_confirmed: bool,
}

/// The times of a move.
fn span(entry: &HistoryEntry, field: &str) -> Option<(i64, i64)> {
    let at = |end: &str| instant_of(entry.change[field][end].as_str()?);
    Some((at("start")?, at("end")?))
}

/// Leads a booking's life again, entry by entry.
///
/// # Errors
/// What no booking can live through.
pub fn lead<'a>(whole: &Whole<'a>) -> Result<Vec<Step<'a>>, String> {
    let event = whole.event.ok_or("its event type is unknown")?;
    let (first, rest) = whole.history.split_first().ok_or("it has no history")?;
    let state = match (first.kind.as_str(), event.approval) {
        ("requested", true) => State::Pending,
        ("confirmed", false) => State::Confirmed,
        (other, _) => return Err(format!("its life begins with {other}")),
    };
    if first.doer() != "invitee" {
        return Err(format!("it was booked by {}", first.doer()));
    }
    // Where it was first, only its first move tells, or where it is now.
    let moved = whole
        .history
        .iter()
        .find(|entry| entry.kind == "rescheduled");
    let (start, end) = match moved {
        Some(entry) => span(entry, "from").ok_or("a move has no times")?,
        None => (whole.row.starts_at, whole.row.ends_at),
    };
    let mut steps = vec![Step {
        entry: first,
        state,
        start,
        end,
        before: (start, end),
        sequence: 0,
        was_confirmed: false,
    }];
    for entry in rest {
        let last = steps.last().ok_or("it has no history")?;
        let next = step(last, entry, event.approval)?;
        steps.push(next);
    }
    Ok(steps)
}

fn step<'a>(last: &Step<'a>, entry: &'a HistoryEntry, approval: bool) -> Result<Step<'a>, String> {
    let (was, doer) = (last.state, entry.doer());
    let is_ahead = matches!(was, State::Pending | State::Confirmed);
    let mut next = Step {
        entry,
        before: (last.start, last.end),
        was_confirmed: last.was_confirmed || was == State::Confirmed,
        ..last.clone()
    };
    match (entry.kind.as_str(), doer) {
        ("approved", "member") if was == State::Pending => {
            next.state = State::Confirmed;
            if last.sequence > 0 {
                next.sequence += 1;
            }
        }
        ("declined", "member") if was == State::Pending => next.state = State::Declined,
        ("cancelled", "invitee" | "member") if is_ahead => {
            next.state = State::Cancelled;
            next.sequence += 1;
        }
        ("rescheduled", "invitee" | "member") if is_ahead => {
            let (from, to) = (span(entry, "from"), span(entry, "to"));
            if from != Some((last.start, last.end)) {
                return Err(format!(
                    "it moves from {from:?} and stands at {:?}",
                    (last.start, last.end)
                ));
            }
            (next.start, next.end) = to.ok_or("a move has no times")?;
            next.sequence += 1;
            if doer == "invitee" && approval {
                next.state = State::Pending;
            }
        }
        (kind, doer) => return Err(format!("it is {} and then {kind} by {doer}", was.word())),
    }
    Ok(next)
}
