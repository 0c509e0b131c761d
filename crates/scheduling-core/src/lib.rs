//! The domain of meeting scheduling: availability, slots, assignment, conflicts and the life of a booking.
//!
//! Everything here is pure. There is no I/O, no clock, no randomness and, outside [`ports`], nothing asynchronous: the
//! present instant is an argument, the same question has the same answer, and no input panics.
//!
//! # The field in one page
//!
//! An **event type** is something guests can book: "First conversation, 30 minutes, with one of three partners". Its
//! [rules](event_type::SlotRules) say how long it lasts, at which steps it may start, how much notice it needs, how
//! many a host takes a day; its [hosting](event_type::Hosting) says who meets the guest.
//!
//! A **host**'s hours are an [availability](schedule::Availability): weekly hours and date overrides, in a zone. It
//! stands for the set of instants whose wall-clock reading falls into a window of that date, which settles every clock
//! change without special cases: an hour that does not exist is not in the set, an hour that comes twice is in it twice.
//!
//! What is taken comes in two kinds. A **busy interval** is what a calendar or time off takes. A **reservation** is what
//! a booking takes: the meeting and its **buffers**, before and after.
//!
//! A **slot** is a start that is offered. [`slots::find`] answers with every slot in a range and, for each, all the hosts
//! who could take it. [`slots::explain`] answers the other question: why is this start *not* offered? Both stand on the
//! same rules, so that a start is offered exactly when there is nothing to explain.
//!
//! When somebody books, [`assignment::assign`] chooses among the hosts who can take the start. A round robin keeps a
//! [ledger](assignment::RotationLedger) of credits instead of rolling dice, so that "why Bob?" has an answer.
//!
//! A [booking](booking::Booking) then lives through [states](booking::BookingState): each transition takes the old
//! booking and gives the new one with the [event](booking::BookingEvent) that happened. What the outside world is owed
//! for it is an [effect](effect::Effect).
//!
//! # A worked example
//!
//! Ann works from nine to twelve in Berlin and has a meeting at ten. Which half hours can a guest book on Tuesday?
//!
//! ```
//! use chrono::{TimeZone, Utc};
//! use scheduling_core::calendar::{BusyInterval, BusySource};
//! use scheduling_core::event_type::{HostGroup, Required, SlotRules};
//! use scheduling_core::schedule::{Availability, WeeklyHours};
//! use scheduling_core::slots::{self, HostTime, SlotRequest, Unavailability};
//! use scheduling_core::time::{DayHours, Interval, Length, TimeWindow};
//!
//! let berlin = scheduling_core::time::zone::parse("Europe/Berlin")?;
//! let morning = DayHours::new(vec![TimeWindow { start: "09:00".parse()?, end: "12:00".parse()? }])?;
//! let hours = Availability::new(berlin, WeeklyHours::working_week(&morning), vec![])?;
//!
//! let at = |h, m| Utc.with_ymd_and_hms(2026, 11, 24, h, m, 0).unwrap(); // Berlin is one hour ahead of UTC
//! let busy = [BusyInterval { interval: Interval::new(at(9, 0), at(9, 30))?, source: BusySource::Calendar }];
//!
//! let rules = SlotRules::new(berlin, Length::new(30)?);
//! let ann = HostTime { availability: Some(&hours), busy: &busy, reservations: &[] };
//! let group = HostGroup { hosts: vec![0], required: Required::All };
//! let request = SlotRequest::new(at(0, 0), at(0, 0), at(23, 0), &rules, None, vec![group], vec![ann])?;
//!
//! let starts: Vec<String> = slots::find(&request)
//!     .iter()
//!     .map(|slot| slot.start.with_timezone(&berlin).format("%H:%M").to_string())
//!     .collect();
//! assert_eq!(starts, ["09:00", "09:30", "10:30", "11:00", "11:30"]);
//!
//! // Why not at ten?
//! let explanation = slots::explain(&request, at(9, 0));
//! assert_eq!(explanation.hosts[0], [Unavailability::Busy(BusySource::Calendar)]);
//! assert_eq!(explanation.start, [Unavailability::NotEnoughHosts]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! | module | holds |
//! |---|---|
//! | [`time`] | intervals and sets of them, minutes, wall time, zones |
//! | [`schedule`] | availability: weekly hours and date overrides |
//! | [`event_type`] | event types, their rules and their host groups |
//! | [`calendar`] | busy intervals |
//! | [`recurrence`] | what comes again: rules and their occurrences |
//! | [`time_off`] | time off: once or again, of a person, an event type or a workspace |
//! | [`slots`] | the engine: find and explain |
//! | [`assignment`] | who gets the booking: the presets and the rotation ledger |
//! | [`booking`] | a booking, its states and transitions |
//! | [`hold`] | a slot kept for somebody who is filling in the form |
//! | [`effect`], [`notification`] | what the outside world is owed, typed and without wording |
//! | [`ports`] | the traits an application implements: storage, clock, ids, secrets, messages |
//! | [`directory`], [`ids`], [`text`] | workspaces and people, typed ids, checked texts |
//! | `scenario` | with the feature `scenario`: questions and answers as JSON lines, for testing a policy offline |
//!
//! # What always holds
//!
//! - Spans are half-open `[start, end)`. Two that touch do not overlap.
//! - Instants are UTC. Only [`time::zone`] turns wall time into instants.
//! - Answers are sorted; hosts stand in roster order; ties break by a documented order. There are no dice.
//! - Values are checked when they are made: a [`text::Slug`] is a slug, an [`Interval`](time::Interval) is never empty.
//!
//! # Features
//!
//! `serde` gives the domain's values `Serialize` and `Deserialize`, checked as their constructors check. `scenario` adds
//! the scenario files. Neither is on by default.
#![deny(missing_docs)]

pub mod assignment;
pub mod booking;
pub mod calendar;
pub mod directory;
pub mod effect;
pub mod event_type;
pub mod hold;
pub mod ids;
pub mod notification;
pub mod ports;
pub mod recurrence;
#[cfg(feature = "scenario")]
pub mod scenario;
pub mod schedule;
pub mod slots;
pub mod text;
pub mod time;
pub mod time_off;
