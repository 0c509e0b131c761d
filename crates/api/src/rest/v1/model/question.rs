//! Questions and answers.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use scheduling_core::event_type::{
    Answer, AnswerError, AnswerProblem, AnswerValue, Condition, ConditionTest, Number, Question,
    QuestionKind, Questions, QuestionsError, RawAnswer,
};
use scheduling_core::text::Title;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::fields::{Errors, Fields, Item, text_code};

/// What kind of answer a question takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QuestionKind)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum QuestionKindView {
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

const KINDS: &[(&str, QuestionKindView)] = &[
    ("text", QuestionKindView::Text),
    ("long_text", QuestionKindView::LongText),
    ("number", QuestionKindView::Number),
    ("email", QuestionKindView::Email),
    ("phone", QuestionKindView::Phone),
    ("select", QuestionKindView::Select),
    ("multi_select", QuestionKindView::MultiSelect),
    ("radio", QuestionKindView::Radio),
    ("checkbox", QuestionKindView::Checkbox),
    ("date", QuestionKindView::Date),
    ("url", QuestionKindView::Url),
];

/// The smallest or largest answer: a number, or a date.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuestionLimit)]
#[serde(untagged)]
pub(in crate::rest::v1) enum LimitView {
    Number(f64),
    Date(String),
}

/// What an earlier question's answer must be.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum ConditionIs {
    /// One of `options`.
    AnyOf,
    /// Anything.
    Answered,
    /// A tick.
    Checked,
}

const TESTS: &[(&str, ConditionIs)] = &[
    ("any_of", ConditionIs::AnyOf),
    ("answered", ConditionIs::Answered),
    ("checked", ConditionIs::Checked),
];

/// When a question is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuestionCondition)]
pub(in crate::rest::v1) struct ConditionView {
    /// The key of an earlier question.
    question: String,
    is: ConditionIs,
    /// The answers that show it, for `any_of`.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Vec<String>>,
}

/// What invitees are asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Question)]
pub(in crate::rest::v1) struct QuestionView {
    /// What answers are given under: a slug, unique among the questions.
    #[schema(example = "topic", max_length = 64)]
    key: String,
    #[schema(example = "What is it about?", max_length = 120)]
    label: String,
    #[schema(max_length = 4000)]
    help: Option<String>,
    kind: QuestionKindView,
    /// What can be chosen, for `select`, `multi_select` and `radio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Vec<String>>,
    /// For `number` and `date`.
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<LimitView>,
    /// For `number` and `date`.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<LimitView>,
    /// Whether a `number` must be whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    integer: Option<bool>,
    /// Whether it must be answered where it is shown. No, unless it is said.
    #[schema(required = false)]
    required: bool,
    /// Always, unless it is said.
    shown_if: Option<ConditionView>,
}

impl QuestionView {
    pub(in crate::rest::v1) fn list(questions: &Questions) -> Vec<Self> {
        questions.iter().map(Self::of).collect()
    }

    fn of(question: &Question) -> Self {
        let number = |limit: Option<Number>| limit.map(|n| LimitView::Number(n.to_f64()));
        let date = |limit: Option<NaiveDate>| limit.map(|d| LimitView::Date(d.to_string()));
        let (kind, min, max, integer) = match &question.kind {
            QuestionKind::Text => (QuestionKindView::Text, None, None, None),
            QuestionKind::LongText => (QuestionKindView::LongText, None, None, None),
            QuestionKind::Number { min, max, integer } => (
                QuestionKindView::Number,
                number(*min),
                number(*max),
                Some(*integer),
            ),
            QuestionKind::Email => (QuestionKindView::Email, None, None, None),
            QuestionKind::Phone => (QuestionKindView::Phone, None, None, None),
            QuestionKind::Select { .. } => (QuestionKindView::Select, None, None, None),
            QuestionKind::MultiSelect { .. } => (QuestionKindView::MultiSelect, None, None, None),
            QuestionKind::Radio { .. } => (QuestionKindView::Radio, None, None, None),
            QuestionKind::Checkbox => (QuestionKindView::Checkbox, None, None, None),
            QuestionKind::Date { min, max } => {
                (QuestionKindView::Date, date(*min), date(*max), None)
            }
            QuestionKind::Url => (QuestionKindView::Url, None, None, None),
        };
        Self {
            key: question.key.to_string(),
            label: question.label.to_string(),
            help: question.help.as_ref().map(ToString::to_string),
            kind,
            options: question.kind.options().map(texts),
            min,
            max,
            integer,
            required: question.required,
            shown_if: question.shown_if.as_ref().map(|condition| {
                let (is, options) = match &condition.is {
                    ConditionTest::AnyOf(options) => (ConditionIs::AnyOf, Some(texts(options))),
                    ConditionTest::Answered => (ConditionIs::Answered, None),
                    ConditionTest::Checked => (ConditionIs::Checked, None),
                };
                ConditionView {
                    question: condition.question.to_string(),
                    is,
                    options,
                }
            }),
        }
    }
}

