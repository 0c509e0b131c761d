//! How many rows a second a move copies, and how long each part of it takes.
//!
//! ```text
//! cargo run --release -p scheduling-persistence --example move_rows_per_second -- sqlite:FROM.db postgres://…/TO
//! ```
//!
//! It is a real move: the source is marked afterwards, so give it a copy.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement: it prints, and stops at what is unexpected"
)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use scheduling_persistence::{MoveRequest, MoveStep, move_database};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (from, to) = (arguments.next().unwrap(), arguments.next().unwrap());
    let began = Instant::now();
    let parts = Mutex::new((began, BTreeMap::<String, Duration>::new()));
    let observer = |step: &MoveStep<'_>| {
        let part = match step {
            MoveStep::Examined { table, .. } => format!("1 read {table}"),
            MoveStep::Verifying(side) => format!("read or compared before verifying the {side}"),
            MoveStep::Migrated => "2 verified the source, migrated".to_owned(),
            MoveStep::Writing { table } | MoveStep::Copied { table, .. } => {
                format!("3 copied {table}")
            }
            MoveStep::Compared { table } => format!("4 compared {table}"),
            MoveStep::SourceMarked => "5 verified the target, analyzed".to_owned(),
            MoveStep::Begun { .. } | MoveStep::Finished => "6 marked".to_owned(),
        };
        let (last, spent) = &mut *parts.lock().unwrap();
        *spent.entry(part).or_default() += last.elapsed();
        *last = Instant::now();
    };
    let report = move_database(
        MoveRequest::new(&from, &to, DateTime::<Utc>::UNIX_EPOCH),
        &observer,
    )
    .await
    .unwrap();
    let took = began.elapsed();
    for (part, spent) in &parts.lock().unwrap().1 {
        println!("{:>9.2} s  {part}", spent.as_secs_f64());
    }
    let rows: u64 = report.tables.iter().map(|table| table.rows).sum();
    println!(
        "{rows} rows in {:.1} s: {:.0} rows/s, everything included",
        took.as_secs_f64(),
        rows as f64 / took.as_secs_f64()
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
    println!("{}", peak.unwrap_or("VmHWM: unknown"));
}
