//! Times to take instead of one that is gone.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::guest::View;
use super::links::instant;
use super::wording::{clock_time, short_date};

/// A time to take instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Alternative {
    pub value: String,
    /// "Wed 25 Nov", when it is on another day.
    pub date: Option<String>,
    pub time: String,
}

/// Starts as the reader's clock shows them.
pub(super) fn alternatives(
    starts: &[DateTime<Utc>],
    wanted: DateTime<Utc>,
    view: View,
) -> Vec<Alternative> {
    let day = wanted.with_timezone(&view.zone).date_naive();
    starts
        .iter()
        .map(|start| {
            let local = start.with_timezone(&view.zone);
            Alternative {
                value: instant(*start),
                date: (local.date_naive() != day).then(|| short_date(local.date_naive())),
                time: clock_time(&local, view.cycle),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::super::sample;
    use super::*;

    #[test]
    fn alternatives_name_their_day_only_when_it_is_another() {
        let starts = [
            sample::at("2026-11-24T13:30:00Z"),
            sample::at("2026-11-25T00:30:00Z"),
        ];
        let wanted = sample::at("2026-11-24T14:00:00Z");
        let lisbon = alternatives(&starts, wanted, sample::view(Tz::Europe__Lisbon));
        assert_eq!(lisbon[0].date, None);
        assert_eq!(lisbon[1].date.as_deref(), Some("Wed 25 Nov"));
        let new_york = alternatives(&starts, wanted, sample::view(Tz::America__New_York));
        assert_eq!(
            (new_york[1].date.as_deref(), new_york[1].time.as_str()),
            (None, "19:30")
        );
    }
}
