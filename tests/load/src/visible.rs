//! Books in between, and looks whether every node knows at once.
//!
//! A start is taken from a page and booked. As soon as that is acknowledged, every node is asked for its page. While any of
//! them still offers the start, the next try is for the same one: it must succeed, for nobody else books, and so a page
//! that offered what is taken was stale. With one host, the start is gone from every page after the first booking; with
//! twenty, when the last of them who was free is booked.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use crate::Failure;
use crate::drive::complaint;
use crate::http::{Connection, Server};
use crate::starts;
use crate::tally::{Figures, Tally};

/// What to book, how often, and who must know.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(crate) servers: Vec<Server>,
    /// The page, whose event type is booked.
    pub(crate) path: String,
    /// Tries a second; none at all when 0.
    pub(crate) rate: f64,
    /// How long to wait before the first.
    pub(crate) begin: Duration,
    pub(crate) length: Duration,
}

/// What was seen.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Seen {
    /// Bookings that were acknowledged.
    pub(crate) booked: u64,
    /// Pages that were asked for right after.
    pub(crate) pages: u64,
    /// Pages that were wrong: node, start, what.
    pub(crate) violations: Vec<String>,
    /// How long bookings took.
    pub(crate) latency: Figures,
}

impl Seen {
    /// As lines for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{} booked in between; {} pages looked at right after, {} of them wrong",
            self.booked,
            self.pages,
            self.violations.len()
        )];
        lines.extend(self.violations.iter().map(|wrong| format!("  {wrong}")));
        lines.extend(self.latency.lines());
        lines
    }

    /// That something was booked, and no page was wrong.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.booked == 0 {
            return Err(Failure::Violation("nothing could be booked".to_owned()));
        }
        if !self.latency.errors.is_empty() {
            return Err(Failure::Violation("a try was not answered".to_owned()));
        }
        if !self.violations.is_empty() {
            let wrong = self.violations.len();
            return Err(Failure::Violation(format!("{wrong} pages were stale")));
        }
        Ok(())
    }
}

/// The path that books what a page of slots offers.
pub(crate) fn booking_path(page: &str) -> Result<String, Failure> {
    let (event_type, _) = page
        .split_once("/slots")
        .ok_or_else(|| Failure::Asked(format!("{page} is no page of slots")))?;
    Ok(format!("{event_type}/bookings"))
}

/// The body that books a start.
pub(crate) fn booking_body(start: &str, guest: usize) -> String {
    format!(
        r#"{{"start":"{start}","invitee":{{"name":"Load Guest {guest}","email":"guest-{guest}@example.org","timezone":"Europe/Berlin"}}}}"#
    )
}

/// Books and looks, for as long as is said.
pub(crate) async fn watch(watch: &Watch) -> Result<Seen, Failure> {
    let mut seen = Seen {
        booked: 0,
        pages: 0,
        violations: Vec::new(),
        latency: Tally::default().figures("bookings in between", watch.length),
    };
    if watch.rate <= 0.0 {
        return Ok(seen);
    }
    let mut tally = Tally::default();
    let mut nodes: Vec<Connection> = watch.servers.iter().map(Connection::to).collect();
    let page: Vec<Vec<u8>> = watch
        .servers
        .iter()
        .map(|server| server.get(&watch.path, None))
        .collect();
    let path = booking_path(&watch.path)?;
    let first = nodes[0].ask(&page[0]).await?;
    let Some(mut start) = starts::all(first.body).into_iter().next() else {
        return Err(Failure::Asked("the page offers nothing to book".to_owned()));
    };
    let begin = Instant::now() + watch.begin;
    // What each node has said of the start since it was last booked.
    let mut said: Vec<bool> = Vec::new();
    let mut free: Vec<String> = Vec::new();
    for turn in 0_u32.. {
        let at = begin + Duration::from_secs_f64(f64::from(turn) / watch.rate);
        if at >= begin + watch.length {
            break;
        }
        sleep_until(at).await;
        let guest = turn as usize;
        let server = guest % nodes.len();
        let request = watch.servers[server].post(&path, &booking_body(&start, guest));
        let asked = Instant::now();
        let answer = nodes[server].ask(&request).await?;
        let was_free = match answer.status {
            201 => {
                tally.good(asked.elapsed(), answer.body.len());
                true
            }
            409 => false,
            _ => {
                tally.bad(complaint(&answer));
                continue;
            }
        };
        seen.booked += u64::from(was_free);
        for (node, offered) in said.drain(..).enumerate() {
            if offered != was_free {
                let said = if offered { "offered" } else { "hid" };
                let did = if was_free { "was free" } else { "was taken" };
                seen.violations
                    .push(format!("node {node} {said} {start}, which {did}"));
            }
        }
        for (node, page) in nodes.iter_mut().zip(&page) {
            let answer = node.ask(page).await?;
            if answer.status == 200 {
                seen.pages += 1;
                said.push(starts::offers(&answer, &start));
                free = starts::all(answer.body);
            } else {
                tally.bad(complaint(&answer));
            }
        }
        if !was_free || !said.contains(&true) {
            // A page may be stale; the next start must only be one that it offers.
            let behind = free.drain(..).find(|next| *next > start);
            let Some(next) = behind else { break };
            start = next;
            said.clear();
        }
    }
    seen.latency = tally.figures("bookings in between", watch.length);
    Ok(seen)
}
