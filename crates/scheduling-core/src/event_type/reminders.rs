//! When people hear of a booking again: before it, and after.

use thiserror::Error;

use crate::time::Minutes;

/// Whom a reminder goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum ReminderTo {
    /// The invitee and the invitee's guests.
    Attendees,
    /// The hosts.
    Hosts,
    /// All of them.
    Everyone,
}

impl ReminderTo {
    /// Whether it goes to the invitee and guests.
    pub const fn attendees(self) -> bool {
        matches!(self, Self::Attendees | Self::Everyone)
    }

    /// Whether it goes to the hosts.
    pub const fn hosts(self) -> bool {
        matches!(self, Self::Hosts | Self::Everyone)
    }
}

/// A mail at a distance from the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reminder {
    /// Minutes before the start; for a follow-up, after the end.
    pub minutes: Minutes,
    /// To whom.
    pub to: ReminderTo,
}

/// Why reminders were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RemindersError {
    /// There are too many.
    #[error(
        "there must be at most {} reminders and as many follow-ups",
        Reminders::MOST
    )]
    TooMany,
    /// One is too far from the meeting.
    #[error("must be within {} days of the meeting", Reminders::FARTHEST_DAYS)]
    TooFar,
    /// Two go out at the same time.
    #[error("two go out at the same time")]
    Twice,
}

/// The reminders before a meeting and the follow-ups after it, the farthest first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawReminders", into = "RawReminders")
)]
pub struct Reminders {
    before: Vec<Reminder>,
    after: Vec<Reminder>,
}

impl Reminders {
    /// The largest number of each kind.
    pub const MOST: usize = 5;
    /// How far from the meeting, in days.
    pub const FARTHEST_DAYS: u32 = 60;

    /// Takes reminders and follow-ups, in any order.
    ///
    /// # Errors
    /// [`RemindersError`].
    pub fn new(
        mut before: Vec<Reminder>,
        mut after: Vec<Reminder>,
    ) -> Result<Self, RemindersError> {
        for list in [&mut before, &mut after] {
            if list.len() > Self::MOST {
                return Err(RemindersError::TooMany);
            }
            if list
                .iter()
                .any(|r| r.minutes.0 > Self::FARTHEST_DAYS * 24 * 60)
            {
                return Err(RemindersError::TooFar);
            }
            list.sort_by_key(|r| std::cmp::Reverse(r.minutes));
            if list
                .windows(2)
                .any(|pair| pair[0].minutes == pair[1].minutes)
            {
                return Err(RemindersError::Twice);
            }
        }
        Ok(Self { before, after })
    }

    /// No mail but those that something happens for.
    pub fn none() -> Self {
        Self {
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// Before the start, the farthest first.
    pub fn before(&self) -> &[Reminder] {
        &self.before
    }

    /// After the end, the farthest first.
    pub fn after(&self) -> &[Reminder] {
        &self.after
    }
}

impl Default for Reminders {
    /// A day and an hour before the start, to the invitee and guests; no follow-up.
    fn default() -> Self {
        let reminder = |minutes| Reminder {
            minutes: Minutes(minutes),
            to: ReminderTo::Attendees,
        };
        Self {
            before: vec![reminder(24 * 60), reminder(60)],
            after: Vec::new(),
        }
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawReminders {
    before: Vec<Reminder>,
    after: Vec<Reminder>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawReminders> for Reminders {
    type Error = RemindersError;

    fn try_from(raw: RawReminders) -> Result<Self, RemindersError> {
        Self::new(raw.before, raw.after)
    }
}

#[cfg(feature = "serde")]
impl From<Reminders> for RawReminders {
    fn from(reminders: Reminders) -> Self {
        Self {
            before: reminders.before,
            after: reminders.after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_stand_farthest_first_and_are_bounded() {
        let at = |minutes| Reminder {
            minutes: Minutes(minutes),
            to: ReminderTo::Everyone,
        };
        let reminders = Reminders::new(vec![at(60), at(1440)], vec![]).unwrap();
        assert_eq!(reminders.before(), [at(1440), at(60)]);
        assert_eq!(
            Reminders::new(vec![at(60), at(60)], vec![]),
            Err(RemindersError::Twice)
        );
        assert_eq!(
            Reminders::new(vec![], vec![at(60 * 24 * 60 + 1)]),
            Err(RemindersError::TooFar)
        );
        let six = (0..6).map(at).collect();
        assert_eq!(Reminders::new(six, vec![]), Err(RemindersError::TooMany));
    }
}
