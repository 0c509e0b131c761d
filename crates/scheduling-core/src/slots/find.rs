//! The search: a bit for every mark of a ruler, a row of bits for every host, and rules that strike bits out.
//!
//! 1. Every distinct availability is expanded to instants once.
//! 2. A [`Ruler`] is laid over the range; the candidates of the grid are set on it.
//! 3. A host's row begins as the candidates at which the meeting fits into the hours. Each busy interval, reservation
//!    and full period strikes out the starts it forbids, without being sorted first.
//! 4. [`combine`] finds the marks at which every group has enough hosts and writes the answer.
//!
//! Rows are bounded: a range too fine for them is searched in slices.

use super::bits;
use super::combine::{self, Rows};
use super::grid::Ruler;
use super::rules::{self, Meeting, OpenSession};
use super::{HostTime, SlotRequest, Slots, sessions};
use crate::schedule::{Availability, Expansion};
use crate::time::stamp::{Span, Stamp};

/// How many words all rows of a slice may take: a megabyte.
const MAX_WORDS: usize = 1 << 17;
/// A row is at least so long, however many hosts there are.
const MIN_WORDS_A_ROW: usize = 1 << 9;
/// How many runs a slice may expand to.
const MAX_RUNS: i64 = 1 << 19;

/// Finds every start that is offered, in order, with all the hosts that can take it.
pub fn find(request: &SlotRequest<'_>) -> Slots {
    let mut answer = Slots {
        words_per_slot: request.hosts.len().div_ceil(bits::WORD),
        ..Slots::default()
    };
    let Some(range) = request.range else {
        return answer;
    };
    let search = Search::new(request);
    let (span, holes) = bookable_span(request, Stamp::of(range.start()), Stamp::of(range.end()));
    let mut length = search.slice_length();
    let mut from = span.start;
    while from < span.end {
        let slice = Span {
            start: from,
            end: span.end.min(from.saturating_add(length)),
        };
        let reached = search.slice(slice, &holes, &mut answer);
        length = length.min(reached - from);
        from = reached;
    }
    if request.rules.capacity.is_group() {
        sessions::complete(request, &search.sessions, &mut answer);
    }
    answer
}

/// The whole seconds of the range that the rules on starts leave, and the holes they have within it.
fn bookable_span(request: &SlotRequest<'_>, from: Stamp, to: Stamp) -> (Span, Vec<rules::Starts>) {
    let mut span = Span {
        start: from.ceil(),
        end: to.ceil(),
    };
    let mut holes = Vec::new();
    for (_, forbidden) in rules::on_start(request) {
        let (from, to) = (forbidden.from.ceil(), forbidden.to.ceil());
        if from <= span.start {
            span.start = span.start.max(to);
        } else if to >= span.end {
            span.end = span.end.min(from);
        } else {
            holes.push(forbidden);
        }
    }
    (span, holes)
}

struct Search<'r, 'a> {
    request: &'r SlotRequest<'a>,
    meeting: Meeting,
    interval: i64,
    /// The distinct availabilities: equal ones are expanded once.
    hours: Vec<&'a Availability>,
    /// By place in the roster, which of `hours` are the host's. `None` without hours, or in no group.
    hours_of_host: Vec<Option<usize>>,
    /// Which of `hours` are the event type's own.
    event_hours: Option<usize>,
    sessions: Vec<OpenSession>,
}

impl<'r, 'a> Search<'r, 'a> {
    fn new(request: &'r SlotRequest<'a>) -> Self {
        let mut distinct = Distinct::default();
        let event_hours = request.availability.map(|hours| distinct.place_of(hours));
        let mut hours_of_host = vec![None; request.hosts.len()];
        for (place, host) in request.grouped_hosts() {
            hours_of_host[place] = host.availability.map(|hours| distinct.place_of(hours));
        }
        Self {
            request,
            meeting: Meeting::of(request.rules),
            interval: request.rules.slot_interval.seconds(),
            hours: distinct.hours,
            hours_of_host,
            event_hours,
            sessions: rules::open_sessions(request),
        }
    }

    /// How long a slice may be so that the runs of all hours together stay bounded.
    fn slice_length(&self) -> i64 {
        let runs_a_day: usize = self.hours.iter().map(|hours| hours.most_windows()).sum();
        let days = MAX_RUNS / i64::try_from(runs_a_day.max(1)).unwrap_or(MAX_RUNS);
        days.max(1) * crate::time::stamp::DAY
    }

