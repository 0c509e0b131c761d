//! Answers: as they arrive, and as they are kept.

use chrono::NaiveDate;
use thiserror::Error;

use super::{NotANumber, Number};
use crate::text::{EmailAddress, Line, Note, PhoneNumber, Slug, TextError, Title, WebAddress};

/// An answer as a form or JSON delivers it, before anything is known about it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(untagged)
)]
pub enum RawAnswer {
    /// A field of a form, or a JSON string.
    Text(String),
    /// A field that a form holds several times, or a JSON array.
    Many(Vec<String>),
    /// A JSON boolean.
    Bool(bool),
    /// A JSON number.
    Number(f64),
    /// JSON's null: no answer.
    Nothing,
}

/// What an invitee answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", content = "value", rename_all = "snake_case")
)]
pub enum AnswerValue {
    /// One line.
    Text(Line),
    /// Several lines.
    LongText(Note),
    /// A number.
    Number(Number),
    /// An e-mail address.
    Email(EmailAddress),
    /// A telephone number.
    Phone(PhoneNumber),
    /// One option.
    Choice(Title),
    /// Some options, in the order they were shown; at least one.
    Choices(Vec<Title>),
    /// Whether the box is ticked.
    Checkbox(bool),
    /// A calendar day.
    Date(NaiveDate),
    /// A web address.
    Url(WebAddress),
}

impl AnswerValue {
    /// The answer in words, for mails and pages.
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::LongText(text) => text.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Email(address) => address.to_string(),
            Self::Phone(number) => number.to_string(),
            Self::Choice(option) => option.to_string(),
            Self::Choices(options) => {
                let options: Vec<&str> = options.iter().map(Title::as_str).collect();
                options.join(", ")
            }
            Self::Checkbox(true) => "yes".to_owned(),
            Self::Checkbox(false) => "no".to_owned(),
            Self::Date(date) => date.to_string(),
            Self::Url(address) => address.to_string(),
        }
    }

    /// The answer as a form would deliver it: what fills in the form again.
    pub fn to_raw(&self) -> RawAnswer {
        match self {
            Self::Choices(options) => {
                RawAnswer::Many(options.iter().map(Title::to_string).collect())
            }
            Self::Checkbox(ticked) => RawAnswer::Bool(*ticked),
            _ => RawAnswer::Text(self.to_text()),
        }
    }
}

/// A question as it was asked, and its answer. It stays readable when the question is changed or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Answer {
    /// The question's key.
    pub key: Slug,
    /// The question as it was asked.
    pub label: Title,
    /// The answer.
    pub value: AnswerValue,
}

/// What is wrong with an answer. The message is a sentence fragment that can stand beside the field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerProblem {
    /// There is no such question.
    #[error("is no question of this form")]
    UnknownQuestion,
    /// A question that must be answered was not.
    #[error("must be answered")]
    Missing,
    /// A box that must be ticked was not.
    #[error("must be ticked")]
    NotTicked,
    /// A list where one answer is meant, or a number where a text is.
    #[error("is an answer of another kind")]
    WrongKind,
    /// Not such a text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Not a number.
    #[error(transparent)]
    Number(#[from] NotANumber),
    /// A number with a fraction where a whole one is meant.
    #[error("must be a whole number")]
    NotWhole,
    /// Below the smallest number that is accepted.
    #[error("must be at least {min}")]
    TooSmall {
        /// The smallest number.
        min: Number,
    },
    /// Above the largest number that is accepted.
    #[error("must be at most {max}")]
    TooLarge {
        /// The largest number.
        max: Number,
    },
    /// None of the options.
    #[error("must be one of the options")]
    NotAnOption,
    /// Not a date.
    #[error("must be a date such as 2026-11-24")]
    NotADate,
    /// Before the first date that is accepted.
    #[error("must not be before {min}")]
    TooEarly {
        /// The first date.
        min: NaiveDate,
    },
    /// After the last date that is accepted.
    #[error("must not be after {max}")]
    TooLate {
        /// The last date.
        max: NaiveDate,
    },
}

/// A refused answer: which, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the answer to {key} {problem}")]
pub struct AnswerError {
    /// The key it was given under, cut to the length of a key.
    pub key: String,
    /// What is wrong with it.
    pub problem: AnswerProblem,
}
