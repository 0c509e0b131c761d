//! By which way somebody comes to a booking: the invitee's link, a host's link from his mail, or signed in. The pages
//! behind all three are the same handlers; here it is decided for whom they are.

use actix_web::HttpRequest;
use actix_web::http::Method;
use chrono_tz::Tz;
use scheduling_app::actor::Actor;
use scheduling_app::bookings::{BookingAccess, BookingDetails, ReadError};
use scheduling_core::booking::Party;
use scheduling_core::directory::Person;
use scheduling_core::ids::{BookingId, UserId};

use super::account::signed_in;
use super::links::BookingPaths;
use super::{PageError, WebState};
use crate::Kalends;
use crate::http::ids::WireId as _;

/// Somebody who came to a booking.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// What lets him in.
    pub access: BookingAccess,
    /// Where the booking's pages stand for him.
    pub paths: BookingPaths,
    /// The zone in which he reads times.
    pub zone: Tz,
}

/// The names of the secret or id in the three addresses.
pub(super) const MANAGE: &str = "manage_token";
pub(super) const HOST: &str = "host_token";
pub(super) const BOOKING: &str = "booking";

/// Opens the booking that the address names, for whoever asks.
pub(super) async fn open(
    kalends: &Kalends,
    state: &WebState,
    request: &HttpRequest,
) -> Result<(Visit, BookingDetails), PageError> {
    let part = |name| request.match_info().get(name);
    let paths = state.paths();
    if let Some(token) = part(MANAGE) {
        let token = token.parse().map_err(|_malformed| PageError::NOT_FOUND)?;
        let page = paths.manage(&token);
        return enter(kalends, BookingAccess::Invitee(token), page).await;
    }
    if let Some(token) = part(HOST) {
        let token = token.parse().map_err(|_malformed| PageError::NOT_FOUND)?;
        let page = paths.host(&token);
        return enter(kalends, BookingAccess::Host(token), page).await;
    }
    let booking = part(BOOKING).and_then(BookingId::of_wire);
    as_member(kalends, state, request, booking).await
}

async fn enter(
    kalends: &Kalends,
    access: BookingAccess,
    page: String,
) -> Result<(Visit, BookingDetails), PageError> {
    let details = kalends.scheduling.booking(&access).await?;
    let zone = match &access {
        BookingAccess::Host(token) => {
            let hash = token.hash();
            let host = details
                .booking
                .hosts
                .iter()
                .find(|host| host.manage.hash == hash);
            zone_of(&details, host.map(|host| host.user))
        }
        _ => own_zone(&details),
    };
    let paths = BookingPaths::below(page);
    let visit = Visit {
        access,
        paths,
        zone,
    };
    Ok((visit, details))
}

/// Opens a booking for a member who is signed in, whichever of his workspaces it is in. Who is not signed in hears
/// nothing of it.
async fn as_member(
    kalends: &Kalends,
    state: &WebState,
    request: &HttpRequest,
    booking: Option<BookingId>,
) -> Result<(Visit, BookingDetails), PageError> {
    let Some(principal) = signed_in(kalends, request).await? else {
        // Back to what was asked for; a form that was sent is not sent again by itself.
        let base = state.paths().base();
        let next = match (request.method(), booking) {
            (&Method::GET | &Method::HEAD, _) | (_, None) => format!("{base}{}", request.uri()),
            (_, Some(booking)) => state.paths().member_booking(booking),
        };
        return Err(PageError::Elsewhere {
            location: state.paths().sign_in_and_go_on(&next),
        });
    };
    let booking = booking.ok_or(PageError::NOT_FOUND)?;
    for membership in kalends.accounts.memberships(&principal).await? {
        let actor = Actor::Member {
            workspace: membership.workspace.id,
            user: principal.user,
            role: membership.role,
        };
        let access = BookingAccess::Member { actor, booking };
        match kalends.scheduling.booking(&access).await {
            Ok(details) => {
                let mut hosts = details.hosts.iter();
                let zone = if let Some(host) = hosts.find(|host| host.id == principal.user) {
                    host.timezone
                } else {
                    let reader = kalends.scheduling.person(principal.user).await?;
                    reader.map_or_else(|| own_zone(&details), |reader| reader.timezone)
                };
                let page = state.paths().member_booking(booking);
                let paths = BookingPaths::below(page);
                let visit = Visit {
                    access,
                    paths,
                    zone,
                };
                return Ok((visit, details));
            }
            Err(ReadError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(PageError::NOT_FOUND)
}

/// The zone the invitee booked in.
pub(super) fn own_zone(details: &BookingDetails) -> Tz {
    let invitee = details.booking.invitee();
    invitee.map_or(details.event_type.rules.timezone, |invitee| {
        invitee.timezone
    })
}

fn zone_of(details: &BookingDetails, host: Option<UserId>) -> Tz {
    let host = details.hosts.iter().find(|person| Some(person.id) == host);
    host.map_or(details.event_type.rules.timezone, |host| host.timezone)
}

/// Who sits on the other side of the table: the hosts for the invitee, the invitee for a host.
pub(super) fn others(details: &BookingDetails) -> Vec<Person> {
    match (details.viewer, details.booking.invitee()) {
        (Party::Invitee, _) | (_, None) => details.hosts.clone(),
        (_, Some(invitee)) => vec![Person {
            id: UserId::from_uuid(invitee.id.as_uuid()),
            name: invitee.name.clone(),
            email: invitee.email.clone(),
            timezone: invitee.timezone,
        }],
    }
}
