//! Tell a command that is repeated from another one with the same key.

use chrono::SecondsFormat;
use scheduling_core::event_type::{EventType, RawAnswer};
use scheduling_core::ids::BookingId;
use scheduling_core::ports::{IdempotencyClaim, UnitOfWork};
use uuid::Uuid;

use super::{BookError, BookSlot};
use crate::actor::Actor;
use crate::idempotency::{ClaimError, Idempotent, fingerprint};

/// The command's key, if it has one. Each event type has its own, and so has each member who books for others.
pub(super) fn idempotent(
    actor: &Actor,
    command: &BookSlot,
    event_type: &EventType,
) -> Option<Idempotent> {
    let key = command.idempotency_key.clone()?;
    let scope = match actor {
        Actor::Invitee => event_type.id.to_string(),
        Actor::Member { user, .. } => format!("{} by {user}", event_type.id),
        Actor::System => format!("{} by the system", event_type.id),
    };
    Some(Idempotent::new(scope, key, fingerprint_of(command)))
}

/// What an earlier command with the same key made.
pub(super) async fn made_before(
    work: &mut dyn UnitOfWork,
    actor: &Actor,
    command: &BookSlot,
    event_type: &EventType,
) -> Result<Option<BookingId>, BookError> {
    let Some(idempotent) = idempotent(actor, command, event_type) else {
        return Ok(None);
    };
    Ok(find(work, &idempotent).await?.map(BookingId::from_uuid))
}

/// Whether an earlier command with the same key was done, without waiting for anybody.
pub(super) async fn was_used(
    work: &mut dyn UnitOfWork,
    idempotent: &Idempotent,
) -> Result<bool, ClaimError> {
    Ok(find(work, idempotent).await?.is_some())
}

async fn find(
    work: &mut dyn UnitOfWork,
    idempotent: &Idempotent,
) -> Result<Option<Uuid>, ClaimError> {
    let (scope, key) = (&idempotent.scope, idempotent.key.as_str());
    let found = work
        .idempotency()
        .find(scope, key, &idempotent.fingerprint)
        .await?;
    match found {
        IdempotencyClaim::Fresh => Ok(None),
        IdempotencyClaim::Replay(made) => Ok(Some(made)),
        IdempotencyClaim::Reused => Err(ClaimError::Reused),
    }
}

/// SHA-256 over everything the command asks for, its key aside.
fn fingerprint_of(command: &BookSlot) -> [u8; 32] {
    let BookSlot {
        workspace,
        event_type,
        start,
        duration,
        invitee,
        guests,
        location,
        answers,
        note,
        hold,
        idempotency_key: _,
    } = command;
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let count = |count: usize| Some((count as u64).to_be_bytes().to_vec());
    let start = start.to_rfc3339_opts(SecondsFormat::Nanos, true);
    let mut parts: Vec<Option<Vec<u8>>> = vec![
        text(workspace.as_str()),
        text(event_type.as_str()),
        text(&start),
        duration.and_then(|duration| count(duration.get() as usize)),
        text(invitee.name.as_str()),
        text(invitee.email.as_str()),
        text(invitee.timezone.name()),
        count(guests.len()),
    ];
    for guest in guests {
        parts.push(guest.name.as_ref().and_then(|name| text(name.as_str())));
        parts.push(text(guest.email.as_str()));
    }
    parts.push(location.index.and_then(count));
    parts.push(
        location
            .phone
            .as_ref()
            .and_then(|phone| text(phone.as_str())),
    );
    parts.push(
        location
            .place
            .as_ref()
            .and_then(|place| text(place.as_str())),
    );
    parts.push(count(answers.len()));
    for (key, answer) in answers {
        parts.push(text(key));
        match answer {
            RawAnswer::Text(answer) => parts.extend([text("text"), text(answer)]),
            RawAnswer::Many(answers) => {
                parts.extend([text("many"), count(answers.len())]);
                parts.extend(answers.iter().map(|answer| text(answer)));
            }
            RawAnswer::Bool(answer) => parts.extend([text("bool"), text(&answer.to_string())]),
            RawAnswer::Number(answer) => {
                parts.extend([text("number"), Some(answer.to_be_bytes().to_vec())]);
            }
            RawAnswer::Nothing => parts.push(text("nothing")),
        }
    }
    parts.push(note.as_ref().and_then(|note| text(note.as_str())));
    parts.push(hold.as_ref().map(|hold| hold.hash().to_vec()));
    fingerprint(parts.iter().map(Option::as_deref))
}

#[cfg(test)]
mod tests;
