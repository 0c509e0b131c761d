//! Availability: when somebody can be booked at all, in their own wall time.

mod date_override;
mod expand;
mod weekly_hours;

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono_tz::Tz;
use thiserror::Error;

pub use date_override::DateOverride;
pub(crate) use expand::Expansion;
pub use weekly_hours::WeeklyHours;

use crate::ids::{ScheduleId, UserId, WorkspaceId};
use crate::text::Title;

/// Why an availability was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AvailabilityError {
    /// Two overrides name the same date.
    #[error("two overrides name {0}; a date has one")]
    DuplicateOverride(chrono::NaiveDate),
}

/// Hours in a zone: weekly hours, and the dates that differ.
///
/// It stands for **the set of instants whose wall-clock reading in its zone falls into a window of that date**. So a
/// clock change needs no special case: a gap shortens a window, a fold lengthens or splits it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawAvailability", into = "RawAvailability")
)]
pub struct Availability {
    /// A hash of the rest, so that most unequal ones are told apart at a glance. First, so that `==` begins with it.
    fingerprint: u64,
    timezone: Tz,
    weekly_hours: WeeklyHours,
    /// Sorted by date; one a date.
    overrides: Vec<DateOverride>,
}

impl Availability {
    /// Puts hours and overrides (in any order) into a zone.
    ///
    /// # Errors
    /// [`AvailabilityError::DuplicateOverride`] when two overrides name one date.
    pub fn new(
        timezone: Tz,
        weekly_hours: WeeklyHours,
        mut overrides: Vec<DateOverride>,
    ) -> Result<Self, AvailabilityError> {
        overrides.sort_by_key(|o| o.date);
        if let Some(pair) = overrides
            .windows(2)
            .find(|pair| pair[0].date == pair[1].date)
        {
            return Err(AvailabilityError::DuplicateOverride(pair[0].date));
        }
        let mut hasher = DefaultHasher::new();
        (timezone, &weekly_hours, &overrides).hash(&mut hasher);
        Ok(Self {
            fingerprint: hasher.finish(),
            timezone,
            weekly_hours,
            overrides,
        })
    }

    /// Equal availabilities have equal fingerprints.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The zone its wall times are read in.
    pub fn timezone(&self) -> Tz {
        self.timezone
    }

    /// The hours of an ordinary week.
    pub fn weekly_hours(&self) -> &WeeklyHours {
        &self.weekly_hours
    }

    /// The dates that differ, in order.
    pub fn overrides(&self) -> &[DateOverride] {
        &self.overrides
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAvailability {
    #[serde(with = "crate::time::zone::by_name")]
    timezone: Tz,
    weekly_hours: WeeklyHours,
    #[serde(default)]
    overrides: Vec<DateOverride>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawAvailability> for Availability {
    type Error = AvailabilityError;

    fn try_from(raw: RawAvailability) -> Result<Self, AvailabilityError> {
        Self::new(raw.timezone, raw.weekly_hours, raw.overrides)
    }
}

#[cfg(feature = "serde")]
impl From<Availability> for RawAvailability {
    fn from(availability: Availability) -> Self {
        Self {
            timezone: availability.timezone,
            weekly_hours: availability.weekly_hours,
            overrides: availability.overrides,
        }
    }
}

/// Whose schedule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", content = "id", rename_all = "snake_case")
)]
pub enum ScheduleOwner {
    /// A person's.
    Person(UserId),
    /// The whole workspace's: event types can name it, and its default holds for hosts who have no default of their own.
    Workspace(WorkspaceId),
}

/// An availability schedule: a named availability, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AvailabilitySchedule {
    /// Its id.
    pub id: ScheduleId,
    /// The workspace in which it was made.
    pub workspace: WorkspaceId,
    /// Whose it is.
    pub owner: ScheduleOwner,
    /// What its owner calls it, such as "Working hours".
    pub name: Title,
    /// Whether it holds for event types that name no other. An owner has one default.
    pub is_default: bool,
    /// The hours.
    pub availability: Availability,
    /// Grows at every change; an update names the version it read.
    pub version: u32,
}
