//! Whole lives of bookings: any sequence of commands, by anybody, at any time. After each one the record is right.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use scheduling_core::booking::{Booking, BookingStatus, TransitionError};
use scheduling_core::directory::Role;
use scheduling_core::ids::{BookingId, SessionId, UserId};
use scheduling_core::ports::{Storage, UnitOfWork};
use scheduling_core::time::Interval;
use scheduling_testkit::builders::parse;

use super::*;
use crate::HoldToken;
use crate::ManageToken;
use crate::actor::Actor;
use crate::testing::{World, at};

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's MMIX constants; the high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len())].clone()
    }
}

const FIRM: &str = "host ann Europe/Berlin 08:00-17:00
    host bob America/New_York 08:00-12:00
    host cem UTC 09:00-16:00
    event pool 30 robin:ann,bob,cem step=15 buffers=5/10 per_day=4 lasts=45 remind=60 followup=30
    event ask 30 robin:ann,bob approval=90
    event pair 45 all:ann,cem buffers=0/15 guests=1
    event class 60 robin:cem,bob seats=3
    event any 30 any:cem,ann approval=30 move_notice=60 cancel_notice=30
    event solo 20 ann\n";

const EVENTS: [&str; 6] = ["pool", "ask", "pair", "class", "any", "solo"];

/// What the model remembers of a booking.
#[derive(Clone)]
struct Known {
    token: ManageToken,
    /// As it was stored when it was last looked at.
    stored: Booking,
    /// How many entries its history must have.
    entries: usize,
}

struct Life {
    world: World,
    dice: Dice,
    known: BTreeMap<BookingId, Known>,
    holds: Vec<(&'static str, DateTime<Utc>, HoldToken)>,
    /// How often each command was done, and refused.
    done: BTreeMap<&'static str, (usize, usize)>,
}

impl Life {
    async fn new(seed: u64) -> Self {
        let world = World::new(FIRM).await;
        world.clock.set(at("24T06:00"));
        Self {
            world,
            dice: Dice(seed),
            known: BTreeMap::new(),
            holds: Vec::new(),
            done: BTreeMap::new(),
        }
    }

    /// A quarter of an hour within the next ten hours.
    fn start(&mut self) -> DateTime<Utc> {
        let now = self.world.scheduling.ports().clock.now();
        let quarter = now.duration_trunc(TimeDelta::minutes(15)).unwrap();
        quarter + TimeDelta::minutes(15 * i64::try_from(self.dice.roll(40)).unwrap())
    }

    fn some_booking(&mut self) -> Option<Known> {
        let all: Vec<&Known> = self.known.values().collect();
        if all.is_empty() {
            return None;
        }
        let place = self.dice.roll(all.len());
        Some(all[place].clone())
    }

    /// Somebody's access to a booking: its invitee's, a host's by link or by sign-in, an owner's, Kalends' own.
    async fn some_access(&mut self, known: &Known) -> BookingAccess {
        let booking = known.stored.id;
        let hosts = &known.stored.hosts;
        let host = hosts[self.dice.roll(hosts.len())].user;
        let name = self.world.names([host]);
        match self.dice.roll(5) {
            0 | 1 => BookingAccess::Invitee(known.token.clone()),
            2 => self.world.as_host(&name, booking).await,
            3 => self.world.as_member(&name, booking),
            _ => BookingAccess::Member {
                actor: match self.dice.roll(2) {
                    0 => Actor::System,
                    _ => self.world.member("bob", Role::Owner),
                },
                booking,
            },
        }
    }

    fn note(&mut self, command: &'static str, was_done: bool) {
        let (done, refused) = self.done.entry(command).or_default();
        if was_done {
            *done += 1;
        } else {
            *refused += 1;
        }
    }

    async fn step(&mut self) {
        match self.dice.roll(14) {
            0..=3 => self.book().await,
            4 => self.hold().await,
            5..=7 => self.reschedule().await,
            8 => self.change("cancel").await,
            9 => self.change("approve").await,
            10 => self.change("decline").await,
            11 => {
                let mark = self.dice.one_of(&["complete", "no-show"]);
                self.change(mark).await;
            }
            12 => self.change("expire").await,
            _ => {
                let minutes = i64::try_from(self.dice.roll(90)).unwrap();
                self.world.advance(minutes);
            }
        }
    }

