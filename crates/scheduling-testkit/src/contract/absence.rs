//! What is not there.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::directory::Role;
use scheduling_core::effect::NotificationKind;
use scheduling_core::ids::{
    BookingId, BookingLinkId, EventTypeId, HoldId, ImageId, OutboxId, ScheduleId, TimeOffId,
    UserId, WorkspaceId,
};
use scheduling_core::notification::{Audience, MessageWords};
use scheduling_core::ports::{BookingFilter, BookingPage, Direction, Storage};
use scheduling_core::schedule::ScheduleOwner;

use super::fixture::{House, whole};
use crate::SequenceIds;
use crate::builders::{instant, interval, parse, person};

/// Every look-up of what is not there answers `None`, or nothing.
pub async fn what_is_not_there_is_none(storage: Arc<dyn Storage>) {
    let ids = SequenceIds::new();
    let slug = parse("nowhere");
    let workspace = WorkspaceId::generate(&ids);
    let (host, event_type) = (UserId::generate(&ids), EventTypeId::generate(&ids));
    let now = instant("2026-11-24T09:00:00Z");
    let day = interval("2026-11-24T00:00:00Z", 24 * 60);
    let mut work = storage.begin_read().await.unwrap();
    let directory = work.directory();
    assert_eq!(directory.workspace_by_slug(&slug).await.unwrap(), None);
    assert_eq!(directory.workspace(workspace).await.unwrap(), None);
    assert_eq!(directory.workspaces().await.unwrap(), []);
    assert_eq!(directory.people(&[host]).await.unwrap(), BTreeMap::new());
    assert_eq!(directory.people(&[]).await.unwrap(), BTreeMap::new());
    let address = parse("ann@example.org");
    assert_eq!(directory.person_by_email(&address).await.unwrap(), None);
    assert_eq!(directory.members(workspace).await.unwrap(), []);
    assert_eq!(directory.memberships(host).await.unwrap(), []);
    let event_types = work.event_types();
    assert_eq!(event_types.get(event_type).await.unwrap(), None);
    assert_eq!(event_types.by_slug(workspace, &slug).await.unwrap(), None);
    assert_eq!(whole(event_types.list(workspace).await), []);
    assert_eq!(event_types.hosted_by(host).await.unwrap(), []);
    let schedules = work.schedules();
    let owners = [
        ScheduleOwner::Person(host),
        ScheduleOwner::Workspace(workspace),
    ];
    assert_eq!(whole(schedules.defaults(&owners).await), BTreeMap::new());
    assert_eq!(whole(schedules.defaults(&[]).await), BTreeMap::new());
    let schedule = ScheduleId::generate(&ids);
    assert_eq!(whole(schedules.get(&[schedule]).await), BTreeMap::new());
    assert_eq!(whole(schedules.get(&[]).await), BTreeMap::new());
    assert_eq!(whole(schedules.list(owners[0]).await), []);
    assert_eq!(whole(schedules.list(owners[1]).await), []);
    assert_eq!(schedules.used_by(schedule).await.unwrap(), []);
    let bookings = work.bookings();
    let booking = BookingId::generate(&ids);
    assert_eq!(bookings.get(booking).await.unwrap(), None);
    assert_eq!(bookings.by_manage_token(&[7; 32]).await.unwrap(), None);
    assert_eq!(bookings.by_host_token(&[7; 32]).await.unwrap(), None);
    assert_eq!(bookings.reservations(&[host], day).await.unwrap(), []);
    assert_eq!(bookings.reservations(&[], day).await.unwrap(), []);
    assert_eq!(bookings.history(booking).await.unwrap(), []);
    assert_eq!(bookings.ahead_of(host, now, 10).await.unwrap(), []);
    assert!(!bookings.any_of(event_type).await.unwrap());
    let page = BookingPage {
        direction: Direction::Ascending,
        after: Some((now, booking)),
        limit: 10,
    };
    let filter = BookingFilter::default();
    assert_eq!(whole(bookings.list(workspace, &filter, &page).await), []);
    let holds = work.holds();
    assert_eq!(holds.by_token(&[7; 32]).await.unwrap(), None);
    assert_eq!(holds.overlapping(&[host], day).await.unwrap(), []);
    assert_eq!(holds.overlapping(&[], day).await.unwrap(), []);
    assert_eq!(holds.next_expiry(&[host]).await.unwrap(), None);
    assert_eq!(holds.next_expiry(&[]).await.unwrap(), None);
    let links = work.links();
    let link = BookingLinkId::generate(&ids);
    assert_eq!(links.get(link).await.unwrap(), None);
    assert_eq!(links.by_slug(workspace, &slug).await.unwrap(), None);
    assert_eq!(whole(links.list(event_type).await), []);
    let time_off = work.time_off();
    let found = time_off.get(TimeOffId::generate(&ids)).await.unwrap();
    assert_eq!(found, None);
    assert_eq!(whole(time_off.list(workspace).await), []);
    let found = time_off.concerning(&[host], workspace, event_type).await;
    assert_eq!(whole(found), []);
    let found = time_off.concerning(&[], workspace, event_type).await;
    assert_eq!(whole(found), []);
    let messages = work.messages();
    let (kind, reader) = (NotificationKind::Confirmed, Audience::Invitee);
    let words = messages.words(workspace, event_type, kind, reader).await;
    assert_eq!(words.unwrap(), MessageWords::default());
    assert_eq!(messages.list(workspace).await.unwrap(), []);
    let image = ImageId::generate(&ids);
    assert_eq!(work.images().get(image).await.unwrap(), None);
    assert_eq!(work.busy().overlapping(&[host], day).await.unwrap(), []);
    assert_eq!(work.busy().overlapping(&[], day).await.unwrap(), []);
    let outbox = work.outbox();
    let effect = OutboxId::generate(&ids);
    assert_eq!(outbox.next_due().await.unwrap(), None);
    assert_eq!(outbox.failures(10).await.unwrap(), []);
    assert_eq!(outbox.list(workspace, None, None, 10).await.unwrap(), []);
    assert_eq!(outbox.get(effect).await.unwrap(), None);
    assert_eq!(outbox.attempts(effect).await.unwrap(), []);
}

