//! From the refusals of use cases to problems.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_accounts::KeyReused;
use scheduling_app::availability::{EndedLink, ExplainError, FindError};
use scheduling_app::bookings::{
    BookError, ChangeError, FormProblems, GuestsError, HoldChangeError, HoldError, ReadError,
    RescheduleError,
};
use scheduling_app::manage::{Field, Invalid, ManageError};
use scheduling_core::event_type::LinkEnd;
use scheduling_core::hold::RenewError;
use scheduling_core::ports::StorageError;
use scheduling_core::slots::{SlotRequestError, Unavailability};
use serde_json::{Value, json};

use super::model::{location, question};
use crate::http::conditions;
use crate::http::fields::Errors;
use crate::http::ids::WireId as _;
use crate::http::local_time::in_zone;
use crate::http::problem::{Problem, ProblemKind, causes};

fn one(pointer: &str, code: &'static str, detail: impl Into<String>) -> Problem {
    let mut errors = Errors::default();
    errors.add(pointer, code, detail);
    errors.into_problem()
}

fn key_reused() -> Problem {
    Problem::new(
        ProblemKind::IdempotencyKeyReused,
        "The key came with another request before.",
    )
}

impl From<KeyReused> for Problem {
    fn from(_reused: KeyReused) -> Self {
        key_reused()
    }
}

/// The problem of having tried too often.
pub(super) fn too_many(retry_after: Duration) -> Problem {
    let seconds = retry_after.as_secs().max(1);
    Problem::new(
        ProblemKind::RateLimited,
        format!("Try again in {seconds} s."),
    )
    .retry_after(seconds)
}

/// The problem of having done what was asked, and not being able to show it.
pub(super) fn done_unseen(error: &StorageError) -> Problem {
    tracing::warn!(
        error = causes(error),
        "What was done could not be read again"
    );
    Problem::unavailable(
        "What you asked for is done, but cannot be shown at the moment. Read it again in a while.",
    )
}

/// The problem of a link with a token that is none, was used or has expired: which of them is not told.
pub(super) fn token_gone() -> Problem {
    Problem::new(ProblemKind::LinkExpired, "The link is not good any more.")
}

fn link_ended(ended: &EndedLink) -> Problem {
    match ended.end {
        LinkEnd::Expired => Problem::new(ProblemKind::LinkExpired, "The booking link has ended."),
        LinkEnd::UsedUp => Problem::new(
            ProblemKind::LinkUsedUp,
            "As many bookings were made with the link as it allows.",
        ),
    }
}

fn no_such_duration(pointer: &str) -> Problem {
    one(
        pointer,
        "no_such_duration",
        "must be one that the event type offers",
    )
}

fn range_too_long(error: &SlotRequestError) -> Problem {
    one("/query/to", "range_too_long", error.to_string())
}

fn hold_elsewhere() -> Problem {
    one(
        "/hold",
        "another_slot",
        "must keep the start that is asked for",
    )
}

fn hold_expired() -> Problem {
    Problem::new(ProblemKind::HoldExpired, "There is no such hold any more.")
}

impl From<FindError> for Problem {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NotFound => Self::not_found("event type"),
            FindError::LinkEnded(ended) => link_ended(&ended),
            FindError::NoSuchDuration => no_such_duration("/query/duration"),
            FindError::Request(error) => range_too_long(&error),
            FindError::Storage(error) => error.into(),
        }
    }
}

impl From<ExplainError> for Problem {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::NotFound => Self::not_found("event type"),
            ExplainError::NoSuchDuration => no_such_duration("/query/duration"),
            ExplainError::Storage(error) => error.into(),
        }
    }
}

/// The problem of a booking that was not made.
pub(super) fn not_booked(error: BookError, zone: Tz) -> Problem {
    match error {
        BookError::NotFound => Problem::not_found("event type"),
        BookError::Forbidden => Problem::new(
            ProblemKind::InsufficientRole,
            "The event type is hosted by others.",
        ),
        BookError::LinkEnded(ended) => link_ended(&ended),
        BookError::NoSuchDuration => no_such_duration("/duration_minutes"),
        BookError::Form(problems) => form(&problems),
        BookError::Unavailable {
            reasons,
            taken,
            alternatives,
        } => unavailable(&reasons, taken, &alternatives, zone),
        BookError::HoldExpired => hold_expired(),
        BookError::HoldElsewhere => hold_elsewhere(),
        BookError::IdempotencyKeyReused => key_reused(),
        BookError::Storage(error) => error.into(),
    }
}