    async fn book(&mut self) {
        let event = self.dice.one_of(&EVENTS);
        let mut command = World::command(event, "24T00:00");
        command.start = self.start();
        if !self.holds.is_empty() && self.dice.roll(2) == 0 {
            let place = self.dice.roll(self.holds.len());
            let (event, start, token) = self.holds[place].clone();
            command.event_type = parse(event);
            command.start = start;
            command.hold = Some(token);
        }
        let booked = match self.dice.roll(4) {
            0 => {
                let owner = self.world.member("ann", Role::Owner);
                self.world.scheduling.book_for(&owner, &command).await
            }
            _ => self.world.scheduling.book(&command).await,
        };
        self.note("book", booked.is_ok());
        if let Ok(booked) = booked {
            self.holds
                .retain(|(_, _, token)| Some(token) != command.hold.as_ref());
            let known = Known {
                token: booked.manage_token,
                stored: booked.booking,
                entries: 1,
            };
            self.known.insert(known.stored.id, known);
        }
    }

    async fn hold(&mut self) {
        if !self.holds.is_empty() && self.dice.roll(3) == 0 {
            let place = self.dice.roll(self.holds.len());
            let (_, _, token) = self.holds[place].clone();
            if self.dice.roll(2) == 0 {
                let renewed = self.world.scheduling.renew_hold(&token).await;
                self.note("renew", renewed.is_ok());
            } else {
                let released = self.world.scheduling.release_hold(&token).await;
                self.note("release", released.is_ok());
                self.holds.remove(place);
            }
            return;
        }
        let event = self.dice.one_of(&EVENTS);
        let start = self.start();
        let (workspace, event_type) = (parse("firm"), parse(event));
        let command = HoldSlot::new(workspace, event_type, start);
        let held = self.world.scheduling.hold(&command).await;
        self.note("hold", held.is_ok());
        if let Ok(held) = held {
            self.holds.push((event, start, held.token));
        }
    }

    async fn reschedule(&mut self) {
        let Some(known) = self.some_booking() else {
            return;
        };
        let access = self.some_access(&known).await;
        let command = RescheduleBooking::new(access, self.start());
        let moved = self.world.scheduling.reschedule(&command).await;
        self.note("reschedule", moved.is_ok());
        match moved {
            Ok(moved) => {
                let before = &known.stored;
                let after = moved.booking;
                if after.interval == before.interval {
                    assert_eq!(after, *before);
                    return;
                }
                assert_eq!(after.sequence, before.sequence + 1);
                self.changed(&known, after);
            }
            Err(RescheduleError::Change(ChangeError::Transition(refused))) => {
                self.names_both_ends(&known, refused, BookingStatus::Confirmed);
            }
            Err(_) => {}
        }
        self.nothing_happened_to_others(&known).await;
    }

    async fn change(&mut self, what: &'static str) {
        let Some(known) = self.some_booking() else {
            return;
        };
        let access = self.some_access(&known).await;
        let scheduling = &self.world.scheduling;
        let id = known.stored.id;
        let (changed, to) = match what {
            "cancel" => (
                scheduling.cancel(&CancelBooking::new(access)).await,
                BookingStatus::Cancelled,
            ),
            "approve" => (
                scheduling.approve(&ApproveBooking::new(access)).await,
                BookingStatus::Confirmed,
            ),
            "decline" => (
                scheduling.decline(&DeclineBooking::new(access)).await,
                BookingStatus::Declined,
            ),
            "complete" => (
                scheduling.mark_completed(&MarkBooking::new(access)).await,
                BookingStatus::Completed,
            ),
            "no-show" => (
                scheduling.mark_no_show(&MarkBooking::new(access)).await,
                BookingStatus::NoShow,
            ),
            _ => {
                let expired = scheduling.expire_pending(id).await.unwrap();
                self.note(what, expired.is_some());
                if let Some(booking) = expired {
                    assert_eq!(known.stored.state.name(), BookingStatus::Pending);
                    self.changed(&known, booking);
                }
                return;
            }
        };
        self.note(what, changed.is_ok());
        match changed {
            Ok(changed) => {
                assert_eq!(changed.booking.state.name(), to);
                // What moved stands in calendars at another time, or is off there.
                let moved = known.stored.sequence > 0;
                let raised = u32::from(what == "cancel" || (what == "approve" && moved));
                assert_eq!(changed.booking.sequence, known.stored.sequence + raised);
                self.changed(&known, changed.booking);
            }
            Err(ChangeError::Transition(refused)) => self.names_both_ends(&known, refused, to),
            Err(_) => {}
        }
        self.nothing_happened_to_others(&known).await;
    }

