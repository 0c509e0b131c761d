//! `kalends-load compare`: asks two servers the same things in turn, one with a small database and one with a large, and
//! prints how much longer the large one takes.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use crate::drive::expect;
use crate::http::{Connection, Server};
use crate::made::Made;
use crate::process::resident_megabytes;
use crate::tally::Tally;
use crate::visible::{booking_body, booking_path};
use crate::{Failure, output, starts};

/// Ask a server with a small database and one with a large the same, in turn, and compare
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The server with the small database
    #[arg(long, value_name = "URL")]
    small: Server,
    /// What `generate` wrote about it
    #[arg(long, value_name = "FILE")]
    small_made: PathBuf,
    /// The server with the large database
    #[arg(long, value_name = "URL")]
    large: Server,
    /// What `generate` wrote about it
    #[arg(long, value_name = "FILE")]
    large_made: PathBuf,
    /// The large server's process, whose memory is read
    #[arg(long, value_name = "PID")]
    large_pid: Option<u32>,
    /// How many times each thing is asked
    #[arg(long, default_value_t = 400)]
    rounds: usize,
    /// The largest ratio of medians that is not complained about
    #[arg(long, default_value_t = 1.5)]
    factor: f64,
    /// Print one JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

/// One kind of question, on both.
#[derive(Debug, Serialize)]
struct Compared {
    what: &'static str,
    small_p50_ms: f64,
    large_p50_ms: f64,
    ratio_p50: f64,
    small_p99_ms: f64,
    large_p99_ms: f64,
}

/// One side, with what is asked of it.
struct Side {
    server: Server,
    made: Made,
    connection: Connection,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// The slots of one host, of another host each time.
    SlotsAlone,
    /// The slots of a team.
    SlotsTeam,
    /// The slots of a team, not the same range twice, so that no answer is kept.
    SlotsAfresh,
    /// A booking by its manage token.
    Booking,
    /// The first bookings of a workspace.
    List,
    /// Those that are ahead, the next first.
    ListAhead,
    /// The same of the largest workspace there is.
    ListLargest,
    /// A booking is made.
    Book,
}

const QUESTIONS: [(Question, &str); 8] = [
    (Question::SlotsAlone, "slots, one host"),
    (Question::SlotsTeam, "slots, ten hosts"),
    (Question::SlotsAfresh, "slots, ten hosts, computed"),
    (Question::Booking, "a booking by its token"),
    (Question::List, "50 bookings of a workspace"),
    (Question::ListAhead, "50 bookings ahead"),
    (Question::ListLargest, "50 ahead, largest workspace"),
    (Question::Book, "booking"),
];

impl Side {
    async fn open(server: &Server, made: &Path) -> Result<Self, Failure> {
        let made = Made::read(made)?;
        let token = made
            .workspaces
            .first()
            .and_then(|place| place.token.as_ref());
        if token.is_none() || made.manage_tokens.is_empty() {
            return Err(Failure::Asked(
                "the database must be made by generate".to_owned(),
            ));
        }
        let mut connection = Connection::to(server);
        connection.open().await?;
        Ok(Self {
            server: server.clone(),
            made,
            connection,
        })
    }

