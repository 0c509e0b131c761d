//! From hours to instants.

use chrono::Weekday;

use super::Availability;
use crate::time::stamp::{DAY, Span, Stamp};
use crate::time::zone::{ZoneTable, civil_span, day_number};
use crate::time::{Interval, IntervalSet, TimeOfDay, TimeWindow};

impl Availability {
    /// The instants of `within` at which it is open.
    ///
    /// ```
    /// use chrono::{TimeZone, Utc};
    /// use scheduling_core::schedule::{Availability, WeeklyHours};
    /// use scheduling_core::time::{DayHours, Interval, TimeWindow, zone};
    ///
    /// let hours = DayHours::new(vec![TimeWindow { start: "09:00".parse()?, end: "17:00".parse()? }])?;
    /// let berlin = zone::parse("Europe/Berlin")?;
    /// let availability = Availability::new(berlin, WeeklyHours::working_week(&hours), vec![])?;
    /// let day = |d| Utc.with_ymd_and_hms(2026, 11, d, 0, 0, 0).unwrap();
    /// let open = availability.open_times(Interval::new(day(23), day(30))?);
    /// assert_eq!(open.intervals().len(), 5); // Monday to Friday
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_times(&self, within: Interval) -> IntervalSet {
        let span = Span {
            start: Stamp::of(within.start()).secs,
            end: Stamp::of(within.end()).ceil(),
        };
        Expansion::of(self, span, 0)
            .open
            .iter()
            .filter_map(|open| {
                let ends = [Stamp::whole(open.start), Stamp::whole(open.end)].map(Stamp::instant);
                Interval::new(ends[0], ends[1]).ok()?.intersect(&within)
            })
            .collect()
    }

    /// The run that an instant lies in, if it is open then.
    pub(crate) fn run_at(&self, instant: i64) -> Option<Span> {
        let table = ZoneTable::of(self.timezone);
        let local = instant + table.offset_at(instant);
        let day = local.div_euclid(DAY);
        let window = *self
            .windows_on(day)
            .iter()
            .find(|window| civil_span(day, **window).contains(local))?;
        let mut around = None;
        table.each_run(civil_span(day, window), |run| {
            if run.contains(instant) {
                around = Some(run);
            }
        });
        around
    }

    /// The windows of a date, given as days since 1970-01-01.
    fn windows_on(&self, day: i64) -> &[TimeWindow] {
        match self
            .overrides
            .binary_search_by_key(&day, |o| day_number(o.date))
        {
            Ok(place) => self.overrides[place].hours.windows(),
            Err(_ordinary) => self.week()[weekday(day)],
        }
    }

    fn week(&self) -> [&[TimeWindow]; 7] {
        use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        [Mon, Tue, Wed, Thu, Fri, Sat, Sun].map(|day| self.weekly_hours.on(day).windows())
    }

    /// How many windows its fullest date has.
    pub(crate) fn most_windows(&self) -> usize {
        let weekly = self.week().into_iter();
        let overrides = self.overrides.iter().map(|o| o.hours.windows());
        weekly.chain(overrides).map(<[_]>::len).max().unwrap_or(0)
    }

    /// Whether no weekday ever closes.
    fn is_open_all_week(&self) -> bool {
        self.week().into_iter().all(is_whole_day)
    }

    /// The first override from a day on that closes for a part of its date at least, as days since 1970-01-01.
    fn next_closing_override(&self, from: i64) -> Option<i64> {
        let passed = self
            .overrides
            .partition_point(|o| day_number(o.date) < from);
        self.overrides[passed..]
            .iter()
            .find(|o| !is_whole_day(o.hours.windows()))
            .map(|o| day_number(o.date))
    }
}

/// Whether windows fill their date.
fn is_whole_day(windows: &[TimeWindow]) -> bool {
    windows.windows(2).all(|pair| pair[0].end == pair[1].start)
        && windows
            .first()
            .is_some_and(|w| w.start == TimeOfDay::MIDNIGHT)
        && windows
            .last()
            .is_some_and(|w| w.end == TimeOfDay::END_OF_DAY)
}

