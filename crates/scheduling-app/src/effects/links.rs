//! The links that a message carries: each side gets its own, and only those that lead somewhere.

use chrono::{DateTime, Utc};
use scheduling_core::booking::{Booking, BookingState, BookingStatus, Party, PendingReason};
use scheduling_core::directory::Workspace;
use scheduling_core::effect::{NotificationKind, Recipient};
use scheduling_core::event_type::{BookingLink, EventType};
use scheduling_core::ids::UserId;
use scheduling_core::notification::{Audience, NotificationLinks};
use scheduling_core::ports::SealError;

use super::notify::Owed;
use crate::Scheduling;
use crate::bookings::Permission;

/// What links are made of.
pub(super) struct Linked<'a> {
    pub(super) booking: &'a Booking,
    pub(super) workspace: &'a Workspace,
    pub(super) event_type: &'a EventType,
    /// The further link with which it was booked, if it still exists.
    pub(super) link: Option<&'a BookingLink>,
}

/// The links of a message to one side: the invitee's carry the manage token, a host's his own; guests get none.
pub(super) fn links(
    scheduling: &Scheduling,
    about: &Linked<'_>,
    owed: &Owed,
    audience: Audience,
    now: DateTime<Utc>,
) -> Result<NotificationLinks, SealError> {
    match (audience, owed.recipient) {
        (Audience::Invitee, _) => invitees(scheduling, about, owed.about, now),
        (Audience::Host, Recipient::Host(host)) => hosts(scheduling, about, host, now),
        (Audience::Guest | Audience::Host, _) => Ok(NotificationLinks::default()),
    }
}

fn invitees(
    scheduling: &Scheduling,
    about: &Linked<'_>,
    kind: NotificationKind,
    now: DateTime<Utc>,
) -> Result<NotificationLinks, SealError> {
    let (booking, policy) = (about.booking, &about.event_type.policy);
    let links = &scheduling.ports().links;
    let mut made = NotificationLinks {
        book_again: book_again(scheduling, about, kind, now),
        ..NotificationLinks::default()
    };
    if booking.is_over(now) {
        return Ok(made);
    }
    let token = scheduling.open_manage_token(booking)?.to_string();
    let may = |rule| {
        matches!(
            Permission::by(rule, booking, Party::Invitee, now),
            Permission::Granted { .. }
        )
    };
    made.manage = Some(links.manage_booking(&token));
    made.reschedule = may(policy.reschedule).then(|| links.reschedule_booking(&token));
    made.cancel = may(policy.cancel).then(|| links.cancel_booking(&token));
    Ok(made)
}

fn hosts(
    scheduling: &Scheduling,
    about: &Linked<'_>,
    host: UserId,
    now: DateTime<Utc>,
) -> Result<NotificationLinks, SealError> {
    let booking = about.booking;
    // Whoever was released has no part in it any more, and no link. Nor has who became host before there were such links.
    let part = booking.host(host).filter(|part| !part.manage.is_none());
    let Some(part) = part.filter(|_| !booking.is_over(now)) else {
        return Ok(NotificationLinks::default());
    };
    let links = &scheduling.ports().links;
    let token = scheduling.open_host_token(&part.manage)?.to_string();
    let status = booking.state.status(booking.interval.end(), now);
    let is_ahead = matches!(status, BookingStatus::Pending | BookingStatus::Confirmed);
    let waits = matches!(
        &booking.state,
        BookingState::Pending { waiting_for, .. } if waiting_for.contains(&PendingReason::Approval)
    );
    Ok(NotificationLinks {
        manage: Some(links.host_booking(&token)),
        answer: waits.then(|| links.host_booking(&token)),
        reschedule: is_ahead.then(|| links.host_reschedule(&token)),
        cancel: is_ahead.then(|| links.host_cancel(&token)),
        book_again: None,
    })
}

/// The page on which another one is booked, once this one does not take place or took place: by the link that was used,
/// while it leads there.
fn book_again(
    scheduling: &Scheduling,
    about: &Linked<'_>,
    kind: NotificationKind,
    now: DateTime<Utc>,
) -> Option<String> {
    let is_finished = matches!(
        kind,
        NotificationKind::Cancelled
            | NotificationKind::Declined
            | NotificationKind::Expired
            | NotificationKind::FollowUp
    );
    if !is_finished || !about.event_type.status.is_bookable() {
        return None;
    }
    let link = about.link.filter(|link| link.ended(now).is_none());
    let slug = link.map_or(&about.event_type.slug, |link| &link.slug);
    let links = &scheduling.ports().links;
    Some(links.event_type(&about.workspace.slug, slug))
}

#[cfg(test)]
mod tests;
