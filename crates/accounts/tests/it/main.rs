//! Accounts over real storage: every test on SQLite and on PostgreSQL.
//!
//! `KALENDS_TEST_POSTGRES` names a server; `tests/postgres start` starts one and prints its URL.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: panicking is how they say no"
)]

mod audit;
mod hostile;
mod invitations;
mod me;
mod members;
mod passwords;
mod races;
mod sessions;
mod sign_in;
mod support;
mod tokens;
mod workspaces;
