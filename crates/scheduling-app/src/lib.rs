//! The use cases of meeting scheduling: find slots, book, move and cancel, manage what can be booked, and tell people
//! about it.
//!
//! [`Scheduling`] has one method a use case. It stands on ports, traits of [`scheduling_core::ports`] that an
//! application implements: storage, a clock, ids, secrets, links. So it runs inside any server, over any database, or
//! over none, as here:
//!
//! ```
//! use std::sync::Arc;
//!
//! use chrono::{Duration, TimeZone, Utc};
//! use chrono_tz::Tz;
//! use scheduling_app::availability::FindSlots;
//! use scheduling_app::bookings::{BookError, BookSlot, InviteeDetails};
//! use scheduling_app::setup::{NewEventType, NewPerson, NewWorkspace};
//! use scheduling_app::worker::Worker;
//! use scheduling_app::SchedulingBuilder;
//! use scheduling_core::event_type::{Hosting, Location, SlotRules};
//! use scheduling_core::schedule::{Availability, WeeklyHours};
//! use scheduling_core::time::{DayHours, Length, TimeWindow};
//! use scheduling_testkit::{
//!     ManualClock, MemoryStorage, PlainSealer, RecordingNotifier, SequenceIds, SequenceSecrets, TestLinks,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Everything the use cases need from outside. A real application brings its own storage and notifier, and takes the
//! // clock, ids, secrets and sealer from `scheduling_app::system`.
//! let monday = Utc.with_ymd_and_hms(2026, 11, 23, 8, 0, 0).unwrap();
//! let scheduling = SchedulingBuilder {
//!     storage: Arc::new(MemoryStorage::new()),
//!     clock: Arc::new(ManualClock::at(monday)),
//!     ids: Arc::new(SequenceIds::new()),
//!     secrets: Arc::new(SequenceSecrets::new()),
//!     sealer: Arc::new(PlainSealer),
//!     links: Arc::new(TestLinks),
//! }
//! .build();
//!
//! // A firm with one person, who works from nine to twelve in Berlin, and one thing to book.
//! let firm = NewWorkspace { slug: "halden-mills".parse()?, name: "Halden & Mills".parse()?, description: None };
//! let firm = scheduling.create_workspace(firm).await?;
//! let window = TimeWindow { start: "09:00".parse()?, end: "12:00".parse()? };
//! let weekly = WeeklyHours::working_week(&DayHours::new(vec![window])?);
//! let ann = NewPerson {
//!     name: "Ann".parse()?,
//!     email: "ann@halden-mills.example".parse()?,
//!     timezone: Tz::Europe__Berlin,
//!     availability: Some(Availability::new(Tz::Europe__Berlin, weekly, vec![])?),
//! };
//! let (ann, _hours) = scheduling.create_person(firm.id, ann).await?;
//! let intro = NewEventType::new(
//!     "intro".parse()?,
//!     "First conversation".parse()?,
//!     SlotRules::new(Tz::Europe__Berlin, Length::new(60)?),
//!     Hosting::single(ann.id),
//!     Location::Phone { instructions: "We call you".parse()? },
//! );
//! scheduling.create_event_type(firm.id, intro).await?;
//!
//! // What can be booked on Tuesday?
//! let tuesday = Utc.with_ymd_and_hms(2026, 11, 24, 0, 0, 0).unwrap();
//! let query = FindSlots::new("halden-mills".parse()?, "intro".parse()?, tuesday, tuesday + Duration::days(1));
//! let found = scheduling.find_slots(&query).await?;
//! let starts: Vec<_> = found.slots.iter().map(|slot| slot.start).collect();
//! assert_eq!(starts.len(), 3); // nine, ten and eleven o'clock in Berlin
//!
//! // Somebody books the first one. The next who wants it is too late, and hears what else there is.
//! let ida = InviteeDetails {
//!     name: "Ida".parse()?,
//!     email: "ida@example.org".parse()?,
//!     timezone: Tz::Asia__Kathmandu,
//! };
//! let command = BookSlot::new("halden-mills".parse()?, "intro".parse()?, starts[0], ida);
//! let booked = scheduling.book(&command).await?;
//! assert_eq!(booked.booking.hosts[0].user, ann.id);
//! let too_late = scheduling.book(&command).await.unwrap_err();
//! assert!(too_late.is_taken());
//! assert!(matches!(too_late, BookError::Unavailable { alternatives, .. } if alternatives[0] == starts[1]));
//!
//! // The mails are in the outbox, stored with the booking. A worker sends them: here everything that is due, in a
//! // server `worker.run(token)` until the token is cancelled.
//! let mailbox = RecordingNotifier::new();
//! let worker = Worker::new(scheduling.clone(), Arc::new(mailbox.clone()));
//! assert_eq!(worker.run_due().await?, 2);
//! let mut told: Vec<_> = mailbox.sent().into_iter().map(|mail| mail.to.name.to_string()).collect();
//! told.sort();
//! assert_eq!(told, ["Ann", "Ida"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! | module | holds |
//! |---|---|
//! | [`availability`] | which starts are offered, why one is not, what the pages show |
//! | [`bookings`] | hold, book, approve, move, cancel, mark, read and list |
//! | [`event_types`], [`schedules`], [`time_off`], [`links`], [`messages`] | what members manage |
//! | [`outbox`] | what has failed, and trying it again |
//! | [`actor`], [`idempotency`], [`manage`] | who acts, keys that make repeating harmless, how managing is refused |
//! | [`setup`] | workspaces, people, event types, for whoever runs the server |
//! | [`effects`] | from what happened to what the outside world is owed |
//! | [`worker`] | the loop that does what is owed |
//! | `system` | with the feature `system`, on by default: the real clock, ids, secrets and sealer |
//!
//! # What always holds
//!
//! - **One transaction a use case.** It begins, decides, stores, enqueues and commits; nothing remote is awaited in
//!   between. [`Scheduling::book_in`], [`Scheduling::cancel_in`] and their like do the same inside a transaction of yours.
//! - **One engine.** The page, the booking and the explanation ask [`scheduling_core::slots`], so that what is not
//!   offered cannot be booked.
//! - **No double booking.** The hosts are locked first, in id order; `now` is read after the wait; and the storage
//!   refuses overlapping claims by itself. Of any number of simultaneous commands for one time exactly one wins.
//! - **Nothing reaches outside but the worker**, at least once, under an id that does not change between tries.
//! - **Secrets are sealed.** A link's token is stored as its SHA-256, to find it, and sealed, to send it again. Links end
//!   with their booking.
//!
//! An adapter of your own should pass the contracts of `scheduling-testkit`.
#![deny(missing_docs)]

pub mod actor;
pub mod availability;
pub mod bookings;
pub mod effects;
pub mod event_types;
pub mod idempotency;
pub mod links;
pub mod manage;
pub mod messages;
pub mod outbox;
pub mod schedules;
mod scheduling;
pub mod setup;
#[cfg(feature = "system")]
pub mod system;
#[cfg(test)]
mod testing;
pub mod time_off;
mod token;
pub mod worker;

pub use scheduling::{Scheduling, SchedulingBuilder};
pub use token::{HoldToken, HostToken, MalformedToken, ManageToken};
