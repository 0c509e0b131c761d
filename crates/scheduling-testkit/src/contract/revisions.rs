//! Counts that tell whether an answer about slots still holds.

use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::ids::{BookingLinkId, EventTypeId, UserId, WorkspaceId};
use scheduling_core::ports::{Revisions, SlotSources, Storage, UnitOfWork};
use scheduling_core::time_off::TimeOffScope;
use uuid::Uuid;

use super::event_type_settings::{anns_schedule, with_everything};
use super::fixture::House;
use crate::builders::{
    busy, days_off, default_schedule, event_type, interval, link, parse, working_hours,
    workspace_schedule,
};

/// What the house's event type is made of.
fn sources(house: &House, link: Option<BookingLinkId>) -> SlotSources {
    SlotSources {
        workspace: house.workspace.id,
        event_type: house.event_type.id,
        link,
        hosts: vec![house.ann.id],
    }
}

/// Commits one change after the other, and asserts of each that the revisions tell it, or that they do not.
struct Watch<'a> {
    house: &'a House,
    sources: SlotSources,
    before: Revisions,
    concerns: bool,
}

impl<'a> Watch<'a> {
    async fn new(house: &'a House, sources: SlotSources, concerns: bool) -> Self {
        let before = house.storage.revisions(&sources).await.unwrap();
        Self {
            house,
            sources,
            before,
            concerns,
        }
    }

    async fn after(&mut self, what: &str, work: Box<dyn UnitOfWork>) {
        work.commit().await.unwrap();
        let now = self.house.storage.revisions(&self.sources).await.unwrap();
        assert_eq!(now != self.before, self.concerns, "{what}: {now:?}");
        let again = self.house.begin_read().await.revisions(&self.sources).await;
        assert_eq!(again.unwrap(), now, "{what}");
        self.before = now;
    }
}

/// Everything that decides what is offered.
pub async fn what_slots_are_made_of_is_counted(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let ann = house.ann.id;
    let other = event_type(
        &house.ids,
        house.workspace.id,
        "other",
        30,
        house.event_type.hosting.clone(),
    );
    let link = link(&house.ids, &house.event_type, "campaign");
    let mut work = house.begin().await;
    work.links().insert(&link).await.unwrap();
    work.event_types().insert(&other).await.unwrap();
    work.commit().await.unwrap();
    let mut watch = Watch::new(&house, sources(&house, Some(link.id)), true).await;

    let anns = anns_schedule(&house).await;
    watch.before = house.storage.revisions(&watch.sources).await.unwrap();
    let mut changed = with_everything(&house, anns);
    changed.version = 2;
    let mut work = house.begin().await;
    work.event_types().update(&changed).await.unwrap();
    watch.after("an event type changes", work).await;
    let mut hours = house.begin_read().await.schedules().get(&[anns]).await;
    let hours = hours.as_mut().unwrap().found.remove(&anns);
    let mut hours = hours.unwrap();
    hours.version += 1;
    let mut work = house.begin().await;
    work.schedules().update(&hours).await.unwrap();
    watch.after("a schedule changes", work).await;
    let mut extra = default_schedule(
        &house.ids,
        house.workspace.id,
        ann,
        working_hours(Tz::UTC, "09:00-12:00"),
    );
    extra.is_default = false;
    let mut work = house.begin().await;
    work.schedules().insert(&extra).await.unwrap();
    watch.after("a schedule comes", work).await;
    let mut work = house.begin().await;
    assert!(work.schedules().delete(extra.id).await.unwrap());
    watch.after("a schedule goes", work).await;
    let shared = workspace_schedule(
        &house.ids,
        house.workspace.id,
        working_hours(Tz::UTC, "09:00-12:00"),
    );
    let mut work = house.begin().await;
    work.schedules().insert(&shared).await.unwrap();
    watch.after("the workspace gets a schedule", work).await;
    time_off_is_counted(&mut watch).await;
    let busy = busy(&house.ids, ann, interval("2026-11-24T09:00:00Z", 30));
    let mut work = house.begin().await;
    work.busy().insert(&busy).await.unwrap();
    watch.after("the host is busy", work).await;
    // A booking of another event type takes the same host's time.
    let mut booking = house.booking(&[ann], "2026-11-24T10:00:00Z");
    booking.event_type = other.id;
    let mut work = house.begin().await;
    work.lock_hosts(&[ann]).await.unwrap();
    work.bookings().insert(&booking).await.unwrap();
    watch.after("the host is booked", work).await;
    let mut work = house.begin().await;
    assert!(work.links().use_once(link.id).await.unwrap());
    watch.after("the link is used", work).await;
    let mut withdrawn = link.clone();
    (withdrawn.revoked, withdrawn.version) = (true, 2);
    let mut work = house.begin().await;
    work.links().update(&withdrawn).await.unwrap();
    watch.after("the link is withdrawn", work).await;
    let mut renamed = house.workspace.clone();
    (renamed.slug, renamed.version) = (parse("renamed"), renamed.version + 1);
    let mut work = house.begin().await;
    work.directory().update_workspace(&renamed).await.unwrap();
    watch.after("the workspace changes", work).await;
    let mut married = house.ann.clone();
    married.timezone = Tz::Asia__Tokyo;
    let mut work = house.begin().await;
    assert!(work.directory().update_person(&married).await.unwrap());
    watch.after("the host moves", work).await;
    let mut work = house.begin().await;
    assert!(work.links().delete(link.id).await.unwrap());
    watch.after("the link goes", work).await;
}

