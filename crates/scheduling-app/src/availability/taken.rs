//! What takes the hosts' time: calendars, time off, bookings and holds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use scheduling_core::booking::Booking;
use scheduling_core::calendar::{BusyInterval, BusySource};
use scheduling_core::event_type::EventType;
use scheduling_core::hold::Hold;
use scheduling_core::ids::{SessionId, UserId};
use scheduling_core::ports::{HostReservation, SlotFacts};
use scheduling_core::slots::Reservation;
use scheduling_core::time::Interval;
use scheduling_core::time_off::{TimeOff, TimeOffScope};
use tracing::error;

/// What does not stand in the way of whoever asks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Apart<'a> {
    /// The booking that is to move: neither its time nor its seat, and no limit counts it.
    pub(crate) moving: Option<&'a Booking>,
    /// The hold of the one who asks.
    pub(crate) hold: Option<&'a Hold>,
}

/// What takes the hosts' time.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) busy: BTreeMap<UserId, Vec<BusyInterval>>,
    pub(super) reservations: BTreeMap<UserId, Vec<Reservation>>,
    /// Time off that could be read, with what it takes.
    pub(super) time_off: Vec<(TimeOff, Vec<Interval>)>,
    /// The sessions of the event type in which somebody has booked a seat. In the others seats are only held.
    pub(super) booked_sessions: BTreeSet<(UserId, Interval)>,
    /// Whether there are holds that have expired but still have their claims.
    pub(super) has_lapsed_holds: bool,
    /// When the first of the holds that count expires.
    pub(super) next_expiry: Option<DateTime<Utc>>,
    /// Hosts with time off that cannot be read, or not be worked out.
    pub(super) unreadable: BTreeSet<UserId>,
}

/// For whom it is asked what takes time, and when.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) event_type: &'a EventType,
    pub(super) roster: &'a [UserId],
    /// Around which interval.
    pub(super) within: Interval,
    /// By which instant holds have expired or not.
    pub(super) now: DateTime<Utc>,
    pub(super) apart: Apart<'a>,
}

impl Taken {
    /// Puts together what overlaps an interval. Holds that have expired take nothing; `damaged` are the hosts with time off
    /// that cannot be read.
    pub(super) fn of(asking: Asking<'_>, facts: SlotFacts, damaged: &BTreeSet<UserId>) -> Self {
        let Asking {
            event_type,
            roster,
            within,
            now,
            apart,
        } = asking;
        let mut taken = Self::default();
        for found in facts.busy {
            taken.busy.entry(found.host).or_default().push(found.busy);
        }
        for host in damaged {
            taken.take_all(*host, within);
        }
        taken.take_time_off(facts.time_off.found, roster, within);
        let mut reserved = facts.reservations;
        if let Some(booking) = apart.moving {
            give_back(&mut reserved, booking);
        }
        let mut held: BTreeMap<SessionId, u32> = BTreeMap::new();
        for hold in &facts.holds {
            let is_own = apart.hold.is_some_and(|own| own.id == hold.id);
            let counts = !is_own && !hold.has_expired(now);
            if counts
                && taken
                    .next_expiry
                    .is_none_or(|first| hold.expires_at < first)
            {
                taken.next_expiry = Some(hold.expires_at);
            }
            taken.has_lapsed_holds |= hold.has_expired(now);
            count_hold(&mut reserved, hold, counts, roster);
            for session in hold.hosts.iter().filter_map(|host| host.session) {
                *held.entry(session).or_default() += u32::from(counts);
            }
        }
        for found in reserved {
            if let Some(session) = found.session
                && found.event_type == event_type.id
                && found.seats_taken > held.get(&session).copied().unwrap_or(0)
            {
                let its = (found.host, found.interval);
                taken.booked_sessions.insert(its);
            }
            taken
                .reservations
                .entry(found.host)
                .or_default()
                .push(reservation(event_type, &found));
        }
        taken
    }

    fn take_time_off(&mut self, found: Vec<TimeOff>, roster: &[UserId], within: Interval) {
        for time_off in found {
            let concerned: Vec<UserId> = match time_off.scope {
                TimeOffScope::Person(person) => {
                    let is_he = |host: &UserId| *host == person;
                    roster.iter().copied().filter(is_he).collect()
                }
                TimeOffScope::Workspace | TimeOffScope::EventType(_) => roster.to_vec(),
            };
            if concerned.is_empty() {
                continue;
            }
            match time_off.period.occurrences(within) {
                Ok(occurrences) => {
                    let intervals = occurrences.intervals().to_vec();
                    for host in concerned {
                        let busy = intervals.iter().map(|interval| off(*interval));
                        self.busy.entry(host).or_default().extend(busy);
                    }
                    self.time_off.push((time_off, intervals));
                }
                Err(cause) => {
                    let id = time_off.id;
                    error!(time_off.id = %id, %cause, "Time off {id} cannot be worked out and takes all the time asked about");
                    for host in concerned {
                        self.take_all(host, within);
                    }
                }
            }
        }
    }

    /// What is not known is not free.
    fn take_all(&mut self, host: UserId, within: Interval) {
        self.busy.entry(host).or_default().push(off(within));
        self.unreadable.insert(host);
    }
}

fn off(interval: Interval) -> BusyInterval {
    BusyInterval {
        interval,
        source: BusySource::TimeOff,
    }
}

/// Takes a booking out of what is reserved.
fn give_back(reserved: &mut Vec<HostReservation>, booking: &Booking) {
    if !booking.state.takes_time() {
        return;
    }
    for host in &booking.hosts {
        if let Some(session) = host.session {
            give_seat_back(reserved, host.user, session);
            continue;
        }
        let is_its = |found: &HostReservation| {
            found.host == host.user
                && found.session.is_none()
                && found.event_type == booking.event_type
                && found.interval == booking.interval
                && found.buffers == booking.buffers
        };
        if let Some(place) = reserved.iter().position(is_its) {
            reserved.remove(place);
        }
    }
}

/// Adds what a hold takes, where it counts; else takes its seats, which its sessions count with the others.
fn count_hold(reserved: &mut Vec<HostReservation>, hold: &Hold, counts: bool, roster: &[UserId]) {
    for host in hold.hosts.iter().filter(|host| roster.contains(&host.user)) {
        match host.session {
            Some(session) if !counts => give_seat_back(reserved, host.user, session),
            None if counts => reserved.push(HostReservation {
                host: host.user,
                event_type: hold.event_type,
                session: None,
                interval: hold.interval,
                buffers: hold.buffers,
                seats_taken: 1,
            }),
            Some(_) | None => {}
        }
    }
}

/// Gives a seat of a session back. Without seats there is no session.
fn give_seat_back(reserved: &mut Vec<HostReservation>, host: UserId, session: SessionId) {
    let is_it = |found: &HostReservation| found.host == host && found.session == Some(session);
    if let Some(place) = reserved.iter().position(is_it) {
        let seats = reserved[place].seats_taken.saturating_sub(1);
        if seats == 0 {
            reserved.remove(place);
        } else {
            reserved[place].seats_taken = seats;
        }
    }
}

fn reservation(event_type: &EventType, found: &HostReservation) -> Reservation {
    let this_event_type = found.event_type == event_type.id;
    // A booking from before the event type got its seats is no session that others can join.
    let private = event_type.rules.capacity.is_group() && found.session.is_none();
    Reservation {
        interval: found.interval,
        buffers: found.buffers,
        this_event_type,
        seats_taken: if this_event_type && private {
            u32::MAX
        } else {
            found.seats_taken
        },
    }
}
