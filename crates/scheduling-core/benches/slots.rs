//! How long the engine takes: `find` on each scenario file of `benches/scenarios`, and its parts alone.
//!
//! Reading the files and preparing the request are outside the timed part.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use chrono::{TimeDelta, TimeZone, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use scheduling_core::scenario::SlotScenario;
use scheduling_core::slots;
use scheduling_core::time::Interval;

fn scenarios() -> Vec<(String, SlotScenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/scenarios");
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("the scenarios are part of the crate")
        .map(|entry| {
            let path = entry.expect("a folder entry").path();
            let name = path.file_stem().expect("a file name").display().to_string();
            let text = fs::read_to_string(&path).expect("a readable scenario");
            let scenario = SlotScenario::parse(&text).expect("a scenario");
            (name, scenario)
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

fn find(c: &mut Criterion) {
    let mut group = c.benchmark_group("find");
    for (name, scenario) in scenarios() {
        let request = scenario.request();
        group.bench_function(&name, |b| b.iter(|| slots::find(black_box(&request))));
    }
}

/// What a caller pays in all who has the hosts' time at hand and asks once.
fn prepare_and_find(c: &mut Criterion) {
    let mut group = c.benchmark_group("prepare_and_find");
    for (name, scenario) in scenarios() {
        group.bench_function(&name, |b| {
            b.iter(|| slots::find(black_box(&black_box(&scenario).request())));
        });
    }
}

/// The least that any engine has to do: write an answer that is known already.
fn write_the_answer(c: &mut Criterion) {
    let mut group = c.benchmark_group("write_the_answer");
    for (name, scenario) in scenarios() {
        let answer = slots::find(&scenario.request());
        group.bench_function(&name, |b| b.iter(|| black_box(&answer).clone()));
    }
}

fn expand(c: &mut Criterion) {
    let mut group = c.benchmark_group("expand");
    let start = Utc.with_ymd_and_hms(2027, 1, 4, 0, 0, 0).unwrap();
    let scenarios = scenarios();
    let (_, scenario) = scenarios
        .iter()
        .find(|(name, _)| name == "one_host_30_days")
        .expect("the scenario is there");
    let hours = scenario.hosts[0]
        .availability
        .as_ref()
        .expect("the host's hours");
    for days in [30, 365] {
        let within = Interval::new(start, start + TimeDelta::days(days)).expect("a span");
        group.bench_function(format!("{days}_days"), |b| {
            b.iter(|| black_box(hours).open_times(black_box(within)));
        });
    }
}

fn explain(c: &mut Criterion) {
    let mut group = c.benchmark_group("explain");
    for (name, scenario) in scenarios() {
        let request = scenario.request();
        let middle = Utc.with_ymd_and_hms(2027, 1, 4, 15, 0, 0).unwrap();
        group.bench_function(&name, |b| {
            b.iter(|| slots::explain(black_box(&request), black_box(middle)));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500));
    targets = find, prepare_and_find, write_the_answer, expand, explain
}
criterion_main!(benches);
