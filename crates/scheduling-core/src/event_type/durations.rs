//! How long a meeting can last: one length, or several that the invitee chooses from.

use thiserror::Error;

use crate::time::Length;

/// Why a list of durations was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DurationsError {
    /// One is shorter or longer than a meeting can be.
    #[error("a meeting lasts from {} minutes to {} hours", Durations::SHORTEST, Durations::LONGEST / 60)]
    OutOfRange,
    /// There are too many.
    #[error("there must be at most {} durations", Durations::MOST)]
    TooMany,
    /// One stands there twice.
    #[error("a duration stands there twice")]
    Twice,
}

/// How far apart candidate starts stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum SlotSteps {
    /// As the rules' slot interval says, whatever the duration.
    #[default]
    Interval,
    /// A whole meeting apart, whichever duration is chosen.
    Duration,
}

/// What an invitee can choose instead of the default duration, which is the rules' own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawDurations", into = "RawDurations")
)]
pub struct Durations {
    others: Vec<Length>,
    /// How far apart starts stand.
    pub steps: SlotSteps,
}

impl Durations {
    /// The shortest meeting, in minutes.
    pub const SHORTEST: u32 = 5;
    /// The longest meeting, in minutes: a day.
    pub const LONGEST: u32 = 24 * 60;
    /// The largest number of further durations.
    pub const MOST: usize = 11;

    /// Takes the durations beside the default, in any order.
    ///
    /// # Errors
    /// [`DurationsError`].
    pub fn new(mut others: Vec<Length>, steps: SlotSteps) -> Result<Self, DurationsError> {
        if others.len() > Self::MOST {
            return Err(DurationsError::TooMany);
        }
        for duration in &others {
            Self::check(*duration)?;
        }
        others.sort_unstable();
        if others.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(DurationsError::Twice);
        }
        Ok(Self { others, steps })
    }

    /// Whether a meeting can last that long.
    ///
    /// # Errors
    /// [`DurationsError::OutOfRange`].
    pub fn check(duration: Length) -> Result<(), DurationsError> {
        if (Self::SHORTEST..=Self::LONGEST).contains(&duration.get()) {
            Ok(())
        } else {
            Err(DurationsError::OutOfRange)
        }
    }

    /// The durations beside the default, the shortest first.
    pub fn others(&self) -> &[Length] {
        &self.others
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[derive(Default)]
struct RawDurations {
    others: Vec<Length>,
    steps: SlotSteps,
}

#[cfg(feature = "serde")]
impl TryFrom<RawDurations> for Durations {
    type Error = DurationsError;

    fn try_from(raw: RawDurations) -> Result<Self, DurationsError> {
        Self::new(raw.others, raw.steps)
    }
}

#[cfg(feature = "serde")]
impl From<Durations> for RawDurations {
    fn from(durations: Durations) -> Self {
        Self {
            others: durations.others,
            steps: durations.steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(minutes: &[u32]) -> Vec<Length> {
        minutes.iter().map(|m| Length::new(*m).unwrap()).collect()
    }

    #[test]
    fn durations_are_sorted_bounded_and_each_there_once() {
        let durations = Durations::new(lengths(&[60, 5, 1440]), SlotSteps::Interval).unwrap();
        assert_eq!(durations.others(), lengths(&[5, 60, 1440]));
        let refused = |minutes: &[u32]| Durations::new(lengths(minutes), SlotSteps::Interval);
        assert_eq!(refused(&[4]), Err(DurationsError::OutOfRange));
        assert_eq!(refused(&[1441]), Err(DurationsError::OutOfRange));
        assert_eq!(refused(&[30, 30]), Err(DurationsError::Twice));
        assert_eq!(refused(&[5; 12]), Err(DurationsError::TooMany));
    }
}
