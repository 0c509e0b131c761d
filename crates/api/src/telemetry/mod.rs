//! Seeing what the server does: figures for scrapers, log lines, traces.
//!
//! Figures are counted through the `metrics` facade into a [`Metrics`] of one's own, and only where somebody can read them:
//! [`crate::Kalends::metrics`] is nobody's unless it is set. What is counted never names anybody: labels are routes'
//! patterns, statuses and outcomes, a bounded number of each.

pub(crate) mod current;
mod database;
mod endpoint;
pub(crate) mod log;
mod metrics;
mod names;
mod observer;
mod process;
mod requests;
mod traces;

pub use database::DatabaseFigures;
pub use endpoint::{Scrape, ScrapeToken, listen};
pub use metrics::Metrics;

pub use traces::TracesError;

pub(crate) use endpoint::configure;
#[cfg(test)]
pub(crate) use traces::Traces;
pub(crate) use traces::{carry_on, headers, settle, trace_of};
