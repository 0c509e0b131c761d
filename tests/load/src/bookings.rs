//! `kalends-load bookings`: books different hosts as fast as it is answered, and counts afterwards what is there.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use scheduling_core::ids::BookingId;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde::Serialize;
use uuid::Uuid;

use crate::drive::{Job, Pace, Round, Source, drive, expect};
use crate::http::{Answer, Connection, Server};
use crate::made::Made;
use crate::tally::Figures;
use crate::visible::{booking_body, booking_path};
use crate::{Failure, output, starts};

/// How many bookings are looked for at once.
const LOOKED_FOR: usize = 500;

/// Book different hosts as fast as possible, and count afterwards that everything is there
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A node, such as <http://127.0.0.1:8000>; several share the load
    #[arg(long = "url", value_name = "URL", required = true)]
    urls: Vec<Server>,
    /// What `generate` wrote about its database
    #[arg(long, value_name = "FILE")]
    made: PathBuf,
    /// The database, to count in it afterwards
    #[arg(long, value_name = "URL")]
    database: String,
    /// Connections, each booking one slot at a time
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// How long to measure
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Bookings a second instead of as many as possible; latency then counts from when each was due
    #[arg(long)]
    rate: Option<f64>,
    /// How many hosts are booked, in turn
    #[arg(long, default_value_t = 500)]
    hosts: usize,
    /// Pages of slots a second meanwhile, of the hosts that are booked
    #[arg(long, value_name = "RATE")]
    with_slots: Option<f64>,
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
    bookings: Figures,
    slots: Option<Figures>,
    stored: Stored,
}

/// What the database has of the bookings that were acknowledged.
#[derive(Debug, Default, Serialize)]
struct Stored {
    acknowledged: u64,
    bookings: u64,
    claims: u64,
    hosts: u64,
    attendees: u64,
    history: u64,
    outbox: u64,
}

/// Slots to book, and the bookings that were acknowledged.
struct Queue {
    requests: VecDeque<Rc<[u8]>>,
    acknowledged: Vec<Uuid>,
}

impl Source for Queue {
    fn next(&mut self) -> Option<Job> {
        let request = self.requests.pop_front()?;
        Some(Job { request, number: 0 })
    }

    fn judge(&mut self, _number: usize, answer: &Answer<'_>) -> Result<(), String> {
        expect(201, answer)?;
        let id = booking_id(answer.body).ok_or("the answer names no booking")?;
        self.acknowledged.push(id);
        Ok(())
    }
}

/// The booking that an answer names.
fn booking_id(body: &[u8]) -> Option<Uuid> {
    let prefix = format!("\"{}_", BookingId::KIND);
    let at = starts::find(body, prefix.as_bytes())? + prefix.len();
    let rest = &body[at..];
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

/// Runs the command.
pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let made = Made::read(&options.made)?;
    let server = &options.urls[0];
    let pages: Vec<String> = made
        .alone()
        .take(options.hosts)
        .map(|(workspace, event_type)| made.slots(workspace, event_type))
        .collect();
    let queue = Rc::new(RefCell::new(Queue {
        requests: requests(server, &pages).await?,
        acknowledged: Vec::new(),
    }));
    let offered = queue.borrow().requests.len();
    let pace = Pace {
        connections: options.connections,
        warm_up: Duration::from_secs(1),
        length: Duration::from_secs_f64(options.seconds),
        rate: options.rate,
    };
    let booking: Rc<RefCell<dyn Source>> = Rc::<RefCell<Queue>>::clone(&queue);
    let asking = async {
        let Some(rate) = options.with_slots else {
            return Ok(None);
        };
        let round = Round::new(pages.iter().map(|page| server.get(page, None)));
        let pace = Pace {
            connections: 8,
            rate: Some(rate),
            ..pace
        };
        let measured = drive(&options.urls, pace, Rc::new(RefCell::new(round)), &[]).await?;
        Ok::<_, Failure>(Some(measured.figures("slots meanwhile")))
    };
    let booking = drive(&options.urls, pace, booking, &options.pids);
    let (measured, slots) = tokio::join!(booking, asking);
    let acknowledged = std::mem::take(&mut queue.borrow_mut().acknowledged);
    let found = Found {
        bookings: measured?.figures("bookings"),
        slots: slots?,
        stored: stored(&options.database, &acknowledged).await?,
    };
    if options.json {
        output::json(&found)?;
    } else {
        output::lines(found.bookings.lines())?;
        output::lines(found.slots.iter().flat_map(Figures::lines))?;
        output::lines([format!("{:?}", found.stored)])?;
    }
    found.stored.check()?;
    if queue.borrow().requests.is_empty() {
        return Err(Failure::Asked(format!(
            "all {offered} slots were booked before the time was over; ask for more --hosts"
        )));
    }
    if !found.bookings.errors.is_empty() {
        return Err(Failure::Violation("not every booking was made".to_owned()));
    }
    Ok(())
}