    /// Searches a slice as far as the rows reach, and says how far that was.
    fn slice(&self, slice: Span, holes: &[rules::Starts], answer: &mut Slots) -> i64 {
        let expanded: Vec<Expansion> = self
            .hours
            .iter()
            .map(|hours| Expansion::of(hours, slice, self.meeting.duration))
            .collect();
        let anchors = match self.event_hours {
            Some(own) => &expanded[own..=own],
            None => &expanded,
        };
        let words_a_row = (MAX_WORDS / self.request.hosts.len()).max(MIN_WORDS_A_ROW);
        let runs = anchors.iter().flat_map(|expansion| &expansion.runs);
        let max_marks = words_a_row * bits::WORD;
        let Some(ruler) = Ruler::new(runs, self.interval, slice, max_marks) else {
            return slice.end;
        };

        let mut grid = vec![0; ruler.words()];
        for run in anchors.iter().flat_map(|expansion| &expansion.runs) {
            ruler.set_candidates(&mut grid, *run, self.interval);
        }
        for hole in holes {
            bits::clear_range(&mut grid, ruler.marks_in(*hole));
        }

        let mut rows = self.rows_within_hours(&ruler, &grid, &expanded);
        for (place, host) in self.request.grouped_hosts() {
            self.strike_out(host, &ruler, rows.row_mut(place));
        }
        sessions::join(&self.sessions, &ruler, &grid, &mut rows);
        combine::write(self.request, &ruler, &rows, answer);
        ruler.end().min(slice.end)
    }

    /// A row for each host: the candidates at which the meeting fits into the hours.
    fn rows_within_hours(&self, ruler: &Ruler, grid: &[u64], expanded: &[Expansion]) -> Rows {
        let fitting: Vec<Vec<u64>> = expanded
            .iter()
            .map(|expansion| {
                let mut row = vec![0; grid.len()];
                for open in &expansion.open {
                    bits::set_range(&mut row, ruler.marks_in(self.meeting.fits(*open)));
                }
                bits::intersect(&mut row, grid);
                row
            })
            .collect();
        let mut rows = Rows::new(grid.len(), self.request.hosts.len());
        for (place, own) in self.hours_of_host.iter().enumerate() {
            let hours = own.or(self.event_hours.filter(|_| self.request.in_a_group[place]));
            match hours {
                Some(hours) => rows.push(&fitting[hours]),
                None => rows.push_empty(),
            }
            if let (Some(_), Some(event)) = (own, self.event_hours) {
                bits::intersect(rows.row_mut(place), &fitting[event]);
            }
        }
        rows
    }

    /// Strikes out of a host's row what the host's time forbids.
    fn strike_out(&self, host: &HostTime<'_>, ruler: &Ruler, row: &mut [u64]) {
        for busy in host.busy {
            let forbidden = self.meeting.busy(busy).with_buffers;
            bits::clear_range(row, ruler.marks_in(forbidden));
        }
        for reservation in host.reservations {
            let forbidden = self.meeting.reservation(reservation).with_buffers;
            bits::clear_range(row, ruler.marks_in(forbidden));
        }
        for (_, full) in rules::full_periods(self.request, host) {
            bits::clear_range(row, ruler.marks_in(full));
        }
    }
}

/// Collects availabilities, equal ones once.
#[derive(Default)]
struct Distinct<'a> {
    hours: Vec<&'a Availability>,
    /// Side by side, so that looking through them is one sweep.
    fingerprints: Vec<u64>,
}

impl<'a> Distinct<'a> {
    fn place_of(&mut self, hours: &'a Availability) -> usize {
        let fingerprint = hours.fingerprint();
        let alike = self.fingerprints.iter().enumerate();
        let known = alike
            .filter(|(_, known)| **known == fingerprint)
            .map(|(place, _)| place)
            .find(|&place| std::ptr::eq(self.hours[place], hours) || self.hours[place] == hours);
        known.unwrap_or_else(|| {
            self.hours.push(hours);
            self.fingerprints.push(fingerprint);
            self.hours.len() - 1
        })
    }
}
