//! The booking as a calendar entry (RFC 5545), sent as an invitation (RFC 5546, RFC 6047) or offered as a file.
//!
//! Times are in UTC, so that no zone's rules have to travel along. The UID is the booking's for its whole life, in each
//! of these: a calendar that imported the file recognises the invitation, and the cancellation.

use std::collections::BTreeSet;

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarMethod, ICalendarParameter,
    ICalendarParticipationRole, ICalendarParticipationStatus, ICalendarProperty, ICalendarStatus,
    ICalendarTransparency, ICalendarUserTypes, ICalendarValue, Uri,
};
use chrono::{DateTime, Utc};
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{AssignmentKind, ConferenceProvider, MeetingPlace};
use scheduling_core::ids::BookingId;
use scheduling_core::notification::{Audience, BookingFacts, Contact, Notification};

use crate::address::{address_key, mailto, one_line, plain_text};
use crate::context::people;
use crate::message::CalendarPart;

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
    pub const fn of(kind: NotificationKind) -> Option<Self> {
        match kind {
            NotificationKind::Confirmed
            | NotificationKind::Approved
            | NotificationKind::Rescheduled => Some(Self::Request),
            NotificationKind::Released | NotificationKind::Cancelled => Some(Self::Cancel),
            NotificationKind::Requested
            | NotificationKind::Declined
            | NotificationKind::Expired
            | NotificationKind::Reminder
            | NotificationKind::FollowUp => None,
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
pub fn invitation(notification: &Notification, domain: &str) -> Option<CalendarPart> {
    let facts = &notification.booking;
    let method = CalendarMethod::of(notification.kind)?;
    let about = About {
        manage_link: match notification.audience {
            Audience::Invitee => notification.links.manage.as_deref(),
            Audience::Guest | Audience::Host => None,
        },
        // The invitee wrote the note to the hosts.
        with_note: notification.audience != Audience::Guest,
    };
    Some(CalendarPart {
        method,
        text: write(facts, method, domain, &about),
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
    };
    write(facts, CalendarMethod::Publish, domain, &about).into_bytes()
}

/// What differs between the copies of one entry.
struct About<'a> {
    manage_link: Option<&'a str>,
    with_note: bool,
}

fn write(facts: &BookingFacts, method: CalendarMethod, domain: &str, about: &About<'_>) -> String {
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

    let cancelled = method == CalendarMethod::Cancel || is_cancelled(facts);
    let mut event = ICalendarComponent::new(ICalendarComponentType::VEvent);
    event.add_uid(&event_uid(facts.id, domain));
    event.add_sequence(i64::from(facts.sequence));
    event.add_dtstamp(utc(facts.changed_at));
    event.add_property(ICalendarProperty::Dtstart, utc(facts.interval.start()));
    event.add_property(ICalendarProperty::Dtend, utc(facts.interval.end()));
    event.add_property(ICalendarProperty::Summary, event_title(facts));
    event.add_property(
        ICalendarProperty::Description,
        plain_text(&description(facts, about)),
    );
    event.add_property(
        ICalendarProperty::Location,
        plain_text(location_text(&facts.place)),
    );
    event.add_property(
        ICalendarProperty::Status,
        if cancelled {
            ICalendarStatus::Cancelled
        } else {
            ICalendarStatus::Confirmed
        },
    );
    event.add_property(ICalendarProperty::Transp, ICalendarTransparency::Opaque);
    if let Some(organiser) = facts.hosts.first() {
        event.add_property_with_params(
            ICalendarProperty::Organizer,
            [ICalendarParameter::cn(parameter_text(
                organiser.name.as_str(),
            ))],
            address_uri(organiser),
        );
    }
    if method != CalendarMethod::Publish {
        add_attendees(&mut event, facts);
    }

    let calendar = ICalendar {
        components: vec![calendar, event],
    };
    calendar.to_string()
}

fn add_attendees(event: &mut ICalendarComponent, facts: &BookingFacts) {
    let mut seen = BTreeSet::new();
    let mut add = |person: &Contact, role: ICalendarParticipationRole, answer: Answer| {
        // One address is one attendee, even for a host who books a meeting with a team of his own.
        if seen.insert(address_key(&person.email)) {
            event.add_property_with_params(
                ICalendarProperty::Attendee,
                attendee_parameters(person, role, answer),
                address_uri(person),
            );
        }
    };
    let hosts = if facts.assignment == AssignmentKind::AllHands {
        Answer::Asked
    } else {
        Answer::Given
    };
    for (place, host) in facts.hosts.iter().enumerate() {
        let role = if place == 0 {
            ICalendarParticipationRole::Chair
        } else {
            ICalendarParticipationRole::ReqParticipant
        };
        add(host, role, hosts);
    }
    let attends = ICalendarParticipationRole::ReqParticipant;
    add(&facts.invitee, attends.clone(), Answer::Given);
    for guest in &facts.guests {
        add(guest, attends.clone(), Answer::Asked);
    }
}

/// Whether an attendee still has to say something.
#[derive(Clone, Copy)]
enum Answer {
    /// Comes, as far as the booking knows: who booked, and the hosts who are assigned.
    Given,
    /// Is asked: guests, and all hands.
    Asked,
}

fn attendee_parameters(
    person: &Contact,
    role: ICalendarParticipationRole,
    answer: Answer,
) -> [ICalendarParameter; 5] {
    let (status, rsvp) = match answer {
        Answer::Given => (ICalendarParticipationStatus::Accepted, false),
        Answer::Asked => (ICalendarParticipationStatus::NeedsAction, true),
    };
    [
        ICalendarParameter::cn(parameter_text(person.name.as_str())),
        ICalendarParameter::cutype(ICalendarUserTypes::Individual),
        ICalendarParameter::role(role),
        ICalendarParameter::partstat(status),
        ICalendarParameter::rsvp(rsvp),
    ]
}

fn description(facts: &BookingFacts, about: &About<'_>) -> String {
    let mut hosts: Vec<String> = facts
        .hosts
        .iter()
        .map(|host| one_line(host.name.as_str()))
        .collect();
    hosts.push(one_line(facts.invitee.name.as_str()));
    hosts.extend(
        facts
            .guests
            .iter()
            .map(|guest| one_line(guest.name.as_str())),
    );
    let mut paragraphs = vec![format!(
        "{}\nWho: {}\nWhere: {}",
        facts.title,
        people(&hosts),
        location_text(&facts.place)
    )];
    if let Some(note) = facts.note.as_ref().filter(|_| about.with_note) {
        paragraphs.push(format!(
            "{} wrote:\n{note}",
            one_line(facts.invitee.name.as_str())
        ));
    }
    let reason = facts.decision.as_ref().and_then(|d| d.reason.as_ref());
    if let Some(reason) = reason.filter(|_| is_cancelled(facts)) {
        paragraphs.push(format!("Cancelled:\n{reason}"));
    }
    if let Some(link) = about.manage_link {
        let what = if is_cancelled(facts) {
            "See the booking"
        } else {
            "See or cancel the booking"
        };
        paragraphs.push(format!("{what}:\n{link}"));
    }
    paragraphs.join("\n\n")
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
