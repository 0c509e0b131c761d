use std::num::NonZeroU32;

use scheduling_core::booking::BookingStatus;
use scheduling_core::directory::Role;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{
    BookingWindow, Capacity, ConferenceProvider, Durations, EventHours, EventType, EventTypeStatus,
    Hosting, Location, Locations, Required, SlotSteps,
};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use scheduling_core::ports::Storage;
use scheduling_core::time::{Length, Minutes};
use scheduling_testkit::builders::{self, parse};
use uuid::Uuid;

use scheduling_core::ids::{ImageId, ScheduleId};

use super::*;
use crate::actor::Actor;
use crate::idempotency::Idempotent;
use crate::manage::ManageError;
use crate::manage::testing::{heard, key};
use crate::testing::{World, at};

async fn world() -> World {
    World::new(
        "host ann UTC 09:00-12:00
         host bob UTC 09:00-12:00
         event intro 30 ann
         event pool 30 robin:ann,bob",
    )
    .await
}

fn settings(world: &World, slug: &str, host: &str) -> EventTypeSettings {
    EventTypeSettings {
        slug: parse(slug),
        hosting: Hosting::single(world.hosts[host]),
        ..EventTypeSettings::of(&world.event_types["intro"])
    }
}

fn named(made: &EventType) -> String {
    format!("{} {:?} {}", made.slug, made.status, made.version)
}

async fn add(
    world: &World,
    actor: Actor,
    settings: EventTypeSettings,
    idempotency: Option<Idempotent>,
) -> String {
    let command = AddEventType {
        workspace: world.workspace.id,
        settings,
        idempotency,
    };
    let made = world.scheduling.add_event_type(&actor, &command).await;
    heard(made, |created| {
        let again = if created.replayed { " again" } else { "" };
        named(&created.made) + again
    })
}

async fn update(
    world: &World,
    actor: Actor,
    event: &str,
    settings: EventTypeSettings,
    expected: Option<u32>,
) -> String {
    let command = UpdateEventType {
        id: world.event_types[event].id,
        settings,
        expected,
    };
    heard(
        world.scheduling.update_event_type(&actor, &command).await,
        |changed| named(&changed),
    )
}

async fn delete(world: &World, actor: Actor, event: &str, on_bookings: OnBookings) -> String {
    let command = DeleteEventType {
        id: world.event_types[event].id,
        on_bookings,
        expected: None,
    };
    let deleted = world.scheduling.delete_event_type(&actor, &command).await;
    heard(deleted, |deleted| match deleted {
        DeletedEventType::Deleted => "deleted".to_owned(),
        DeletedEventType::Archived { cancelled, .. } => format!("archived, {cancelled} cancelled"),
        DeletedEventType::Erased { bookings } => format!("erased with {bookings}"),
    })
}

fn erase(confirm: &str) -> OnBookings {
    OnBookings::Erase {
        confirm: confirm.to_owned(),
    }
}

async fn list(world: &World, archived: bool) -> Vec<String> {
    let query = ListEventTypes {
        archived,
        host: None,
    };
    let workspace = world.workspace.id;
    let found = world
        .scheduling
        .event_types(&world.owner(), workspace, &query)
        .await;
    let slugs = found.unwrap().into_iter().map(|e| e.slug.to_string());
    slugs.collect()
}

#[tokio::test]
async fn a_member_adds_what_he_alone_hosts_and_who_manages_adds_anything() {
    let world = world().await;
    let ann = world.member("ann", Role::Member);
    assert_eq!(
        add(&world, ann, settings(&world, "mine", "ann"), None).await,
        "mine Active 1"
    );
    assert_eq!(
        add(&world, ann, settings(&world, "bobs", "bob"), None).await,
        "! this is not for a member to do"
    );
    let pool = EventTypeSettings {
        slug: parse("ours"),
        ..EventTypeSettings::of(&world.event_types["pool"])
    };
    assert_eq!(
        add(&world, ann, pool.clone(), None).await,
        "! this is not for a member to do"
    );
    let admin = world.member("bob", Role::Admin);
    assert_eq!(add(&world, admin, pool, None).await, "ours Active 1");
    let stranger = world.stranger().await;
    for nobody in [stranger, Actor::Invitee] {
        assert_eq!(
            add(&world, nobody, settings(&world, "other", "ann"), None).await,
            "! there is no such thing"
        );
    }
    assert_eq!(list(&world, false).await, ["intro", "pool", "mine", "ours"]);
}