/// Time off of all that a question can meet.
async fn time_off_is_counted(watch: &mut Watch<'_>) {
    let house = watch.house;
    let ann = house.ann.id;
    for scope in [
        TimeOffScope::Workspace,
        TimeOffScope::Person(ann),
        TimeOffScope::EventType(house.event_type.id),
    ] {
        let (from, to) = ("2026-12-24", "2026-12-26");
        let mut off = days_off(&house.ids, house.workspace.id, scope, from, to);
        let mut work = house.begin().await;
        work.time_off().insert(&off).await.unwrap();
        watch.after("time off comes", work).await;
        off.version += 1;
        let mut work = house.begin().await;
        work.time_off().update(&off).await.unwrap();
        watch.after("time off changes", work).await;
        let mut work = house.begin().await;
        assert!(work.time_off().delete(off.id).await.unwrap());
        watch.after("time off goes", work).await;
    }
}

/// Answers stay while only others' things change.
pub async fn what_concerns_others_is_not_counted(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let bob = house.bob.id;
    let hosting = scheduling_core::event_type::Hosting::single(bob);
    let mut other = event_type(&house.ids, house.workspace.id, "other", 30, hosting);
    let mut watch = Watch::new(&house, sources(&house, None), false).await;
    let mut work = house.begin().await;
    work.event_types().insert(&other).await.unwrap();
    watch.after("another event type comes", work).await;
    other.version = 2;
    let mut work = house.begin().await;
    work.event_types().update(&other).await.unwrap();
    watch.after("it changes", work).await;
    let link = link(&house.ids, &house.event_type, "campaign");
    let mut work = house.begin().await;
    work.links().insert(&link).await.unwrap();
    watch.after("another link comes", work).await;
    let schedule = default_schedule(
        &house.ids,
        house.workspace.id,
        bob,
        working_hours(Tz::UTC, "09:00-12:00"),
    );
    let mut work = house.begin().await;
    work.schedules().insert(&schedule).await.unwrap();
    watch.after("another host gets a schedule", work).await;
    for scope in [TimeOffScope::Person(bob), TimeOffScope::EventType(other.id)] {
        let (from, to) = ("2026-12-24", "2026-12-26");
        let off = days_off(&house.ids, house.workspace.id, scope, from, to);
        let mut work = house.begin().await;
        work.time_off().insert(&off).await.unwrap();
        watch.after("time off of others comes", work).await;
    }
    let mut booking = house.booking(&[bob], "2026-11-24T10:00:00Z");
    booking.event_type = other.id;
    let mut work = house.begin().await;
    work.lock_hosts(&[bob]).await.unwrap();
    work.bookings().insert(&booking).await.unwrap();
    watch.after("another host is booked", work).await;
}

/// Ids that lead nowhere are told apart from what was never changed.
pub async fn what_is_not_there_has_no_revision(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let nobody = SlotSources {
        workspace: WorkspaceId::from_uuid(Uuid::nil()),
        event_type: EventTypeId::from_uuid(Uuid::nil()),
        link: Some(BookingLinkId::from_uuid(Uuid::nil())),
        hosts: Vec::new(),
    };
    let nothing = Revisions {
        workspace: None,
        event_type: None,
        link: None,
        hosts: 0,
        of_hosts: 0,
    };
    let found = house.storage.revisions(&nobody).await.unwrap();
    assert_eq!(found, nothing);
    let strangers = SlotSources {
        hosts: vec![UserId::from_uuid(Uuid::nil())],
        ..nobody
    };
    let found = house.storage.revisions(&strangers).await.unwrap();
    assert_eq!(found, nothing);
    let known = house.storage.revisions(&sources(&house, None)).await;
    let known = known.unwrap();
    assert!(known.workspace.is_some() && known.event_type.is_some() && known.link.is_none());
    assert_eq!(known.hosts, 1);
}

/// So that whoever read before locking knows what to find.
pub async fn a_lock_raises_each_host_once(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hosts = vec![house.eve.id, house.ann.id, house.bob.id];
    let sources = SlotSources {
        hosts: hosts.clone(),
        ..sources(&house, None)
    };
    let before = house.storage.revisions(&sources).await.unwrap();
    let mut work = house.begin().await;
    let twice: Vec<UserId> = hosts.iter().chain(&hosts).copied().collect();
    work.lock_hosts(&twice).await.unwrap();
    let after = work.revisions(&sources).await.unwrap();
    assert_eq!(after, before.after_locking());
    assert_ne!(after, before);
}

/// What is not committed is nobody else's business, and what was taken back never was.
pub async fn a_transaction_sees_its_own_revisions_and_others_after_the_commit(
    storage: Arc<dyn Storage>,
) {
    let house = House::build(storage).await;
    let sources = sources(&house, None);
    let before = house.storage.revisions(&sources).await.unwrap();
    let mut reader = house.begin_read().await;
    assert_eq!(reader.revisions(&sources).await.unwrap(), before);
    let mut work = house.begin().await;
    work.lock_hosts(&[house.ann.id]).await.unwrap();
    assert_ne!(work.revisions(&sources).await.unwrap(), before);
    assert_eq!(house.storage.revisions(&sources).await.unwrap(), before);
    work.rollback().await.unwrap();
    assert_eq!(house.storage.revisions(&sources).await.unwrap(), before);

    let mut work = house.begin().await;
    work.lock_hosts(&[house.ann.id]).await.unwrap();
    work.commit().await.unwrap();
    assert_ne!(house.storage.revisions(&sources).await.unwrap(), before);
    assert_eq!(
        reader.revisions(&sources).await.unwrap(),
        before,
        "a snapshot stays"
    );
}
