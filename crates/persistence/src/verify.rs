//! Re-checking a whole database.
//!
//! The rows are read in one snapshot and judged here rather than in SQL: the judgement then stands on nothing that the
//! writing side uses, neither its queries nor its constraints.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use scheduling_core::booking::BookingStatus;
use scheduling_core::ids::{BookingId, EventTypeId, SessionId, UserId};
use scheduling_core::ports::StorageError;
use scheduling_core::time::Interval;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, QueryResult};

use crate::convert::Row;
use crate::sql;

/// What takes a host's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taker {
    /// A booking.
    Booking(BookingId),
    /// A group session.
    Session(SessionId),
}

impl fmt::Display for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booking(id) => write!(f, "booking {id}"),
            Self::Session(id) => write!(f, "session {id}"),
        }
    }
}

/// Something in a database that should not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// Two bookings or sessions take the same time of one host, as the bookings themselves tell.
    DoubleBooked {
        /// Whose time.
        host: UserId,
        /// The one that starts first.
        first: Taker,
        /// What it takes, buffers included.
        first_takes: Interval,
        /// The one that runs into it.
        second: Taker,
        /// What it takes.
        second_takes: Interval,
    },
    /// Two claims of one host overlap, which the database should have refused.
    ClaimsOverlap {
        /// Whose time.
        host: UserId,
        /// The owner of the claim that starts first.
        first: Taker,
        /// The owner of the other.
        second: Taker,
        /// When the other starts.
        at: DateTime<Utc>,
    },
    /// Something takes a host's time and has no claim on it, or another than it should.
    ClaimMissing {
        /// Whose time.
        host: UserId,
        /// What takes it.
        taker: Taker,
        /// What it takes.
        takes: Interval,
    },
    /// A claim on time that nothing takes.
    ClaimStray {
        /// Whose time.
        host: UserId,
        /// What the claim says takes it.
        taker: Taker,
        /// The claimed time.
        claimed: Interval,
    },
    /// A booking has a seat in a session that is not there.
    SessionMissing {
        /// The booking.
        booking: BookingId,
        /// The session it names.
        session: SessionId,
    },
    /// A session counts other seats than its bookings take.
    SeatsDiffer {
        /// The session.
        session: SessionId,
        /// What it counts.
        counted: u32,
        /// How many bookings have a seat.
        taken: u32,
    },
    /// The credits of a rotation do not sum to zero.
    CreditsUneven {
        /// Whose rotation.
        event_type: EventTypeId,
        /// Their sum.
        sum: i128,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DoubleBooked {
                host,
                first,
                first_takes,
                second,
                second_takes,
            } => write!(
                f,
                "host {host} is booked twice: {first} takes {first_takes}, {second} takes {second_takes}"
            ),
            Self::ClaimsOverlap {
                host,
                first,
                second,
                at,
            } => write!(
                f,
                "claims of host {host} overlap at {}: {first} and {second}",
                at.format("%Y-%m-%dT%H:%M:%SZ")
            ),
            Self::ClaimMissing { host, taker, takes } => write!(
                f,
                "{taker} takes {takes} of host {host} and has no claim on it"
            ),
            Self::ClaimStray {
                host,
                taker,
                claimed,
            } => write!(
                f,
                "a claim of {taker} holds {claimed} of host {host}, which it does not take"
            ),
            Self::SessionMissing { booking, session } => write!(
                f,
                "booking {booking} has a seat in session {session}, which does not exist"
            ),
            Self::SeatsDiffer {
                session,
                counted,
                taken,
            } => write!(
                f,
                "session {session} counts {counted} seats and its bookings take {taken}"
            ),
            Self::CreditsUneven { event_type, sum } => write!(
                f,
                "the rotation credits of event type {event_type} sum to {sum} instead of 0"
            ),
        }
    }
}

/// Time of a host, and what takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Taken {
    host: UserId,
    interval: Interval,
    taker: Taker,
}

/// What a database says, as far as it is judged.
#[derive(Debug, Default)]
struct Facts {
    /// What bookings without a session, and sessions, take; by host, then start.
    taken: Vec<Taken>,
    /// The claims; by host, then start.
    claims: Vec<Taken>,
    /// For each session the seats it counts.
    sessions: BTreeMap<SessionId, u32>,
    /// The seats that bookings take.
    seats: Vec<(BookingId, SessionId)>,
    /// The sum of each rotation's credits.
    credits: BTreeMap<EventTypeId, i128>,
}

/// Everything in a database that should not be, in a fixed order.
pub(crate) async fn violations(db: &impl ConnectionTrait) -> Result<Vec<Violation>, StorageError> {
    Ok(judge(&read(db).await?))
}

