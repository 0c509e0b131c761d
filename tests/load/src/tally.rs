//! What a run has measured.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Latencies and mistakes, while they are counted.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    latencies: Histogram<u64>,
    bytes: u64,
    errors: BTreeMap<String, u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            // Microseconds, up to a minute, to three digits.
            latencies: Histogram::new_with_bounds(1, 60_000_000, 3)
                .expect("the bounds are in order"),
            bytes: 0,
            errors: BTreeMap::new(),
        }
    }
}

impl Tally {
    /// Counts an answer that was as it should be.
    pub(crate) fn good(&mut self, latency: Duration, bytes: usize) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latencies.saturating_record(micros);
        self.bytes += bytes as u64;
    }

    /// Counts one that was not.
    pub(crate) fn bad(&mut self, reason: String) {
        *self.errors.entry(reason).or_default() += 1;
    }

    /// How many were as they should be.
    pub(crate) fn count(&self) -> u64 {
        self.latencies.len()
    }

    /// The latency below which a share of the answers was, in microseconds.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        self.latencies.value_at_quantile(share)
    }

    /// The mean of the latencies, in microseconds.
    pub(crate) fn mean(&self) -> f64 {
        self.latencies.mean()
    }

    /// The figures of a run that took so long.
    pub(crate) fn figures(&self, name: &str, took: Duration) -> Figures {
        let millis = |micros: u64| micros as f64 / 1000.0;
        Figures {
            name: name.to_owned(),
            seconds: took.as_secs_f64(),
            answers: self.count(),
            per_second: self.count() as f64 / took.as_secs_f64(),
            mean_bytes: self.bytes / self.count().max(1),
            p50_ms: millis(self.quantile(0.5)),
            p90_ms: millis(self.quantile(0.9)),
            p99_ms: millis(self.quantile(0.99)),
            p999_ms: millis(self.quantile(0.999)),
            max_ms: millis(self.latencies.max()),
            processor_us: 0.0,
            errors: self.errors.clone(),
        }
    }
}

/// The figures of one run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figures {
    pub(crate) name: String,
    pub(crate) seconds: f64,
    pub(crate) answers: u64,
    pub(crate) per_second: f64,
    pub(crate) mean_bytes: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p90_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
    pub(crate) max_ms: f64,
    /// Processor time an answer, of the processes that were named; 0 when none was.
    pub(crate) processor_us: f64,
    /// What went wrong, and how often.
    pub(crate) errors: BTreeMap<String, u64>,
}

impl Figures {
    /// The figures as lines for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{}: {:.0}/s ({} in {:.1} s, {} bytes each); p50 {:.2} ms, p90 {:.2}, p99 {:.2}, p99.9 {:.2}, max {:.2}",
            self.name,
            self.per_second,
            self.answers,
            self.seconds,
            self.mean_bytes,
            self.p50_ms,
            self.p90_ms,
            self.p99_ms,
            self.p999_ms,
            self.max_ms,
        )];
        if self.processor_us > 0.0 {
            lines.push(format!("  processor time {:.0} µs each", self.processor_us));
        }
        lines.extend(
            self.errors
                .iter()
                .map(|(reason, count)| format!("  {count} times: {reason}")),
        );
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_throughput_are_of_what_went_well() {
        let mut tally = Tally::default();
        for millis in 1..=100 {
            tally.good(Duration::from_millis(millis), 10);
        }
        tally.bad("503".to_owned());
        let figures = tally.figures("slots", Duration::from_secs(2));
        assert_eq!(figures.answers, 100);
        assert!((figures.per_second - 50.0).abs() < 1e-9);
        assert!((figures.p50_ms - 50.0).abs() < 0.1, "{}", figures.p50_ms);
        assert!((figures.p99_ms - 99.0).abs() < 0.1, "{}", figures.p99_ms);
        assert!((figures.max_ms - 100.0).abs() < 0.1, "{}", figures.max_ms);
        assert_eq!(figures.errors["503"], 1);
        assert!(figures.lines()[1].contains("1 times: 503"));
    }
}
