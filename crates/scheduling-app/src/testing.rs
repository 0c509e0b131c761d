//! A small world for tests: written as text, asked in text, over the storage in memory.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::booking::{Booking, BookingStatus};
use scheduling_core::directory::{Role, Workspace};
use scheduling_core::event_type::{
    Approval, BookingLink, BookingWindow, Buffers, Capacity, Durations, EventHours, EventType,
    EventTypeStatus, Hosting, Location, Locations, Question, QuestionKind, Questions, ReasonPolicy,
    Reminder, ReminderTo, Reminders, Required, SlotRules, SlotSteps,
};
use scheduling_core::ids::{BookingId, BookingLinkId, UserId};
use scheduling_core::ports::{
    BookingFilter, BookingPage, BookingRepository, BusyRepository, Direction, Directory,
    EventTypeRepository, HoldRepository, IdempotencyRepository, ImageRepository, LinkRepository,
    MessageRepository, OutboxCounts, OutboxRepository, Revisions, RotationRepository,
    ScheduleRepository, SessionRepository, SlotSources, Storage, StorageError, TimeOffRepository,
    UnitOfWork,
};
use scheduling_core::time::{Length, Minutes, zone};
use scheduling_testkit::builders::{self, instant, parse};
use scheduling_testkit::{
    ManualClock, MemoryStorage, PlainSealer, RecordingNotifier, SequenceIds, SequenceSecrets,
    TestLinks,
};

use crate::actor::Actor;
use crate::availability::{ExplainSlot, FindSlots};
use crate::bookings::{
    BookError, BookSlot, Booked, BookingAccess, CancelBooking, Held, HoldError, HoldSlot,
    InviteeDetails, RescheduleBooking, RescheduleError,
};
use crate::setup::{NewEventType, NewPerson, NewWorkspace};
use crate::worker::Worker;
use crate::{HostToken, ManageToken, Scheduling, SchedulingBuilder};

/// One workspace, `firm`, with hosts and event types.
pub(crate) struct World {
    pub(crate) storage: MemoryStorage,
    pub(crate) clock: ManualClock,
    pub(crate) notifier: RecordingNotifier,
    pub(crate) scheduling: Scheduling,
    pub(crate) workspace: Workspace,
    pub(crate) hosts: BTreeMap<String, UserId>,
    pub(crate) event_types: BTreeMap<String, EventType>,
    pub(crate) links: BTreeMap<String, BookingLinkId>,
}

/// An instant in November 2026, such as `24T10:00`: the 24th, a Tuesday.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    instant(&format!("2026-11-{text}:00Z"))
}

/// The other way round.
pub(crate) fn short(instant: DateTime<Utc>) -> String {
    let text = instant.format("%Y-%m-%dT%H:%M").to_string();
    text.strip_prefix("2026-11-").unwrap_or(&text).to_owned()
}

