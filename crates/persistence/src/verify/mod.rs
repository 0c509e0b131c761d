//! Re-checking a whole database.
//!
//! The rows are read in one snapshot and judged here rather than in SQL: the judgement then stands on nothing that the
//! writing side uses, neither its queries nor its constraints. That every row can be read, the repositories' own readers
//! say.

mod facts;
mod judge;
mod rows;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

use chrono::{DateTime, Utc};
use scheduling_core::ids::{BookingId, EventTypeId, HoldId, SessionId, UserId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::time::Interval;
use sea_orm::ConnectionTrait;

use facts::Facts;

/// What takes a host's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taker {
    /// A booking.
    Booking(BookingId),
    /// A group session.
    Session(SessionId),
    /// A hold.
    Hold(HoldId),
}

impl fmt::Display for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booking(id) => write!(f, "booking {id}"),
            Self::Session(id) => write!(f, "session {id}"),
            Self::Hold(id) => write!(f, "hold {id}"),
        }
    }
}

/// Something in a database that should not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// Two bookings, sessions or holds take the same time of one host, as the bookings themselves tell.
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
    /// A booking or a hold has a seat in a session that is not there.
    SessionMissing {
        /// What has the seat.
        taker: Taker,
        /// The session it names.
        session: SessionId,
    },
    /// A session counts other seats than its bookings and holds take.
    SeatsDiffer {
        /// The session.
        session: SessionId,
        /// What it counts.
        counted: u32,
        /// How many have a seat.
        taken: u32,
    },
    /// The credits of a rotation do not sum to zero.
    CreditsUneven {
        /// Whose rotation.
        event_type: EventTypeId,
        /// Their sum.
        sum: i128,
    },
    /// Two of the event types and links of a workspace have one slug.
    SlugTwice {
        /// The workspace.
        workspace: WorkspaceId,
        /// The slug.
        slug: String,
    },
    /// An event type or a link has a slug that another could take.
    SlugFree {
        /// The workspace.
        workspace: WorkspaceId,
        /// The slug.
        slug: String,
    },
    /// A slug is kept from others, and nothing has it.
    SlugStray {
        /// The workspace.
        workspace: WorkspaceId,
        /// The slug.
        slug: String,
    },
    /// A row names another that is not there.
    Dangling {
        /// The table of the one that names.
        table: String,
        /// Its number in that table, where it has one.
        row: Option<i64>,
        /// The table of the one that is named.
        parent: String,
    },
    /// A stored value cannot be what it should be.
    Unreadable {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The row's key.
        row: String,
        /// What the parser said.
        reason: String,
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
            Self::SessionMissing { taker, session } => write!(
                f,
                "{taker} has a seat in session {session}, which does not exist"
            ),
            Self::SeatsDiffer {
                session,
                counted,
                taken,
            } => write!(
                f,
                "session {session} counts {counted} seats and its bookings and holds take {taken}"
            ),
            Self::CreditsUneven { event_type, sum } => write!(
                f,
                "the rotation credits of event type {event_type} sum to {sum} instead of 0"
            ),
            Self::SlugTwice { workspace, slug } => write!(
                f,
                "the slug {slug} stands twice among the event types and links of workspace {workspace}"
            ),
            Self::SlugFree { workspace, slug } => write!(
                f,
                "the slug {slug} of workspace {workspace} is used and not kept from others"
            ),
            Self::SlugStray { workspace, slug } => write!(
                f,
                "the slug {slug} of workspace {workspace} is kept from others and not used"
            ),
            Self::Dangling { table, row, parent } => {
                f.write_str("a row")?;
                if let Some(row) = row {
                    write!(f, " ({row})")?;
                }
                write!(f, " of {table} names a row of {parent} that does not exist")
            }
            Self::Unreadable {
                table,
                column,
                row,
                reason,
            } => write!(f, "{table}.{column} of row {row} cannot be read: {reason}"),
        }
    }
}

/// Everything in a database that should not be, in a fixed order.
pub(crate) async fn violations(db: &impl ConnectionTrait) -> Result<Vec<Violation>, StorageError> {
    let mut facts = Facts::read(db).await?;
    let mut unreadable = std::mem::take(&mut facts.unreadable);
    unreadable.append(&mut rows::unreadable(db).await?);
    let mut violations = judge::violations(&facts);
    // A row that is damaged may have been met more than once.
    let unreadable: BTreeSet<Violation> = unreadable.iter().map(named).collect();
    violations.extend(unreadable);
    Ok(violations)
}

/// Names what could not be read.
fn named(refused: &StorageError) -> Violation {
    let unknown = || "?".to_owned();
    match refused {
        StorageError::Corrupt {
            table,
            column,
            row,
            source,
        } => Violation::Unreadable {
            table: (*table).to_owned(),
            column: (*column).to_owned(),
            row: row.clone(),
            reason: with_causes(source.as_ref()),
        },
        other => Violation::Unreadable {
            table: unknown(),
            column: unknown(),
            row: unknown(),
            reason: with_causes(other),
        },
    }
}

fn with_causes(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}
