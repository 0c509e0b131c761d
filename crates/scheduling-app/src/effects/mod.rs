//! From what happened to what the outside world is owed, and doing it.
//!
//! [`plan`] is pure and runs in the use case's transaction; what it answers goes into the outbox. The
//! [`Worker`](crate::worker::Worker) takes it out again and does it, at least once. Nothing else reaches outside.

mod account;
mod facts;
mod links;
mod notify;
mod plan;
mod run;

pub use plan::{PlanContext, plan};

pub(crate) use facts::facts_of;
pub(crate) use run::{Outcome, Tried, next_try, run};