fn texts(titles: &[Title]) -> Vec<String> {
    titles.iter().map(Title::to_string).collect()
}

/// Takes questions out of a body; none where nothing is given.
pub(in crate::rest::v1) fn read_questions(
    fields: &mut Fields,
    errors: &mut Errors,
) -> Option<Questions> {
    let pointer = fields.at("questions");
    let questions = fields.list("questions", Questions::MOST, errors, read)?;
    match Questions::new(questions) {
        Ok(questions) => Some(questions),
        Err(error) => {
            errors.add(pointer, questions_code(&error), error.to_string());
            None
        }
    }
}

fn questions_code(error: &QuestionsError) -> &'static str {
    match error {
        QuestionsError::TooMany => "too_many",
        QuestionsError::DuplicateKey(_) => "key_twice",
        QuestionsError::NoOptions(_) => "no_options",
        QuestionsError::TooManyOptions(_) => "too_many_options",
        QuestionsError::DuplicateOption { .. } => "option_twice",
        QuestionsError::EmptyRange(_) => "empty_range",
        QuestionsError::NotBefore { .. } => "condition_on_later_question",
        QuestionsError::NeverMet { .. } => "condition_never_met",
    }
}

fn read(item: Item, errors: &mut Errors) -> Option<Question> {
    let mut fields = item.object(errors)?;
    let key = fields.required("key", errors);
    let label = fields.required("label", errors);
    let help = fields.optional("help", errors);
    let required = fields.flag("required", false, errors);
    let shown_if = fields
        .object("shown_if", errors)
        .map(|f| read_condition(f, errors));
    let kind = fields
        .need("kind", errors)
        .and_then(|item| item.choice(KINDS, errors))
        .and_then(|kind| read_kind(kind, &mut fields, errors));
    fields.finish(errors);
    Some(Question {
        key: key?,
        label: label?,
        help,
        kind: kind?,
        required,
        shown_if: match shown_if {
            None => None,
            Some(condition) => Some(condition?),
        },
    })
}

fn read_kind(
    kind: QuestionKindView,
    fields: &mut Fields,
    errors: &mut Errors,
) -> Option<QuestionKind> {
    use QuestionKindView as K;

    let options = |fields: &mut Fields, errors: &mut Errors| {
        let options = fields.need("options", errors)?;
        options.list(Questions::MOST_OPTIONS, errors, |o, errors| {
            o.parse::<Title>(errors)
        })
    };
    Some(match kind {
        K::Text => QuestionKind::Text,
        K::LongText => QuestionKind::LongText,
        K::Email => QuestionKind::Email,
        K::Phone => QuestionKind::Phone,
        K::Checkbox => QuestionKind::Checkbox,
        K::Url => QuestionKind::Url,
        K::Select => QuestionKind::Select {
            options: options(fields, errors)?,
        },
        K::MultiSelect => QuestionKind::MultiSelect {
            options: options(fields, errors)?,
        },
        K::Radio => QuestionKind::Radio {
            options: options(fields, errors)?,
        },
        K::Number => {
            let min = read_number("min", fields, errors);
            let max = read_number("max", fields, errors);
            QuestionKind::Number {
                min,
                max,
                integer: fields.flag("integer", false, errors),
            }
        }
        K::Date => QuestionKind::Date {
            min: fields.optional("min", errors),
            max: fields.optional("max", errors),
        },
    })
}

fn read_number(name: &str, fields: &mut Fields, errors: &mut Errors) -> Option<Number> {
    let item = fields.take(name)?;
    let pointer = item.pointer().to_owned();
    let read = match item.into_value() {
        Value::Number(number) => number.as_f64().map(Number::from_f64),
        Value::String(text) => Some(text.parse()),
        _ => None,
    };
    match read {
        Some(Ok(number)) => Some(number),
        Some(Err(error)) => {
            errors.add(pointer, "not_a_number", error.to_string());
            None
        }
        None => {
            errors.add(pointer, "wrong_type", "must be a number");
            None
        }
    }
}

