//! The fields of the form as the page shows them: what was typed, what is wrong, which questions depend on others.

use std::collections::{BTreeMap, BTreeSet};

use scheduling_core::event_type::{
    BookingForm, Condition, ConditionTest, EventType, Location, Question, QuestionKind, Questions,
    RawAnswer,
};
use scheduling_core::text::{EmailAddress, Line, Note, PersonName, PhoneNumber, Title};
use serde::Serialize;

use super::submission::{Entry, FieldError, Wrong, question_id};
use crate::web::carry::ANSWER;
use crate::web::place::Place;

/// The form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::web) struct Form {
    name: TextField,
    email: TextField,
    /// The places to choose from, when there are several.
    places: Vec<PlaceChoice>,
    place_wrong: Option<Wrong>,
    /// The number to call, where a host calls in any case.
    phone: Option<TextField>,
    /// Where to meet, where the invitee says so in any case.
    place: Option<TextField>,
    questions: Vec<QuestionField>,
    guests: Option<GuestsField>,
    note: TextField,
}

/// A line or a box to type into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct TextField {
    id: &'static str,
    value: String,
    limit: usize,
    wrong: Option<Wrong>,
}

/// A place to choose.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct PlaceChoice {
    index: usize,
    place: Place,
    chosen: bool,
    phone: Option<TextField>,
    place_text: Option<TextField>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct GuestsField {
    most: u8,
    value: String,
    wrong: Option<Wrong>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct QuestionField {
    id: String,
    /// The name of its field.
    name: String,
    label: String,
    help: Option<String>,
    required: bool,
    kind: Kind,
    /// What was typed.
    value: String,
    options: Vec<OptionField>,
    limit: usize,
    min: Option<String>,
    max: Option<String>,
    whole: bool,
    wrong: Option<Wrong>,
    depends: Option<Depends>,
    /// Whether it is shown to who has typed this much.
    shown: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Text,
    LongText,
    Number,
    Email,
    Phone,
    Select,
    MultiSelect,
    Radio,
    Checkbox,
    Date,
    Url,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct OptionField {
    id: String,
    label: String,
    chosen: bool,
}

/// When a question is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Depends {
    /// The name of the field it depends on.
    on: String,
    /// The other question.
    label: String,
    test: &'static str,
    options: Vec<String>,
    /// The same, for the script: JSON.
    options_json: String,
}

impl Form {
    pub(super) fn new(event_type: &EventType, entry: &Entry, errors: &[FieldError]) -> Self {
        let wrong = |id: &str| {
            let found = errors.iter().find(|error| error.id == id);
            found.map(|error| error.wrong.clone())
        };
        let text = |id: &'static str, value: &str, limit| TextField {
            id,
            value: value.to_owned(),
            limit,
            wrong: wrong(id),
        };
        let phone = || text("phone", &entry.phone, PhoneNumber::LIMIT);
        let place = || text("place", &entry.place, Title::LIMIT);
        let locations = event_type.locations.all();
        let chosen = entry
            .location
            .filter(|index| *index < locations.len())
            .unwrap_or(0);
        let places = match locations {
            [_] => Vec::new(),
            several => several
                .iter()
                .enumerate()
                .map(|(index, location)| PlaceChoice {
                    index,
                    place: Place::public(location),
                    chosen: index == chosen,
                    phone: (*location == Location::HostCalls).then(phone),
                    place_text: (*location == Location::AskInvitee).then(place),
                })
                .collect(),
        };
        let only = match locations {
            [only] => Some(only),
            _ => None,
        };
        let most = event_type.form.max_guests.min(BookingForm::MOST_GUESTS);
        Self {
            name: text("name", &entry.name, PersonName::LIMIT),
            email: text("email", &entry.email, EmailAddress::LIMIT),
            places,
            place_wrong: wrong("location-0"),
            phone: (only == Some(&Location::HostCalls)).then(phone),
            place: (only == Some(&Location::AskInvitee)).then(place),
            questions: questions(&event_type.form.questions, &entry.answers, wrong),
            guests: (most > 0).then(|| GuestsField {
                most,
                value: entry.guests.clone(),
                wrong: wrong("guests"),
            }),
            note: text("note", &entry.note, Note::LIMIT),
        }
    }
}

