//! The world that lives are led in: a firm and a club that share two hosts, and event types of every kind.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_app::setup::{NewEventType, NewPerson, NewWorkspace};
use scheduling_app::worker::{Worker, WorkerSettings};
use scheduling_app::{Scheduling, SchedulingBuilder};
use scheduling_core::event_type::{
    Approval, Buffers, Capacity, Durations, HostGroup, Hosting, Location, Reminder, ReminderTo,
    Reminders, Required, SlotRules, SlotSteps,
};
use scheduling_core::hold::Hold;
use scheduling_core::ids::{EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::{Clock, Storage};
use scheduling_core::time::{Length, Minutes};
use scheduling_testkit::builders::{instant, parse, working_hours};
use scheduling_testkit::{
    ManualClock, PlainSealer, RecordingNotifier, SequenceIds, SequenceSecrets, TestLinks,
};

/// How many share a meeting of the class.
pub(crate) const SEATS: u32 = 3;
/// How many bookings of the pool a host takes a day.
pub(crate) const POOL_PER_DAY: u32 = 4;
/// The event type that `POOL_PER_DAY` limits.
pub(crate) const POOL: &str = "pool";

/// Something to book.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    /// Whose it is.
    pub(crate) workspace: WorkspaceId,
    /// The workspace's part of the link.
    pub(crate) workspace_slug: &'static str,
    /// Its own part.
    pub(crate) slug: &'static str,
    /// Its id.
    pub(crate) id: EventTypeId,
}

/// Somebody who hosts.
pub(crate) struct Host {
    /// Who.
    pub(crate) id: UserId,
    /// Where days begin for this host.
    pub(crate) timezone: Tz,
}

/// Everything that lives are led in.
pub(crate) struct World {
    /// What is tested.
    pub(crate) scheduling: Scheduling,
    /// Where it keeps everything.
    pub(crate) storage: Arc<dyn Storage>,
    /// The time; it stands still by itself.
    pub(crate) clock: ManualClock,
    /// Every mail.
    pub(crate) mailbox: RecordingNotifier,
    /// Both workspaces: the firm and the club.
    pub(crate) workspaces: [WorkspaceId; 2],
    /// Ann, Bob and Cem, who host in the firm. Ann and Bob host in the club too.
    pub(crate) hosts: [Host; 3],
    /// What can be booked.
    pub(crate) events: Vec<Event>,
}

impl World {
    /// Builds the world on an empty storage. The same is built on each.
    pub(crate) async fn on(storage: Arc<dyn Storage>) -> Self {
        // A Tuesday.
        let clock = ManualClock::at(instant("2026-11-24T06:00:00Z"));
        let scheduling = SchedulingBuilder {
            storage: Arc::clone(&storage),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(SequenceIds::new()),
            secrets: Arc::new(SequenceSecrets::new()),
            sealer: Arc::new(PlainSealer),
            links: Arc::new(TestLinks),
        }
        .build();
        let firm = workspace(&scheduling, "firm").await;
        let club = workspace(&scheduling, "club").await;
        let hosts = [
            host(&scheduling, firm, "ann", Tz::Europe__Berlin, "08:00-17:00").await,
            host(
                &scheduling,
                firm,
                "bob",
                Tz::America__New_York,
                "06:00-14:00",
            )
            .await,
            host(&scheduling, firm, "cem", Tz::UTC, "09:00-12:00 12:30-18:00").await,
        ];
        // The club knows Ann and Bob by their addresses: they stay the people they are, with time of their own there.
        host(&scheduling, club, "ann", Tz::Europe__Berlin, "08:00-17:00").await;
        host(
            &scheduling,
            club,
            "bob",
            Tz::America__New_York,
            "06:00-14:00",
        )
        .await;
        let [ann, bob, cem] = [hosts[0].id, hosts[1].id, hosts[2].id];

        let mut events = Vec::new();
        let in_firm = [
            pool(vec![ann, bob, cem]),
            ask(vec![ann, bob]),
            pair(vec![ann, cem]),
            class(vec![cem, bob]),
            any(vec![cem, ann]),
            once(ann),
            all(vec![ann, bob, cem]),
            panel(vec![ann, bob], vec![cem]),
        ];
        for (workspace, workspace_slug, settings) in in_firm
            .map(|settings| (firm, "firm", settings))
            .into_iter()
            .chain([(club, "club", match_at_the_club(vec![bob, ann]))])
        {
            let (slug, settings) = settings;
            let made = scheduling.create_event_type(workspace, settings).await;
            events.push(Event {
                workspace,
                workspace_slug,
                slug,
                id: made.unwrap().id,
            });
        }
        Self {
            scheduling,
            storage,
            clock,
            mailbox: RecordingNotifier::new(),
            workspaces: [firm, club],
            hosts,
            events,
        }
    }

    /// A worker that does one thing after the other, so that what it does has an order.
    ///
    /// Its leases outlast every life, since the clock leaps: nothing may be done twice because it took hours.
    pub(crate) fn worker(&self) -> Worker {
        self.worker_with(WorkerSettings {
            concurrency: 1,
            ..WorkerSettings::default()
        })
    }

