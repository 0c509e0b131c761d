//! `kalends-load simulate`: what cannot be measured on one machine, predicted from what was.
//!
//! Requests come at random, as those of many strangers do. Each is worked on by one of the nodes, chosen at random, on one
//! of its cores, and then by the database that all nodes share, on one of its. Whoever finds all cores busy waits in line.
//! The costs are processor time that was measured; what the network takes is not part of the model.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::random::Random;
use crate::tally::Tally;
use crate::{Failure, output};

/// Predict latency from measured costs, for any number of nodes and requests
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Requests a second
    #[arg(long)]
    rate: f64,
    /// Nodes, among which requests are spread
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// Cores of each node
    #[arg(long, default_value_t = 2)]
    cores: usize,
    /// Processor time that a request takes on a node, in microseconds
    #[arg(long)]
    node_us: f64,
    /// Cores of the database
    #[arg(long, default_value_t = 2)]
    database_cores: usize,
    /// Processor time that a request takes in the database, in microseconds; none when it runs in the node
    #[arg(long, default_value_t = 0.0)]
    database_us: f64,
    /// How much of a cost varies, from 0 (always the same) to 1 (as varied as a random wait)
    #[arg(long, default_value_t = 0.5)]
    variation: f64,
    /// How many requests are played
    #[arg(long, default_value_t = 1_000_000)]
    requests: usize,
    /// The same seed plays the same
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of a line
    #[arg(long)]
    json: bool,
}

/// A prediction.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Predicted {
    /// How busy the nodes are, from 0 to 1 and beyond.
    nodes_busy: f64,
    database_busy: f64,
    mean_ms: f64,
    p50_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let predicted = predict(options)?;
    if options.json {
        return output::json(&predicted);
    }
    output::lines([format!(
        "{:.0}/s on {} nodes: nodes {:.0} % busy, database {:.0} %; mean {:.2} ms, p50 {:.2}, p99 {:.2}, p99.9 {:.2}",
        options.rate,
        options.nodes,
        predicted.nodes_busy * 100.0,
        predicted.database_busy * 100.0,
        predicted.mean_ms,
        predicted.p50_ms,
        predicted.p99_ms,
        predicted.p999_ms
    )])
}

fn predict(options: &Options) -> Result<Predicted, Failure> {
    let asked = |what: &str| Failure::Asked(what.to_owned());
    if options.nodes == 0 || options.cores == 0 || options.database_cores == 0 {
        return Err(asked("there must be a node and a core"));
    }
    if options.rate <= 0.0 || options.node_us < 0.0 || options.database_us < 0.0 {
        return Err(asked("rates and costs must not be negative"));
    }
    if !(0.0..=1.0).contains(&options.variation) {
        return Err(asked("the variation must be from 0 to 1"));
    }
    let mut random = Random::new(options.seed);
    let (mut nodes, mut now) = (vec![Cores::new(options.cores); options.nodes], 0.0);
    // When each leaves its node, and when it came.
    let mut between = Vec::with_capacity(options.requests);
    for _ in 0..options.requests {
        now += wait(&mut random, 1e6 / options.rate);
        let chosen = random.below(options.nodes as u64);
        let node = &mut nodes[usize::try_from(chosen).unwrap_or(0)];
        let cost = cost(&mut random, options.node_us, options.variation);
        between.push((node.work(now, cost), now));
    }
    between.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let mut database = Cores::new(options.database_cores);
    let mut tally = Tally::default();
    for (at, came) in between {
        let left = if options.database_us > 0.0 {
            let cost = cost(&mut random, options.database_us, options.variation);
            database.work(at, cost)
        } else {
            at
        };
        tally.good(Duration::from_secs_f64((left - came) / 1e6), 0);
    }
    let millis = |share| tally.quantile(share) as f64 / 1000.0;
    let busy = |cost: f64, cores: usize| options.rate * cost / 1e6 / cores as f64;
    Ok(Predicted {
        nodes_busy: busy(options.node_us, options.cores * options.nodes),
        database_busy: busy(options.database_us, options.database_cores),
        mean_ms: tally.mean() / 1000.0,
        p50_ms: millis(0.5),
        p99_ms: millis(0.99),
        p999_ms: millis(0.999),
    })
}

/// Cores that share one line: when each is free.
#[derive(Debug, Clone)]
struct Cores(Vec<f64>);

impl Cores {
    /// All free.
    fn new(count: usize) -> Self {
        Self(vec![0.0; count])
    }

    /// Works as soon as a core is free, and answers when it is done. In microseconds, those who come in order.
    fn work(&mut self, at: f64, cost: f64) -> f64 {
        let first = self.0.iter_mut().min_by(|one, other| one.total_cmp(other));
        let Some(free) = first else { return at };
        *free = free.max(at) + cost;
        *free
    }
}

/// A random wait: exponential.
fn wait(random: &mut Random, mean: f64) -> f64 {
    let unit = (random.next() >> 11) as f64 / (1_u64 << 53) as f64;
    -mean * (1.0 - unit).ln()
}

fn cost(random: &mut Random, mean: f64, variation: f64) -> f64 {
    mean * (1.0 - variation) + wait(random, mean * variation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            rate: 5000.0,
            nodes: 1,
            cores: 1,
            node_us: 100.0,
            database_cores: 1,
            database_us: 0.0,
            variation: 1.0,
            requests: 400_000,
            seed: 1,
            json: false,
        }
    }

    #[test]
    fn one_core_behaves_as_theory_says() {
        // M/M/1 at half its capacity: the mean is cost / (1 - busy) = 200 µs, and the p99 is the mean times ln 100.
        let predicted = predict(&options()).unwrap();
        assert!((predicted.nodes_busy - 0.5).abs() < 1e-9);
        assert!((predicted.mean_ms - 0.2).abs() < 0.01, "{predicted:?}");
        assert!((predicted.p99_ms - 0.921).abs() < 0.06, "{predicted:?}");
    }

    #[test]
    fn a_cost_that_never_varies_waits_half_as_long() {
        // M/D/1 at half: the mean is cost * (1 + busy / (2 * (1 - busy))) = 150 µs.
        let steady = Options {
            variation: 0.0,
            ..options()
        };
        let predicted = predict(&steady).unwrap();
        assert!((predicted.mean_ms - 0.15).abs() < 0.01, "{predicted:?}");
    }

    #[test]
    fn more_nodes_help_until_the_database_is_the_bottleneck() {
        let with = |nodes| {
            let options = Options {
                nodes,
                rate: 9000.0,
                cores: 2,
                node_us: 200.0,
                database_us: 90.0,
                ..options()
            };
            predict(&options).unwrap()
        };
        let (one, four, forty) = (with(1), with(4), with(40));
        assert!(four.p99_ms < one.p99_ms);
        // The line at the database is the same however many nodes there are.
        assert!((forty.database_busy - four.database_busy).abs() < 1e-9);
        assert!(forty.p99_ms > four.p99_ms / 2.0);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for wrong in [
            Options {
                nodes: 0,
                ..options()
            },
            Options {
                rate: 0.0,
                ..options()
            },
            Options {
                variation: 1.5,
                ..options()
            },
            Options {
                node_us: -1.0,
                ..options()
            },
        ] {
            assert!(predict(&wrong).is_err(), "{wrong:?}");
        }
    }
}
