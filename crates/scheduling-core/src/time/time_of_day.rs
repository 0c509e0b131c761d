//! Wall time on one date: 00:00 to 24:00, and the windows between.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A wall time in minutes, from 00:00 to 24:00 (which chrono's `NaiveTime` cannot say).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct TimeOfDay(u16);

/// A text that is no wall time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a time from 00:00 to 24:00")]
pub struct TimeOfDayError(String);

impl TimeOfDay {
    /// 00:00.
    pub const MIDNIGHT: Self = Self(0);
    /// 24:00, the end of the day.
    pub const END_OF_DAY: Self = Self(24 * 60);

    /// The wall time `minutes` after 00:00, up to 1440.
    ///
    /// # Errors
    /// [`TimeOfDayError`] beyond 24:00.
    pub fn from_minutes(minutes: u16) -> Result<Self, TimeOfDayError> {
        if minutes <= 24 * 60 {
            Ok(Self(minutes))
        } else {
            Err(TimeOfDayError(format!(
                "{:02}:{:02}",
                minutes / 60,
                minutes % 60
            )))
        }
    }

    /// Minutes after 00:00 on the clock's face.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl FromStr for TimeOfDay {
    type Err = TimeOfDayError;

    fn from_str(text: &str) -> Result<Self, TimeOfDayError> {
        let refused = || TimeOfDayError(text.chars().take(16).collect());
        let &[h1, h2, b':', m1, m2] = text.as_bytes() else {
            return Err(refused());
        };
        let digit = |b: u8| {
            if b.is_ascii_digit() {
                Ok(u16::from(b - b'0'))
            } else {
                Err(refused())
            }
        };
        let (hours, minutes) = (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?);
        if minutes > 59 {
            return Err(refused());
        }
        Self::from_minutes(hours * 60 + minutes).map_err(|_too_late| refused())
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = TimeOfDayError;

    fn try_from(text: String) -> Result<Self, TimeOfDayError> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Wall times `[start, end)` on one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TimeWindow {
    /// When it opens.
    pub start: TimeOfDay,
    /// When it closes.
    pub end: TimeOfDay,
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

/// Why the windows of a day were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DayHoursError {
    /// A window that ends when or before it starts.
    #[error("the window {0} must end after it starts; hours past midnight are two windows")]
    Reversed(TimeWindow),
    /// Two windows share time.
    #[error("the windows {0} and {1} overlap")]
    Overlap(TimeWindow, TimeWindow),
}

/// The open windows of one date: in order, disjoint; they may touch. None means closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Vec<TimeWindow>", into = "Vec<TimeWindow>")
)]
pub struct DayHours(Vec<TimeWindow>);

impl DayHours {
    /// No window at all.
    pub const CLOSED: Self = Self(Vec::new());

    /// Takes windows in any order.
    ///
    /// # Errors
    /// [`DayHoursError`] when one is empty or reversed, or two overlap.
    pub fn new(mut windows: Vec<TimeWindow>) -> Result<Self, DayHoursError> {
        if let Some(reversed) = windows.iter().find(|w| w.start >= w.end) {
            return Err(DayHoursError::Reversed(*reversed));
        }
        windows.sort_unstable();
        if let Some(pair) = windows.windows(2).find(|pair| pair[1].start < pair[0].end) {
            return Err(DayHoursError::Overlap(pair[0], pair[1]));
        }
        Ok(Self(windows))
    }

    /// The windows, in order.
    pub fn windows(&self) -> &[TimeWindow] {
        &self.0
    }

    /// Whether no window is open.
    pub fn is_closed(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<TimeWindow>> for DayHours {
    type Error = DayHoursError;

    fn try_from(windows: Vec<TimeWindow>) -> Result<Self, DayHoursError> {
        Self::new(windows)
    }
}

impl From<DayHours> for Vec<TimeWindow> {
    fn from(hours: DayHours) -> Self {
        hours.0
    }
}