fn form(problems: &FormProblems) -> Problem {
    let mut errors = Errors::default();
    for error in &problems.answers {
        question::note_answer(error, &mut errors);
    }
    if let Some(error) = problems.location {
        location::note_choice(error, &mut errors);
    }
    if let Some(GuestsError::TooMany { most }) = problems.guests {
        errors.add(
            "/guests",
            "too_many",
            format!("must be at most {most} guests"),
        );
    }
    errors.into_problem()
}

/// The problem of a slot that was not kept.
pub(super) fn not_held(error: HoldError, zone: Tz) -> Problem {
    match error {
        HoldError::NotFound => Problem::not_found("event type"),
        HoldError::LinkEnded(ended) => link_ended(&ended),
        HoldError::NoSuchDuration => no_such_duration("/duration_minutes"),
        HoldError::Unavailable {
            reasons,
            taken,
            alternatives,
        } => unavailable(&reasons, taken, &alternatives, zone),
        HoldError::Expired => hold_expired(),
        HoldError::IdempotencyKeyReused => key_reused(),
        HoldError::Storage(error) => error.into(),
    }
}

impl From<HoldChangeError> for Problem {
    fn from(error: HoldChangeError) -> Self {
        match error {
            HoldChangeError::NotFound => Self::not_found("hold"),
            HoldChangeError::Renew(RenewError::Expired) => hold_expired(),
            HoldChangeError::Renew(RenewError::Renewed) => {
                Self::new(ProblemKind::HoldRenewed, "The hold was renewed before.")
            }
            HoldChangeError::Storage(error) => error.into(),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound => Self::not_found("booking"),
            ReadError::Over => over(),
            ReadError::Storage(error) => error.into(),
        }
    }
}

fn over() -> Problem {
    Problem::new(
        ProblemKind::LinkExpired,
        "The meeting is over, and the link has ended with it.",
    )
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotFound => Self::not_found("booking"),
            ChangeError::Over => over(),
            ChangeError::NotAllowed => Self::new(
                ProblemKind::ChangeNotAllowed,
                "The event type leaves that to the hosts.",
            ),
            ChangeError::CutoffPassed { until } => {
                let until = in_zone(until, Tz::UTC);
                Self::new(
                    ProblemKind::CutoffPassed,
                    format!("That was possible until {until}."),
                )
                .with("cutoff", until)
            }
            ChangeError::ReasonRequired => Self::new(ProblemKind::ReasonRequired, "Send a reason."),
            ChangeError::VersionConflict { current } => conditions::conflict(current),
            ChangeError::Transition(refused) => Self::new(
                ProblemKind::TransitionNotAllowed,
                format!(
                    "A booking that is {} cannot become {}.",
                    refused.from, refused.to
                ),
            )
            .with("from", refused.from.as_str())
            .with("to", refused.to.as_str()),
            ChangeError::IdempotencyKeyReused => key_reused(),
            ChangeError::Storage(error) => error.into(),
        }
    }
}

/// The problem of a booking that stays where it is.
pub(super) fn not_moved(error: RescheduleError, zone: Tz) -> Problem {
    match error {
        RescheduleError::Change(error) => error.into(),
        RescheduleError::NoSuchDuration => no_such_duration("/duration_minutes"),
        RescheduleError::Unavailable {
            reasons,
            taken,
            alternatives,
        } => unavailable(&reasons, taken, &alternatives, zone),
        RescheduleError::HoldExpired => hold_expired(),
        RescheduleError::HoldElsewhere => hold_elsewhere(),
        RescheduleError::Range(error) => range_too_long(&error),
    }
}

fn unavailable(
    reasons: &[Unavailability],
    taken: bool,
    alternatives: &[DateTime<Utc>],
    zone: Tz,
) -> Problem {
    let (kind, detail) = kind_of(reasons, taken);
    let alternatives: Vec<String> = alternatives.iter().map(|a| in_zone(*a, zone)).collect();
    Problem::new(kind, detail)
        .with("alternatives", alternatives)
        .with("reasons", words(reasons))
}

/// Which problem the reasons make. What holds whoever hosts comes first.
fn kind_of(reasons: &[Unavailability], taken: bool) -> (ProblemKind, &'static str) {
    use Unavailability as U;

    let any = |test: fn(&U) -> bool| reasons.iter().any(test);
    if any(|r| matches!(r, U::BookingWindow)) {
        (
            ProblemKind::BookingWindow,
            "The date lies outside those that can be booked.",
        )
    } else if any(|r| matches!(r, U::MinimumNotice)) {
        (
            ProblemKind::NoticeTooShort,
            "The start has passed or is too soon.",
        )
    } else if any(|r| matches!(r, U::OffGrid | U::OutsideEventHours)) {
        (
            ProblemKind::SlotOutsideAvailability,
            "The start is not one of those that are offered.",
        )
    } else if taken {
        (ProblemKind::SlotTaken, "Somebody else has this time.")
    } else if any(|r| matches!(r, U::LimitReached(_))) {
        (
            ProblemKind::LimitReached,
            "The hosts take no more bookings in that period.",
        )
    } else {
        (
            ProblemKind::SlotOutsideAvailability,
            "No host works at that time.",
        )
    }
}

