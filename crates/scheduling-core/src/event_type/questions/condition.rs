//! When a question is shown.

use super::{AnswerValue, QuestionKind};
use crate::text::{Slug, Title};

/// What the answer to an earlier question must be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum ConditionTest {
    /// One of these options, or several with at least one of these.
    AnyOf(Vec<Title>),
    /// Anything.
    Answered,
    /// A tick.
    Checked,
}

/// A question is shown only if an earlier one has such an answer. An earlier question that is not shown has none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Condition {
    /// The key of the earlier question.
    pub question: Slug,
    /// What its answer must be.
    pub is: ConditionTest,
}

impl Condition {
    /// Whether an answer meets it; `None` for a question that has none.
    pub fn is_met_by(&self, answer: Option<&AnswerValue>) -> bool {
        let Some(answer) = answer else {
            return false;
        };
        match &self.is {
            ConditionTest::Answered => true,
            ConditionTest::Checked => *answer == AnswerValue::Checkbox(true),
            ConditionTest::AnyOf(wanted) => match answer {
                AnswerValue::Choice(chosen) => wanted.contains(chosen),
                AnswerValue::Choices(chosen) => chosen.iter().any(|one| wanted.contains(one)),
                _ => false,
            },
        }
    }

    /// Whether an answer of this kind can meet it, and can fail to.
    pub(super) fn can_be_met_by(&self, kind: &QuestionKind) -> bool {
        let is_checkbox = matches!(kind, QuestionKind::Checkbox);
        match &self.is {
            ConditionTest::AnyOf(wanted) => kind.options().is_some_and(|options| {
                !wanted.is_empty() && wanted.iter().all(|option| options.contains(option))
            }),
            // A box has an answer in any case: ticked or not.
            ConditionTest::Answered => !is_checkbox,
            ConditionTest::Checked => is_checkbox,
        }
    }
}