    /// The requests of a question, prepared beforehand, with the status that answers them.
    async fn prepare(
        &mut self,
        question: Question,
        rounds: usize,
    ) -> Result<(Vec<Vec<u8>>, u16), Failure> {
        let place = &self.made.workspaces[0];
        let slug = place.slug.clone();
        let token = place.token.as_deref();
        let largest = self.made.largest().unwrap_or(place);
        let list = format!("/api/v1/workspaces/{slug}/bookings?limit=50");
        let get = |path: &str, token: Option<&str>| self.server.get(path, token);
        let team = place.teams.first().or(place.alone.first());
        let team = team.cloned().unwrap_or_default();
        let asked = (0..rounds).map(|round| match question {
            Question::SlotsAlone => {
                let event_type = &place.alone[round % place.alone.len()];
                get(&self.made.slots(&slug, event_type), None)
            }
            Question::SlotsTeam => get(&self.made.slots(&slug, &team), None),
            Question::SlotsAfresh => {
                let page = self.made.slots(&slug, &team);
                let from = format!(
                    "from={}T00:{:02}:{:02}Z",
                    self.made.from,
                    round / 60 % 60,
                    round % 60
                );
                get(
                    &page.replace(&format!("from={}", self.made.from), &from),
                    None,
                )
            }
            Question::Booking => {
                let tokens = &self.made.manage_tokens;
                get(
                    &format!("/api/v1/public/bookings/{}", tokens[round % tokens.len()]),
                    None,
                )
            }
            Question::List => get(&list, token),
            Question::ListAhead => get(&format!("{list}&status=confirmed"), token),
            Question::ListLargest => {
                let slug = &largest.slug;
                let list = format!("/api/v1/workspaces/{slug}/bookings?limit=50&status=confirmed");
                get(&list, largest.token.as_deref())
            }
            Question::Book => Vec::new(),
        });
        let requests: Vec<Vec<u8>> = asked.collect();
        if question != Question::Book {
            return Ok((requests, 200));
        }
        let mut requests = Vec::new();
        let pages: Vec<String> = place
            .alone
            .iter()
            .map(|event_type| self.made.slots(&slug, event_type))
            .collect();
        for page in pages {
            let answer = self.connection.ask(&self.server.get(&page, None)).await?;
            for start in starts::all(answer.body) {
                let body = booking_body(&start, requests.len());
                requests.push(self.server.post(&booking_path(&page)?, &body));
            }
        }
        requests.truncate(rounds);
        Ok((requests, 201))
    }

    async fn ask(&mut self, request: &[u8], status: u16, tally: &mut Tally) -> Result<(), Failure> {
        let asked = Instant::now();
        let answer = self.connection.ask(request).await?;
        let took = asked.elapsed();
        expect(status, &answer).map_err(Failure::Violation)?;
        tally.good(took, answer.body.len());
        Ok(())
    }
}

/// Runs the command.
pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let mut small = Side::open(&options.small, &options.small_made).await?;
    let mut large = Side::open(&options.large, &options.large_made).await?;
    let mut worst: f64 = 0.0;
    for (question, what) in QUESTIONS {
        let (of_small, status) = small.prepare(question, options.rounds).await?;
        let (of_large, _) = large.prepare(question, options.rounds).await?;
        let (mut small_tally, mut large_tally) = (Tally::default(), Tally::default());
        // In turn, so that whatever else the machine does weighs on both.
        for (one, other) in of_small.iter().zip(&of_large) {
            small.ask(one, status, &mut small_tally).await?;
            large.ask(other, status, &mut large_tally).await?;
        }
        let compared = compare(what, &small_tally, &large_tally);
        worst = worst.max(compared.ratio_p50);
        if options.json {
            output::json(&compared)?;
        } else {
            output::lines([format!(
                "{what}: p50 {:.2} ms against {:.2} ms, {:.2} times; p99 {:.2} against {:.2}",
                compared.large_p50_ms,
                compared.small_p50_ms,
                compared.ratio_p50,
                compared.large_p99_ms,
                compared.small_p99_ms
            )])?;
        }
    }
    if let Some(pid) = options.large_pid {
        let resident = resident_megabytes(pid)?;
        output::lines([format!("resident memory of the large one: {resident} MB")])?;
    }
    if worst > options.factor {
        return Err(Failure::Violation(format!(
            "the large database takes {worst:.2} times as long"
        )));
    }
    Ok(())
}

fn compare(what: &'static str, small: &Tally, large: &Tally) -> Compared {
    let millis = |tally: &Tally, share| tally.quantile(share) as f64 / 1000.0;
    let (small_p50_ms, large_p50_ms) = (millis(small, 0.5), millis(large, 0.5));
    Compared {
        what,
        small_p50_ms,
        large_p50_ms,
        ratio_p50: large_p50_ms / small_p50_ms,
        small_p99_ms: millis(small, 0.99),
        large_p99_ms: millis(large, 0.99),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_ratio_is_of_the_medians() {
        let (mut small, mut large) = (Tally::default(), Tally::default());
        for _ in 0..10 {
            small.good(Duration::from_millis(2), 1);
            large.good(Duration::from_millis(3), 1);
        }
        large.good(Duration::from_secs(1), 1);
        let compared = compare("slots", &small, &large);
        assert!((compared.ratio_p50 - 1.5).abs() < 0.01);
        assert!(compared.large_p99_ms > 900.0);
    }
}