/// A request for each slot that is offered: the first of each host, then the second of each, and so on.
async fn requests(server: &Server, pages: &[String]) -> Result<VecDeque<Rc<[u8]>>, Failure> {
    let mut connection = Connection::to(server);
    let mut offers = Vec::new();
    for page in pages {
        let answer = connection.ask(&server.get(page, None)).await?;
        expect(200, &answer).map_err(Failure::Asked)?;
        offers.push((booking_path(page)?, starts::all(answer.body)));
    }
    let mut requests = VecDeque::new();
    for turn in 0.. {
        let before = requests.len();
        for (path, starts) in &offers {
            if let Some(start) = starts.get(turn) {
                let body = booking_body(start, requests.len());
                requests.push_back(Rc::from(server.post(path, &body)));
            }
        }
        if requests.len() == before {
            break;
        }
    }
    Ok(requests)
}

async fn stored(database: &str, acknowledged: &[Uuid]) -> Result<Stored, Failure> {
    let connection = Database::connect(database).await?;
    let mut stored = Stored {
        acknowledged: acknowledged.len() as u64,
        ..Stored::default()
    };
    for ids in acknowledged.chunks(LOOKED_FOR) {
        stored.bookings += count(&connection, "bookings", "id", ids).await?;
        stored.claims += count(&connection, "claims", "booking_id", ids).await?;
        stored.hosts += count(&connection, "booking_hosts", "booking_id", ids).await?;
        stored.attendees += count(&connection, "attendees", "booking_id", ids).await?;
        stored.history += count(&connection, "booking_history", "booking_id", ids).await?;
        stored.outbox += count(&connection, "outbox", "booking_id", ids).await?;
    }
    connection.close().await?;
    Ok(stored)
}

/// How many of the bookings have a row in a table.
async fn count(
    connection: &DatabaseConnection,
    table: &str,
    column: &str,
    ids: &[Uuid],
) -> Result<u64, Failure> {
    let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
    let query = format!(
        "select count(distinct {column}) from {table} where {column} in ({})",
        places.join(", ")
    );
    let values = ids.iter().map(|id| (*id).into());
    let statement =
        Statement::from_sql_and_values(connection.get_database_backend(), query, values);
    let row = connection.query_one_raw(statement).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

impl Stored {
    /// That nothing is missing.
    fn check(&self) -> Result<(), Failure> {
        let Self {
            acknowledged,
            bookings,
            claims,
            hosts,
            attendees,
            history,
            outbox,
        } = *self;
        let all = [bookings, claims, hosts, attendees, history, outbox];
        if all.iter().any(|count| *count != acknowledged) {
            return Err(Failure::Violation(format!(
                "not everything that was acknowledged is in the database: {self:?}"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_booking_is_found_in_the_answer() {
        let id = "01938f0e-0000-7000-8000-000000000001";
        let body = format!(r#"{{"event_type":{{"id":"et_1"}},"id":"bk_{id}","x":1}}"#);
        assert_eq!(booking_id(body.as_bytes()), Some(id.parse().unwrap()));
        assert_eq!(booking_id(b"{}"), None);
        assert_eq!(booking_id(br#""bk_"#), None);
    }

    #[test]
    fn a_booking_without_its_claim_is_noticed() {
        let whole = Stored {
            acknowledged: 2,
            bookings: 2,
            claims: 2,
            hosts: 2,
            attendees: 2,
            history: 2,
            outbox: 2,
        };
        assert!(whole.check().is_ok());
        let torn = Stored { claims: 1, ..whole };
        assert!(torn.check().is_err());
    }
}
