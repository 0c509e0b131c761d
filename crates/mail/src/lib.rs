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
//! - The invitee and each host get links of their own to the booking, and guests none. A host's are in no calendar.
//! - A message that somebody took is not given to anybody else. Where it is not known, that is what the attempt says.
//!
//! # DKIM
//!
//! [`DkimSigner`] signs messages for the domain they come from: [`MailNotifier::signing`]. SendGrid signs itself.
//!
//! # Subjects
//!
//! An invitation, and what comes after it in a calendar, has the title of its entry as the subject, since calendars take
//! the subject for it. What puts nothing into a calendar says what is new: a request, a refusal, a reminder.
//!
//! No message has a `List-Unsubscribe`. Each, a reminder too, belongs to a meeting that its reader has; what ends it is
//! cancelling the meeting, for which the link is in it. A header that leads nowhere else would be worse than none.
//!
//! # Words of one's own
//!
//! A workspace, or one event type, can have its own subject and its own beginning for each message:
//! [`MessageWords`](scheduling_core::notification::MessageWords). The details of the meeting and the links follow
//! whatever it says. [`MailNotifier`] implements [`Wording`](scheduling_core::ports::Wording), whose
//! [`variables`](scheduling_core::ports::Wording::variables) are the table of what can be named. The syntax is Jinja's,
//! less all that makes a text grow: `{{ date }}`, `{{ reason | default("no reason") }}`,
//! `{% if note %}…{% elif … %}…{% else %}…{% endif %}`, comments, and the filters `default`, `lower`, `trim`, `upper`.
//! What does not exist is empty. What people write is text: HTML in it is shown, not followed, and only the message's
//! own links become links. Words that fail, or never end, give way to the built-in ones.
//!
//! # Templates of one's own
//!
//! [`MailOptions::templates`] names a folder whose files replace the built-in ones, one by one: `page.html.j2`,
//! `layout.txt.j2`, `layout.html.j2`, their parts `parts.txt.j2` and `parts.html.j2`, and for each of `requested`,
//! `confirmed`, `approved`, `declined`, `rescheduled`, `released`, `cancelled`, `expired`, `reminder` and `follow_up` a
//! folder with `subject.txt.j2`, `lead.txt.j2` (the first words of text and page), `body.txt.j2` and `body.html.j2`;
//! for accounts the same without a lead in `account/invitation`, `account/password_reset` and
//! `account/password_changed`. They are tried on samples when the notifier is made. They are whoever runs the server's,
//! and can do what minijinja can. They see:
//!
//! | name | what |
//! |---|---|
//! | `kind`, `audience` | which message, and `invitee`, `guest` or `host`: who reads |
//! | `event_title` | what the meeting is called in calendars. Calendars may take a subject as the title: keep it neutral |
//! | `title`, `workspace`, `length` | the event type's title, the workspace's name, `30 min` |
//! | `time` | on the reader's clock: `date`, `times`, `start`, `end`, `place`, `zone`, `offset`, `day` |
//! | `previous` | the same before a move; none otherwise |
//! | `deadline` | until when a request waits: `date`, `time`, `place`, `zone`, `offset`; none otherwise |
//! | `soon` | how far off it is: `in an hour`, `tomorrow at 14:00` |
//! | `other_times` | the same in each other zone: a list of `whose` and `time` |
//! | `hosts`, `invitee`, `guests` | people: `name`, `email`, `mailto`, `zone` |
//! | `hosted_by`, `hosted_by_you` | the hosts' names as part of a sentence; with `you` for a host who reads |
//! | `location` | `kind` (`in_person`, `link`, `conference`, `phone`, `host_calls`, `custom`, `chosen`), `lines`, `url`, `call` |
//! | `note`, `reason`, `message` | what the invitee wrote, why it was declined, moved or cancelled, the event type's message: lists of lines |
//! | `answers` | to the event type's questions: a list of `question` and `lines` |
//! | `all_hands` | whether every host is asked for an answer |
//! | `was_confirmed`, `is_off` | whether calendars may have it; whether it takes place no more, or not with the reader |
//! | `decided_by` | who declined, moved or cancelled it: `invitee`, `host` or `system`; none otherwise |
//! | `cancelled_by` | the same for what was cancelled |
//! | `calendar` | what the attached entry asks for: `request`, `cancel`; none where there is none |
//! | `links` | the reader's own: `manage`, `answer`, `reschedule`, `cancel`, `book_again`; none for guests |
//! | `own_words` | the workspace's own words: `text`, and `paragraphs` of lines of pieces with `text` and `is_link` |
//!
//! Those for accounts see `kind`, `name`, `email`, `link`, `until`, `works_for`, `workspace`, `inviter` and `role`.
//!
//! In files named `.html.j2` every value is escaped for HTML. The filter `isolated` makes a name a `<bdi>` there, and
//! `sentence` gives the first letter its capital.

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
    Failover, Fault, Folder, SendGrid, SendGridConfig, SendGridConfigError, SendGridKeyError, Smtp,
    SmtpConfig, SmtpConfigError, TlsMode, Transport, TransportError, Trust, TrustError,
};
