//! Who takes part in a calendar entry, and what is known of their answers.

use std::collections::BTreeSet;

use calcard::icalendar::{
    ICalendarComponent, ICalendarParameter, ICalendarParticipationRole,
    ICalendarParticipationStatus, ICalendarProperty, ICalendarUserTypes,
};
use scheduling_core::event_type::AssignmentKind;
use scheduling_core::notification::{BookingFacts, Contact};

use super::{address_uri, parameter_text};
use crate::address::address_key;

/// Names everybody: hosts, invitee and guests.
pub(super) fn add_attendees(event: &mut ICalendarComponent, facts: &BookingFacts) {
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

/// Names one person, of whom nothing is asked.
pub(super) fn add_attendee(event: &mut ICalendarComponent, person: &Contact) {
    event.add_property_with_params(
        ICalendarProperty::Attendee,
        attendee_parameters(
            person,
            ICalendarParticipationRole::ReqParticipant,
            Answer::Given,
        ),
        address_uri(person),
    );
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
