//! What the form sends: read, and judged as a whole, so that everything that needs another look is said at once.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use scheduling_app::bookings::{FormProblems, GuestDetails, GuestsError, InviteeDetails};
use scheduling_core::event_type::{
    AnswerError, AnswerProblem, EventType, Location, LocationChoice, LocationChoiceError,
    QuestionKind, Questions, RawAnswer,
};
use scheduling_core::text::{EmailAddress, Note, PersonName, PhoneNumber, TextError, Title};
use serde::Serialize;

use crate::web::carry::ANSWER;
use crate::web::fields::Fields;

/// What was typed, as it was typed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Entry {
    pub name: String,
    pub email: String,
    /// Which of the places.
    pub location: Option<usize>,
    pub phone: String,
    pub place: String,
    /// By the questions' keys.
    pub answers: BTreeMap<String, RawAnswer>,
    /// Addresses, with blanks, commas or lines between them.
    pub guests: String,
    pub note: String,
}

/// The same, as the domain has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parsed {
    pub invitee: InviteeDetails,
    pub location: LocationChoice,
    pub guests: Vec<GuestDetails>,
    pub note: Option<Note>,
}

/// A field that needs another look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FieldError {
    /// The field's id on the page.
    pub id: String,
    /// Where a link to it goes: the field itself, or its first option.
    pub target: String,
    pub wrong: Wrong,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Wrong {
    Name {
        problem: Problem,
    },
    Email,
    Location,
    Phone,
    Place {
        problem: Problem,
    },
    Guest {
        text: String,
    },
    TooManyGuests {
        most: u8,
    },
    Note {
        problem: Problem,
    },
    /// A question that must be answered.
    Unanswered {
        label: String,
        choose: bool,
    },
    /// A box that must be ticked.
    NotTicked {
        label: String,
    },
    /// An answer that cannot be accepted; `said` is the rest of a sentence.
    Answer {
        label: String,
        said: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Problem {
    Missing,
    TooLong,
    Wrong,
}

impl From<&TextError> for Problem {
    fn from(error: &TextError) -> Self {
        match error {
            TextError::Empty => Self::Missing,
            TextError::TooLong { .. } => Self::TooLong,
            _ => Self::Wrong,
        }
    }
}

/// The id of a question's field.
pub(super) fn question_id(place: usize) -> String {
    format!("q{place}")
}

impl Entry {
    /// Reads a form, or what a link fills in. Answers to other questions than these are left out.
    pub(super) fn new(fields: &Fields, questions: Option<&Questions>) -> Self {
        let first = fields.text("first_name");
        let last = fields.text("last_name");
        let name = fields.get("name").map_or_else(
            || format!("{first} {last}").trim().to_owned(),
            str::to_owned,
        );
        let note = fields.get("note").or_else(|| fields.get("notes"));
        let guests: Vec<&str> = fields.all("guests").collect();
        let mut answers = BTreeMap::<String, Vec<String>>::new();
        for (field, value) in fields.iter() {
            let key = field.strip_prefix(ANSWER);
            let is_asked = |key: &str| questions.is_none_or(|asked| asked.get(key).is_some());
            if let Some(key) = key.filter(|key| is_asked(key)) {
                answers
                    .entry(key.to_owned())
                    .or_default()
                    .push(value.to_owned());
            }
        }
        let answers = answers.into_iter();
        Self {
            name,
            email: fields.text("email").to_owned(),
            location: fields.get("location").and_then(|index| index.parse().ok()),
            phone: fields.text("phone").to_owned(),
            place: fields.text("place").to_owned(),
            // A list of one is as good as the one, whatever the kind of question.
            answers: answers
                .map(|(key, values)| (key, RawAnswer::Many(values)))
                .collect(),
            guests: guests.join("\n"),
            note: note.unwrap_or_default().to_owned(),
        }
    }

    /// The entry as the domain has it, or every field that needs another look, in the order of the page.
    pub(super) fn parse(
        &self,
        event_type: &EventType,
        timezone: Tz,
    ) -> Result<Parsed, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut complain = |id: &str, wrong| errors.push(at(id, wrong));
        let name = self.name.parse::<PersonName>();
        let name = name.map_err(|error| {
            let problem = (&error).into();
            complain("name", Wrong::Name { problem });
        });
        let email = self.email.parse::<EmailAddress>();
        let email = email.map_err(|_no_address| complain("email", Wrong::Email));
        let location = self
            .location(event_type)
            .map_err(|error| errors.push(error));
        let answers = event_type.form.questions.check(&self.answers);
        let answers = answers.map_err(|problems| errors.extend(of_answers(event_type, &problems)));
        let guests = self.guests(event_type).map_err(|error| errors.push(error));
        let note = match self.note.parse::<Note>() {
            Ok(note) => Ok(Some(note)),
            Err(TextError::Empty) => Ok(None),
            Err(error) => {
                let problem = (&error).into();
                errors.push(at("note", Wrong::Note { problem }));
                Err(())
            }
        };
        match (name, email, location, answers, guests, note) {
            (Ok(name), Ok(email), Ok(location), Ok(_), Ok(guests), Ok(note)) => Ok(Parsed {
                invitee: InviteeDetails {
                    name,
                    email,
                    timezone,
                },
                location,
                guests,
                note,
            }),
            _ => Err(errors),
        }
    }

    /// Where to meet. What belongs to a place that is not chosen is not looked at.
    fn location(&self, event_type: &EventType) -> Result<LocationChoice, FieldError> {
        let choice = LocationChoice {
            index: self.location,
            ..LocationChoice::default()
        };
        match event_type.locations.all().get(self.location.unwrap_or(0)) {
            None => Err(of_location(LocationChoiceError::NoSuchLocation)),
            Some(Location::HostCalls) => match self.phone.parse::<PhoneNumber>() {
                Ok(phone) => Ok(LocationChoice {
                    phone: Some(phone),
                    ..choice
                }),
                Err(_no_number) => Err(of_location(LocationChoiceError::PhoneNeeded)),
            },
            Some(Location::AskInvitee) => match self.place.parse::<Title>() {
                Ok(place) => Ok(LocationChoice {
                    place: Some(place),
                    ..choice
                }),
                Err(error) => {
                    let problem = (&error).into();
                    Err(at("place", Wrong::Place { problem }))
                }
            },
            Some(_) => Ok(choice),
        }
    }

    fn guests(&self, event_type: &EventType) -> Result<Vec<GuestDetails>, FieldError> {
        if event_type.form.max_guests == 0 {
            return Ok(Vec::new());
        }
        let mut guests: Vec<GuestDetails> = Vec::new();
        let texts = self
            .guests
            .split(|c: char| c.is_whitespace() || ",;".contains(c));
        for text in texts.filter(|text| !text.is_empty()) {
            let Ok(email) = text.parse::<EmailAddress>() else {
                let text = text.chars().take(60).collect();
                return Err(at("guests", Wrong::Guest { text }));
            };
            let same = |other: &EmailAddress| other.as_str().eq_ignore_ascii_case(email.as_str());
            let is_known = guests.iter().any(|guest| same(&guest.email));
            if !is_known && !self.email.trim().eq_ignore_ascii_case(email.as_str()) {
                guests.push(GuestDetails { name: None, email });
            }
            if guests.len() > usize::from(event_type.form.max_guests) {
                let most = event_type.form.max_guests;
                return Err(at("guests", Wrong::TooManyGuests { most }));
            }
        }
        Ok(guests)
    }
}

fn at(id: &str, wrong: Wrong) -> FieldError {
    FieldError {
        id: id.to_owned(),
        target: id.to_owned(),
        wrong,
    }
}

/// What the use case finds wrong, by field: the event type may have changed since the page was made.
pub(super) fn of_form(event_type: &EventType, problems: &FormProblems) -> Vec<FieldError> {
    let location = problems.location.map(of_location);
    let guests = problems.guests.map(|GuestsError::TooMany { most }| {
        if most == 0 {
            // The field is not on the page any more.
            let text = String::new();
            at("name", Wrong::Guest { text })
        } else {
            at("guests", Wrong::TooManyGuests { most })
        }
    });
    let mut errors: Vec<FieldError> = location.into_iter().collect();
    errors.extend(of_answers(event_type, &problems.answers));
    errors.extend(guests);
    errors
}

fn of_location(error: LocationChoiceError) -> FieldError {
    match error {
        LocationChoiceError::NoSuchLocation => at("location-0", Wrong::Location),
        LocationChoiceError::PhoneNeeded => at("phone", Wrong::Phone),
        LocationChoiceError::PlaceNeeded => {
            let problem = Problem::Missing;
            at("place", Wrong::Place { problem })
        }
    }
}

fn of_answers(event_type: &EventType, problems: &[AnswerError]) -> Vec<FieldError> {
    let questions = &event_type.form.questions;
    let error = |problem: &AnswerError| {
        let mut asked = questions.iter().enumerate();
        // Only what the page asks is read from the form.
        let (place, question) = asked.find(|(_, question)| question.key.as_str() == problem.key)?;
        let label = question.label.to_string();
        let id = question_id(place);
        let is_group = matches!(
            question.kind,
            QuestionKind::MultiSelect { .. } | QuestionKind::Radio { .. }
        );
        let wrong = match &problem.problem {
            AnswerProblem::Missing => Wrong::Unanswered {
                label,
                choose: question.kind.options().is_some(),
            },
            AnswerProblem::NotTicked => Wrong::NotTicked { label },
            other => Wrong::Answer {
                label,
                said: other.to_string(),
            },
        };
        Some(FieldError {
            target: if is_group {
                format!("{id}-0")
            } else {
                id.clone()
            },
            id,
            wrong,
        })
    };
    problems.iter().filter_map(error).collect()
}
