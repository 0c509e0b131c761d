//! Tests of `memory`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use chrono::TimeDelta;
use proptest::prelude::*;
use scheduling_core::ids::{EventTypeId, WorkspaceId};
use scheduling_core::ports::UnitOfWork;
use scheduling_core::time_off::TimeOffScope;
use scheduling_testkit::SequenceIds;
use scheduling_testkit::builders::{days_off, instant, parse};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::*;
use crate::availability::{FindSlots, FoundSlots};
use crate::bookings::HoldSlot;
use crate::setup::NewPerson;
use crate::testing::{World, at};
use crate::{ManageToken, Scheduling};

async fn find(scheduling: &Scheduling, event: &str) -> Arc<FoundSlots> {
    let query = FindSlots::new(parse("firm"), parse(event), at("23T00:00"), at("27T00:00"));
    scheduling.find_slots(&query).await.unwrap()
}

fn starts(found: &FoundSlots) -> Vec<DateTime<Utc>> {
    found.slots.iter().map(|slot| slot.start).collect()
}

#[tokio::test]
async fn an_answer_is_given_again_until_something_changes_it() {
    let world = World::new(
        "host ann UTC 09:00-12:00
         host bob UTC 09:00-12:00
         event intro 30 ann
         event other 30 ann
         event bobs 30 bob",
    )
    .await;
    // Another node over the same storage, with a memory of its own.
    let other_node = world.scheduling.clone().with_memory(1 << 20);
    let first = find(&world.scheduling, "intro").await;
    assert!(Arc::ptr_eq(&first, &find(&world.scheduling, "intro").await));
    world.booked("bobs", "24T09:00").await;
    assert!(
        Arc::ptr_eq(&first, &find(&world.scheduling, "intro").await),
        "others are not concerned"
    );
    let theirs = find(&other_node, "intro").await;
    assert!(!Arc::ptr_eq(&first, &theirs));

    world.booked("other", "24T09:00").await;
    for node in [&world.scheduling, &other_node] {
        let then = find(node, "intro").await;
        assert!(!starts(&then).contains(&at("24T09:00")));
        assert_eq!(then.slots.len(), first.slots.len() - 1);
        assert!(Arc::ptr_eq(&then, &find(node, "intro").await));
    }
}

#[tokio::test]
async fn a_page_does_not_outlive_a_change_of_its_hosts_but_bookings_leave_it() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    let (firm, intro) = (parse("firm"), parse("intro"));
    let page = async || {
        let page = world.scheduling.event_type_page(&firm, &intro);
        page.await.unwrap()
    };
    let first = page().await;
    world.booked("intro", "24T09:00").await;
    assert!(Arc::ptr_eq(&first, &page().await));
    let mut person = first.hosts[0].clone();
    person.name = parse("Ann Married");
    let mut work = world.storage.begin().await.unwrap();
    assert!(work.directory().update_person(&person).await.unwrap());
    work.commit().await.unwrap();
    assert_eq!(page().await.hosts[0].name, parse("Ann Married"));
}

#[tokio::test]
async fn time_ends_what_it_changes() {
    let world = World::new(
        "host ann UTC 09:00-12:00
         event notice 30 ann notice=60
         event window 30 ann window=1
         link once notice until=23T08:20",
    )
    .await;
    // Until an hour before the first start, which is at nine.
    let first = find(&world.scheduling, "notice").await;
    assert!(Arc::ptr_eq(
        &first,
        &find(&world.scheduling, "notice").await
    ));
    world.clock.advance(TimeDelta::microseconds(1));
    let then = find(&world.scheduling, "notice").await;
    assert_eq!(starts(&then), starts(&first)[1..]);

    let today = find(&world.scheduling, "window").await;
    world.clock.set(at("24T00:00"));
    let tomorrow = find(&world.scheduling, "window").await;
    assert!(starts(&tomorrow).contains(&at("25T09:00")));
    assert!(!starts(&today).contains(&at("25T09:00")));

    world.clock.set(at("23T08:19"));
    find(&world.scheduling, "once").await;
    world.clock.set(at("23T08:20"));
    let query = FindSlots::new(parse("firm"), parse("once"), at("23T00:00"), at("27T00:00"));
    assert!(world.scheduling.find_slots(&query).await.is_err());
}

