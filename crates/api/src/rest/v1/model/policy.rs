//! Who decides about a booking, and when people hear of it again.

use scheduling_core::event_type::{
    Approval, ChangeRule, ReasonPolicy, Reminder, ReminderTo, Reminders,
};
use scheduling_core::time::{Length, Minutes};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{Errors, Fields, Item};

/// Two years: no notice and no wait is longer.
pub(super) const LONGEST_MINUTES: u32 = 2 * 366 * 24 * 60;

/// Whether a reason is asked for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ReasonPolicy)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum ReasonPolicyView {
    Required,
    Optional,
    Hidden,
}

const REASONS: &[(&str, ReasonPolicy)] = &[
    ("required", ReasonPolicy::Required),
    ("optional", ReasonPolicy::Optional),
    ("hidden", ReasonPolicy::Hidden),
];

impl From<ReasonPolicy> for ReasonPolicyView {
    fn from(policy: ReasonPolicy) -> Self {
        match policy {
            ReasonPolicy::Required => Self::Required,
            ReasonPolicy::Optional => Self::Optional,
            ReasonPolicy::Hidden => Self::Hidden,
        }
    }
}

/// Who may cancel, or move, a booking that is still ahead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeRule)]
pub(in crate::rest::v1) struct ChangeRuleView {
    /// Whether the invitee may; yes, unless it is said. Hosts always may.
    #[schema(required = false)]
    invitee_may: bool,
    /// How long before the start the invitee may at the latest.
    #[schema(required = false, maximum = 1_054_080)]
    notice_minutes: u32,
    /// Whether the invitee is asked why: `optional`, unless it is said.
    #[schema(required = false)]
    invitee_reason: ReasonPolicyView,
    /// Whether a host is asked why: `optional`, unless it is said.
    #[schema(required = false)]
    host_reason: ReasonPolicyView,
}

impl From<ChangeRule> for ChangeRuleView {
    fn from(rule: ChangeRule) -> Self {
        Self {
            invitee_may: rule.invitee_may,
            notice_minutes: rule.notice.0,
            invitee_reason: rule.invitee_reason.into(),
            host_reason: rule.host_reason.into(),
        }
    }
}

/// Takes a rule out of a body; the usual one where nothing is given.
pub(super) fn read_rule(name: &str, fields: &mut Fields, errors: &mut Errors) -> ChangeRule {
    let usual = ChangeRule::default();
    let Some(mut fields) = fields.object(name, errors) else {
        return usual;
    };
    let rule = ChangeRule {
        invitee_may: fields.flag("invitee_may", usual.invitee_may, errors),
        notice: Minutes(fields.number_or("notice_minutes", 0..=LONGEST_MINUTES, 0, errors)),
        invitee_reason: fields
            .choice("invitee_reason", REASONS, errors)
            .unwrap_or(usual.invitee_reason),
        host_reason: fields
            .choice("host_reason", REASONS, errors)
            .unwrap_or(usual.host_reason),
    };
    fields.finish(errors);
    rule
}

/// How a host's approval works.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
pub(in crate::rest::v1) struct ApprovalView {
    /// A request that nobody answers for so long expires; at its start it does in any case. Two days, unless it is said.
    #[schema(required = false, minimum = 1, maximum = 1_054_080)]
    answer_within_minutes: u32,
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> Self {
        Self {
            answer_within_minutes: approval.answer_within.get(),
        }
    }
}

/// Takes an approval out of a body; none is needed where nothing is given.
pub(super) fn read_approval(fields: &mut Fields, errors: &mut Errors) -> Option<Approval> {
    let mut fields = fields.object("approval", errors)?;
    let minutes = fields.number("answer_within_minutes", 1..=LONGEST_MINUTES, errors);
    fields.finish(errors);
    let given = minutes.and_then(|minutes| Length::new(minutes).ok());
    Some(
        given.map_or_else(Approval::default, |answer_within| Approval {
            answer_within,
        }),
    )
}

/// Whom a reminder goes to.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ReminderTo)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum ReminderToView {
    /// The invitee and guests.
    Attendees,
    /// The hosts.
    Hosts,
    /// All of them.
    Everyone,
}

const RECIPIENTS: &[(&str, ReminderTo)] = &[
    ("attendees", ReminderTo::Attendees),
    ("hosts", ReminderTo::Hosts),
    ("everyone", ReminderTo::Everyone),
];

/// A mail at a distance from the meeting.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reminder)]
pub(in crate::rest::v1) struct ReminderView {
    /// Before the start; for a follow-up, after the end.
    #[schema(example = 1440, maximum = 86_400)]
    minutes: u32,
    /// `attendees`, unless it is said.
    #[schema(required = false)]
    to: ReminderToView,
}

impl ReminderView {
    pub(super) fn list(reminders: &[Reminder]) -> Vec<Self> {
        reminders
            .iter()
            .map(|reminder| Self {
                minutes: reminder.minutes.0,
                to: match reminder.to {
                    ReminderTo::Attendees => ReminderToView::Attendees,
                    ReminderTo::Hosts => ReminderToView::Hosts,
                    ReminderTo::Everyone => ReminderToView::Everyone,
                },
            })
            .collect()
    }
}

/// Takes reminders and follow-ups out of a body; the usual ones where nothing is given.
pub(super) fn read_reminders(fields: &mut Fields, errors: &mut Errors) -> Option<Reminders> {
    let usual = Reminders::default();
    let at = fields.at("reminders");
    let mut list = |name: &str, usual: &[Reminder], errors: &mut Errors| match fields.take(name) {
        None => Some(usual.to_vec()),
        Some(item) => item.list(Reminders::MOST, errors, read_reminder),
    };
    let before = list("reminders", usual.before(), errors);
    let after = list("follow_ups", usual.after(), errors);
    match Reminders::new(before?, after?) {
        Ok(reminders) => Some(reminders),
        Err(error) => {
            errors.add(at, "reminders", error.to_string());
            None
        }
    }
}

fn read_reminder(item: Item, errors: &mut Errors) -> Option<Reminder> {
    let mut fields = item.object(errors)?;
    let farthest = Reminders::FARTHEST_DAYS * 24 * 60;
    let minutes = fields
        .need("minutes", errors)
        .and_then(|item| item.number(0..=farthest, errors));
    let to = fields.choice("to", RECIPIENTS, errors);
    fields.finish(errors);
    Some(Reminder {
        minutes: Minutes(minutes?),
        to: to.unwrap_or(ReminderTo::Attendees),
    })
}
