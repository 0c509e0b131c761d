//! Mails from notification to mail server, before readers and servers that others wrote.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows test functions, but not the helpers beside them"
)]

mod calendar;
mod common;
mod counterparts;
mod dkim;
mod folder;
mod sendgrid;
mod sink;
mod smtp;
mod wording;
