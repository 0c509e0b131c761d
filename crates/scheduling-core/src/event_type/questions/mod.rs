//! What invitees are asked before they book, and their answers.
//!
//! A question can depend on an earlier one: [`Condition`]. Whether it is shown follows from the answers alone, so that
//! the page in the browser and the server come to the same result: [`Questions::check`].

mod answer;
mod check;
mod condition;
mod number;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use thiserror::Error;

pub use answer::{Answer, AnswerError, AnswerProblem, AnswerValue, RawAnswer};
pub use condition::{Condition, ConditionTest};
pub use number::{NotANumber, Number};

use crate::text::{Note, Slug, Title};

/// What kind of answer a question takes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
pub enum QuestionKind {
    /// One line.
    Text,
    /// Several lines.
    LongText,
    /// A number.
    Number {
        /// The smallest that is accepted.
        #[cfg_attr(feature = "serde", serde(default))]
        min: Option<Number>,
        /// The largest that is accepted.
        #[cfg_attr(feature = "serde", serde(default))]
        max: Option<Number>,
        /// Whether it must be whole.
        #[cfg_attr(feature = "serde", serde(default))]
        integer: bool,
    },
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// One of several options, from a list that opens.
    Select {
        /// The options, in the order they are shown.
        options: Vec<Title>,
    },
    /// Any of several options.
    MultiSelect {
        /// The options, in the order they are shown.
        options: Vec<Title>,
    },
    /// One of several options, all in view.
    Radio {
        /// The options, in the order they are shown.
        options: Vec<Title>,
    },
    /// A box to tick. A required one must be ticked.
    Checkbox,
    /// A calendar day.
    Date {
        /// The first that is accepted.
        #[cfg_attr(feature = "serde", serde(default))]
        min: Option<NaiveDate>,
        /// The last that is accepted.
        #[cfg_attr(feature = "serde", serde(default))]
        max: Option<NaiveDate>,
    },
    /// A web address.
    Url,
}

impl QuestionKind {
    /// The options to choose from, where there are any.
    pub fn options(&self) -> Option<&[Title]> {
        match self {
            Self::Select { options } | Self::MultiSelect { options } | Self::Radio { options } => {
                Some(options)
            }
            _ => None,
        }
    }
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Question {
    /// What forms and the API call it, unique among the questions.
    pub key: Slug,
    /// The question as it is asked.
    pub label: Title,
    /// What helps to answer it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub help: Option<Note>,
    /// What kind of answer it takes.
    #[cfg_attr(feature = "serde", serde(rename = "answer"))]
    pub kind: QuestionKind,
    /// Whether it must be answered when it is shown.
    #[cfg_attr(feature = "serde", serde(default))]
    pub required: bool,
    /// When it is shown; always where there is no condition.
    #[cfg_attr(feature = "serde", serde(default))]
    pub shown_if: Option<Condition>,
}

/// Why a list of questions was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuestionsError {
    /// More than [`Questions::MOST`].
    #[error("must be at most {} questions", Questions::MOST)]
    TooMany,
    /// Two have one key.
    #[error("two questions have the key {0}")]
    DuplicateKey(Slug),
    /// A choice without options.
    #[error("the question {0} needs options to choose from")]
    NoOptions(Slug),
    /// More than [`Questions::MOST_OPTIONS`].
    #[error("the question {0} has more than {most} options", most = Questions::MOST_OPTIONS)]
    TooManyOptions(Slug),
    /// An option stands there twice.
    #[error("the question {key} has the option {option:?} twice")]
    DuplicateOption {
        /// The question.
        key: Slug,
        /// The option.
        option: Title,
    },
    /// The smallest answer is larger than the largest one.
    #[error("the question {0} accepts nothing between its limits")]
    EmptyRange(Slug),
    /// A condition on a question that does not come before.
    #[error("the question {key} depends on {on}, which does not come before it")]
    NotBefore {
        /// The question with the condition.
        key: Slug,
        /// What it names.
        on: Slug,
    },
    /// A condition that no answer to the question it names can meet.
    #[error("the question {key} depends on an answer that {on} does not have")]
    NeverMet {
        /// The question with the condition.
        key: Slug,
        /// The question it names.
        on: Slug,
    },
}

/// The questions of a form, in the order they are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Vec<Question>", into = "Vec<Question>")
)]
pub struct Questions(Vec<Question>);

impl Questions {
    /// The largest number of questions.
    pub const MOST: usize = 50;
    /// The largest number of options of one question.
    pub const MOST_OPTIONS: usize = 100;

    /// Takes questions in the order they are asked.
    ///
    /// # Errors
    /// [`QuestionsError`]: too many, a key or an option that stands there twice, a choice of nothing, limits that leave
    /// nothing between them, or a condition on a question that does not come before or never gets such an answer.
    pub fn new(questions: Vec<Question>) -> Result<Self, QuestionsError> {
        if questions.len() > Self::MOST {
            return Err(QuestionsError::TooMany);
        }
        for (place, question) in questions.iter().enumerate() {
            let before = &questions[..place];
            if before.iter().any(|q| q.key == question.key) {
                return Err(QuestionsError::DuplicateKey(question.key.clone()));
            }
            check_kind(question)?;
            if let Some(condition) = &question.shown_if {
                let on = condition.question.clone();
                let Some(asked) = before.iter().find(|q| q.key == on) else {
                    let key = question.key.clone();
                    return Err(QuestionsError::NotBefore { key, on });
                };
                if !condition.can_be_met_by(&asked.kind) {
                    let key = question.key.clone();
                    return Err(QuestionsError::NeverMet { key, on });
                }
            }
        }
        Ok(Self(questions))
    }

    /// The questions.
    pub fn as_slice(&self) -> &[Question] {
        &self.0
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The questions, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Question> {
        self.0.iter()
    }

    /// The question with a key.
    pub fn get(&self, key: &str) -> Option<&Question> {
        self.0.iter().find(|question| question.key.as_str() == key)
    }
}

impl<'a> IntoIterator for &'a Questions {
    type Item = &'a Question;
    type IntoIter = std::slice::Iter<'a, Question>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl TryFrom<Vec<Question>> for Questions {
    type Error = QuestionsError;

    fn try_from(questions: Vec<Question>) -> Result<Self, QuestionsError> {
        Self::new(questions)
    }
}

impl From<Questions> for Vec<Question> {
    fn from(questions: Questions) -> Self {
        questions.0
    }
}

fn check_kind(question: &Question) -> Result<(), QuestionsError> {
    let key = || question.key.clone();
    if let Some(options) = question.kind.options() {
        if options.is_empty() {
            return Err(QuestionsError::NoOptions(key()));
        }
        if options.len() > Questions::MOST_OPTIONS {
            return Err(QuestionsError::TooManyOptions(key()));
        }
        let mut seen = BTreeSet::new();
        if let Some(option) = options.iter().find(|option| !seen.insert(*option)) {
            let option = option.clone();
            return Err(QuestionsError::DuplicateOption { key: key(), option });
        }
    }
    let is_empty = match &question.kind {
        QuestionKind::Number { min, max, integer } => {
            let whole = |number: Option<Number>| !integer || number.is_none_or(Number::is_whole);
            matches!((min, max), (Some(min), Some(max)) if min > max)
                || !whole(*min)
                || !whole(*max)
        }
        QuestionKind::Date { min, max } => {
            matches!((min, max), (Some(min), Some(max)) if min > max)
        }
        _ => false,
    };
    if is_empty {
        return Err(QuestionsError::EmptyRange(key()));
    }
    Ok(())
}
