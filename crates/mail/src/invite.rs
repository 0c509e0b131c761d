//! The booking as a calendar entry (RFC 5545), sent as an invitation (RFC 5546, RFC 6047) or offered as a file.
//!
//! Times are in UTC, so that no zone's rules have to travel along. The UID is the booking's for its whole life, in each
//! of these: a calendar that imported the file recognises the invitation, and the cancellation.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarMethod, ICalendarParameter,
    ICalendarProperty, ICalendarStatus, ICalendarTransparency, ICalendarValue, Uri,
};
use chrono::{DateTime, Utc};
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{ConferenceProvider, MeetingPlace};
use scheduling_core::ids::BookingId;
use scheduling_core::notification::{Audience, BookingFacts, Contact, Notification};
use scheduling_core::time::Interval;

use self::attendees::{add_attendee, add_attendees};
use self::description::{About, description};
use crate::address::{mailto, one_line, plain_text};
use crate::context::people;
use crate::message::CalendarPart;

mod attendees;
mod description;

/// What the calendar entry asks of whoever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarMethod {
    /// Take part.
    Request,
    /// Take it off the calendar.
    Cancel,
    /// Keep it for information.
    Publish,
}

impl CalendarMethod {
    /// The word for it in the entry and in the mail part's type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
            Self::Publish => "PUBLISH",
        }
    }

    /// The method that goes with a notification; none where calendars have nothing to do.
    ///
    /// | message | method |
    /// |---|---|
    /// | confirmed, approved, rescheduled | REQUEST, to everybody |
    /// | cancelled, declined, expired | CANCEL, where calendars may have the entry |
    /// | requested | CANCEL of the former time, where the booking stood in calendars and waits for a new approval |
    /// | released | CANCEL, which takes the host who is free again off and leaves the meeting as it is |
    /// | reminder, follow-up | none |
    pub fn of(notification: &Notification) -> Option<Self> {
        let facts = &notification.booking;
        match notification.kind {
            NotificationKind::Confirmed
            | NotificationKind::Approved
            | NotificationKind::Rescheduled => Some(Self::Request),
            NotificationKind::Cancelled
            | NotificationKind::Declined
            | NotificationKind::Expired
            | NotificationKind::Released => facts.was_confirmed.then_some(Self::Cancel),
            NotificationKind::Requested => {
                (facts.was_confirmed && facts.previous.is_some()).then_some(Self::Cancel)
            }
            NotificationKind::Reminder | NotificationKind::FollowUp => None,
        }
    }
}

/// The UID of a booking's calendar entry, the same for its whole life.
pub fn event_uid(id: BookingId, domain: &str) -> String {
    format!("{id}@{domain}")
}

/// What the meeting is called in calendars and subjects: the event type's title and who meets.
///
/// Neutral, since it is the same for everyone and for every message: some calendars take the subject of the last mail
/// as the entry's title.
pub fn event_title(facts: &BookingFacts) -> String {
    let host = facts.hosts.first().map(|host| one_line(host.name.as_str()));
    let others = facts.hosts.len().saturating_sub(1);
    let mut who: Vec<String> = host.into_iter().collect();
    who.push(one_line(facts.invitee.name.as_str()));
    match others {
        0 => {}
        1 => who.push("1 other host".to_owned()),
        n => who.push(format!("{n} other hosts")),
    }
    format!("{}: {}", one_line(facts.title.as_str()), people(&who))
}

/// The invitation or cancellation that goes with a notification, where one does. Only the invitee's copy has the manage
/// link.
///
/// What waits for approval stands in no calendar: where it did, before it was moved, the entry of the former time is
/// cancelled. The invitation that follows the approval has a higher sequence, as a new time must (RFC 5546, section
/// 2.1.4).
pub fn invitation(notification: &Notification, domain: &str) -> Option<CalendarPart> {
    let facts = &notification.booking;
    let method = CalendarMethod::of(notification)?;
    let about = About {
        manage_link: match notification.audience {
            Audience::Invitee => notification.links.manage.as_deref(),
            Audience::Guest | Audience::Host => None,
        },
        // The invitee wrote the note and the answers to the hosts.
        with_note: notification.audience != Audience::Guest,
        with_answers: notification.audience == Audience::Host,
        with_message: notification.audience == Audience::Invitee,
        with_number: notification.audience != Audience::Guest,
    };
    let entry = match notification.kind {
        NotificationKind::Released => Entry {
            interval: facts.previous.as_ref().unwrap_or(&facts.interval),
            status: None,
            organiser: Some(former_organiser(notification)),
            attendees: Attendees::Only(&notification.to),
        },
        NotificationKind::Requested => Entry {
            interval: facts.previous.as_ref().unwrap_or(&facts.interval),
            status: Some(ICalendarStatus::Cancelled),
            ..Entry::of(facts)
        },
        _ if method == CalendarMethod::Cancel => Entry {
            status: Some(ICalendarStatus::Cancelled),
            ..Entry::of(facts)
        },
        _ => Entry {
            status: Some(ICalendarStatus::Confirmed),
            ..Entry::of(facts)
        },
    };
    Some(CalendarPart {
        method,
        text: write(facts, method, &entry, domain, &about),
    })
}

/// The booking's `.ics` file, for adding it to a calendar by hand.
///
/// It asks nobody for an answer (METHOD:PUBLISH, RFC 5546, section 3.2.1, which then has no attendees); who takes part is
/// in the description.
pub fn calendar_file(facts: &BookingFacts, domain: &str, manage_link: Option<&str>) -> Vec<u8> {
    let about = About {
        manage_link,
        with_note: true,
        with_answers: false,
        with_message: false,
        with_number: true,
    };
    let entry = Entry {
        attendees: Attendees::None,
        ..Entry::of(facts)
    };
    write(facts, CalendarMethod::Publish, &entry, domain, &about).into_bytes()
}