    /// A worker that does several things at once and looks for more all the time.
    pub(crate) fn busy_worker(&self) -> Worker {
        self.worker_with(WorkerSettings {
            poll: Duration::from_millis(5),
            ..WorkerSettings::default()
        })
    }

    fn worker_with(&self, settings: WorkerSettings) -> Worker {
        let settings = WorkerSettings {
            lease: Duration::from_hours(30 * 24),
            ..settings
        };
        Worker::new(self.scheduling.clone(), Arc::new(self.mailbox.clone())).with_settings(settings)
    }

    /// Lets time pass until nothing is owed any more and no hold is left.
    pub(crate) async fn finish(&self) {
        let worker = self.worker();
        while let Some(due) = self.next_due().await {
            self.clock.set(due.max(self.clock.now()));
            worker.run_due().await.unwrap();
        }
        self.clock.advance(Hold::LASTS);
        worker.sweep_holds().await.unwrap();
    }

    /// When the next effect is due, if one is owed.
    async fn next_due(&self) -> Option<DateTime<Utc>> {
        let mut work = self.storage.begin_read().await.unwrap();
        work.outbox().next_due().await.unwrap()
    }
}

async fn workspace(scheduling: &Scheduling, slug: &str) -> WorkspaceId {
    let new = NewWorkspace {
        slug: parse(slug),
        name: parse(slug),
        description: None,
    };
    scheduling.create_workspace(new).await.unwrap().id
}

async fn host(
    scheduling: &Scheduling,
    workspace: WorkspaceId,
    name: &str,
    timezone: Tz,
    hours: &str,
) -> Host {
    let new = NewPerson {
        name: parse(name),
        email: parse(&format!("{name}@firm.example")),
        timezone,
        availability: Some(working_hours(timezone, hours)),
    };
    let (person, _hours) = scheduling.create_person(workspace, new).await.unwrap();
    Host {
        id: person.id,
        timezone,
    }
}

/// An event type with its slug.
type Offer = (&'static str, NewEventType);

/// An event type with a start every quarter of an hour, a room, two guests at most, a reminder and a follow-up.
fn offer(slug: &'static str, minutes: u32, hosting: Hosting) -> Offer {
    let mut rules = SlotRules::new(Tz::UTC, length(minutes));
    rules.slot_interval = length(15);
    let room = Location::Room {
        template: parse("https://rooms.example.org/{room}"),
    };
    let mut settings = NewEventType::new(parse(slug), parse(slug), rules, hosting, room);
    settings.form.max_guests = 2;
    let everyone = |minutes| Reminder {
        minutes: Minutes(minutes),
        to: ReminderTo::Everyone,
    };
    settings.reminders = Reminders::new(vec![everyone(60)], vec![everyone(30)]).unwrap();
    (slug, settings)
}

fn pool(hosts: Vec<UserId>) -> Offer {
    let (slug, mut settings) = offer(POOL, 30, Hosting::round_robin(hosts).unwrap());
    settings.rules.buffers = Buffers {
        before: Minutes(5),
        after: Minutes(10),
    };
    settings.rules.limits.per_day = Some(POOL_PER_DAY);
    settings.durations = Durations::new(vec![length(60)], SlotSteps::Interval).unwrap();
    (slug, settings)
}

fn ask(hosts: Vec<UserId>) -> Offer {
    with_approval(offer("ask", 30, Hosting::round_robin(hosts).unwrap()))
}

fn pair(hosts: Vec<UserId>) -> Offer {
    offer(
        "pair",
        45,
        Hosting::collective(hosts, Required::All).unwrap(),
    )
}

fn class(hosts: Vec<UserId>) -> Offer {
    let (slug, mut settings) = offer("class", 60, Hosting::round_robin(hosts).unwrap());
    settings.rules.capacity = Capacity::seats(SEATS).unwrap();
    (slug, settings)
}

fn any(hosts: Vec<UserId>) -> Offer {
    with_approval(offer("any", 30, Hosting::any_available(hosts).unwrap()))
}

fn once(host: UserId) -> Offer {
    let (slug, mut settings) = offer("once", 20, Hosting::single(host));
    settings.policy.cancel.notice = Minutes(120);
    settings.policy.reschedule.invitee_may = false;
    (slug, settings)
}

fn all(hosts: Vec<UserId>) -> Offer {
    offer("all", 20, Hosting::all_hands(hosts).unwrap())
}

fn panel(some: Vec<UserId>, others: Vec<UserId>) -> Offer {
    let groups = [some, others].map(|hosts| HostGroup {
        hosts,
        required: Required::ONE,
    });
    offer("panel", 30, Hosting::panel(groups.into()).unwrap())
}

fn match_at_the_club(hosts: Vec<UserId>) -> Offer {
    offer("match", 30, Hosting::round_robin(hosts).unwrap())
}

fn with_approval((slug, mut settings): Offer) -> Offer {
    settings.policy.approval = Some(Approval {
        answer_within: length(90),
    });
    (slug, settings)
}

/// A length that is known to be right.
pub(crate) fn length(minutes: u32) -> Length {
    Length::new(minutes).unwrap()
}
