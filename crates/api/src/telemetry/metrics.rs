//! The figures themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use scheduling_core::ports::{AnswerSource, BookingOutcome};

use super::names;
use super::process::{ProcessFigures, count};
use super::requests::RequestFigures;
use crate::http::gate::Gate;

/// The figures of one server. Cloning is cheap, and clones are one.
#[derive(Clone)]
pub struct Metrics(pub(super) Arc<Inner>);

/// What is counted at every request is found once and kept.
pub(super) struct Inner {
    register: Register,
    handle: PrometheusHandle,
    pub(super) requests: RequestFigures,
    pub(super) refused_rate: Counter,
    pub(super) refused_overload: Counter,
    pub(super) answered_from_memory: Counter,
    pub(super) answered_computed: Counter,
    pub(super) compute_duration: Histogram,
    pub(super) bookings: BTreeMap<BookingOutcome, Counter>,
    pub(super) holds: BTreeMap<BookingOutcome, Counter>,
    pub(super) conflicts: Counter,
}

/// Where figures are entered.
pub(super) struct Register(PrometheusRecorder);

const METADATA: Metadata<'static> = Metadata::new("kalends", Level::INFO, None);

fn key(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    let labels: Vec<Label> = labels
        .iter()
        .map(|(label, value)| Label::new(*label, SharedString::from_owned((*value).to_owned())))
        .collect();
    Key::from_parts(name, labels)
}

impl Register {
    pub(super) fn counter(&self, name: &'static str, labels: &[(&'static str, &str)]) -> Counter {
        self.0.register_counter(&key(name, labels), &METADATA)
    }

    pub(super) fn gauge(&self, name: &'static str, labels: &[(&'static str, &str)]) -> Gauge {
        self.0.register_gauge(&key(name, labels), &METADATA)
    }

    pub(super) fn histogram(
        &self,
        name: &'static str,
        labels: &[(&'static str, &str)],
    ) -> Histogram {
        self.0.register_histogram(&key(name, labels), &METADATA)
    }
}

impl Metrics {
    /// Figures that all stand at zero.
    ///
    /// # Panics
    /// Never: the buckets are no empty list.
    pub fn new() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&names::BUCKETS)
            .expect("there are buckets")
            .build_recorder();
        for (name, about) in names::ALL {
            // What a name stands for is told whatever kind of figure it is.
            recorder.describe_gauge((*name).into(), None, (*about).into());
        }
        let handle = recorder.handle();
        let register = Register(recorder);
        let outcomes = |name: &'static str| {
            BookingOutcome::ALL
                .into_iter()
                .map(|outcome| {
                    let counter = register.counter(name, &[("outcome", outcome.as_str())]);
                    (outcome, counter)
                })
                .collect::<BTreeMap<_, _>>()
        };
        let (bookings, holds) = (outcomes(names::BOOKINGS), outcomes(names::HOLDS));
        let answered =
            |from: AnswerSource| register.counter(names::ANSWERS, &[("from", from.as_str())]);
        let refused =
            |reason: &'static str| register.counter(names::REFUSED, &[("reason", reason)]);
        register
            .gauge(names::BUILD, &[("version", env!("CARGO_PKG_VERSION"))])
            .set(1.0);
        Self(Arc::new(Inner {
            handle,
            requests: RequestFigures::default(),
            refused_rate: refused("rate_limited"),
            refused_overload: refused("overloaded"),
            answered_from_memory: answered(AnswerSource::Memory),
            answered_computed: answered(AnswerSource::Computed),
            compute_duration: register.histogram(names::COMPUTE_DURATION, &[]),
            bookings,
            holds,
            conflicts: register.counter(names::CONFLICTS, &[]),
            register,
        }))
    }

    pub(super) fn register(&self) -> &Register {
        &self.0.register
    }

    /// How many requests a line lets in and keeps waiting right now.
    pub(super) fn line(&self, name: &str, line: &Gate) {
        let labels = [("line", name)];
        let figure = |figure, number| self.register().gauge(figure, &labels).set(count(number));
        figure(names::LINE_INSIDE, line.inside());
        figure(names::LINE_WAITING, line.waiting());
    }

    /// How many requests were sent away so far because a line was full or did not move on.
    pub(super) fn overloaded(&self, refused: u64) {
        self.0.refused_overload.absolute(refused);
    }

    /// Sorts what was measured into its buckets. It piles up until then or until the next [`render`](Self::render), so
    /// call it every few seconds.
    pub fn tidy(&self) {
        self.0.handle.run_upkeep();
    }

    /// Everything, as Prometheus reads it (text format 0.0.4).
    pub fn render(&self) -> String {
        // Descriptions that were entered last show from here on.
        self.tidy();
        let mut text = self.0.handle.render();
        ProcessFigures::read().write(&mut text);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
