//! Event types in full: every setting, changes and deletion.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::assignment::{LedgerEntry, RotationLedger};
use scheduling_core::booking::BookingState;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{
    Appearance, Approval, AssignmentKind, BookingForm, BookingPolicy, Capacity, ChangeRule,
    Condition, ConditionTest, ConferenceProvider, Durations, EventHours, EventType,
    EventTypeStatus, HostGroup, Hosting, Location, Locations, Question, QuestionKind, Questions,
    ReasonPolicy, Reminder, ReminderTo, Reminders, Required, SlotSteps,
};
use scheduling_core::ids::{EventTypeId, ImageId, ScheduleId, SessionId, UserId, WorkspaceId};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use scheduling_core::ports::{Storage, StorageError};
use scheduling_core::time::{Length, Minutes};
use scheduling_core::time_off::TimeOffScope;

use super::fixture::{House, assert_conflict, assert_refused, whole};
use crate::builders::{
    days_off, default_schedule, event_type, hold, instant, interval, link, parse, working_hours,
    workspace, workspace_schedule,
};

async fn insert(house: &House, event_type: &EventType) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.event_types().insert(event_type).await?;
    work.commit().await
}

async fn update(house: &House, event_type: &EventType) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.event_types().update(event_type).await?;
    work.commit().await
}

async fn delete(house: &House, id: EventTypeId) -> bool {
    let mut work = house.begin().await;
    let deleted = work.event_types().delete(id).await.unwrap();
    work.commit().await.unwrap();
    deleted
}

async fn stored(house: &House, id: EventTypeId) -> Option<EventType> {
    let mut work = house.begin_read().await;
    work.event_types().get(id).await.unwrap()
}

fn locations() -> Locations {
    let all = vec![
        Location::AskInvitee,
        Location::HostCalls,
        Location::InPerson {
            address: parse("1, \"Quay\" Street"),
        },
        Location::Link {
            url: parse("https://meet.example/äöü?a=b&c='d'"),
        },
        Location::Room {
            template: parse("https://meet.example.org/kalends-{room}?lang=en"),
        },
        Location::Conference {
            provider: ConferenceProvider::GoogleMeet,
        },
        Location::Conference {
            provider: ConferenceProvider::Zoom,
        },
        Location::Phone {
            instructions: parse("Ring 030 / 123"),
        },
        Location::Custom {
            text: parse("Ring\nthe bell"),
        },
    ];
    Locations::new(all).unwrap()
}

fn questions() -> Questions {
    let options = || vec![parse("Yes, \"please\""), parse("No; --"), parse("李")];
    let kinds = [
        QuestionKind::Text,
        QuestionKind::LongText,
        QuestionKind::Number {
            min: Some(parse("-1.5")),
            max: Some(parse("1000000")),
            integer: false,
        },
        QuestionKind::Email,
        QuestionKind::Phone,
        QuestionKind::Select { options: options() },
        QuestionKind::MultiSelect { options: options() },
        QuestionKind::Radio { options: options() },
        QuestionKind::Checkbox,
        QuestionKind::Date {
            min: Some(parse("2026-01-01")),
            max: None,
        },
        QuestionKind::Url,
    ];
    let condition = |on: &str, is| {
        Some(Condition {
            question: parse(on),
            is,
        })
    };
    let question = |(place, kind)| Question {
        key: parse(&format!("question-{place}")),
        label: parse(&format!("Question \"{place}\"?")),
        help: (place % 2 == 0).then(|| parse("So\nthat")),
        kind,
        required: place % 3 == 0,
        shown_if: match place {
            1 => condition("question-0", ConditionTest::Answered),
            7 => condition("question-6", ConditionTest::AnyOf(options())),
            9 => condition("question-8", ConditionTest::Checked),
            _ => None,
        },
    };
    Questions::new(kinds.into_iter().enumerate().map(question).collect()).unwrap()
}

