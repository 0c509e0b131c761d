//! What all forms that change a booking share: the version they were shown for, a reason, and what to do when the
//! change is refused.

use scheduling_app::bookings::{BookingDetails, ChangeError};
use scheduling_core::booking::BookingStatus;
use scheduling_core::event_type::ReasonPolicy;
use scheduling_core::text::{Note, TextError};
use serde::Serialize;

use super::PageError;
use super::fields::Fields;

/// The field that asks why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ReasonField {
    pub policy: ReasonPolicy,
    pub value: String,
    pub wrong: Option<ReasonProblem>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReasonProblem {
    /// It must be given.
    Missing,
    /// It is too long, or holds control characters.
    Refused,
}

impl ReasonField {
    pub(super) fn empty(policy: ReasonPolicy) -> Self {
        Self {
            policy,
            value: String::new(),
            wrong: None,
        }
    }

    /// The field as it was sent, with what is wrong with it.
    pub(super) fn refused(
        policy: ReasonPolicy,
        fields: &Fields,
        wrong: Option<ReasonProblem>,
    ) -> Self {
        Self {
            policy,
            value: fields.text(REASON).to_owned(),
            wrong,
        }
    }
}

/// The field's name.
const REASON: &str = "reason";

/// The reason that a form gives.
///
/// # Errors
/// [`ReasonProblem::Refused`].
pub(super) fn reason(fields: &Fields) -> Result<Option<Note>, ReasonProblem> {
    match fields.text(REASON).parse::<Note>() {
        Ok(reason) => Ok(Some(reason)),
        Err(TextError::Empty) => Ok(None),
        Err(_refused) => Err(ReasonProblem::Refused),
    }
}

/// The version of the booking that the form was shown for.
pub(super) fn version(fields: &Fields) -> Option<u32> {
    fields.get("version")?.parse().ok()
}

/// Why a change was refused, in the words of its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It needs a reason.
    ReasonNeeded,
    /// Something happened to the booking since the form was shown, or the time for it is over.
    Meanwhile,
}

impl Refused {
    /// What a page can say about a refusal.
    ///
    /// # Errors
    /// The page for everything that has nothing to do with the form.
    pub(super) fn of(error: ChangeError) -> Result<Self, PageError> {
        match error {
            ChangeError::ReasonRequired => Ok(Self::ReasonNeeded),
            ChangeError::VersionConflict { .. }
            | ChangeError::Transition(_)
            | ChangeError::NotAllowed
            | ChangeError::CutoffPassed { .. } => Ok(Self::Meanwhile),
            ChangeError::NotFound => Err(PageError::NOT_FOUND),
            ChangeError::Over => Err(PageError::Over),
            // No form here has a key.
            ChangeError::IdempotencyKeyReused => Err(PageError::Malformed),
            ChangeError::Storage(error) => Err(error.into()),
        }
    }
}

/// Whether a booking is where a form wanted it: then the form was sent twice, and nothing is wrong.
pub(super) fn is_already(details: &BookingDetails, wanted: BookingStatus) -> bool {
    details.booking.state.name() == wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_text_or_nothing_or_refused() {
        let read =
            |text: &str| reason(&Fields::of(&[("reason", text)])).map(|r| r.map(String::from));
        assert_eq!(read(" Solved it\r\n"), Ok(Some("Solved it".to_owned())));
        assert_eq!(read(" \n"), Ok(None));
        assert_eq!(reason(&Fields::default()), Ok(None));
        assert_eq!(read("a\u{7}"), Err(ReasonProblem::Refused));
        assert_eq!(read(&"x".repeat(4001)), Err(ReasonProblem::Refused));
    }

    #[test]
    fn a_version_is_a_number_or_none() {
        let read = |text: &str| version(&Fields::of(&[("version", text)]));
        assert_eq!((read("3"), read("x"), read("-1")), (Some(3), None, None));
    }
}