/// Reasons in the words of the wire. What makes a host busy stays the host's secret.
pub(super) fn words(reasons: &[Unavailability]) -> Vec<&'static str> {
    reasons
        .iter()
        .map(|reason| match reason {
            Unavailability::OffGrid => "off_grid",
            Unavailability::OutsideEventHours => "outside_event_hours",
            Unavailability::OutsideHostHours => "outside_host_hours",
            Unavailability::Busy(_) => "busy",
            Unavailability::Booked => "booked",
            Unavailability::Buffer => "buffer",
            Unavailability::MinimumNotice => "minimum_notice",
            Unavailability::BookingWindow => "booking_window",
            Unavailability::LimitReached(_) => "limit_reached",
            Unavailability::NotEnoughHosts => "not_enough_hosts",
        })
        .collect()
}

/// The problem of managing something; `what` names the thing that may be missing.
pub(super) fn not_managed(error: ManageError, what: &str) -> Problem {
    match error {
        ManageError::NotFound => Problem::not_found(what),
        ManageError::Forbidden(role) => crate::rest::caller::insufficient_role(role),
        ManageError::VersionConflict { current } => conditions::conflict(current),
        ManageError::Taken(slug) => slug_taken(slug.as_str()),
        ManageError::Invalid(problems) => invalid(&problems),
        ManageError::InUse { event_types } => {
            let used_by: Vec<Value> = event_types
                .iter()
                .map(|used| {
                    json!({
                        "kind": "event_type",
                        "id": used.id.wire(),
                        "slug": used.slug.as_str(),
                        "title": used.title.as_str(),
                    })
                })
                .collect();
            Problem::new(
                ProblemKind::InUse,
                format!("{} event types name it.", used_by.len()),
            )
            .with("used_by", used_by)
        }
        ManageError::IsDefault => Problem::new(
            ProblemKind::InUse,
            "It is its owner's default; make another the default first.",
        ),
        ManageError::BookingsAhead { count } => Problem::new(
            ProblemKind::InUse,
            format!("{count} bookings are ahead; cancel them first."),
        )
        .with("bookings_ahead", count),
        ManageError::NotConfirmed => one(
            "/query/confirm",
            "not_confirmed",
            "must be the event type's slug: erasing cannot be undone",
        ),
        ManageError::NotFailed => Problem::new(
            ProblemKind::NotFailed,
            "It has not failed, so there is nothing to try again.",
        ),
        ManageError::IdempotencyKeyReused => key_reused(),
        ManageError::Storage(error) => error.into(),
    }
}

/// The problem of a slug that something else has.
pub(super) fn slug_taken(slug: &str) -> Problem {
    Problem::new(ProblemKind::SlugTaken, format!("{slug} is taken."))
}

fn invalid(problems: &[Invalid]) -> Problem {
    let mut errors = Errors::default();
    for invalid in problems {
        errors.add(
            pointer(invalid.field),
            invalid.problem.code().replace('-', "_"),
            invalid.problem.to_string(),
        );
    }
    errors.into_problem()
}

/// Where a field stands on the wire.
fn pointer(field: Field) -> String {
    match field {
        Field::Hosts | Field::HostSchedules => "/host_groups".to_owned(),
        Field::Duration => "/duration_minutes".to_owned(),
        Field::Durations => "/other_durations_minutes".to_owned(),
        Field::SlotInterval => "/slot_interval_minutes".to_owned(),
        Field::MinimumNotice => "/minimum_notice_minutes".to_owned(),
        Field::Capacity => "/seats".to_owned(),
        Field::Approval => "/approval/answer_within_minutes".to_owned(),
        Field::CancelNotice => "/cancellation/notice_minutes".to_owned(),
        Field::RescheduleNotice => "/rescheduling/notice_minutes".to_owned(),
        Field::Image => "/data".to_owned(),
        Field::Overrides => "/availability/overrides".to_owned(),
        Field::Scope => "/of".to_owned(),
        Field::Order => "/event_types".to_owned(),
        other => format!("/{}", other.as_str()),
    }
}