fn read_condition(mut fields: Fields, errors: &mut Errors) -> Option<Condition> {
    let question = fields.required("question", errors);
    let is = fields
        .need("is", errors)
        .and_then(|item| item.choice(TESTS, errors))
        .and_then(|is| {
            Some(match is {
                ConditionIs::AnyOf => {
                    let options = fields.need("options", errors)?;
                    let most = Questions::MOST_OPTIONS;
                    ConditionTest::AnyOf(options.list(most, errors, Item::parse)?)
                }
                ConditionIs::Answered => ConditionTest::Answered,
                ConditionIs::Checked => ConditionTest::Checked,
            })
        });
    fields.finish(errors);
    Some(Condition {
        question: question?,
        is: is?,
    })
}

/// An answer as it is sent: text, number, list or yes and no.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::rest::v1) enum AnswerContent {
    Text(String),
    Number(f64),
    Flag(bool),
    Many(Vec<String>),
}

/// A question as it was asked, and its answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Answer)]
pub(in crate::rest::v1) struct AnswerView {
    key: String,
    label: String,
    value: AnswerContent,
}

impl AnswerView {
    pub(in crate::rest::v1) fn list(answers: &[Answer]) -> Vec<Self> {
        answers.iter().map(Self::of).collect()
    }

    fn of(answer: &Answer) -> Self {
        Self {
            key: answer.key.to_string(),
            label: answer.label.to_string(),
            value: match &answer.value {
                AnswerValue::Number(number) => AnswerContent::Number(number.to_f64()),
                AnswerValue::Checkbox(ticked) => AnswerContent::Flag(*ticked),
                AnswerValue::Choices(options) => AnswerContent::Many(texts(options)),
                other => AnswerContent::Text(other.to_text()),
            },
        }
    }
}

/// Takes answers out of a body: by the keys of their questions.
pub(in crate::rest::v1) fn read_answers(
    fields: &mut Fields,
    errors: &mut Errors,
) -> BTreeMap<String, RawAnswer> {
    let Some(mut given) = fields.object("answers", errors) else {
        return BTreeMap::new();
    };
    let mut answers = BTreeMap::new();
    for (key, item) in given.entries() {
        let pointer = item.pointer().to_owned();
        if let Some(answer) = raw(item.into_value()) {
            answers.insert(key, answer);
        } else {
            let detail = "must be a text, a number, true or false, or a list of texts";
            errors.add(pointer, "wrong_type", detail);
        }
        // Each further one would only make the answer longer.
        if answers.len() > 4 * Questions::MOST {
            errors.add(fields.at("answers"), "too_many", "has too many members");
            break;
        }
    }
    answers
}

fn raw(value: Value) -> Option<RawAnswer> {
    Some(match value {
        Value::Null => RawAnswer::Nothing,
        Value::Bool(flag) => RawAnswer::Bool(flag),
        Value::Number(number) => RawAnswer::Number(number.as_f64()?),
        Value::String(text) => RawAnswer::Text(text),
        Value::Array(entries) => RawAnswer::Many(
            entries
                .into_iter()
                .map(|entry| match entry {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect::<Option<_>>()?,
        ),
        Value::Object(_) => return None,
    })
}

/// Notes what is wrong with an answer.
pub(in crate::rest::v1) fn note_answer(error: &AnswerError, errors: &mut Errors) {
    let code = match &error.problem {
        AnswerProblem::UnknownQuestion => "unknown",
        AnswerProblem::Missing => "required",
        AnswerProblem::NotTicked => "not_ticked",
        AnswerProblem::WrongKind => "wrong_type",
        AnswerProblem::Text(error) => text_code(error),
        AnswerProblem::Number(_) => "not_a_number",
        AnswerProblem::NotWhole => "not_whole",
        AnswerProblem::TooSmall { .. } => "too_small",
        AnswerProblem::TooLarge { .. } => "too_large",
        AnswerProblem::NotAnOption => "not_an_option",
        AnswerProblem::NotADate => "not_a_date",
        AnswerProblem::TooEarly { .. } => "too_early",
        AnswerProblem::TooLate { .. } => "too_late",
    };
    let key = error.key.replace('~', "~0").replace('/', "~1");
    errors.add(format!("/answers/{key}"), code, error.problem.to_string());
}
