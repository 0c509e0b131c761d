//! Candidate starts: `run.start + k × slot_interval`, and the ruler on which each has a place.

use std::ops::Range;

use super::bits;
use super::rules::Starts;
use crate::time::stamp::Span;

/// A ruler over a span of time, on which every candidate start lies on a mark.
///
/// Its step is the greatest that hits every anchor and the slot interval, so a mark a bit is as few bits as there can
/// be: 2880 for thirty days of quarter hours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ruler {
    /// The instant of mark 0.
    base: i64,
    step: i64,
    /// 2⁶⁴ / `step`, rounded up: multiplying is quicker than dividing.
    reciprocal: u64,
    marks: usize,
    /// The length of the ruler.
    length: i64,
}

/// No range is as long, so a longer step has no second mark; and numbers up to here divide exactly by reciprocals.
const LONGEST_STEP: i64 = 1 << 28;

impl Ruler {
    /// A ruler for the runs' candidates within `span`, with at most `max_marks`. `None` when there is no run.
    pub(super) fn new<'a>(
        runs: impl Iterator<Item = &'a Span>,
        interval: i64,
        span: Span,
        max_marks: usize,
    ) -> Option<Self> {
        let mut runs = runs;
        let anchor = runs.next()?.start;
        let step = runs.fold(interval, |step, run| {
            common_divisor(step, (run.start - anchor).abs())
        });
        // The first instant of the span that is a whole number of steps from the anchors.
        let base = anchor - (anchor - span.start).div_euclid(step) * step;
        let step = step.min(LONGEST_STEP);
        let marks = match span.end - base {
            length if length > 0 => usize::try_from((length - 1) / step + 1).unwrap_or(max_marks),
            _ => 0,
        };
        let marks = marks.min(max_marks);
        Some(Self {
            base,
            step,
            #[expect(clippy::cast_sign_loss, reason = "a step is at least 1 second")]
            reciprocal: (u64::MAX / step as u64).wrapping_add(1),
            marks,
            length: i64::try_from(marks).unwrap_or(0) * step,
        })
    }

    pub(super) fn words(&self) -> usize {
        self.marks.div_ceil(bits::WORD)
    }

    /// The instant of the first mark that is not on the ruler any more.
    pub(super) fn end(&self) -> i64 {
        self.at(self.marks)
    }

    /// The instant of a mark.
    #[inline]
    #[expect(clippy::cast_possible_wrap, reason = "a place on the ruler is small")]
    pub(super) fn at(&self, mark: usize) -> i64 {
        self.base + mark as i64 * self.step
    }

    /// The mark of an instant, if it lies on one.
    pub(super) fn mark_of(&self, instant: i64) -> Option<usize> {
        let mark = self.first_from(instant);
        (mark < self.marks && self.at(mark) == instant).then_some(mark)
    }

    /// The first mark at or after an instant.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the ruler, and half of a product is half as long"
    )]
    pub(super) fn first_from(&self, instant: i64) -> usize {
        let from_base = (instant - self.base).clamp(0, self.length) as u64;
        if self.step == 1 {
            return from_base as usize;
        }
        let rounded_up = from_base + (self.step - 1) as u64;
        ((u128::from(rounded_up) * u128::from(self.reciprocal)) >> 64) as usize
    }

    /// The marks whose instants lie in a range of starts.
    #[inline]
    pub(super) fn marks_in(&self, starts: Starts) -> Range<usize> {
        self.first_from(starts.from.ceil())..self.first_from(starts.to.ceil())
    }

    /// Sets the bits of a run's candidates.
    pub(super) fn set_candidates(&self, grid: &mut [u64], run: Span, interval: i64) {
        let mut first = run.start;
        if first < self.base {
            first += (self.base - first + interval - 1) / interval * interval;
        }
        let marks = self.first_from(first)..self.first_from(run.end);
        let stride = usize::try_from((interval / self.step).max(1)).unwrap_or(usize::MAX);
        bits::set_every(grid, marks, stride);
    }
}

/// Whether an instant is a candidate of the run it lies in.
pub(super) fn is_candidate(run: Span, instant: i64, interval: i64) -> bool {
    (instant - run.start) % interval == 0
}

/// Euclid's. `b` may be 0.
fn common_divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