fn policy() -> BookingPolicy {
    BookingPolicy {
        approval: Some(Approval {
            answer_within: Length::new(u32::MAX).unwrap(),
        }),
        cancel: ChangeRule {
            invitee_may: false,
            notice: Minutes(u32::MAX),
            invitee_reason: ReasonPolicy::Required,
            host_reason: ReasonPolicy::Hidden,
        },
        reschedule: ChangeRule {
            notice: Minutes(90),
            ..ChangeRule::default()
        },
    }
}

/// Everything there is to say about an event type, with the house's own as its example.
fn with_everything(house: &House, schedule: ScheduleId) -> EventType {
    let mut kind = house.event_type.clone();
    let lengths = [5, 1440, 45].map(|minutes| Length::new(minutes).unwrap());
    kind.durations = Durations::new(lengths.to_vec(), SlotSteps::Duration).unwrap();
    kind.hours = EventHours::Schedule {
        schedule,
        within_hosts: true,
    };
    kind.host_schedules = BTreeMap::from([(house.bob.id, schedule), (house.ann.id, schedule)]);
    kind.locations = locations();
    kind.form = BookingForm {
        questions: questions(),
        max_guests: 20,
    };
    kind.policy = policy();
    kind.appearance = Appearance {
        colour: Some(parse("#1a7f5a")),
        banner: Some(ImageId::generate(&house.ids)),
        confirmation_message: Some(parse("Thanks!\n\"李\" <b>")),
        redirect_url: Some(parse("https://example.org/thanks?a='b'")),
    };
    let reminder = |minutes, to| Reminder {
        minutes: Minutes(minutes),
        to,
    };
    let before = vec![
        reminder(0, ReminderTo::Hosts),
        reminder(60 * 24 * 60, ReminderTo::Everyone),
    ];
    let after = vec![reminder(30, ReminderTo::Attendees)];
    kind.reminders = Reminders::new(before, after).unwrap();
    kind
}

/// A schedule of Ann's, stored.
async fn anns_schedule(house: &House) -> ScheduleId {
    let hours = working_hours(Tz::Europe__Berlin, "09:00-17:00");
    let schedule = default_schedule(&house.ids, house.workspace.id, house.ann.id, hours);
    let mut work = house.begin().await;
    work.schedules().insert(&schedule).await.unwrap();
    work.commit().await.unwrap();
    schedule.id
}

/// Durations, hours, schedules, places, questions, rules, looks, reminders and every status.
pub async fn every_setting_comes_back_as_it_was(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let schedule = anns_schedule(&house).await;
    let mut full = with_everything(&house, schedule);
    for (status, version) in [
        (EventTypeStatus::Active, 1),
        (EventTypeStatus::Hidden, 2),
        (EventTypeStatus::Inactive, 77),
        (EventTypeStatus::Archived, u32::MAX),
    ] {
        full.id = EventTypeId::generate(&house.ids);
        full.slug = parse(&format!("full-{version}"));
        full.status = status;
        full.version = version;
        insert(&house, &full).await.unwrap();
        assert_eq!(stored(&house, full.id).await.as_ref(), Some(&full));
    }
    let bare = house.event_type.clone();
    assert_eq!(stored(&house, bare.id).await, Some(bare));
    // Archived ones are listed too.
    let mut work = house.begin_read().await;
    let listed = whole(work.event_types().list(house.workspace.id).await);
    assert_eq!(listed.len(), 5);
    assert!(listed.contains(&full));
}

