//! Telling the observer what became of a use case. Each runs in a span of its own.

use scheduling_core::booking::BookingStatus;
use scheduling_core::ports::{BookingOutcome, ChangeKind, ChangeOutcome};
use tracing::{Instrument as _, debug_span};

use super::attempts::Refusal;
use super::book::{BookError, Booked};
use super::change::Changed;
use super::hold::{Held, HoldError};
use crate::Scheduling;

pub(super) async fn booking(
    scheduling: &Scheduling,
    doing: impl Future<Output = Result<Booked, BookError>>,
) -> Result<Booked, BookError> {
    let done = doing.instrument(debug_span!("book")).await;
    let outcome = match &done {
        Ok(booked) if booked.replayed => BookingOutcome::Replayed,
        Ok(booked) if booked.booking.state.name() == BookingStatus::Pending => {
            BookingOutcome::Requested
        }
        Ok(_) => BookingOutcome::Confirmed,
        Err(error) => refusal(error, error.is_taken(), is_unavailable_to_book(error)),
    };
    scheduling.observer().booked(outcome);
    done
}

pub(super) async fn hold(
    scheduling: &Scheduling,
    doing: impl Future<Output = Result<Held, HoldError>>,
) -> Result<Held, HoldError> {
    let done = doing.instrument(debug_span!("hold")).await;
    let outcome = match &done {
        Ok(held) if held.replayed => BookingOutcome::Replayed,
        Ok(_) => BookingOutcome::Confirmed,
        Err(error) => refusal(
            error,
            error.is_taken(),
            matches!(error, HoldError::Unavailable { .. }),
        ),
    };
    scheduling.observer().held(outcome);
    done
}

pub(super) async fn change<E: Refusal>(
    scheduling: &Scheduling,
    kind: ChangeKind,
    doing: impl Future<Output = Result<Changed, E>>,
) -> Result<Changed, E> {
    let span = debug_span!("change", change = kind.as_str());
    let done = doing.instrument(span).await;
    let outcome = match &done {
        Ok(changed) if changed.replayed => ChangeOutcome::Replayed,
        Ok(_) => ChangeOutcome::Done,
        Err(error) if error.storage().is_some() => ChangeOutcome::Failed,
        Err(_) => ChangeOutcome::Refused,
    };
    scheduling.observer().changed(kind, outcome);
    done
}

fn is_unavailable_to_book(error: &BookError) -> bool {
    matches!(error, BookError::Unavailable { .. })
}

fn refusal(error: &impl Refusal, taken: bool, unavailable: bool) -> BookingOutcome {
    if taken {
        BookingOutcome::Taken
    } else if unavailable {
        BookingOutcome::NotOffered
    } else if error.storage().is_some() {
        BookingOutcome::Failed
    } else {
        BookingOutcome::Refused
    }
}

#[cfg(test)]
mod tests;