/// What depends on the message, besides its words.
struct Entry<'a> {
    interval: &'a Interval,
    status: Option<ICalendarStatus>,
    organiser: Option<&'a Contact>,
    attendees: Attendees<'a>,
}

enum Attendees<'a> {
    None,
    Everybody,
    /// Of those who are in the entry, the one who is taken off. Without a STATUS, a CANCEL concerns the attendees that
    /// it names and nobody else (RFC 5546, section 3.2.5): whoever reads it keeps the meeting for the others.
    Only(&'a Contact),
}

impl<'a> Entry<'a> {
    fn of(facts: &'a BookingFacts) -> Self {
        Self {
            interval: &facts.interval,
            status: Some(if is_cancelled(facts) {
                ICalendarStatus::Cancelled
            } else {
                ICalendarStatus::Confirmed
            }),
            organiser: facts.hosts.first(),
            attendees: Attendees::Everybody,
        }
    }
}

/// Who is the organiser in the entry of a host who was released: he himself, where he was the only host. A calendar does
/// as somebody else than the organiser says only by mistake.
fn former_organiser(notification: &Notification) -> &Contact {
    match notification.booking.hosts.as_slice() {
        [] | [_] => &notification.to,
        [first, ..] => first,
    }
}

fn write(
    facts: &BookingFacts,
    method: CalendarMethod,
    entry: &Entry<'_>,
    domain: &str,
    about: &About<'_>,
) -> String {
    let mut calendar = ICalendarComponent::new(ICalendarComponentType::VCalendar);
    calendar.add_property(ICalendarProperty::Version, "2.0");
    calendar.add_property(ICalendarProperty::Prodid, "-//Kalends//Kalends//EN");
    calendar.add_property(
        ICalendarProperty::Method,
        match method {
            CalendarMethod::Request => ICalendarMethod::Request,
            CalendarMethod::Cancel => ICalendarMethod::Cancel,
            CalendarMethod::Publish => ICalendarMethod::Publish,
        },
    );
    calendar.component_ids.push(1);

    let mut event = ICalendarComponent::new(ICalendarComponentType::VEvent);
    event.add_uid(&event_uid(facts.id, domain));
    event.add_sequence(i64::from(facts.sequence));
    event.add_dtstamp(utc(facts.changed_at));
    event.add_property(ICalendarProperty::Dtstart, utc(entry.interval.start()));
    event.add_property(ICalendarProperty::Dtend, utc(entry.interval.end()));
    event.add_property(ICalendarProperty::Summary, event_title(facts));
    event.add_property(
        ICalendarProperty::Description,
        plain_text(&description(facts, about)),
    );
    event.add_property(ICalendarProperty::Location, plain_text(about.place(facts)));
    if let Some(status) = &entry.status {
        event.add_property(ICalendarProperty::Status, status.clone());
    }
    event.add_property(ICalendarProperty::Transp, ICalendarTransparency::Opaque);
    if let Some(organiser) = entry.organiser {
        event.add_property_with_params(
            ICalendarProperty::Organizer,
            [ICalendarParameter::cn(parameter_text(
                organiser.name.as_str(),
            ))],
            address_uri(organiser),
        );
    }
    match entry.attendees {
        Attendees::None => {}
        Attendees::Everybody => add_attendees(&mut event, facts),
        Attendees::Only(person) => add_attendee(&mut event, person),
    }

    let calendar = ICalendar {
        components: vec![calendar, event],
    };
    calendar.to_string()
}

/// Where the meeting is, in words.
pub(crate) fn location_text(place: &MeetingPlace) -> &str {
    match place {
        MeetingPlace::InPerson { address } => address.as_str(),
        MeetingPlace::Link { url } | MeetingPlace::Conference { url: Some(url), .. } => {
            url.as_str()
        }
        MeetingPlace::Conference {
            provider,
            url: None,
        } => match provider {
            ConferenceProvider::GoogleMeet => "Google Meet",
            ConferenceProvider::MicrosoftTeams => "Microsoft Teams",
            ConferenceProvider::Zoom => "Zoom",
        },
        MeetingPlace::Phone { instructions } => instructions.as_str(),
        MeetingPlace::HostCalls { number } => number.as_str(),
        MeetingPlace::Custom { text } => text.as_str(),
        MeetingPlace::ChosenByInvitee { place } => place.as_str(),
    }
}

/// Whether the booking was called off, rather than moved: both are somebody's decision.
fn is_cancelled(facts: &BookingFacts) -> bool {
    facts.decision.is_some() && !facts.is_ahead
}

fn utc(instant: DateTime<Utc>) -> PartialDateTime {
    PartialDateTime::from_utc_timestamp(instant.timestamp())
}

fn address_uri(person: &Contact) -> ICalendarValue {
    ICalendarValue::Uri(Uri::Location(mailto(&person.email)))
}

/// A parameter value. It cannot hold a double quote at all (RFC 5545, section 3.1), and readers disagree about what a
/// backslash or a caret (RFC 6868) in it means.
fn parameter_text(text: &str) -> String {
    one_line(text)
        .chars()
        .filter_map(|c| match c {
            '"' => Some('\''),
            '\\' => Some('/'),
            '^' => None,
            c => Some(c),
        })
        .collect()
}