/// An update replaces everything, and must know the version before.
pub async fn an_event_type_changes_by_versions(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let first = house.event_type.clone();
    let schedule = anns_schedule(&house).await;
    let mut second = with_everything(&house, schedule);
    second.version = 2;
    second.slug = parse("second");
    second.title = parse("Second \"title\"");
    second.description = Some(parse("Two\nlines"));
    second.category = Some(parse("Category"));
    second.position = 7;
    second.rules.timezone = Tz::Asia__Kathmandu;
    second.rules.duration = Length::new(50).unwrap();
    second.status = EventTypeStatus::Archived;
    let group = HostGroup {
        hosts: vec![eve, ann, bob],
        required: Required::ONE,
    };
    let weights = vec![(eve, 3), (ann, 1)];
    second.hosting = Hosting::new(AssignmentKind::RoundRobin, vec![group], weights).unwrap();
    update(&house, &second).await.unwrap();
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&second));

    let mut late = first.clone();
    late.version = 2;
    let mut skips = second.clone();
    skips.version = 4;
    let mut zero = second.clone();
    zero.version = 0;
    let hosting = Hosting::single(ann);
    let mut absent = event_type(&house.ids, house.workspace.id, "absent", 30, hosting);
    absent.version = 2;
    for refused in [&first, &late, &second, &skips, &zero, &absent] {
        assert_conflict(update(&house, refused).await);
    }
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&second));

    let mut third = first.clone();
    third.version = 3;
    third.hosting = Hosting::single(bob);
    update(&house, &third).await.unwrap();
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&third));
    let hosted = async |host| {
        let mut work = house.begin_read().await;
        work.event_types().hosted_by(host).await.unwrap()
    };
    assert_eq!(hosted(ann).await, []);
    assert_eq!(hosted(bob).await, [first.id]);
}

/// A slug that is taken stays whose it is; a name of one's own can be kept.
pub async fn an_event_type_cannot_take_anothers_slug(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hosting = Hosting::single(house.bob.id);
    let other = event_type(&house.ids, house.workspace.id, "other", 15, hosting);
    insert(&house, &other).await.unwrap();
    let mut moved = house.event_type.clone();
    moved.version = 2;
    moved.slug = parse("other");
    assert_conflict(update(&house, &moved).await);
    assert_eq!(
        stored(&house, moved.id).await.as_ref(),
        Some(&house.event_type)
    );
    assert_eq!(stored(&house, other.id).await, Some(other));
    moved.slug = house.event_type.slug.clone();
    update(&house, &moved).await.unwrap();
}

/// In whatever workspace, in whatever group, whatever the status, by id.
pub async fn a_hosts_event_types_are_found(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let [ann, bob, eve] = [house.ann.id, house.bob.id, house.eve.id];
    let other = workspace(&house.ids, "other");
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.commit().await.unwrap();
    let group = |hosts: Vec<UserId>| HostGroup {
        hosts,
        required: Required::ONE,
    };
    let panel = Hosting::panel(vec![group(vec![eve]), group(vec![bob, ann])]).unwrap();
    let panel = event_type(&house.ids, other.id, "panel", 30, panel);
    let hosting = Hosting::single(bob);
    let mut old = event_type(&house.ids, house.workspace.id, "old", 30, hosting);
    old.status = EventTypeStatus::Archived;
    for kind in [&old, &panel] {
        insert(&house, kind).await.unwrap();
    }
    let mut work = house.begin_read().await;
    let event_types = work.event_types();
    let found = event_types.hosted_by(ann).await.unwrap();
    assert_eq!(found, [house.event_type.id, panel.id]);
    let found = event_types.hosted_by(bob).await.unwrap();
    assert_eq!(found, [panel.id, old.id]);
    assert_eq!(event_types.hosted_by(eve).await.unwrap(), [panel.id]);
}