fn judge(facts: &Facts) -> Vec<Violation> {
    let mut found = Vec::new();
    for (first, second) in overlaps(&facts.taken) {
        found.push(Violation::DoubleBooked {
            host: second.host,
            first: first.taker,
            first_takes: first.interval,
            second: second.taker,
            second_takes: second.interval,
        });
    }
    for (first, second) in overlaps(&facts.claims) {
        found.push(Violation::ClaimsOverlap {
            host: second.host,
            first: first.taker,
            second: second.taker,
            at: second.interval.start(),
        });
    }
    let taken: BTreeSet<&Taken> = facts.taken.iter().collect();
    let claims: BTreeSet<&Taken> = facts.claims.iter().collect();
    for missing in taken.difference(&claims) {
        found.push(Violation::ClaimMissing {
            host: missing.host,
            taker: missing.taker,
            takes: missing.interval,
        });
    }
    for stray in claims.difference(&taken) {
        found.push(Violation::ClaimStray {
            host: stray.host,
            taker: stray.taker,
            claimed: stray.interval,
        });
    }
    let mut seats: BTreeMap<SessionId, u32> = BTreeMap::new();
    for (booking, session) in &facts.seats {
        if facts.sessions.contains_key(session) {
            *seats.entry(*session).or_default() += 1;
        } else {
            found.push(Violation::SessionMissing {
                booking: *booking,
                session: *session,
            });
        }
    }
    for (session, counted) in &facts.sessions {
        let taken = seats.get(session).copied().unwrap_or_default();
        if taken != *counted {
            found.push(Violation::SeatsDiffer {
                session: *session,
                counted: *counted,
                taken,
            });
        }
    }
    for (event_type, sum) in &facts.credits {
        if *sum != 0 {
            found.push(Violation::CreditsUneven {
                event_type: *event_type,
                sum: *sum,
            });
        }
    }
    found
}

/// Each span that runs into one that began before it, with the one of those that reaches furthest. The spans stand by
/// host, then start.
fn overlaps(spans: &[Taken]) -> Vec<(&Taken, &Taken)> {
    let mut found = Vec::new();
    let mut furthest: Option<&Taken> = None;
    for span in spans {
        match furthest {
            Some(before) if before.host == span.host => {
                if span.interval.start() < before.interval.end() {
                    found.push((before, span));
                }
                if before.interval.end() < span.interval.end() {
                    furthest = Some(span);
                }
            }
            _ => furthest = Some(span),
        }
    }
    found
}

async fn read(db: &impl ConnectionTrait) -> Result<Facts, StorageError> {
    let mut facts = Facts::default();
    let statuses = [
        BookingStatus::Pending,
        BookingStatus::Confirmed,
        BookingStatus::NoShow,
    ];
    let bookings = sql::rows(
        db,
        "select h.user_id, b.starts_at, b.ends_at, b.buffer_before, b.buffer_after, b.id, h.session_id
        from bookings b join booking_hosts h on h.booking_id = b.id where b.status in ($1, $2, $3)",
        statuses.map(|status| status.as_str().into()),
    )
    .await?;
    for stored in &bookings {
        let booking = BookingId::from_uuid(sql::get(stored, 5)?);
        let session: Option<Uuid> = sql::get(stored, 6)?;
        match session {
            Some(session) => facts.seats.push((booking, SessionId::from_uuid(session))),
            None => facts
                .taken
                .push(taken(stored, "bookings", Taker::Booking(booking))?),
        }
    }
    let sessions = sql::rows(
        db,
        "select host_id, starts_at, ends_at, buffer_before, buffer_after, id, seats_taken from sessions",
        [],
    )
    .await?;
    for stored in &sessions {
        let id: Uuid = sql::get(stored, 5)?;
        let session = SessionId::from_uuid(id);
        let row = Row {
            table: "sessions",
            id,
        };
        let seats = row.number("seats_taken", sql::get(stored, 6)?)?;
        facts.sessions.insert(session, seats);
        facts
            .taken
            .push(taken(stored, "sessions", Taker::Session(session))?);
    }
    let claims = sql::rows(
        db,
        "select host_id, starts_at, ends_at, booking_id, session_id from claims",
        [],
    )
    .await?;
    for stored in &claims {
        facts.claims.push(claim(stored)?);
    }
    let entries = sql::rows(db, "select event_type_id, credit from rotation_entries", []).await?;
    for stored in &entries {
        let event_type = EventTypeId::from_uuid(sql::get(stored, 0)?);
        let credit: i64 = sql::get(stored, 1)?;
        *facts.credits.entry(event_type).or_default() += i128::from(credit);
    }
    facts.taken.sort_unstable();
    facts.claims.sort_unstable();
    Ok(facts)
}

fn taken(stored: &QueryResult, table: &'static str, taker: Taker) -> Result<Taken, StorageError> {
    let row = Row { table, id: taker };
    let meeting = row.interval(sql::get(stored, 1)?, sql::get(stored, 2)?)?;
    let buffers = row.buffers(sql::get(stored, 3)?, sql::get(stored, 4)?)?;
    let widened = meeting.widen(buffers.before, buffers.after);
    Ok(Taken {
        host: UserId::from_uuid(sql::get(stored, 0)?),
        // As a claim would be stored: the last instant there is has nanoseconds.
        interval: row.interval(
            widened.start().timestamp_micros(),
            widened.end().timestamp_micros(),
        )?,
        taker,
    })
}

fn claim(stored: &QueryResult) -> Result<Taken, StorageError> {
    let host: Uuid = sql::get(stored, 0)?;
    let booking: Option<Uuid> = sql::get(stored, 3)?;
    let session: Option<Uuid> = sql::get(stored, 4)?;
    let row = Row {
        table: "claims",
        id: host,
    };
    let taker = match (booking, session) {
        (Some(booking), _) => Taker::Booking(BookingId::from_uuid(booking)),
        (None, session) => Taker::Session(SessionId::from_uuid(session.unwrap_or_default())),
    };
    Ok(Taken {
        host: UserId::from_uuid(host),
        interval: row.interval(sql::get(stored, 1)?, sql::get(stored, 2)?)?,
        taker,
    })
}
