//! Messages about accounts: an invitation, a forgotten password, a changed one.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_core::directory::Role;
use scheduling_core::effect::AccountNotice;
use scheduling_core::notification::AccountNotification;
use serde::Serialize;

use crate::address::one_line;
use crate::local_time::Moment;

/// A message about an account as a template sees it.
#[derive(Debug, Serialize)]
pub(crate) struct AccountContext {
    /// `invitation`, `password_reset` or `password_changed`: also the folder of its templates.
    pub(crate) kind: &'static str,
    /// The reader's name; empty where it is not known.
    name: String,
    email: String,
    /// The link, where there is one.
    link: Option<String>,
    /// Until when it works. Nobody's zone is known here: in UTC.
    until: Option<Moment>,
    /// How long that is from when the message is made: `7 days`, `an hour`.
    works_for: String,
    /// The workspace somebody is invited to; empty elsewhere.
    workspace: String,
    /// Who invites; empty elsewhere.
    inviter: String,
    /// `owner`, `admin` or `member`; empty elsewhere.
    role: &'static str,
}

impl AccountContext {
    pub(crate) fn new(notification: &AccountNotification) -> Self {
        let AccountNotification {
            at,
            name,
            email,
            about,
            link,
            ..
        } = notification;
        let (kind, expires_at) = match about {
            AccountNotice::Invitation { expires_at, .. } => ("invitation", Some(*expires_at)),
            AccountNotice::PasswordReset { expires_at } => ("password_reset", Some(*expires_at)),
            AccountNotice::PasswordChanged => ("password_changed", None),
        };
        let (workspace, inviter, role) = match about {
            AccountNotice::Invitation {
                workspace,
                inviter,
                role,
                ..
            } => (
                one_line(workspace.as_str()),
                one_line(inviter.as_str()),
                match role {
                    Role::Owner => "owner",
                    Role::Admin => "admin",
                    Role::Member => "member",
                },
            ),
            AccountNotice::PasswordReset { .. } | AccountNotice::PasswordChanged => {
                (String::new(), String::new(), "")
            }
        };
        Self {
            kind,
            name: name
                .as_ref()
                .map(|name| one_line(name.as_str()))
                .unwrap_or_default(),
            email: email.to_string(),
            link: link.clone(),
            until: expires_at.map(|until| Moment::new(until, Tz::UTC)),
            works_for: expires_at
                .map(|until| works_for(*at, until))
                .unwrap_or_default(),
            workspace,
            inviter,
            role,
        }
    }
}

/// A length of time in whole days, hours or minutes, rounded: the message may take a moment.
fn works_for(from: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let seconds = (until - from).num_seconds();
    let minutes = ((seconds + 30) / 60).max(1);
    let hours = (seconds + 1800) / 3600;
    let days = (seconds + 43_200) / 86_400;
    match (minutes, hours, days) {
        (1, ..) => "a minute".to_owned(),
        (2..=55, ..) => format!("{minutes} minutes"),
        (_, ..=1, _) => "an hour".to_owned(),
        (_, 2..=47, _) => format!("{hours} hours"),
        (_, _, days) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn how_long_a_link_works_is_said_as_people_say_it() {
        let from: DateTime<Utc> = "2026-11-20T09:15:00Z".parse().unwrap();
        let said = |length| works_for(from, from + length);
        for (length, words) in [
            (TimeDelta::seconds(-5), "a minute"),
            (TimeDelta::seconds(70), "a minute"),
            (TimeDelta::minutes(30), "30 minutes"),
            (TimeDelta::seconds(3570), "an hour"),
            (TimeDelta::hours(1), "an hour"),
            (TimeDelta::hours(2), "2 hours"),
            (TimeDelta::hours(24), "24 hours"),
            (TimeDelta::days(7) - TimeDelta::minutes(3), "7 days"),
        ] {
            assert_eq!(said(length), words);
        }
    }
}
