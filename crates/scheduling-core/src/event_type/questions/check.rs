//! From what arrives to answers.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use super::{
    Answer, AnswerError, AnswerProblem, AnswerValue, Number, Question, QuestionKind, Questions,
    RawAnswer,
};
use crate::text::{Slug, TextError, Title};

impl Questions {
    /// Reads the answers to these questions.
    ///
    /// - Answers come in the order of the questions, without those that were left out; a box that is shown is always
    ///   answered, ticked or not.
    /// - What is typed into a question that is not shown is dropped, whatever it is.
    /// - Empty texts and lists are no answer.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use scheduling_core::event_type::{Question, QuestionKind, Questions, RawAnswer};
    ///
    /// let seats = Question {
    ///     key: "seats".parse()?,
    ///     label: "How many of you come?".parse()?,
    ///     help: None,
    ///     kind: QuestionKind::Number { min: Some(1.into()), max: None, integer: true },
    ///     required: true,
    ///     shown_if: None,
    /// };
    /// let questions = Questions::new(vec![seats])?;
    /// let raw = |text: &str| BTreeMap::from([("seats".to_owned(), RawAnswer::Text(text.to_owned()))]);
    /// let answers = questions.check(&raw(" 3 ")).unwrap();
    /// assert_eq!(answers[0].value.to_text(), "3");
    /// assert_eq!(questions.check(&raw("0")).unwrap_err()[0].to_string(), "the answer to seats must be at least 1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// All that is wrong: first the questions in their order, then keys that are no question's, sorted.
    pub fn check(
        &self,
        raw: &BTreeMap<String, RawAnswer>,
    ) -> Result<Vec<Answer>, Vec<AnswerError>> {
        let mut answers = Vec::new();
        let mut errors = Vec::new();
        for (question, read) in self.read(raw) {
            match read {
                Ok(Some(value)) => answers.push(Answer {
                    key: question.key.clone(),
                    label: question.label.clone(),
                    value,
                }),
                Ok(None) => {}
                Err(problem) => errors.push(AnswerError {
                    key: question.key.to_string(),
                    problem,
                }),
            }
        }
        let unknown = raw.keys().filter(|key| self.get(key).is_none());
        // Whoever sends a million keys need not have all of them back.
        errors.extend(unknown.take(Self::MOST).map(|key| AnswerError {
            key: key.chars().take(Slug::LIMIT).collect(),
            problem: AnswerProblem::UnknownQuestion,
        }));
        if errors.is_empty() {
            Ok(answers)
        } else {
            Err(errors)
        }
    }

    /// The questions that are shown to somebody who has filled in so much, in order.
    pub fn shown(&self, raw: &BTreeMap<String, RawAnswer>) -> Vec<&Question> {
        let read = self.read(raw).into_iter();
        read.map(|(question, _)| question).collect()
    }

    /// Every question that is shown, and what was read for it. What cannot be read meets no condition.
    fn read(&self, raw: &BTreeMap<String, RawAnswer>) -> Vec<(&Question, Reading)> {
        let mut readings: Vec<(&Question, Reading)> = Vec::new();
        for question in self {
            let is_shown = question.shown_if.as_ref().is_none_or(|condition| {
                let on = readings.iter().find(|(q, _)| q.key == condition.question);
                let answer = on.and_then(|(_, reading)| reading.as_ref().ok()?.as_ref());
                condition.is_met_by(answer)
            });
            if is_shown {
                let reading = read(question, raw.get(question.key.as_str()));
                readings.push((question, reading));
            }
        }
        readings
    }
}

/// An answer, `None` where there is none and none is needed, or what is wrong with it.
type Reading = Result<Option<AnswerValue>, AnswerProblem>;

/// Reads the answer to a question that is shown.
fn read(question: &Question, raw: Option<&RawAnswer>) -> Reading {
    if question.kind == QuestionKind::Checkbox {
        let ticked = raw.map_or(Ok(false), tick)?;
        return if question.required && !ticked {
            Err(AnswerProblem::NotTicked)
        } else {
            Ok(Some(AnswerValue::Checkbox(ticked)))
        };
    }
    let value = match raw {
        Some(raw) => match value(&question.kind, raw) {
            // Such as a text of characters that show nothing.
            Err(AnswerProblem::Text(TextError::Empty)) => None,
            read => read?,
        },
        None => None,
    };
    if question.required && value.is_none() {
        return Err(AnswerProblem::Missing);
    }
    Ok(value)
}