impl World {
    /// Makes a world of lines:
    ///
    /// ```text
    /// now   23T08:00                                the clock; this is the default
    /// host  ann Europe/Berlin 09:00-12:00           working hours from Monday to Friday
    /// busy  ann 24T10:00 30                         so many minutes
    /// event intro 30 ann step=15 buffers=10/5 notice=60 seats=3 window=7 per_day=1 hours=09:00-17:00 status=hidden
    /// event pool 30 robin:ann,bob                   also any: all: two: hands:
    /// event ask  30 ann approval=120 lasts=45,60 guests=2 asks=topic place=room remind=1440,60 followup=30
    /// event strict 30 ann cancel=hosts cancel_notice=60 cancel_reason=required move=hosts move_notice=60 decline_reason=required
    /// link  once intro uses=1 until=24T10:00        a further link to an event type
    /// ```
    ///
    /// Nobody is reminded unless an event type says so.
    pub(crate) async fn new(text: &str) -> Self {
        let clock = ManualClock::at(at("23T08:00"));
        let storage = MemoryStorage::new();
        let scheduling = over(Arc::new(storage.clone()), &clock);
        let new = NewWorkspace {
            slug: parse("firm"),
            name: parse("Halden & Mills"),
            description: None,
        };
        let workspace = scheduling.create_workspace(new).await.unwrap();
        let mut world = Self {
            storage,
            clock,
            notifier: RecordingNotifier::new(),
            scheduling,
            workspace,
            hosts: BTreeMap::new(),
            event_types: BTreeMap::new(),
            links: BTreeMap::new(),
        };
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                ["now", now] => world.clock.set(at(now)),
                ["host", name, zone, hours] => world.add_host(name, zone, hours).await,
                ["busy", name, start, minutes] => world.add_busy(name, start, minutes).await,
                ["event", slug, minutes, hosts, options @ ..] => {
                    world.add_event(slug, minutes, hosts, options).await;
                }
                ["link", slug, event, options @ ..] => world.add_link(slug, event, options).await,
                _ => panic!("what is {line:?}?"),
            }
        }
        world
    }

    async fn add_host(&mut self, name: &str, zone_name: &str, hours: &str) {
        let timezone = zone::parse(zone_name).unwrap();
        let new = NewPerson {
            name: parse(name),
            email: parse(&format!("{name}@firm.example")),
            timezone,
            availability: Some(builders::working_hours(timezone, hours)),
        };
        let made = self.scheduling.create_person(self.workspace.id, new).await;
        self.hosts.insert(name.to_owned(), made.unwrap().0.id);
    }

    async fn add_busy(&mut self, name: &str, start: &str, minutes: &str) {
        let interval = builders::minutes_from(at(start), parse(minutes));
        let busy = builders::busy(&SequenceIds::new(), self.hosts[name], interval).busy;
        let host = self.hosts[name];
        self.scheduling.add_busy(host, busy).await.unwrap();
    }

    async fn add_event(&mut self, slug: &str, minutes: &str, hosts: &str, options: &[&str]) {
        let (preset, names) = hosts.split_once(':').unwrap_or(("", hosts));
        let pool: Vec<UserId> = names.split(',').map(|name| self.hosts[name]).collect();
        let two = Required::AtLeast(NonZeroU32::new(2).unwrap());
        let hosting = match preset {
            "" => Ok(Hosting::single(pool[0])),
            "robin" => Hosting::round_robin(pool),
            "any" => Hosting::any_available(pool),
            "all" => Hosting::collective(pool, Required::All),
            "two" => Hosting::collective(pool, two),
            "hands" => Hosting::all_hands(pool),
            _ => panic!("what is {preset}?"),
        };
        let length = |text: &str| Length::new(parse(text)).unwrap();
        let rules = SlotRules::new(chrono_tz::Tz::UTC, length(minutes));
        let location = Location::Phone {
            instructions: parse("We call you"),
        };
        let hosting = hosting.unwrap();
        let mut new = NewEventType::new(parse(slug), parse(slug), rules, hosting, location);
        new.reminders = Reminders::none();
        let lengths = |text: &str| text.split(',').map(length).collect();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for option in options {
            let (name, value) = option.split_once('=').unwrap();
            let rules = &mut new.rules;
            let policy = &mut new.policy;
            match name {
                "step" => rules.slot_interval = length(value),
                "buffers" => {
                    let (before, after) = value.split_once('/').unwrap();
                    rules.buffers = Buffers {
                        before: Minutes(parse(before)),
                        after: Minutes(parse(after)),
                    };
                }
                "notice" => rules.minimum_notice = Minutes(parse(value)),
                "seats" => rules.capacity = Capacity::seats(parse(value)).unwrap(),
                "window" => {
                    rules.booking_window = BookingWindow::RollingDays { days: parse(value) };
                }
                "zone" => rules.timezone = zone::parse(value).unwrap(),
                "until" => {
                    rules.booking_window = BookingWindow::Dates {
                        from: parse("2026-11-01"),
                        to: parse(value),
                    };
                }
                "per_day" => rules.limits.per_day = Some(parse(value)),
                "per_month" => rules.limits.per_month = Some(parse(value)),
                "hours" => {
                    new.hours = EventHours::Own {
                        availability: builders::working_hours(chrono_tz::Tz::UTC, value),
                        within_hosts: false,
                    };
                }
                "status" => {
                    new.status = match value {
                        "hidden" => EventTypeStatus::Hidden,
                        "inactive" => EventTypeStatus::Inactive,
                        "archived" => EventTypeStatus::Archived,
                        _ => panic!("what is {option}?"),
                    };
                }
                "lasts" => {
                    new.durations = Durations::new(lengths(value), SlotSteps::Interval).unwrap();
                }
                "approval" => {
                    policy.approval = Some(Approval {
                        answer_within: length(value),
                    });
                }
                "cancel" => policy.cancel.invitee_may = value != "hosts",
                "cancel_notice" => policy.cancel.notice = Minutes(parse(value)),
                "cancel_reason" => policy.cancel.invitee_reason = ReasonPolicy::Required,
                "decline_reason" => policy.cancel.host_reason = ReasonPolicy::Required,
                "move" => policy.reschedule.invitee_may = value != "hosts",
                "move_notice" => policy.reschedule.notice = Minutes(parse(value)),
                "move_reason" => policy.reschedule.invitee_reason = ReasonPolicy::Required,
                "guests" => new.form.max_guests = parse(value),
                "asks" => new.form.questions = Questions::new(vec![question(value)]).unwrap(),
                "place" => new.locations = Locations::one(location_of(value)),
                "remind" => before = reminders(value),
                "followup" => after = reminders(value),
                _ => panic!("what is {option}?"),
            }
        }
        new.reminders = Reminders::new(before, after).unwrap();
        let made = self
            .scheduling
            .create_event_type(self.workspace.id, new)
            .await;
        self.event_types.insert(slug.to_owned(), made.unwrap());
    }

    async fn add_link(&mut self, slug: &str, event: &str, options: &[&str]) {
        let number = 0xff00 + self.links.len() as u128;
        let mut link = BookingLink {
            id: BookingLinkId::from_uuid(uuid::Uuid::from_u128(number)),
            workspace: self.workspace.id,
            event_type: self.event_types[event].id,
            slug: parse(slug),
            name: None,
            questions: None,
            redirect_url: None,
            expires_at: None,
            max_uses: None,
            uses: 0,
            revoked: false,
            version: 1,
            created_at: scheduling_core::ports::Clock::now(&self.clock),
        };
        for option in options {
            match option.split_once('=').unwrap() {
                ("uses", value) => link.max_uses = Some(parse(value)),
                ("until", value) => link.expires_at = Some(at(value)),
                ("asks", value) => {
                    link.questions = Some(Questions::new(vec![question(value)]).unwrap());
                }
                ("redirect", value) => link.redirect_url = Some(parse(value)),
                _ => panic!("what is {option}?"),
            }
        }
        let mut work = self.storage.begin().await.unwrap();
        work.links().insert(&link).await.unwrap();
        work.commit().await.unwrap();
        self.links.insert(slug.to_owned(), link.id);
    }

    /// The names of hosts, in the order given.
    pub(crate) fn names(&self, users: impl IntoIterator<Item = UserId>) -> String {
        let name = |user| self.hosts.iter().find(|(_, id)| **id == user).unwrap().0;
        let names: Vec<&str> = users.into_iter().map(|user| name(user).as_str()).collect();
        names.join(",")
    }

    /// The offered starts with who can take them, such as `24T09:00 ann,bob`, and the next one if there is none.
    pub(crate) async fn slots(&self, event: &str, from: &str, to: &str) -> String {
        let query = FindSlots::new(parse("firm"), parse(event), at(from), at(to));
        let found = match self.scheduling.find_slots(&query).await {
            Ok(found) => found,
            Err(error) => return format!("! {error}"),
        };
        let lines: Vec<String> = found
            .slots
            .iter()
            .map(|slot| {
                let hosts = self.names(slot.hosts.iter().map(|place| found.roster[place]));
                let left = slot.seats_left.map(|n| format!(" {n} left"));
                format!("{} {hosts}{}", short(slot.start), left.unwrap_or_default())
            })
            .collect();
        match found.next_available {
            Some(next) => format!("next {}", short(next)),
            None => lines.join("\n"),
        }
    }

    /// What speaks against a start: its own reasons, then each host's.
    pub(crate) async fn explain(&self, event: &str, start: &str) -> String {
        let query = ExplainSlot {
            workspace: parse("firm"),
            event_type: parse(event),
            start: at(start),
            duration: None,
        };
        match self.scheduling.explain_slot(&query).await {
            Ok(explained) => {
                let hosts = explained.roster.iter().zip(&explained.explanation.hosts);
                let hosts: Vec<String> = hosts
                    .map(|(host, why)| format!("{} {why:?}", self.names([*host])))
                    .collect();
                format!("{:?} {}", explained.explanation.start, hosts.join(" "))
            }
            Err(error) => format!("! {error}"),
        }
    }

    /// A command that books, as Ida.
    pub(crate) fn command(event: &str, start: &str) -> BookSlot {
        let ida = InviteeDetails {
            name: parse("Ida Invitee"),
            email: parse("ida@example.org"),
            timezone: chrono_tz::Tz::Asia__Kathmandu,
        };
        BookSlot::new(parse("firm"), parse(event), at(start), ida)
    }

    /// Books. Answers who hosts, or why not and what else.
    pub(crate) async fn book(&self, event: &str, start: &str) -> String {
        self.say(&self.scheduling.book(&Self::command(event, start)).await)
    }

    /// Books, and it must work.
    pub(crate) async fn booked(&self, event: &str, start: &str) -> Booked {
        let booked = self.scheduling.book(&Self::command(event, start)).await;
        booked.unwrap_or_else(|error| panic!("{event} at {start}: {error}"))
    }

    /// A result of booking as text: who hosts, or why not and what else.
    pub(crate) fn say(&self, booked: &Result<Booked, BookError>) -> String {
        match booked {
            Ok(booked) => self.names(booked.booking.hosts.iter().map(|h| h.user)),
            Err(BookError::Unavailable {
                reasons,
                alternatives,
                ..
            }) => {
                let alternatives: Vec<String> = alternatives.iter().map(|s| short(*s)).collect();
                format!("! {reasons:?} else {}", alternatives.join(" "))
            }
            Err(error) => format!("! {error}"),
        }
    }

    /// Cancels, as the invitee. Answers the new status, or why not.
    pub(crate) async fn cancel(&self, token: &ManageToken) -> String {
        let mut command = CancelBooking::new(BookingAccess::Invitee(token.clone()));
        command.reason = Some(parse("I am ill"));
        match self.scheduling.cancel(&command).await {
            Ok(changed) => changed.booking.state.name().to_string(),
            Err(error) => format!("! {error}"),
        }
    }

    /// A member of the firm, by the name of a host.
    pub(crate) fn member(&self, name: &str, role: Role) -> Actor {
        Actor::Member {
            workspace: self.workspace.id,
            user: self.hosts[name],
            role,
        }
    }

    /// A member's access to a booking.
    pub(crate) fn as_member(&self, name: &str, booking: BookingId) -> BookingAccess {
        BookingAccess::Member {
            actor: self.member(name, Role::Member),
            booking,
        }
    }

    /// A host's access to a booking by his own link, as it is stored now.
    pub(crate) async fn as_host(&self, name: &str, booking: BookingId) -> BookingAccess {
        BookingAccess::Host(self.host_token(name, booking).await)
    }

    /// The secret of a host's own link.
    pub(crate) async fn host_token(&self, name: &str, booking: BookingId) -> HostToken {
        let booking = self.stored(booking).await;
        let host = booking.host(self.hosts[name]).expect("he hosts it");
        self.scheduling.open_host_token(&host.manage).unwrap()
    }

    /// A booking as it is stored.
    pub(crate) async fn stored(&self, booking: BookingId) -> Booking {
        let mut work = self.storage.begin_read().await.unwrap();
        work.bookings().get(booking).await.unwrap().unwrap()
    }

    /// What has become of a booking, entry by entry.
    pub(crate) async fn history(&self, booking: BookingId) -> String {
        let mut work = self.storage.begin_read().await.unwrap();
        let entries = work.bookings().history(booking).await.unwrap();
        let entries = entries.iter().map(|entry| {
            let change = format!("{:?}", entry.change);
            let change = change
                .split([' ', '{'])
                .next()
                .unwrap_or_default()
                .to_owned();
            let by = match entry.by {
                scheduling_core::booking::Doer::Member(user) => self.names([user]),
                other => format!("{other:?}").to_lowercase(),
            };
            format!("{} {change} by {by}", short(entry.at))
        });
        entries.collect::<Vec<_>>().join("\n")
    }

    /// Moves a booking, and says who hosts it then, when, and its state; or why not and what else.
    pub(crate) async fn moves(&self, access: &BookingAccess, start: &str) -> String {
        let command = RescheduleBooking::new(access.clone(), at(start));
        self.say_moved(
            &self
                .scheduling
                .reschedule(&command)
                .await
                .map(|c| c.booking),
        )
    }

    pub(crate) fn say_moved(&self, moved: &Result<Booking, RescheduleError>) -> String {
        match moved {
            Ok(booking) => {
                let state = booking.state.name();
                let state = match state {
                    BookingStatus::Confirmed => String::new(),
                    other => format!(" {other}"),
                };
                let hosts = self.names(booking.hosts.iter().map(|h| h.user));
                let start = short(booking.interval.start());
                format!("{start} {hosts}{state} #{}", booking.sequence)
            }
            Err(RescheduleError::Unavailable {
                reasons,
                alternatives,
                ..
            }) => {
                let alternatives: Vec<String> = alternatives.iter().map(|s| short(*s)).collect();
                format!("! {reasons:?} else {}", alternatives.join(" "))
            }
            Err(error) => format!("! {error}"),
        }
    }

    /// Holds a slot.
    pub(crate) async fn hold(&self, event: &str, start: &str) -> Result<Held, HoldError> {
        let command = HoldSlot::new(parse("firm"), parse(event), at(start));
        self.scheduling.hold(&command).await
    }

    /// Holds a slot, and it must work.
    pub(crate) async fn held(&self, event: &str, start: &str) -> Held {
        let held = self.hold(event, start).await;
        held.unwrap_or_else(|error| panic!("{event} at {start}: {error}"))
    }

    pub(crate) fn worker(&self) -> Worker {
        Worker::new(self.scheduling.clone(), Arc::new(self.notifier.clone()))
    }

    /// The bookings of November, as they are stored.
    pub(crate) async fn bookings(&self) -> Vec<Booking> {
        let mut work = self.storage.begin_read().await.unwrap();
        let page = BookingPage {
            direction: Direction::Ascending,
            after: None,
            limit: 1000,
        };
        let filter = BookingFilter::default();
        let found = work.bookings().list(self.workspace.id, &filter, &page);
        let found = found.await.unwrap();
        assert!(found.unreadable.is_empty(), "{:?}", found.unreadable);
        found.found
    }

    /// The credits of an event type's rotation, such as `ann-100 bob+100`.
    pub(crate) async fn credits(&self, event: &str) -> String {
        let mut work = self.storage.begin_read().await.unwrap();
        let ledger = work.rotation().ledger(self.event_types[event].id).await;
        let entries = ledger.unwrap().entries;
        let entries = entries
            .iter()
            .map(|e| format!("{}{:+}", self.names([e.host]), e.credit));
        entries.collect::<Vec<_>>().join(" ")
    }

    pub(crate) async fn outbox(&self) -> OutboxCounts {
        let mut work = self.storage.begin_read().await.unwrap();
        work.outbox().counts().await.unwrap()
    }

    /// The same world with a storage that can be told to fail.
    pub(crate) fn flaky(&mut self) -> FlakyStorage {
        let flaky = FlakyStorage::over(&self.storage);
        // Other ids and secrets than those given before.
        self.scheduling = SchedulingBuilder {
            storage: Arc::new(flaky.clone()),
            ids: Arc::new(SequenceIds::after(1000)),
            ..self.scheduling.ports().clone()
        }
        .build();
        flaky
    }

    pub(crate) fn advance(&self, minutes: i64) {
        self.clock.advance(TimeDelta::minutes(minutes));
    }
}