#[tokio::test]
async fn the_same_key_adds_once_and_another_request_may_not_use_it() {
    let world = world().await;
    let ann = world.member("ann", Role::Member);
    let new = || settings(&world, "mine", "ann");
    assert_eq!(
        add(&world, ann, new(), Some(key("k", 1))).await,
        "mine Active 1"
    );
    assert_eq!(
        add(&world, ann, new(), Some(key("k", 1))).await,
        "mine Active 1 again"
    );
    assert_eq!(
        add(&world, ann, new(), Some(key("k", 2))).await,
        "! the idempotency key was used for another request"
    );
    assert_eq!(
        add(&world, ann, new(), Some(key("other", 1))).await,
        "! mine is taken"
    );
    // What was refused leaves its key free.
    assert_eq!(
        add(
            &world,
            ann,
            settings(&world, "second", "ann"),
            Some(key("other", 1))
        )
        .await,
        "second Active 1"
    );
}

#[tokio::test]
async fn every_reason_against_an_event_type_is_named_at_once() {
    let world = world().await;
    let mut bad = settings(&world, "bad", "ann");
    bad.rules.duration = Length::new(4).unwrap();
    bad.rules.slot_interval = Length::new(1441).unwrap();
    bad.rules.buffers.before = Minutes(1441);
    bad.rules.minimum_notice = Minutes(366 * 24 * 60 + 1);
    bad.rules.booking_window = BookingWindow::Dates {
        from: parse("2026-11-25"),
        to: parse("2026-11-24"),
    };
    bad.rules.capacity = Capacity::seats(1001).unwrap();
    bad.form.max_guests = 21;
    bad.host_schedules
        .insert(world.hosts["bob"], ScheduleId::from_uuid(Uuid::nil()));
    bad.hours = EventHours::Schedule {
        schedule: ScheduleId::from_uuid(Uuid::nil()),
        within_hosts: false,
    };
    bad.appearance.banner = Some(ImageId::from_uuid(Uuid::nil()));
    bad.locations = Locations::one(Location::Conference {
        provider: ConferenceProvider::Zoom,
    });
    let command = AddEventType {
        workspace: world.workspace.id,
        settings: bad,
        idempotency: None,
    };
    let owner = world.owner();
    let refused = world.scheduling.add_event_type(&owner, &command).await;
    let Err(ManageError::Invalid(problems)) = refused else {
        panic!("it was added");
    };
    let problems: Vec<String> = problems
        .iter()
        .map(|p| format!("{}: {}", p.field, p.problem.code()))
        .collect();
    insta::assert_snapshot!(problems.join("\n"), @r"
    duration: duration-out-of-range
    slot_interval: too-long
    buffers: too-long
    minimum_notice: too-long
    booking_window: ends-before-it-begins
    capacity: too-many
    max_guests: too-many
    locations: conferencing-not-connected
    host_schedules: no-such-host
    host_schedules: no-such-schedule
    hours: no-such-schedule
    banner: no-such-image
    ");
    assert_eq!(list(&world, true).await, ["intro", "pool"]);
}

#[tokio::test]
async fn a_schedule_that_is_named_belongs_to_the_host_or_the_workspace() {
    let world = world().await;
    let (anns, bobs) = (
        world.schedule("ann", "Late", "18:00-20:00").await.id,
        world.schedule("bob", "Late", "18:00-20:00").await.id,
    );
    let owner = world.owner();
    let with = |schedule| {
        let mut settings = settings(&world, "intro", "ann");
        settings.host_schedules.insert(world.hosts["ann"], schedule);
        settings
    };
    assert_eq!(
        update(&world, owner, "intro", with(bobs), None).await,
        "! host_schedules must name a schedule of the workspace, or of the host"
    );
    assert_eq!(
        update(&world, owner, "intro", with(anns), None).await,
        "intro Active 2"
    );
    let of_all = |schedule| EventTypeSettings {
        hours: EventHours::Schedule {
            schedule,
            within_hosts: true,
        },
        ..settings(&world, "intro", "ann")
    };
    assert_eq!(
        update(&world, owner, "intro", of_all(bobs), None).await,
        "! hours must name a schedule of the workspace, or of the host"
    );
    assert_eq!(
        update(&world, owner, "intro", of_all(anns), None).await,
        "intro Active 3"
    );
}

#[tokio::test]
async fn a_change_names_the_version_it_was_made_for() {
    let world = world().await;
    let owner = world.owner();
    let with = |slug: &str| settings(&world, slug, "ann");
    assert_eq!(
        update(&world, owner, "intro", with("hello"), Some(1)).await,
        "hello Active 2"
    );
    assert_eq!(
        update(&world, owner, "intro", with("again"), Some(1)).await,
        "! it has changed meanwhile: the version is 2 now"
    );
    // What changes nothing makes no version.
    assert_eq!(
        update(&world, owner, "intro", with("hello"), Some(2)).await,
        "hello Active 2"
    );
    assert_eq!(
        update(&world, owner, "intro", with("pool"), None).await,
        "! pool is taken"
    );
    let mut twice = with("hello");
    twice.durations = Durations::new(vec![twice.rules.duration], SlotSteps::Interval).unwrap();
    assert_eq!(
        update(&world, owner, "intro", twice, None).await,
        "hello Active 2",
        "the default duration is no further one"
    );
}

#[tokio::test]
async fn a_member_cannot_give_away_what_he_hosts_or_take_what_others_host() {
    let world = world().await;
    let ann = world.member("ann", Role::Member);
    let forbidden = "! this is not for a member to do";
    let to_bob = settings(&world, "intro", "bob");
    assert_eq!(update(&world, ann, "intro", to_bob, None).await, forbidden);
    let to_herself = settings(&world, "pool", "ann");
    assert_eq!(
        update(&world, ann, "pool", to_herself, None).await,
        forbidden
    );
    let stranger = world.stranger().await;
    let same = settings(&world, "intro", "ann");
    assert_eq!(
        update(&world, stranger, "intro", same.clone(), None).await,
        "! there is no such thing"
    );
    assert_eq!(
        update(&world, ann, "intro", same, None).await,
        "intro Active 1"
    );
}

#[tokio::test]
async fn a_change_locks_the_hosts_before_and_after_it() {
    let mut world = world().await;
    let flaky = world.flaky();
    let settings = settings(&world, "intro", "bob");
    update(&world, world.owner(), "intro", settings, None).await;
    let calls = flaky.calls.take();
    assert!(calls.contains("lock(2)"), "{calls}");
}

#[tokio::test]
async fn a_copy_is_inactive_under_the_next_free_slug_and_has_the_words_but_not_the_links() {
    let world = world().await;
    let id = world.event_types["intro"].id;
    let words = MessageOverride {
        workspace: world.workspace.id,
        event_type: Some(id),
        kind: NotificationKind::Confirmed,
        audience: Audience::Invitee,
        words: MessageWords {
            subject: Some(parse("See you")),
            body: None,
        },
    };
    let mut work = world.storage.begin().await.unwrap();
    work.messages().set(&words).await.unwrap();
    let ids = scheduling_testkit::SequenceIds::after(5000);
    let link = builders::link(&ids, &world.event_types["intro"], "intro-copy-2");
    work.links().insert(&link).await.unwrap();
    work.commit().await.unwrap();

    let ann = world.member("ann", Role::Member);
    let copy = async |idempotency| {
        let command = CloneEventType { id, idempotency };
        let made = world.scheduling.clone_event_type(&ann, &command).await;
        made.unwrap()
    };
    let first = copy(Some(key("k", 1))).await;
    assert_eq!(named(&first.made), "intro-copy Inactive 1");
    assert_eq!(first.made.position, 2);
    assert!(copy(Some(key("k", 1))).await.replayed);
    assert_eq!(named(&copy(None).await.made), "intro-copy-3 Inactive 1");

    let mut work = world.storage.begin_read().await.unwrap();
    let (firm, kind, audience) = (world.workspace.id, words.kind, words.audience);
    let copied = work.messages().words(firm, first.made.id, kind, audience);
    assert_eq!(copied.await.unwrap(), words.words);
    let links = work.links().list(first.made.id).await.unwrap();
    assert!(links.found.is_empty());
}

#[tokio::test]
async fn those_named_come_first_and_the_others_keep_their_order() {
    let world = World::new(
        "host ann UTC 09:00-12:00
         event a 30 ann
         event b 30 ann
         event c 30 ann
         event d 30 ann",
    )
    .await;
    let order = async |actor: Actor, slugs: &[&str]| {
        let ids: Vec<_> = slugs.iter().map(|s| world.event_types[*s].id).collect();
        let done = world
            .scheduling
            .reorder_event_types(&actor, world.workspace.id, &ids);
        heard(done.await, |all| {
            let slugs: Vec<_> = all.iter().map(|e| e.slug.as_str()).collect();
            slugs.join(" ")
        })
    };
    let owner = world.owner();
    assert_eq!(order(owner, &["c", "a"]).await, "c a b d");
    assert_eq!(list(&world, false).await, ["c", "a", "b", "d"]);
    let twice = order(owner, &["a", "a"]).await;
    assert_eq!(
        twice,
        "! order must name event types of the workspace, each once"
    );
    let member = world.member("ann", Role::Member);
    assert_eq!(
        order(member, &["d"]).await,
        "! this is not for a member to do"
    );
    let stranger = world.stranger().await;
    assert_eq!(order(stranger, &["d"]).await, "! there is no such thing");
}

#[tokio::test]
async fn archived_ones_are_listed_only_when_asked_for_and_strangers_see_none() {
    let world = world().await;
    let mut put_away = settings(&world, "intro", "ann");
    put_away.status = EventTypeStatus::Archived;
    update(&world, world.owner(), "intro", put_away, None).await;
    assert_eq!(list(&world, false).await, ["pool"]);
    assert_eq!(list(&world, true).await, ["intro", "pool"]);
    let of_bob = ListEventTypes {
        archived: true,
        host: Some(world.hosts["bob"]),
    };
    let bob = world.member("bob", Role::Member);
    let firm = world.workspace.id;
    let found = world.scheduling.event_types(&bob, firm, &of_bob).await;
    assert_eq!(found.unwrap().len(), 1);
    // A member reads what he may not change.
    let id = world.event_types["intro"].id;
    assert!(world.scheduling.event_type(&bob, id).await.is_ok());
    let stranger = world.stranger().await;
    for nobody in [stranger, Actor::Invitee] {
        let scheduling = &world.scheduling;
        let one = scheduling.event_type(&nobody, id).await;
        assert!(matches!(one, Err(ManageError::NotFound)));
        let one = scheduling
            .event_type_by_slug(&nobody, firm, &parse("pool"))
            .await;
        assert!(matches!(one, Err(ManageError::NotFound)));
        let all = scheduling.event_types(&nobody, firm, &of_bob).await;
        assert!(matches!(all, Err(ManageError::NotFound)));
    }
}

#[tokio::test]
async fn one_without_bookings_is_gone_and_one_with_some_is_archived() {
    let world = world().await;
    world.booked("intro", "24T10:00").await;
    let owner = world.owner();
    assert_eq!(
        delete(&world, owner, "pool", OnBookings::Keep).await,
        "deleted"
    );
    assert_eq!(
        delete(&world, owner, "intro", OnBookings::Keep).await,
        "archived, 0 cancelled"
    );
    assert_eq!(list(&world, true).await, ["intro"]);
    assert_eq!(
        world.book("intro", "24T11:00").await,
        "! there is no such event type"
    );
    assert_eq!(
        delete(&world, owner, "pool", OnBookings::Keep).await,
        "! there is no such thing"
    );
    let kept = world.bookings().await;
    assert_eq!(kept[0].state.name(), BookingStatus::Confirmed);
}

#[tokio::test]
async fn bookings_ahead_are_cancelled_and_everybody_is_told_those_behind_stay() {
    let world = world().await;
    for start in ["23T09:00", "24T09:00", "24T10:00"] {
        world.booked("intro", start).await;
    }
    world.booked("pool", "24T11:00").await;
    world.worker().run_due().await.unwrap();
    world.notifier.take_sent();
    world.clock.set(at("23T12:00"));
    // One is called off before.
    let ann = world.member("ann", Role::Member);
    let done = delete(&world, ann, "intro", OnBookings::Cancel { reason: None }).await;
    assert_eq!(done, "archived, 2 cancelled");
    let states: Vec<_> = world
        .bookings()
        .await
        .iter()
        .map(|b| b.state.name())
        .collect();
    let (confirmed, cancelled) = (BookingStatus::Confirmed, BookingStatus::Cancelled);
    assert_eq!(states, [confirmed, cancelled, cancelled, confirmed]);
    world.worker().run_due().await.unwrap();
    let told = world.notifier.take_sent();
    let cancellations = told
        .iter()
        .filter(|mail| mail.kind == NotificationKind::Cancelled);
    assert_eq!(cancellations.count(), 4, "invitee and host of each");
    // Once more, there is nothing left to do.
    let done = delete(&world, ann, "intro", OnBookings::Cancel { reason: None }).await;
    assert_eq!(done, "archived, 0 cancelled");
}

#[tokio::test]
async fn what_breaks_off_while_bookings_are_cancelled_goes_on_where_it_stopped() {
    let mut world = world().await;
    for start in ["24T09:00", "24T10:00", "24T11:00"] {
        world.booked("intro", start).await;
    }
    let storage = world.damaged();
    // It is archived (1), what is ahead is read (2), one is looked at (3) and cancelled (4); then the storage is away.
    storage.break_after(4);
    let done = delete(
        &world,
        world.owner(),
        "intro",
        OnBookings::Cancel { reason: None },
    )
    .await;
    assert_eq!(done, "! the storage does not answer");
    storage.break_after(usize::MAX);
    let done = delete(
        &world,
        world.owner(),
        "intro",
        OnBookings::Cancel { reason: None },
    )
    .await;
    assert_eq!(done, "archived, 2 cancelled");
}

#[tokio::test]
async fn erasing_takes_who_manages_the_slug_and_nobody_who_still_expects_to_meet() {
    let world = world().await;
    world.booked("intro", "23T09:00").await;
    world.booked("intro", "24T10:00").await;
    let ann = world.member("ann", Role::Member);
    assert_eq!(
        delete(&world, ann, "intro", erase("intro")).await,
        "! this is not for a member to do"
    );
    let admin = world.member("bob", Role::Admin);
    assert_eq!(
        delete(&world, admin, "intro", erase("pool")).await,
        "! erasing must be confirmed with the event type's slug"
    );
    assert_eq!(
        delete(&world, admin, "intro", erase("intro")).await,
        "! 2 bookings are still ahead: cancel them first"
    );
    assert_eq!(list(&world, false).await, ["intro", "pool"]);
    world.clock.set(at("23T12:00"));
    delete(&world, admin, "intro", OnBookings::Cancel { reason: None }).await;
    assert_eq!(
        delete(&world, admin, "intro", erase("intro")).await,
        "erased with 2"
    );
    assert_eq!(world.bookings().await.len(), 0);
    assert_eq!(list(&world, true).await, ["pool"]);
}

#[tokio::test]
async fn what_was_booked_at_the_last_moment_is_not_erased_either() {
    let world = world().await;
    world.booked("intro", "24T10:00").await;
    // As it is right after the first step found nothing ahead.
    let erased = world
        .scheduling
        .erase(&world.owner(), &world.event_types["intro"])
        .await;
    assert!(matches!(
        erased,
        Err(ManageError::BookingsAhead { count: 1 })
    ));
    assert_eq!(world.bookings().await.len(), 1);
}

#[tokio::test]
async fn deleting_names_the_version_it_was_decided_for() {
    let world = world().await;
    let delete = async |expected| {
        let command = DeleteEventType {
            id: world.event_types["intro"].id,
            on_bookings: OnBookings::Keep,
            expected: Some(expected),
        };
        let owner = world.owner();
        world.scheduling.delete_event_type(&owner, &command).await
    };
    assert!(matches!(
        delete(2).await,
        Err(ManageError::VersionConflict { current: 1 })
    ));
    assert_eq!(delete(1).await.unwrap(), DeletedEventType::Deleted);
}

#[tokio::test]
async fn a_group_sessions_seats_go_with_its_bookings() {
    let world = World::new("host ann UTC 09:00-12:00\nevent class 30 ann seats=3").await;
    for _ in 0..2 {
        world.booked("class", "23T09:00").await;
    }
    assert_eq!(world.storage.claim_count(), 1);
    world.clock.set(at("24T12:00"));
    let done = delete(&world, world.owner(), "class", erase("class")).await;
    assert_eq!(done, "erased with 2");
    assert_eq!(world.storage.claim_count(), 0);
}

#[tokio::test]
async fn a_picture_is_kept_for_whom_it_belongs_to() {
    let world = world().await;
    let add = async |actor: Actor, bytes: &[u8], idempotency| {
        let command = AddImage {
            workspace: world.workspace.id,
            bytes: bytes.to_vec(),
            idempotency,
        };
        world.scheduling.add_image(&actor, &command).await
    };
    let member = world.member("bob", Role::Member);
    let png = b"\x89PNG\r\n\x1a\npicture";
    let made = add(member, png, Some(key("k", 1))).await.unwrap();
    let again = add(member, png, Some(key("k", 1))).await.unwrap();
    assert_eq!((again.made, again.replayed), (made.made, true));
    let stored = world.scheduling.image(made.made).await.unwrap().unwrap();
    assert_eq!(
        (stored.media_type.as_str(), &stored.bytes[..]),
        ("image/png", &png[..])
    );
    for (actor, bytes) in [(Actor::Invitee, &png[..]), (member, b"<svg/>")] {
        assert!(add(actor, bytes, None).await.is_err());
    }
    let mut too_large = png.to_vec();
    too_large.resize(LARGEST_IMAGE + 1, 0);
    assert!(add(member, &too_large, None).await.is_err());

    let mut with = settings(&world, "intro", "ann");
    with.appearance.banner = Some(made.made);
    assert_eq!(
        update(&world, world.owner(), "intro", with, None).await,
        "intro Active 2"
    );
}

#[tokio::test]
async fn a_panel_of_members_can_be_made() {
    let world = world().await;
    let two = Required::AtLeast(NonZeroU32::new(2).unwrap());
    let pool = vec![world.hosts["ann"], world.hosts["bob"]];
    let panel = EventTypeSettings {
        hosting: Hosting::collective(pool, two).unwrap(),
        ..settings(&world, "panel", "ann")
    };
    assert_eq!(
        add(&world, world.owner(), panel, None).await,
        "panel Active 1"
    );
}
