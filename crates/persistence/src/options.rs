//! How to connect.

use std::time::Duration;

/// What a committed transaction survives on SQLite. On PostgreSQL the server's `synchronous_commit` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Everything, a power cut included: each commit waits until the disk has it (`synchronous = full`).
    #[default]
    PowerCut,
    /// The end of the process at any moment, `kill -9` included. After a power cut the last commits may be gone; the
    /// database stays sound (`synchronous = normal`). Commits are several times quicker on a slow disk.
    ProcessEnd,
}

/// Whose clock decides whether an effect is due and whether a lease has ended, on PostgreSQL. A SQLite file belongs to one
/// machine, so that there the caller's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LeaseClock {
    /// The database's: one clock for all, however wrong those of the machines are.
    #[default]
    Databases,
    /// The caller's, which is told to every call. For programs and tests with a time of their own.
    Callers,
}

/// How many connections there are and how long to wait for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// The largest number of connections for writing. SQLite has one, whatever is said here.
    pub writers: u32,
    /// The largest number of connections for reading.
    pub readers: u32,
    /// How long to wait for a connection before the storage counts as unavailable.
    pub acquire_timeout: Duration,
    /// How long to wait for a lock that another transaction or, on SQLite, another process holds.
    pub lock_timeout: Duration,
    /// How long PostgreSQL may work on one statement before it gives it up; `None` is for ever.
    pub statement_timeout: Option<Duration>,
    /// What a committed transaction survives on SQLite.
    pub durability: Durability,
    /// Whose clock decides about leases on PostgreSQL.
    pub lease_clock: LeaseClock,
}

impl Default for ConnectOptions {
    /// Eight writers, eight readers, ten seconds for a connection, five for a lock, and nothing is lost to a power cut.
    fn default() -> Self {
        Self {
            writers: 8,
            readers: 8,
            acquire_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            statement_timeout: None,
            durability: Durability::default(),
            lease_clock: LeaseClock::default(),
        }
    }
}
