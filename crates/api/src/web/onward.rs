//! Where an invitee is sent once a booking is made, when the event type has a page of its own for that.

use scheduling_app::bookings::Booked;
use scheduling_core::directory::Person;
use scheduling_core::event_type::EventType;
use url::Url;

use super::links::instant;
use super::place::Place;
use crate::http::ids::WireId as _;

/// The event type's own page for who has booked, if it is one to the web.
pub(super) fn page_afterwards(event_type: &EventType) -> Option<Url> {
    let address = event_type.appearance.redirect_url.as_ref()?;
    let url = Url::parse(address.as_str()).ok()?;
    (matches!(url.scheme(), "https" | "http") && url.has_host()).then_some(url)
}

/// The same, with what it may know of the booking. Never the manage link: the page is somebody else's.
pub(super) fn onward(booked: &Booked, roster: &[Person]) -> Option<String> {
    let mut url = page_afterwards(&booked.event_type)?;
    let booking = &booked.booking;
    let hosts: Vec<&str> = booking
        .hosts
        .iter()
        .filter_map(|host| roster.iter().find(|person| person.id == host.user))
        .map(|person| person.name.as_str())
        .collect();
    let invitee = booking.invitee();
    url.query_pairs_mut()
        .append_pair("uid", &booking.id.wire())
        .append_pair("title", booked.event_type.title.as_str())
        .append_pair("start_time", &instant(booking.interval.start()))
        .append_pair("end_time", &instant(booking.interval.end()))
        .append_pair(
            "attendee_name",
            invitee.map_or("", |invitee| invitee.name.as_str()),
        )
        .append_pair(
            "email",
            invitee.map_or("", |invitee| invitee.email.as_str()),
        )
        .append_pair("host_name", &hosts.join(", "))
        .append_pair("location", &Place::booked(&booking.place).line())
        .append_pair("is_reschedule", "false");
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::super::sample;
    use super::*;

    fn booked(redirect: &str) -> Booked {
        let page = sample::single();
        let booking = sample::booking(&page, Tz::Europe__Lisbon, "2026-11-24T14:00:00Z").booking;
        let mut event_type = page.event_type;
        event_type.appearance.redirect_url = redirect.parse().ok();
        Booked {
            booking,
            event_type,
            manage_token: sample::token(),
            replayed: false,
        }
    }

    #[test]
    fn the_page_afterwards_learns_what_was_booked_and_no_secret() {
        let booked = booked("https://northwind.example/thanks?from=kalends#top");
        let link = onward(&booked, &[sample::mara()]).unwrap();
        let url = Url::parse(&link).unwrap();
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let value = |name: &str| {
            let found = pairs.iter().find(|(other, _)| other == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(value("from"), Some("kalends"));
        assert_eq!(value("uid"), Some("bk_0000000000000000000000000000000b"));
        assert_eq!(value("start_time"), Some("2026-11-24T14:00:00Z"));
        assert_eq!(value("attendee_name"), Some("Elena Vaszary"));
        assert_eq!(value("host_name"), Some("Mara Lindqvist"));
        assert_eq!(value("is_reschedule"), Some("false"));
        assert_eq!(url.fragment(), Some("top"));
        assert!(!link.contains(&sample::token().to_string()));
    }

    #[test]
    fn without_an_address_nobody_is_sent_away() {
        assert_eq!(onward(&booked(""), &[]), None);
        assert!(onward(&booked("http://[::1]:8080/x"), &[]).is_some());
    }
}