fn value(kind: &QuestionKind, raw: &RawAnswer) -> Reading {
    if let QuestionKind::MultiSelect { options } = kind {
        return choices(options, raw);
    }
    if let (QuestionKind::Number { min, max, integer }, RawAnswer::Number(number)) = (kind, raw) {
        let number = Number::from_f64(*number)?;
        return within(number, *min, *max, *integer).map(Some);
    }
    let text = match raw {
        RawAnswer::Nothing => return Ok(None),
        RawAnswer::Text(text) => text.as_str(),
        // A form that holds the field once more than it should, or an array of one.
        RawAnswer::Many(texts) => match texts.as_slice() {
            [] => return Ok(None),
            [text] => text.as_str(),
            _ => return Err(AnswerProblem::WrongKind),
        },
        RawAnswer::Bool(_) | RawAnswer::Number(_) => return Err(AnswerProblem::WrongKind),
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    let value = match kind {
        QuestionKind::Text => AnswerValue::Text(text.parse()?),
        QuestionKind::LongText => AnswerValue::LongText(text.parse()?),
        QuestionKind::Email => AnswerValue::Email(text.parse()?),
        QuestionKind::Phone => AnswerValue::Phone(text.parse()?),
        QuestionKind::Url => AnswerValue::Url(text.parse()?),
        QuestionKind::Number { min, max, integer } => within(text.parse()?, *min, *max, *integer)?,
        QuestionKind::Date { min, max } => AnswerValue::Date(date(text, *min, *max)?),
        QuestionKind::Select { options } | QuestionKind::Radio { options } => {
            AnswerValue::Choice(option(options, text)?.clone())
        }
        QuestionKind::MultiSelect { .. } | QuestionKind::Checkbox => {
            return Err(AnswerProblem::WrongKind);
        }
    };
    Ok(Some(value))
}

/// What a box sends: a form something or nothing, JSON a boolean.
fn tick(raw: &RawAnswer) -> Result<bool, AnswerProblem> {
    let text = match raw {
        RawAnswer::Bool(ticked) => return Ok(*ticked),
        RawAnswer::Nothing => return Ok(false),
        RawAnswer::Text(text) => text.as_str(),
        // A hidden field and the box itself: the last one counts.
        RawAnswer::Many(texts) => texts.last().map_or("", String::as_str),
        RawAnswer::Number(_) => return Err(AnswerProblem::WrongKind),
    };
    match text.trim() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "" | "off" | "false" | "no" | "0" => Ok(false),
        _ => Err(AnswerProblem::WrongKind),
    }
}

fn choices(options: &[Title], raw: &RawAnswer) -> Reading {
    let texts = match raw {
        RawAnswer::Nothing => &[],
        RawAnswer::Text(text) => std::slice::from_ref(text),
        RawAnswer::Many(texts) => texts.as_slice(),
        RawAnswer::Bool(_) | RawAnswer::Number(_) => return Err(AnswerProblem::WrongKind),
    };
    let mut chosen = BTreeSet::new();
    for text in texts.iter().filter(|text| !text.trim().is_empty()) {
        chosen.insert(option(options, text)?);
    }
    let chosen: Vec<Title> = options
        .iter()
        .filter(|option| chosen.contains(option))
        .cloned()
        .collect();
    Ok((!chosen.is_empty()).then_some(AnswerValue::Choices(chosen)))
}

fn option<'a>(options: &'a [Title], text: &str) -> Result<&'a Title, AnswerProblem> {
    let text = text.trim();
    let found = options.iter().find(|option| option.as_str() == text);
    found.ok_or(AnswerProblem::NotAnOption)
}

fn within(
    number: Number,
    min: Option<Number>,
    max: Option<Number>,
    integer: bool,
) -> Result<AnswerValue, AnswerProblem> {
    if integer && !number.is_whole() {
        return Err(AnswerProblem::NotWhole);
    }
    if let Some(min) = min.filter(|&min| number < min) {
        return Err(AnswerProblem::TooSmall { min });
    }
    if let Some(max) = max.filter(|&max| number > max) {
        return Err(AnswerProblem::TooLarge { max });
    }
    Ok(AnswerValue::Number(number))
}

fn date(
    text: &str,
    min: Option<NaiveDate>,
    max: Option<NaiveDate>,
) -> Result<NaiveDate, AnswerProblem> {
    let text = text.trim();
    // chrono reads years of more digits and months of one; a form's date field sends neither.
    let date = NaiveDate::from_str(text).ok();
    let date = date.filter(|date| text.len() == 10 && (1..=9999).contains(&date.year()));
    let date = date.ok_or(AnswerProblem::NotADate)?;
    if let Some(min) = min.filter(|&min| date < min) {
        return Err(AnswerProblem::TooEarly { min });
    }
    if let Some(max) = max.filter(|&max| date > max) {
        return Err(AnswerProblem::TooLate { max });
    }
    Ok(date)
}