/// Hosts, schedules and the workspace that it names must be there, also after a change.
pub async fn what_an_event_type_names_must_exist(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let nowhere = ScheduleId::generate(&house.ids);
    let stranger = UserId::generate(&house.ids);
    let schedule = anns_schedule(&house).await;
    let lost: [fn(&mut EventType, ScheduleId, ScheduleId, UserId); 4] = [
        |kind, nowhere, _, _| {
            kind.hours = EventHours::Schedule {
                schedule: nowhere,
                within_hosts: false,
            };
        },
        |kind, nowhere, _, _| {
            let host = kind.hosting.roster().next().unwrap();
            kind.host_schedules = BTreeMap::from([(host, nowhere)]);
        },
        |kind, _, schedule, stranger| {
            kind.host_schedules = BTreeMap::from([(stranger, schedule)]);
        },
        |kind, _, _, stranger| kind.hosting = Hosting::single(stranger),
    ];
    for change in lost {
        let hosting = Hosting::single(house.ann.id);
        let mut new = event_type(&house.ids, house.workspace.id, "new", 30, hosting);
        change(&mut new, nowhere, schedule, stranger);
        assert_refused(insert(&house, &new).await);
        let mut changed = house.event_type.clone();
        changed.version += 1;
        change(&mut changed, nowhere, schedule, stranger);
        assert_refused(update(&house, &changed).await);
    }
    let hosting = Hosting::single(house.ann.id);
    let in_nowhere = WorkspaceId::generate(&house.ids);
    let new = event_type(&house.ids, in_nowhere, "new", 30, hosting);
    assert_refused(insert(&house, &new).await);
    let kind = house.event_type.clone();
    assert_eq!(stored(&house, kind.id).await, Some(kind));
}

/// Its links, words, time off, holds and ledger go with it; nothing of others does.
pub async fn an_event_type_is_deleted_with_what_is_its_own(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let here = house.workspace.id;
    let hours = working_hours(Tz::UTC, "09:00-17:00");
    let schedule = workspace_schedule(&house.ids, here, hours);
    let hosting = Hosting::single(house.ann.id);
    let mut doomed = event_type(&house.ids, here, "doomed", 30, hosting);
    doomed.host_schedules = BTreeMap::from([(house.ann.id, schedule.id)]);
    doomed.rules.capacity = Capacity::seats(2).unwrap();
    let mut work = house.begin().await;
    work.schedules().insert(&schedule).await.unwrap();
    work.event_types().insert(&doomed).await.unwrap();
    work.commit().await.unwrap();
    let ledger = RotationLedger {
        entries: vec![LedgerEntry {
            host: house.ann.id,
            weight: 100,
            credit: 0,
            last_assigned: Some(1),
        }],
        next: 2,
    };
    let mut made = Vec::new();
    let mut work = house.begin().await;
    for (place, kind) in (10..).zip([&doomed, &house.event_type]) {
        let at = interval(&format!("2026-11-24T{place}:00:00Z"), 30);
        let link = link(&house.ids, kind, &format!("link-{place}"));
        work.links().insert(&link).await.unwrap();
        let scope = TimeOffScope::EventType(kind.id);
        let off = days_off(&house.ids, here, scope, "2026-12-24", "2026-12-24");
        work.time_off().insert(&off).await.unwrap();
        let words = MessageOverride {
            workspace: here,
            event_type: Some(kind.id),
            kind: NotificationKind::Confirmed,
            audience: Audience::Host,
            words: MessageWords {
                subject: Some(parse("Words")),
                body: None,
            },
        };
        work.messages().set(&words).await.unwrap();
        let held = hold(&house.ids, kind, &[house.ann.id], at.start());
        work.holds().insert(&held).await.unwrap();
        work.rotation().store(kind.id, &ledger).await.unwrap();
        made.push((link, off, words, held));
    }
    // A hold with a seat opens a session, which goes with the hold.
    let at = interval("2026-11-24T15:00:00Z", 30);
    let new_id = SessionId::generate(&house.ids);
    let sessions = work.sessions();
    let session = sessions.take_seat(new_id, &doomed, house.ann.id, at, doomed.rules.buffers);
    let session = session.await.unwrap();
    let mut seated = hold(&house.ids, &doomed, &[house.ann.id], at.start());
    seated.hosts[0].session = Some(session);
    work.holds().insert(&seated).await.unwrap();
    work.commit().await.unwrap();

    assert!(delete(&house, doomed.id).await);
    assert!(!delete(&house, doomed.id).await);
    assert_eq!(stored(&house, doomed.id).await, None);
    let mut work = house.begin_read().await;
    let [
        (link, off, _, held),
        (kept_link, kept_off, kept_words, kept_held),
    ] = made.try_into().expect("one for each event type");
    assert_eq!(work.links().get(link.id).await.unwrap(), None);
    assert_eq!(work.time_off().get(off.id).await.unwrap(), None);
    for hash in [&held.token_hash, &seated.token_hash] {
        assert_eq!(work.holds().by_token(hash).await.unwrap(), None);
    }
    let found = work.rotation().ledger(doomed.id).await.unwrap();
    assert_eq!(found, RotationLedger::default());
    assert_eq!(work.schedules().used_by(schedule.id).await.unwrap(), []);
    let found = work.links().get(kept_link.id).await.unwrap();
    assert_eq!(found, Some(kept_link));
    let found = work.time_off().get(kept_off.id).await.unwrap();
    assert_eq!(found, Some(kept_off));
    assert_eq!(work.messages().list(here).await.unwrap(), [kept_words]);
    let found = work.holds().by_token(&kept_held.token_hash).await.unwrap();
    assert_eq!(found, Some(kept_held));
    let found = work.rotation().ledger(house.event_type.id).await.unwrap();
    assert_eq!(found, ledger);
    drop(work);
    for start in ["2026-11-24T10:00:00Z", "2026-11-24T15:00:00Z"] {
        let booking = house.booking(&[house.ann.id], start);
        house.insert(&booking).await.unwrap();
    }
}