    fn names_both_ends(&self, known: &Known, refused: TransitionError, to: BookingStatus) {
        let now = self.world.scheduling.ports().clock.now();
        let booking = &known.stored;
        let from = booking.state.status(booking.interval.end(), now);
        assert_eq!(refused, TransitionError { from, to });
    }

    fn changed(&mut self, known: &Known, after: Booking) {
        assert_eq!(after.version, known.stored.version + 1);
        let known = self.known.get_mut(&after.id).unwrap();
        known.stored = after;
        known.entries += 1;
    }

    /// A command changes the one booking it names, or nothing.
    async fn nothing_happened_to_others(&self, _but: &Known) {
        let stored = self.world.bookings().await;
        assert_eq!(stored.len(), self.known.len());
        for booking in stored {
            assert_eq!(booking, self.known[&booking.id].stored);
        }
    }

    /// What must be true after every command.
    async fn check(&self) {
        let stored = self.world.bookings().await;
        let mut work = self.world.storage.begin_read().await.unwrap();
        let mut taken: Vec<(_, Option<SessionId>, Interval)> = Vec::new();
        let mut seats: BTreeMap<SessionId, u32> = BTreeMap::new();
        for booking in &stored {
            let history = work.bookings().history(booking.id).await.unwrap();
            assert_eq!(
                history.len(),
                self.known[&booking.id].entries,
                "{booking:?}"
            );
            if booking.state.takes_time() {
                for host in &booking.hosts {
                    taken.push((host.user, host.session, booking.reservation()));
                    if let Some(session) = host.session {
                        *seats.entry(session).or_default() += 1;
                    }
                }
            } else {
                assert!(booking.rotation.as_ref().is_none_or(|step| step.released));
            }
        }
        for (n, (host, session, a)) in taken.iter().enumerate() {
            for (other, its, b) in &taken[n + 1..] {
                let shared = session.is_some() && session == its;
                assert!(host != other || shared || !a.overlaps(b), "{host} {a} {b}");
            }
        }
        // Sessions have the seats of their bookings, and of the holds that are still there.
        let held = self.held_seats(&mut *work).await;
        let hosts: Vec<_> = self.world.hosts.values().copied().collect();
        let always = Interval::new(at("20T00:00"), at("30T00:00")).unwrap();
        for found in work.bookings().reservations(&hosts, always).await.unwrap() {
            if let Some(session) = found.session {
                let booked = seats.get(&session).copied().unwrap_or(0);
                let held = held.get(&session).copied().unwrap_or(0);
                assert_eq!(found.seats_taken, booked + held);
                assert!(found.seats_taken <= 3);
            }
        }
        self.check_ledgers(&stored, &mut *work).await;
    }

    /// Each host's credit is what the steps that stand have earned and cost him, and nothing else.
    async fn check_ledgers(&self, stored: &[Booking], work: &mut dyn UnitOfWork) {
        for event in ["pool", "ask", "class"] {
            let event_type = self.world.event_types[event].id;
            let mut due: BTreeMap<UserId, i64> = BTreeMap::new();
            let steps = stored.iter().filter(|b| b.event_type == event_type);
            for step in steps
                .filter_map(|b| b.rotation.as_ref())
                .filter(|s| !s.released)
            {
                for earned in &step.eligible {
                    *due.entry(earned.host).or_default() += i64::from(earned.weight);
                    *due.entry(step.holder).or_default() -= i64::from(earned.weight);
                }
            }
            for entry in work.rotation().ledger(event_type).await.unwrap().entries {
                let due = due.get(&entry.host).copied().unwrap_or(0);
                assert_eq!(entry.credit, due, "{event}");
            }
        }
    }

    async fn held_seats(&self, work: &mut dyn UnitOfWork) -> BTreeMap<SessionId, u32> {
        let hosts: Vec<_> = self.world.hosts.values().copied().collect();
        let always = Interval::new(at("20T00:00"), at("30T00:00")).unwrap();
        let holds = work.holds().overlapping(&hosts, always).await.unwrap();
        let mut seats: BTreeMap<SessionId, u32> = BTreeMap::new();
        for session in holds
            .iter()
            .flat_map(|hold| &hold.hosts)
            .filter_map(|h| h.session)
        {
            *seats.entry(session).or_default() += 1;
        }
        seats
    }

