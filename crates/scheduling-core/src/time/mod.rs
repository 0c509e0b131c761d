//! Instants, civil time and the spans between.
//!
//! | concept | type |
//! |---|---|
//! | instant | `chrono::DateTime<Utc>`; nothing else crosses a port |
//! | zone | `chrono_tz::Tz`, parsed from an IANA name at the edge |
//! | calendar day, wall time | `chrono::NaiveDate`, [`TimeOfDay`] (which can say 24:00) |
//! | length | [`Minutes`], or [`Length`] where zero makes no sense |
//! | span of instants | [`Interval`], half-open and never empty |
//!
//! Only [`zone`] and [`local_time`] turn civil time into instants.

mod interval;
mod interval_set;
mod local;
mod minutes;
pub(crate) mod stamp;
mod time_of_day;
pub mod zone;

pub use interval::{EmptyInterval, Interval};
pub use interval_set::IntervalSet;
pub use local::{LocalTime, local_time, start_of_day};
pub use minutes::{Length, Minutes, ZeroLength};
pub use time_of_day::{DayHours, DayHoursError, TimeOfDay, TimeOfDayError, TimeWindow};