fn questions(
    questions: &Questions,
    answers: &BTreeMap<String, RawAnswer>,
    wrong: impl Fn(&str) -> Option<Wrong>,
) -> Vec<QuestionField> {
    let shown: BTreeSet<_> = questions
        .shown(answers)
        .iter()
        .map(|q| q.key.as_str())
        .collect();
    let field = |(place, question): (usize, &Question)| {
        let id = question_id(place);
        let typed = answers.get(question.key.as_str());
        let typed: Vec<&str> = match typed {
            Some(RawAnswer::Text(text)) => vec![text.as_str()],
            Some(RawAnswer::Many(texts)) => texts.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        let options = match question.kind {
            // A box is its only option.
            QuestionKind::Checkbox => vec![OptionField {
                id: id.clone(),
                label: question.label.to_string(),
                chosen: typed
                    .iter()
                    .any(|text| matches!(*text, "on" | "true" | "yes" | "1")),
            }],
            _ => question
                .kind
                .options()
                .unwrap_or_default()
                .iter()
                .enumerate()
                .map(|(index, option)| OptionField {
                    id: format!("{id}-{index}"),
                    label: option.to_string(),
                    chosen: typed.iter().any(|text| text.trim() == option.as_str()),
                })
                .collect(),
        };
        let (min, max, whole) = limits(&question.kind);
        QuestionField {
            name: format!("{ANSWER}{}", question.key),
            label: question.label.to_string(),
            help: question.help.as_ref().map(ToString::to_string),
            required: question.required,
            kind: kind(&question.kind),
            value: typed
                .first()
                .map(|text| (*text).to_owned())
                .unwrap_or_default(),
            options,
            limit: limit(&question.kind),
            min,
            max,
            whole,
            wrong: wrong(&id),
            depends: question
                .shown_if
                .as_ref()
                .map(|condition| depends(questions, condition)),
            shown: shown.contains(question.key.as_str()),
            id,
        }
    };
    questions.iter().enumerate().map(field).collect()
}

fn kind(kind: &QuestionKind) -> Kind {
    match kind {
        QuestionKind::Text => Kind::Text,
        QuestionKind::LongText => Kind::LongText,
        QuestionKind::Number { .. } => Kind::Number,
        QuestionKind::Email => Kind::Email,
        QuestionKind::Phone => Kind::Phone,
        QuestionKind::Select { .. } => Kind::Select,
        QuestionKind::MultiSelect { .. } => Kind::MultiSelect,
        QuestionKind::Radio { .. } => Kind::Radio,
        QuestionKind::Checkbox => Kind::Checkbox,
        QuestionKind::Date { .. } => Kind::Date,
        QuestionKind::Url => Kind::Url,
    }
}

/// The most characters that can be typed.
fn limit(kind: &QuestionKind) -> usize {
    match kind {
        QuestionKind::LongText => Note::LIMIT,
        QuestionKind::Email => EmailAddress::LIMIT,
        QuestionKind::Phone => PhoneNumber::LIMIT,
        QuestionKind::Url => scheduling_core::text::WebAddress::LIMIT,
        QuestionKind::Number { .. } => 40,
        _ => Line::LIMIT,
    }
}

/// The smallest and the largest answer, and whether it must be whole.
fn limits(kind: &QuestionKind) -> (Option<String>, Option<String>, bool) {
    match kind {
        QuestionKind::Number { min, max, integer } => (
            min.map(|min| min.to_string()),
            max.map(|max| max.to_string()),
            *integer,
        ),
        QuestionKind::Date { min, max } => (
            min.map(|min| min.to_string()),
            max.map(|max| max.to_string()),
            false,
        ),
        _ => (None, None, false),
    }
}

fn depends(questions: &Questions, condition: &Condition) -> Depends {
    let (test, options) = match &condition.is {
        ConditionTest::AnyOf(options) => {
            ("any-of", options.iter().map(ToString::to_string).collect())
        }
        ConditionTest::Answered => ("answered", Vec::new()),
        ConditionTest::Checked => ("checked", Vec::new()),
    };
    let asked = questions.get(condition.question.as_str());
    Depends {
        on: format!("{ANSWER}{}", condition.question),
        label: asked
            .map(|question| question.label.to_string())
            .unwrap_or_default(),
        test,
        options_json: serde_json::Value::from(options.clone()).to_string(),
        options,
    }
}
