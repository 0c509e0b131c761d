//! Storage for the scheduling ports on SQLite and PostgreSQL, with SeaORM.
//!
//! [`SeaOrmStorage`] connects, migrates and begins units of work. Writers and readers have connections of their own:
//! SQLite one for writing and a pool of readers, PostgreSQL two bounded pools. So a crowd that books keeps nobody from
//! reading.
//!
//! What holds on both databases:
//!
//! - A host's claims never overlap, whether bookings, group sessions or holds have them. The database refuses, whoever
//!   asks: see the migration.
//! - An event type and a link of one workspace never have the same slug. The database refuses that too.
//! - A row that is damaged is named with its table and column, and takes nothing else of a list down.
//! - [`lock_hosts`](scheduling_core::ports::UnitOfWork::lock_hosts) orders the writers of a host. SQLite has one writer
//!   at a time anyway (`begin immediate`); PostgreSQL locks the hosts' rows in id order.
//! - A unit of work for reading sees one state and waits for no writer.
//! - What was committed survives the end of the process at any moment. What survives a power cut on SQLite is
//!   [`Durability`]'s to say.
//!
//! [`SeaOrmStorage::verify`] re-checks a whole database and names everything that should not be.
//!
//! To book inside a transaction of one's own, see [`SeaOrmUnitOfWork::from_transaction`].
#![deny(missing_docs)]

#[cfg(feature = "accounts")]
mod accounts;
mod backup;
mod batch;
mod clock;
mod convert;
mod entity;
mod error;
mod examine;
mod faults;
mod figures;
mod lock;
mod lost;
mod options;
mod rate_counts;
mod repository;
mod sql;
mod storage;
#[cfg(feature = "test-support")]
pub mod test_support;
mod transfer;
mod uncut;
mod unit_of_work;
mod verify;

pub use backup::{BackupError, check_backup};
pub use clock::{DatabaseClock, Offset};
pub use examine::{DatabaseFacts, PostgresFacts, SqliteFacts};
pub use figures::{OutboxFigures, PoolFigures};
pub use options::{ConnectOptions, Durability, LeaseClock};
pub use rate_counts::{RateCount, RateCounted, RateCounts};
pub use scheduling_migration::Reason as ForeignSchema;
pub use storage::{Schema, SeaOrmStorage};
pub use transfer::{
    MoveError, MoveOutcome, MoveReport, MoveRequest, MoveSide, MoveState, MoveStep, MovedTable,
    Observer as MoveObserver, Unmovable, check_move, move_database,
};
pub use unit_of_work::SeaOrmUnitOfWork;
pub use verify::{Taker, Violation};
