//! Where a meeting is, said to one side.

use scheduling_core::event_type::MeetingPlace;
use scheduling_core::notification::{Audience, BookingFacts};
use serde::Serialize;

use super::{lines, some_people};
use crate::address::one_line;
use crate::invite::location_text;

#[derive(Debug, Serialize)]
pub(super) struct Place {
    /// `in_person`, `link`, `conference`, `phone`, `host_calls`, `custom` or `chosen`.
    kind: &'static str,
    /// What stands in the mail.
    lines: Vec<String>,
    /// The link, where it is one that a browser opens.
    url: Option<String>,
    /// A number to call, as a link, for the side that calls.
    call: Option<String>,
}

impl Place {
    pub(super) fn new(booking: &BookingFacts, audience: Audience) -> Self {
        let place = &booking.place;
        Self {
            kind: match place {
                MeetingPlace::InPerson { .. } => "in_person",
                MeetingPlace::Link { .. } => "link",
                MeetingPlace::Conference { .. } => "conference",
                MeetingPlace::Phone { .. } => "phone",
                MeetingPlace::HostCalls { .. } => "host_calls",
                MeetingPlace::Custom { .. } => "custom",
                MeetingPlace::ChosenByInvitee { .. } => "chosen",
            },
            lines: lines(&place_text(booking, audience)),
            url: join_url(place).map(str::to_owned),
            call: match (place, audience) {
                (MeetingPlace::HostCalls { number }, Audience::Host) => {
                    Some(format!("tel:{}", number.as_str()))
                }
                _ => None,
            },
        }
    }
}

/// Where it is, as one side is told it.
pub(crate) fn place_text(booking: &BookingFacts, audience: Audience) -> String {
    let place = &booking.place;
    let text = location_text(place);
    let invitee = one_line(booking.invitee.name.as_str());
    match (place, audience) {
        (MeetingPlace::Conference { url: None, .. }, Audience::Host) => {
            format!("{text}, without a link yet")
        }
        (MeetingPlace::Conference { url: None, .. }, _) => format!("{text}, the link follows"),
        (MeetingPlace::HostCalls { .. }, Audience::Host) => format!("Call {invitee}: {text}"),
        (MeetingPlace::HostCalls { .. }, Audience::Invitee) => {
            let calls = if booking.hosts.len() == 1 {
                "calls"
            } else {
                "call"
            };
            format!("{} {calls} you: {text}", some_people(booking.hosts.iter()))
        }
        // The number is the invitee's own.
        (MeetingPlace::HostCalls { .. }, Audience::Guest) => {
            let calls = if booking.hosts.len() == 1 {
                "calls"
            } else {
                "call"
            };
            format!("{} {calls} {invitee}", some_people(booking.hosts.iter()))
        }
        (MeetingPlace::ChosenByInvitee { .. }, Audience::Host) => {
            format!("{text}\n({invitee}’s choice)")
        }
        _ => text.to_owned(),
    }
}

/// The link to a video call. A `WebAddress` is nothing but `https://…` or `http://…`: anything else, such as a
/// `javascript:` link, stays text.
pub(crate) fn join_url(place: &MeetingPlace) -> Option<&str> {
    match place {
        MeetingPlace::Link { url } | MeetingPlace::Conference { url: Some(url), .. } => {
            Some(url.as_str())
        }
        _ => None,
    }
}