/// A question that must be answered with a line.
fn question(key: &str) -> Question {
    Question {
        key: parse(key),
        label: parse(key),
        help: None,
        kind: QuestionKind::Text,
        required: true,
        shown_if: None,
    }
}

fn location_of(kind: &str) -> Location {
    match kind {
        "room" => Location::Room {
            template: parse("https://meet.example.org/{room}"),
        },
        "calls" => Location::HostCalls,
        "asks" => Location::AskInvitee,
        _ => panic!("what is {kind}?"),
    }
}

/// Reminders to everyone, so many minutes away.
fn reminders(minutes: &str) -> Vec<Reminder> {
    let minutes = minutes.split(',').map(|minutes| Reminder {
        minutes: Minutes(parse(minutes)),
        to: ReminderTo::Everyone,
    });
    minutes.collect()
}

/// A storage that fails as it is told to, over one in memory.
#[derive(Clone, Default)]
pub(crate) struct FlakyStorage {
    inner: MemoryStorage,
    /// How many of the next commits meet a conflict.
    pub(crate) conflicts: Arc<AtomicUsize>,
    /// How many of the next transactions do not begin.
    pub(crate) outages: Arc<AtomicUsize>,
    /// What writing transactions asked for, in order.
    pub(crate) calls: Calls,
    /// What somebody else makes of an event type while a writing transaction waits for its hosts: it shows from then on.
    pub(crate) meanwhile: Arc<Mutex<Option<EventType>>>,
}