/// While there is a booking of it, in whatever state, or a session, it stays, and so does everything of it.
pub async fn an_event_type_with_bookings_or_sessions_stays(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let kind = house.event_type.clone();
    let mut booking = house.booking(&[house.ann.id], "2026-11-24T09:00:00Z");
    booking.state = BookingState::Expired {
        expired_at: instant("2026-11-24T08:00:00Z"),
    };
    house.insert(&booking).await.unwrap();
    let fair = link(&house.ids, &kind, "fair");
    let held = hold(
        &house.ids,
        &kind,
        &[house.ann.id],
        instant("2026-11-24T12:00:00Z"),
    );
    let mut work = house.begin().await;
    work.links().insert(&fair).await.unwrap();
    work.holds().insert(&held).await.unwrap();
    work.commit().await.unwrap();
    assert!(!delete(&house, kind.id).await);
    assert_eq!(stored(&house, kind.id).await.as_ref(), Some(&kind));
    let mut work = house.begin_read().await;
    let found = work.links().get(fair.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&fair));
    let found = work.holds().by_token(&held.token_hash).await.unwrap();
    assert_eq!(found.as_ref(), Some(&held));
    drop(work);

    let at = interval("2026-11-24T15:00:00Z", 30);
    let new_id = SessionId::generate(&house.ids);
    let mut work = house.begin().await;
    assert!(work.bookings().erase(booking.id).await.unwrap());
    let sessions = work.sessions();
    let session = sessions.take_seat(new_id, &kind, house.ann.id, at, kind.rules.buffers);
    let session = session.await.unwrap();
    work.commit().await.unwrap();
    assert!(!delete(&house, kind.id).await);
    assert_eq!(stored(&house, kind.id).await.as_ref(), Some(&kind));
    let mut work = house.begin().await;
    work.sessions().leave(session).await.unwrap();
    work.commit().await.unwrap();
    assert!(delete(&house, kind.id).await);
}

/// What must not be zero is not, and a number's largest value fits.
pub async fn the_largest_numbers_fit(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut kind = house.event_type.clone();
    kind.version = 2;
    kind.position = u32::MAX;
    kind.rules.duration = Length::new(u32::MAX).unwrap();
    kind.rules.minimum_notice = Minutes(u32::MAX);
    kind.rules.limits.per_day = Some(u32::MAX);
    let most = Required::AtLeast(NonZeroU32::new(3).unwrap());
    let pool = vec![house.bob.id, house.ann.id, house.eve.id];
    kind.hosting = Hosting::collective(pool, most).unwrap();
    update(&house, &kind).await.unwrap();
    assert_eq!(stored(&house, kind.id).await, Some(kind));
}
