//! Mails of a scheduling service: text, HTML and an iCalendar invitation, over SMTP or into a folder.
//!
//! [`MailNotifier`] implements the domain's [`Notifier`](scheduling_core::ports::Notifier): it words a notification,
//! writes the invitation, builds the message and hands it to a [`Transport`].
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use scheduling_mail::{Folder, MailNotifier, MailOptions, MailSender};
//!
//! let sender = MailSender { name: None, address: "meetings@example.org".parse()? };
//! let options = MailOptions::for_sender(&sender);
//! let notifier = MailNotifier::new(Arc::new(Folder::new("mails")), sender, options)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What holds, whatever people call themselves:
//!
//! - The same notification makes the same bytes: Message-ID, date, boundaries and all. A mail that is sent twice is one
//!   message to every mailbox that looks at the Message-ID.
//! - One UID for a booking's whole life, in mails and in the file that the pages offer.
//! - Lines end in CRLF, calendar lines have at most 75 octets, no name reaches a header or a parameter unescaped.
//! - Only the invitee's copy has the links that manage the booking.

mod address;
mod invite;
mod local_time;
mod notifier;
mod render;
mod transport;

pub use invite::{CalendarMethod, calendar_file, event_title, event_uid, invitation};
pub use notifier::{MailNotifier, MailOptions, MailSender};
pub use render::TemplateError;
pub use transport::{
    Folder, OutgoingMail, Smtp, SmtpConfig, SmtpConfigError, TlsMode, Transport, Trust,
};
