//! A zone's clock changes as integers.
//!
//! chrono-tz answers "which offset holds at this instant?" and keeps its list of changes to itself, so the list is found
//! by asking: once a zone, the first time it is needed, in about a millisecond.

use std::sync::{LazyLock, OnceLock};

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::time::stamp::{DAY, Span};

/// The first clock change of any zone is in 1845, the last listed one before 2100. Beyond, offsets stay as they are.
const PROBED: Span = Span {
    start: -4_102_444_800,
    end: 4_449_513_600,
};

/// No zone changes its clock twice within four days (Freetown, 1939, comes closest), so none of these steps hides two.
const PROBE_STEP: i64 = 3 * DAY;

/// Offsets are smaller than a day, so wall time and UTC differ by less.
const MAX_OFFSET: i64 = DAY;

/// The stretches of constant offset of a zone: stretch `i` lasts from `changes[i - 1]` to `changes[i]`.
pub(crate) struct ZoneTable {
    changes: Vec<i64>,
    offsets: Vec<i64>,
}

/// Wall times that only one stretch of constant offset shows, with that offset.
#[derive(Clone, Copy)]
pub(crate) struct QuietTime {
    pub(crate) local: Span,
    pub(crate) offset: i64,
}

impl ZoneTable {
    /// The table of a zone. It is built once and kept.
    pub(crate) fn of(zone: Tz) -> &'static Self {
        static TABLES: LazyLock<Vec<OnceLock<ZoneTable>>> =
            LazyLock::new(|| TZ_VARIANTS.iter().map(|_| OnceLock::new()).collect());
        // A `Tz` is an enum without data whose variants are listed in order.
        TABLES[zone as usize].get_or_init(|| Self::probe(zone))
    }

    fn probe(zone: Tz) -> Self {
        let offset = |instant: i64| {
            let instant = DateTime::from_timestamp(instant, 0).unwrap_or_default();
            i64::from(
                zone.offset_from_utc_datetime(&instant.naive_utc())
                    .fix()
                    .local_minus_utc(),
            )
        };
        let mut changes = Vec::new();
        let mut offsets = vec![offset(PROBED.start)];
        let (mut before, mut held) = (PROBED.start, offsets[0]);
        while before < PROBED.end {
            let after = before + PROBE_STEP;
            let holds = offset(after);
            if holds != held {
                // The change lies in `(low, high]`.
                let (mut low, mut high) = (before, after);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if offset(middle) == held {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                changes.push(high);
                offsets.push(holds);
            }
            (before, held) = (after, holds);
        }
        Self { changes, offsets }
    }

    /// Local time minus UTC at an instant, in seconds.
    pub(crate) fn offset_at(&self, instant: i64) -> i64 {
        self.offsets[self.stretch_at(instant)]
    }

    /// The smallest and the largest offset that hold within a span of instants.
    pub(crate) fn offsets_within(&self, span: Span) -> (i64, i64) {
        let within = &self.offsets[self.stretch_at(span.start)..=self.stretch_at(span.end)];
        within
            .iter()
            .fold((i64::MAX, i64::MIN), |(least, most), &offset| {
                (least.min(offset), most.max(offset))
            })
    }

    /// The instants whose wall clock reads inside `local`, in order, joined where they touch.
    pub(crate) fn each_run(&self, local: Span, mut found: impl FnMut(Span)) {
        let mut pending: Option<Span> = None;
        let mut stretch = self.stretch_at(local.start - MAX_OFFSET);
        loop {
            let lasts = self.stretch(stretch);
            if lasts.start >= local.end.saturating_add(MAX_OFFSET) {
                break;
            }
            let offset = self.offsets[stretch];
            let run = Span {
                start: (local.start - offset).max(lasts.start),
                end: (local.end - offset).min(lasts.end),
            };
            if !run.is_empty() {
                match &mut pending {
                    Some(before) if before.end == run.start => before.end = run.end,
                    _ => {
                        if let Some(complete) = pending.replace(run) {
                            found(complete);
                        }
                    }
                }
            }
            if stretch == self.changes.len() {
                break;
            }
            stretch += 1;
        }
        if let Some(complete) = pending {
            found(complete);
        }
    }

    /// The quiet time that a wall time lies in, or the next one if it is near a clock change.
    pub(crate) fn quiet_time(&self, local: i64) -> QuietTime {
        let stretch = self.stretch_at(local - MAX_OFFSET);
        let lasts = self.stretch(stretch);
        QuietTime {
            local: Span {
                start: lasts.start.saturating_add(MAX_OFFSET),
                end: lasts.end.saturating_sub(MAX_OFFSET),
            },
            offset: self.offsets[stretch],
        }
    }

    fn stretch_at(&self, instant: i64) -> usize {
        self.changes.partition_point(|&change| change <= instant)
    }

    fn stretch(&self, stretch: usize) -> Span {
        Span {
            start: match stretch.checked_sub(1) {
                Some(before) => self.changes[before],
                None => i64::MIN,
            },
            end: self.changes.get(stretch).copied().unwrap_or(i64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_say_what_chrono_tz_says() {
        // An hour-odd step would take long over all zones; a prime number of seconds visits every phase of the day.
        for zone in TZ_VARIANTS.iter().copied().step_by(23) {
            let table = ZoneTable::of(zone);
            let mut instant = PROBED.start - 1_000_003;
            while instant < PROBED.end + 900_000_000 {
                let at = DateTime::from_timestamp(instant, 0).unwrap();
                let expected = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
                assert_eq!(
                    table.offset_at(instant),
                    i64::from(expected.local_minus_utc()),
                    "{zone} at {at}"
                );
                instant += 259_001;
            }
        }
    }

    #[test]
    fn every_zone_has_its_own_table() {
        for (place, zone) in TZ_VARIANTS.iter().enumerate() {
            assert_eq!(*zone as usize, place);
        }
    }
}