/// Monday is 0. 1970-01-01 was a Thursday.
#[expect(clippy::cast_possible_truncation, reason = "a remainder of 7 fits")]
fn weekday(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}

/// An availability as instants, around a span of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expansion {
    /// Every run that has an instant in the span, whole and in order. Each is an anchor of the grid.
    pub(crate) runs: Vec<Span>,
    /// The open times that have an instant in the span: runs, joined where they touch. The last one is followed past
    /// the span as far as the question reaches.
    pub(crate) open: Vec<Span>,
}

impl Expansion {
    /// Expands around `span`. An open time that goes on at its end is followed for at least another `reach` seconds.
    pub(crate) fn of(availability: &Availability, span: Span, reach: i64) -> Self {
        let mut expansion = Self::default();
        if !span.is_empty() {
            expansion.collect_runs(availability, span);
            expansion.join_runs(span);
            expansion.follow(availability, span.end, reach);
        }
        expansion
    }

    fn collect_runs(&mut self, availability: &Availability, span: Span) {
        let table = ZoneTable::of(availability.timezone);
        let (earliest, latest) = table.offsets_within(span);
        let (first, last) = (
            (span.start + earliest).div_euclid(DAY),
            (span.end - 1 + latest).div_euclid(DAY),
        );
        let week = availability.week();
        let mut weekday = weekday(first);
        let overrides = &availability.overrides;
        let mut overrides = overrides[overrides.partition_point(|o| day_number(o.date) < first)..]
            .iter()
            .peekable();
        let mut quiet = table.quiet_time(first * DAY);
        self.runs
            .reserve(usize::try_from(last - first + 1).unwrap_or(0));
        for day in first..=last {
            let windows = match overrides.next_if(|o| day_number(o.date) == day) {
                Some(other) => other.hours.windows(),
                None => week[weekday],
            };
            weekday = if weekday == 6 { 0 } else { weekday + 1 };
            if day * DAY >= quiet.local.end {
                quiet = table.quiet_time(day * DAY);
            }
            let is_quiet = quiet.local.start <= day * DAY && (day + 1) * DAY <= quiet.local.end;
            for window in windows {
                let local = civil_span(day, *window);
                if is_quiet {
                    self.runs.push(Span {
                        start: local.start - quiet.offset,
                        end: local.end - quiet.offset,
                    });
                } else {
                    table.each_run(local, |run| self.runs.push(run));
                }
            }
        }
    }

    /// Sorts the runs (a fold interleaves those of two windows), drops those outside and joins what touches.
    fn join_runs(&mut self, span: Span) {
        if !self.runs.is_sorted() {
            self.runs.sort_unstable();
        }
        self.open.reserve(self.runs.len());
        let inside = |run: &Span| run.end > span.start && run.start < span.end;
        let before = self.runs.iter().take_while(|run| !inside(run)).count();
        self.runs.drain(..before);
        let within = self.runs.iter().take_while(|run| inside(run)).count();
        self.runs.truncate(within);
        for run in &self.runs {
            match self.open.last_mut() {
                Some(open) if open.end == run.start => open.end = run.end,
                _ => self.open.push(*run),
            }
        }
    }

    /// Follows the last open time past the end of the span, to its end or as far as `reach`.
    fn follow(&mut self, availability: &Availability, end: i64, reach: i64) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let all_week = availability.is_open_all_week();
        while open.end >= end && open.end - end < reach {
            if all_week {
                // Nothing closes before the next override that does, which may be thousands of years away. A date
                // begins and a clock change leads back less than a day from where UTC has it, hence the days between.
                let today = open.end.div_euclid(DAY);
                let closing = availability.next_closing_override(today - 2);
                let open_until = closing.map_or(end + reach, |day| (day - 1) * DAY);
                if open_until > open.end {
                    open.end = open_until.min(end + reach);
                    continue;
                }
            }
            match availability.run_at(open.end) {
                Some(run) => open.end = run.end,
                None => return,
            }
        }
    }
}