/// The names of calls, in order.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Vec<String>>>);

impl Calls {
    fn note(&self, call: impl Into<String>) {
        self.0.lock().unwrap().push(call.into());
    }

    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" ")
    }
}

impl FlakyStorage {
    pub(crate) fn over(inner: &MemoryStorage) -> Self {
        Self {
            inner: inner.clone(),
            ..Self::default()
        }
    }

    fn answers(&self) -> Result<(), StorageError> {
        if take_one(&self.outages) {
            return Err(StorageError::Unavailable("the test said so".into()));
        }
        Ok(())
    }
}

fn take_one(counter: &AtomicUsize) -> bool {
    let less = |n: usize| n.checked_sub(1);
    counter
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
        .is_ok()
}

#[async_trait]
impl Storage for FlakyStorage {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        self.answers()?;
        self.calls.note("begin");
        Ok(Box::new(FlakyUnitOfWork {
            inner: self.inner.begin().await?,
            conflicts: Arc::clone(&self.conflicts),
            calls: self.calls.clone(),
            meanwhile: Arc::clone(&self.meanwhile),
            storage: self.inner.clone(),
        }))
    }

    async fn begin_read(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        self.answers()?;
        self.inner.begin_read().await
    }
}

struct FlakyUnitOfWork {
    inner: Box<dyn UnitOfWork>,
    conflicts: Arc<AtomicUsize>,
    calls: Calls,
    meanwhile: Arc<Mutex<Option<EventType>>>,
    storage: MemoryStorage,
}