#[tokio::test]
async fn a_clock_that_is_set_back_brings_no_answer_of_the_future() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    let before = find(&world.scheduling, "intro").await;
    world.clock.set(at("23T10:00"));
    let late = find(&world.scheduling, "intro").await;
    assert!(starts(&late).len() < starts(&before).len());
    world.clock.set(at("23T08:00"));
    let back = find(&world.scheduling, "intro").await;
    assert_eq!(starts(&back), starts(&before));
}

#[tokio::test]
async fn a_hold_keeps_its_slot_from_others_until_it_expires_and_its_holder_asks_for_himself() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    let free = find(&world.scheduling, "intro").await;
    let held = world.held("intro", "24T09:00").await;
    let others = find(&world.scheduling, "intro").await;
    assert!(!starts(&others).contains(&at("24T09:00")));
    let own = FindSlots {
        own_hold: Some(held.token.hash()),
        ..FindSlots::new(
            parse("firm"),
            parse("intro"),
            at("23T00:00"),
            at("27T00:00"),
        )
    };
    let own = world.scheduling.find_slots(&own).await.unwrap();
    assert_eq!(starts(&own), starts(&free));
    assert!(Arc::ptr_eq(
        &others,
        &find(&world.scheduling, "intro").await
    ));
    // Nobody sweeps it: it ends by itself.
    world
        .clock
        .set(held.hold.expires_at - TimeDelta::microseconds(1));
    let held_still = find(&world.scheduling, "intro").await;
    assert!(!starts(&held_still).contains(&at("24T09:00")));
    world.clock.set(held.hold.expires_at);
    let over = find(&world.scheduling, "intro").await;
    assert!(starts(&over).contains(&at("24T09:00")));
}

#[tokio::test]
async fn without_memory_every_answer_is_worked_out() {
    let mut world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    world.scheduling = world.scheduling.clone().with_memory(0);
    let first = find(&world.scheduling, "intro").await;
    let second = find(&world.scheduling, "intro").await;
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(starts(&first), starts(&second));
}

#[tokio::test]
async fn memory_stays_within_its_bound() {
    let memory: Memory<u32, Vec<u8>> = Memory::new(100_000);
    for question in 0..1000 {
        let answer = Answer {
            value: Arc::new(vec![0; 1000]),
            sources: nothing(),
            revisions: NOTHING,
            since: at("23T08:00"),
            until: at("24T08:00"),
            bytes: 1000,
        };
        memory.keep(&question, answer);
    }
    let kept = memory.kept.as_ref().unwrap();
    assert!(kept.weight() <= 100_000, "{}", kept.weight());
    assert!(kept.len() > 10, "{}", kept.len());
}

/// One thing that happens in a firm.
#[derive(Debug, Clone)]
enum Step {
    Ask(usize),
    Book(usize, i64),
    Hold(usize, i64),
    Cancel(usize),
    Wait(i64),
    TimeOff(usize, bool),
    Hire,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_usize).prop_map(Step::Ask),
        3 => (0..4_usize, 0..30_i64).prop_map(|(event, start)| Step::Book(event, start)),
        2 => (0..4_usize, 0..30_i64).prop_map(|(event, start)| Step::Hold(event, start)),
        1 => any::<usize>().prop_map(Step::Cancel),
        3 => (1..400_i64).prop_map(Step::Wait),
        1 => (0..3_usize, any::<bool>()).prop_map(|(whose, goes)| Step::TimeOff(whose, goes)),
        1 => Just(Step::Hire),
    ]
}