/// Removing what is not there says so, and is no error.
pub async fn what_is_not_there_cannot_be_removed(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let ids = &house.ids;
    let mut work = house.begin().await;
    let (here, stranger) = (house.workspace.id, UserId::generate(ids));
    let directory = work.directory();
    assert!(!directory.remove_member(here, stranger).await.unwrap());
    let changed = directory.set_role(here, stranger, Role::Owner).await;
    assert!(!changed.unwrap());
    let nobody = person(ids, "Nobody", Tz::UTC);
    assert!(!directory.update_person(&nobody).await.unwrap());
    let event_type = EventTypeId::generate(ids);
    assert!(!work.event_types().delete(event_type).await.unwrap());
    let schedule = ScheduleId::generate(ids);
    assert!(!work.schedules().delete(schedule).await.unwrap());
    let booking = BookingId::generate(ids);
    assert!(!work.bookings().erase(booking).await.unwrap());
    assert!(!work.holds().remove(HoldId::generate(ids)).await.unwrap());
    let link = BookingLinkId::generate(ids);
    assert!(!work.links().use_once(link).await.unwrap());
    assert!(!work.links().delete(link).await.unwrap());
    let time_off = TimeOffId::generate(ids);
    assert!(!work.time_off().delete(time_off).await.unwrap());
    let image = ImageId::generate(ids);
    assert!(!work.images().delete(image).await.unwrap());
    let effect = OutboxId::generate(ids);
    let now = instant("2026-11-24T09:00:00Z");
    assert!(!work.outbox().replay(effect, now).await.unwrap());
    work.commit().await.unwrap();
}
