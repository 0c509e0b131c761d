//! Mails of a scheduling service: text, HTML and an iCalendar invitation, through SendGrid, over SMTP or into a folder.
//!
//! [`MailNotifier`] implements the domain's [`Notifier`](scheduling_core::ports::Notifier): it words a notification,
//! writes the invitation, builds the message and hands it to a [`Transport`], or to several in order: a [`Failover`].
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
//! - A message that somebody took is not given to anybody else. Where it is not known, that is what the attempt says.
//!
//! # DKIM
//!
//! [`DkimSigner`] signs messages for the domain they come from: [`MailNotifier::signing`]. SendGrid signs itself.
//!
//! # Templates of one's own
//!
//! [`MailOptions::templates`] names a folder whose files replace the built-in ones, one by one: `layout.txt.j2`,
//! `layout.html.j2`, and for each of `confirmed` and `cancelled` a folder with `subject.txt.j2`, `body.txt.j2` and
//! `body.html.j2` (minijinja's syntax, which is Jinja's). They are tried on samples when the notifier is made. They see:
//!
//! | name | what |
//! |---|---|
//! | `audience` | `invitee`, `guest` or `host`: who reads |
//! | `event_title` | what the meeting is called in calendars. Calendars may take a subject as the title: keep it neutral |
//! | `title`, `workspace`, `length` | the event type's title, the workspace's name, `30 min` |
//! | `time` | on the reader's clock: `date`, `times`, `start`, `place`, `zone`, `offset`, `day` |
//! | `other_times` | the same in each other zone: a list of `whose` and `time` |
//! | `hosts`, `invitee`, `guests` | people: `name`, `email`, `mailto`, `zone` |
//! | `hosted_by` | the hosts' names as part of a sentence |
//! | `location` | `kind` (`in_person`, `link`, `phone`, `custom`), `lines`, `url` |
//! | `note`, `reason` | what the invitee wrote, and why it was cancelled: lists of lines |
//! | `all_hands` | whether every host is asked for an answer |
//! | `cancelled_by` | `invitee`, `host` or `system`; none while the meeting stands |
//! | `links` | `manage`, `cancel`, `book_again`: the invitee's, none for anybody else |
//!
//! In files named `.html.j2` every value is escaped for HTML.

mod account;
mod address;
mod context;
mod dkim;
mod invite;
mod local_time;
mod message;
mod notifier;
mod render;
mod samples;
mod transport;
mod words;

pub use dkim::{DkimError, DkimKey, DkimKeyError, DkimSigner};
pub use invite::{CalendarMethod, calendar_file, event_title, event_uid, invitation};
pub use message::{CalendarPart, Letter, Mailbox, OutgoingMail};
pub use notifier::{MailNotifier, MailOptions, MailSender};
pub use render::TemplateError;
pub use transport::{
    Failover, Fault, Folder, SendGrid, SendGridConfig, SendGridConfigError, Smtp, SmtpConfig,
    SmtpConfigError, TlsMode, Transport, TransportError, Trust, TrustError,
};