/// Everything that a question can show, as text.
async fn shown(scheduling: &Scheduling, event: &str) -> String {
    let query = FindSlots::new(parse("firm"), parse(event), at("23T00:00"), at("26T00:00"));
    match scheduling.find_slots(&query).await {
        Ok(found) => {
            let slots: Vec<String> = found
                .slots
                .iter()
                .map(|slot| {
                    let hosts: Vec<usize> = slot.hosts.iter().collect();
                    format!("{} {hosts:?} {:?}", slot.start, slot.seats_left)
                })
                .collect();
            format!("{slots:?} {:?} {:?}", found.next_available, found.roster)
        }
        Err(error) => error.to_string(),
    }
}

/// Does the steps, and after each of them compares what is remembered with what is worked out afresh.
async fn live(steps: Vec<Step>) {
    let world = World::new(
        "host ann UTC 09:00-12:00
         host bob UTC 10:00-13:00
         event intro 30 ann notice=45 per_day=3
         event class 30 bob seats=2 window=2
         event pool 30 robin:ann,bob buffers=5/10
         event all 60 all:ann,bob until=2026-11-25",
    )
    .await;
    let events = ["intro", "class", "pool", "all"];
    let afresh = world.scheduling.clone().with_memory(0);
    let mut made: VecDeque<ManageToken> = VecDeque::new();
    let mut off = Vec::new();
    let ids = SequenceIds::after(50_000);
    for step in steps {
        match &step {
            Step::Ask(event) => {
                shown(&world.scheduling, events[*event]).await;
            }
            Step::Book(event, start) => {
                let start = at("23T08:00") + TimeDelta::minutes(30 * start);
                let command = World::command(events[*event], "23T08:00");
                let command = crate::bookings::BookSlot { start, ..command };
                if let Ok(booked) = world.scheduling.book(&command).await {
                    made.push_back(booked.manage_token);
                }
            }
            Step::Hold(event, start) => {
                let start = at("23T08:00") + TimeDelta::minutes(30 * start);
                let command = HoldSlot::new(parse("firm"), parse(events[*event]), start);
                world.scheduling.hold(&command).await.ok();
            }
            Step::Cancel(which) if !made.is_empty() => {
                let token = made.remove(which % made.len()).unwrap();
                world.cancel(&token).await;
            }
            Step::Cancel(_) => {}
            Step::Wait(minutes) => world.advance(*minutes),
            Step::TimeOff(whose, goes) => {
                let mut work = world.storage.begin().await.unwrap();
                if *goes {
                    if let Some(id) = off.pop() {
                        work.time_off().delete(id).await.unwrap();
                    }
                } else {
                    let scope = match whose {
                        0 => TimeOffScope::Workspace,
                        1 => TimeOffScope::Person(world.hosts["ann"]),
                        _ => TimeOffScope::EventType(world.event_types["pool"].id),
                    };
                    let (day, workspace) = ("2026-11-24", world.workspace.id);
                    let new = days_off(&ids, workspace, scope, day, day);
                    work.time_off().insert(&new).await.unwrap();
                    off.push(new.id);
                }
                work.commit().await.unwrap();
            }
            Step::Hire => {
                let name = format!(
                    "person{}",
                    scheduling_core::ports::Clock::now(&world.clock).timestamp()
                );
                let new = NewPerson {
                    name: parse(&name),
                    email: parse(&format!("{name}@firm.example")),
                    timezone: chrono_tz::Tz::UTC,
                    availability: None,
                };
                world
                    .scheduling
                    .create_person(world.workspace.id, new)
                    .await
                    .ok();
            }
        }
        for event in events {
            let remembered = shown(&world.scheduling, event).await;
            let worked_out = shown(&afresh, event).await;
            assert_eq!(remembered, worked_out, "{event} after {step:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_remembered_is_what_would_be_worked_out(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(live(steps));
    }
}

/// A storage that answers about revisions only when it is let.
struct Gated {
    asked: AtomicUsize,
    answers: Semaphore,
    fails: bool,
}

impl Gated {
    fn new(fails: bool) -> Arc<Self> {
        Arc::new(Self {
            asked: AtomicUsize::new(0),
            answers: Semaphore::new(0),
            fails,
        })
    }

    /// Waits until so many questions were begun.
    async fn asked(&self, times: usize) {
        while self.asked.load(Ordering::SeqCst) < times {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Storage for Gated {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        unreachable!("nothing is written")
    }

    async fn begin_read(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        unreachable!("only revisions are asked for")
    }

    async fn revisions(&self, _sources: &SlotSources) -> Result<Revisions, StorageError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) as u64 + 1;
        self.answers.acquire().await.unwrap().forget();
        if self.fails {
            return Err(StorageError::Unavailable("the test said so".into()));
        }
        Ok(Revisions {
            of_hosts: number,
            ..NOTHING
        })
    }
}

const NOTHING: Revisions = Revisions {
    workspace: None,
    event_type: None,
    link: None,
    hosts: 0,
    of_hosts: 0,
};

fn nothing() -> SlotSources {
    SlotSources {
        workspace: WorkspaceId::from_uuid(Uuid::nil()),
        event_type: EventTypeId::from_uuid(Uuid::nil()),
        link: None,
        hosts: Vec::new(),
    }
}

type Asked = tokio::task::JoinHandle<Result<Revisions, StorageError>>;

fn ask(watched: &Arc<Watched>, storage: &Arc<Gated>) -> Asked {
    let (watched, storage) = (Arc::clone(watched), Arc::clone(storage));
    tokio::spawn(async move { watched.revisions(&*storage, &nothing()).await })
}

#[tokio::test]
async fn who_comes_while_a_question_is_under_way_is_answered_by_the_next_with_all_others() {
    let (watched, storage) = (Arc::<Watched>::default(), Gated::new(false));
    let first = ask(&watched, &storage);
    storage.asked(1).await;
    // The first question may have been answered before these came, as far as the storage is concerned.
    let later: Vec<Asked> = (0..50).map(|_| ask(&watched, &storage)).collect();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(storage.asked.load(Ordering::SeqCst), 1);
    storage.answers.add_permits(1);
    assert_eq!(first.await.unwrap().unwrap().of_hosts, 1);
    storage.asked(2).await;
    storage.answers.add_permits(1);
    for asked in later {
        assert_eq!(asked.await.unwrap().unwrap().of_hosts, 2);
    }
    assert_eq!(storage.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_question_whose_asker_goes_away_is_asked_again_for_the_others() {
    let (watched, storage) = (Arc::<Watched>::default(), Gated::new(false));
    let leader = ask(&watched, &storage);
    storage.asked(1).await;
    let second = ask(&watched, &storage);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    storage.answers.add_permits(1);
    assert_eq!(second.await.unwrap().unwrap().of_hosts, 2);
}

#[tokio::test]
async fn a_storage_that_fails_fails_all_who_asked_at_once() {
    let (watched, storage) = (Arc::<Watched>::default(), Gated::new(true));
    let asked: Vec<Asked> = (0..50).map(|_| ask(&watched, &storage)).collect();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    storage.answers.add_permits(50);
    for asked in asked {
        let error = asked.await.unwrap().unwrap_err();
        assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
    }
    assert!(storage.asked.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn an_answer_is_worked_out_by_one_while_others_wait() {
    let memory: Memory<u32, u32> = Memory::new(1000);
    let turn = memory.turn(&1).await;
    assert!(turn.is_some());
    let mut second = std::pin::pin!(memory.turn(&1));
    let waiting = tokio::time::timeout(Duration::from_millis(20), &mut second).await;
    assert!(waiting.is_err());
    drop(turn);
    assert!(second.await.is_some());
    let off: Memory<u32, u32> = Memory::new(0);
    assert!(off.turn(&1).await.is_none());
    let answer = instant("2026-11-24T09:00:00Z");
    let recalled = off.recall(&*Gated::new(false), &1, answer).await;
    assert_eq!(recalled.unwrap(), None);
}