    /// Calls everything off that still can be, lets everything else be, and gives holds back: then nothing is left behind.
    async fn end(&self) {
        for known in self.known.values() {
            let access = BookingAccess::Member {
                actor: Actor::System,
                booking: known.stored.id,
            };
            // What is over stays as it is.
            let _ = self
                .world
                .scheduling
                .cancel(&CancelBooking::new(access))
                .await;
        }
        self.world.advance(60);
        self.world.worker().sweep_holds().await.unwrap();
        let stored = self.world.bookings().await;
        let over = stored.iter().filter(|booking| booking.state.takes_time());
        let mut claims: Vec<(_, Option<SessionId>, DateTime<Utc>)> = over
            .flat_map(|booking| {
                let start = booking.interval.start();
                booking
                    .hosts
                    .iter()
                    .map(move |h| (h.user, h.session, start))
            })
            .collect();
        claims.sort();
        claims.dedup();
        assert_eq!(self.world.storage.claim_count(), claims.len());
    }
}

#[tokio::test]
async fn whatever_anybody_does_the_record_is_right() {
    let mut total: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for seed in 1..=12 {
        let mut life = Life::new(seed).await;
        for _ in 0..250 {
            life.step().await;
            life.check().await;
        }
        // Nothing that is owed fails, however late it is done.
        life.world.worker().run_due().await.unwrap();
        assert_eq!(life.world.outbox().await.failed, 0);
        life.end().await;
        for (command, (done, refused)) in life.done {
            let sum = total.entry(command).or_default();
            *sum = (sum.0 + done, sum.1 + refused);
        }
    }
    // Each command was done and refused often enough for this to mean something.
    for command in [
        "book",
        "hold",
        "reschedule",
        "cancel",
        "approve",
        "decline",
        "complete",
        "no-show",
        "expire",
    ] {
        let (done, refused) = total[command];
        assert!(done >= 3 && refused >= 3, "{command}: {total:?}");
    }
}

/// One of many who act at once: books, holds, moves, answers and cancels what he has booked.
async fn act(scheduling: crate::Scheduling, seed: u64) -> Vec<ManageToken> {
    let mut dice = Dice(seed);
    let mut mine: Vec<ManageToken> = Vec::new();
    for _ in 0..60 {
        let event = dice.one_of(&EVENTS);
        let start = at("24T07:00") + TimeDelta::minutes(15 * i64::try_from(dice.roll(40)).unwrap());
        let access = |mine: &[ManageToken], place: usize| {
            BookingAccess::Invitee(mine[place % mine.len()].clone())
        };
        match dice.roll(6) {
            0 if !mine.is_empty() => {
                let command = CancelBooking::new(access(&mine, dice.roll(8)));
                let _ = scheduling.cancel(&command).await;
            }
            1 | 2 if !mine.is_empty() => {
                let command = RescheduleBooking::new(access(&mine, dice.roll(8)), start);
                let _ = scheduling.reschedule(&command).await;
            }
            3 => {
                let command = HoldSlot::new(parse("firm"), parse(event), start);
                let held = scheduling.hold(&command).await;
                if let Ok(held) = held {
                    let _ = scheduling.release_hold(&held.token).await;
                }
            }
            _ => {
                let mut command = World::command(event, "24T00:00");
                command.start = start;
                if let Ok(booked) = scheduling.book(&command).await {
                    mine.push(booked.manage_token);
                }
            }
        }
        tokio::task::yield_now().await;
    }
    mine
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_act_at_once_the_record_is_right() {
    let life = Life::new(1).await;
    let mut all = tokio::task::JoinSet::new();
    for seed in 0..8 {
        all.spawn(act(life.world.scheduling.clone(), seed));
    }
    let tokens: Vec<ManageToken> = all.join_all().await.into_iter().flatten().collect();
    assert!(tokens.len() > 10, "{}", tokens.len());
    let mut life = life;
    for booking in life.world.bookings().await {
        // Each change grew the version by one and left an entry.
        let entries = usize::try_from(booking.version).unwrap();
        let token = ManageToken::from_bytes([0; 32]);
        let known = Known {
            token,
            stored: booking,
            entries,
        };
        life.known.insert(known.stored.id, known);
    }
    life.check().await;
    life.end().await;
}
