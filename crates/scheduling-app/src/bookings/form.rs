//! What an invitee fills in: checked as a whole, so that everything that is wrong is said at once.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use scheduling_core::booking::{Attendee, AttendeeRole, Rsvp};
use scheduling_core::event_type::{
    Answer, AnswerError, BookingForm, EventType, Location, LocationChoice, LocationChoiceError,
    MeetingPlace, RawAnswer,
};
use scheduling_core::ids::AttendeeId;
use scheduling_core::ports::{IdSource, SecretSource};
use scheduling_core::text::{EmailAddress, PersonName};
use thiserror::Error;

/// Who books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteeDetails {
    /// The name.
    pub name: PersonName,
    /// Where mails go.
    pub email: EmailAddress,
    /// The zone in which pages and mails give times.
    pub timezone: Tz,
}

/// Whom the invitee brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestDetails {
    /// The name; where none is given, the address stands for it.
    pub name: Option<PersonName>,
    /// Where mails go.
    pub email: EmailAddress,
}

/// Why guests were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum GuestsError {
    /// More than the event type allows.
    #[error("must be at most {most}")]
    TooMany {
        /// How many it allows.
        most: u8,
    },
}

/// What is wrong with what an invitee filled in: at least one thing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("what was filled in cannot be accepted")]
pub struct FormProblems {
    /// With the answers: the questions in their order, then what is no question.
    pub answers: Vec<AnswerError>,
    /// With the place.
    pub location: Option<LocationChoiceError>,
    /// With the guests.
    pub guests: Option<GuestsError>,
}

/// What an invitee filled in besides name and note.
#[derive(Clone, Copy)]
pub(super) struct Filled<'a> {
    pub(super) invitee: &'a InviteeDetails,
    pub(super) guests: &'a [GuestDetails],
    pub(super) location: &'a LocationChoice,
    pub(super) answers: &'a BTreeMap<String, RawAnswer>,
}

/// The same, checked.
#[derive(Debug)]
pub(super) struct Checked {
    answers: Vec<Answer>,
    guests: Vec<GuestDetails>,
}

impl Filled<'_> {
    /// Checks it against an event type's form and places.
    pub(super) fn check(&self, event_type: &EventType) -> Result<Checked, Box<FormProblems>> {
        let answers = event_type.form.questions.check(self.answers);
        let guests = self.guests(&event_type.form);
        let location = event_type.locations.settle(self.location, "").err();
        match (answers, guests, location) {
            (Ok(answers), Ok(guests), None) => Ok(Checked { answers, guests }),
            (answers, guests, location) => Err(Box::new(FormProblems {
                answers: answers.err().unwrap_or_default(),
                location,
                guests: guests.err(),
            })),
        }
    }

    /// The guests, each address once and none of them the invitee's, whatever its case.
    fn guests(&self, form: &BookingForm) -> Result<Vec<GuestDetails>, GuestsError> {
        let key = |email: &EmailAddress| email.as_str().to_lowercase();
        let mut seen = BTreeSet::from([key(&self.invitee.email)]);
        let most = form.max_guests.min(BookingForm::MOST_GUESTS);
        let mut guests = Vec::new();
        for guest in self.guests {
            if seen.insert(key(&guest.email)) {
                guests.push(guest.clone());
            }
            if guests.len() > usize::from(most) {
                return Err(GuestsError::TooMany { most });
            }
        }
        Ok(guests)
    }

    /// Where they meet. Only a room of its own needs a name, so only then one is drawn.
    pub(super) fn place(
        &self,
        event_type: &EventType,
        secrets: &dyn SecretSource,
    ) -> Result<MeetingPlace, Box<FormProblems>> {
        let locations = &event_type.locations;
        let chosen = locations.all().get(self.location.index.unwrap_or(0));
        let room = match chosen {
            Some(Location::Room { .. }) => room_name(secrets),
            _ => String::new(),
        };
        locations.settle(self.location, &room).map_err(|error| {
            Box::new(FormProblems {
                answers: Vec::new(),
                location: Some(error),
                guests: None,
            })
        })
    }
}

impl Checked {
    /// The answers, and the guests as attendees in the invitee's zone.
    pub(super) fn into_parts(
        self,
        invitee: &InviteeDetails,
        ids: &dyn IdSource,
    ) -> (Vec<Answer>, Vec<Attendee>) {
        let guest = |guest: GuestDetails| Attendee {
            id: AttendeeId::generate(ids),
            role: AttendeeRole::Guest,
            name: guest.name.unwrap_or_else(|| name_of(&guest.email, invitee)),
            email: guest.email,
            timezone: invitee.timezone,
            rsvp: Rsvp::NeedsAction,
        };
        (self.answers, self.guests.into_iter().map(guest).collect())
    }
}

/// What stands for the name of a guest of whom only the address is known.
fn name_of(email: &EmailAddress, invitee: &InviteeDetails) -> PersonName {
    let address = email.as_str();
    let mailbox = address.split('@').next().unwrap_or_default();
    let names = [address, mailbox].into_iter();
    let mut names = names.filter_map(|name| name.parse().ok());
    names.next().unwrap_or_else(|| invitee.name.clone())
}

/// A room's name that nobody can guess: 26 letters and digits, 130 bits.
fn room_name(secrets: &dyn SecretSource) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let secret = secrets.secret();
    let letters = secret[secret.len() - 26..].iter();
    letters
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect()
}

#[cfg(test)]
mod tests;
