//! `kalends-load slots`: how fast pages of slots are answered, and whether a booking is seen at once.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::drive::{Pace, Round, drive};
use crate::http::Server;
use crate::visible::{self, Seen};
use crate::{Failure, output};

/// Ask for slots as fast as they come or at a fixed rate, and report throughput and latency
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A node, such as <http://127.0.0.1:8000>; several share the load
    #[arg(long = "url", value_name = "URL", required = true)]
    urls: Vec<Server>,
    /// What to ask for, as `scene` and `generate` print it; several take turns
    #[arg(long = "path", value_name = "PATH", required = true, value_parser = path)]
    paths: Vec<String>,
    /// Connections, each asking one thing at a time
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long to measure
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How long to ask before
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
    /// Requests a second instead of as many as possible; latency then counts from when each was due
    #[arg(long)]
    rate: Option<f64>,
    /// Bookings a second in between, each of which every node must show at once; the first path's event type is booked
    #[arg(long, value_name = "RATE")]
    with_bookings: Option<f64>,
    /// A process whose processor time is told, with that of its children; several are added up
    #[arg(long = "pid", value_name = "PID")]
    pids: Vec<u32>,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
}

/// What a run found.
#[derive(Debug, Serialize)]
struct Found {
    slots: crate::tally::Figures,
    bookings: Option<Seen>,
}

/// A path of a server.
fn path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') || text.contains(char::is_whitespace) {
        return Err("must begin with / and have no spaces".to_owned());
    }
    Ok(text.to_owned())
}

/// Runs the command.
pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let first = &options.urls[0];
    let requests = options.paths.iter().map(|path| first.get(path, None));
    let source = Rc::new(RefCell::new(Round::new(requests)));
    let pace = Pace {
        connections: options.connections,
        warm_up: Duration::from_secs_f64(options.warm_up),
        length: Duration::from_secs_f64(options.seconds),
        rate: options.rate,
    };
    let asking = drive(&options.urls, pace, source, &options.pids);
    let watch = visible::Watch {
        servers: options.urls.clone(),
        path: options.paths[0].clone(),
        rate: options.with_bookings.unwrap_or_default(),
        begin: pace.warm_up,
        length: pace.length,
    };
    let (measured, seen) = tokio::join!(asking, visible::watch(&watch));
    let (measured, seen) = (measured?, seen?);
    let found = Found {
        slots: measured.figures("slots"),
        bookings: options.with_bookings.map(|_rate| seen.clone()),
    };
    if options.json {
        output::json(&found)?;
    } else {
        output::lines(found.slots.lines())?;
        output::lines(found.bookings.iter().flat_map(Seen::lines))?;
    }
    if options.with_bookings.is_some() {
        seen.check()?;
    }
    if found.slots.answers == 0 || !found.slots.errors.is_empty() {
        return Err(Failure::Violation("not every page was answered".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_line_that_begins_with_a_slash() {
        assert_eq!(path("/api?x=1").as_deref(), Ok("/api?x=1"));
        for wrong in ["", "api", "/a b", "/a\r\nhost: b"] {
            assert!(path(wrong).is_err(), "{wrong}");
        }
    }
}