impl FlakyUnitOfWork {
    fn changed_meanwhile(&self) -> Option<EventType> {
        self.meanwhile.lock().unwrap().clone()
    }
}

#[async_trait]
impl UnitOfWork for FlakyUnitOfWork {
    fn directory(&mut self) -> &mut dyn Directory {
        self.calls.note("directory");
        self.inner.directory()
    }
    fn event_types(&mut self) -> &mut dyn EventTypeRepository {
        self.calls.note("event_types");
        self.inner.event_types()
    }
    fn schedules(&mut self) -> &mut dyn ScheduleRepository {
        self.calls.note("schedules");
        self.inner.schedules()
    }
    fn bookings(&mut self) -> &mut dyn BookingRepository {
        self.calls.note("bookings");
        self.inner.bookings()
    }
    fn holds(&mut self) -> &mut dyn HoldRepository {
        self.calls.note("holds");
        self.inner.holds()
    }
    fn links(&mut self) -> &mut dyn LinkRepository {
        self.calls.note("links");
        self.inner.links()
    }
    fn time_off(&mut self) -> &mut dyn TimeOffRepository {
        self.calls.note("time_off");
        self.inner.time_off()
    }
    fn messages(&mut self) -> &mut dyn MessageRepository {
        self.calls.note("messages");
        self.inner.messages()
    }
    fn images(&mut self) -> &mut dyn ImageRepository {
        self.calls.note("images");
        self.inner.images()
    }
    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self.calls.note("sessions");
        self.inner.sessions()
    }
    fn rotation(&mut self) -> &mut dyn RotationRepository {
        self.calls.note("rotation");
        self.inner.rotation()
    }
    fn busy(&mut self) -> &mut dyn BusyRepository {
        self.calls.note("busy");
        self.inner.busy()
    }
    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self.calls.note("outbox");
        self.inner.outbox()
    }
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository {
        self.calls.note("idempotency");
        self.inner.idempotency()
    }
    async fn lock_hosts(&mut self, hosts: &[UserId]) -> Result<(), StorageError> {
        self.calls.note(format!("lock({})", hosts.len()));
        self.inner.lock_hosts(hosts).await?;
        if let Some(changed) = self.changed_meanwhile() {
            self.inner.event_types().update(&changed).await?;
        }
        Ok(())
    }
    async fn revisions(&mut self, sources: &SlotSources) -> Result<Revisions, StorageError> {
        self.calls.note("revisions");
        self.inner.revisions(sources).await
    }
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        if take_one(&self.conflicts) {
            self.inner.rollback().await?;
            return Err(StorageError::Conflict);
        }
        self.calls.note("commit");
        self.inner.commit().await
    }
    async fn rollback(self: Box<Self>) -> Result<(), StorageError> {
        self.calls.note("rollback");
        let changed = self.changed_meanwhile();
        self.inner.rollback().await?;
        if let Some(changed) = changed {
            let mut others = self.storage.begin().await?;
            others.event_types().update(&changed).await?;
            others.commit().await?;
            self.meanwhile.lock().unwrap().take();
        }
        Ok(())
    }
}

/// The use cases over any storage, with the testkit's other ports.
pub(crate) fn over(storage: Arc<dyn Storage>, clock: &ManualClock) -> Scheduling {
    SchedulingBuilder {
        storage,
        clock: Arc::new(clock.clone()),
        ids: Arc::new(SequenceIds::new()),
        secrets: Arc::new(SequenceSecrets::new()),
        sealer: Arc::new(PlainSealer),
        links: Arc::new(TestLinks),
    }
    .build()
}
