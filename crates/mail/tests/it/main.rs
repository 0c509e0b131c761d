//! Mails from notification to mail server, before readers and servers that others wrote.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows test functions, but not the helpers beside them"
)]

mod account;
mod calendar;
mod common;
mod counterparts;
mod dkim;
mod folder;
mod gallery;
mod own_words;
mod replay;
mod sendgrid;
mod sink;
mod smtp;
mod wording;
