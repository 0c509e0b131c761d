//! Mails from notification to mail server, before readers and servers that others wrote.

mod calendar;
mod common;
mod counterparts;
mod folder;
mod smtp;
mod wording;
