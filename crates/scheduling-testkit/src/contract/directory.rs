//! Workspaces, people and members.

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

use super::fixture::{House, assert_conflict, assert_refused, whole};
use crate::SequenceIds;
use crate::builders::{
    busy, default_schedule, instant, interval, member, parse, person, working_hours, workspace,
};

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

/// Names keep their quotes, scripts and signs.
pub async fn workspaces_and_people_come_back_as_they_were(storage: Arc<dyn Storage>) {
    let ids = SequenceIds::new();
    let mut firm = workspace(&ids, "halden-mills");
    firm.name = parse(r#"Halden & "Mills" '; drop table people; --"#);
    firm.description = Some(parse("Zwei Zeilen:\nließ 李小龍 🙂 \\ %s ${x}"));
    let mut zoe = person(&ids, "Zoe", Tz::America__Argentina__Buenos_Aires);
    zoe.name = parse(r#"Zoë "Z" O'Hara, 李"#);
    zoe.email = parse("zoe.o'hara+kalends@halden-mills.example");
    let mut work = storage.begin().await.unwrap();
    let directory = work.directory();
    directory.insert_workspace(&firm).await.unwrap();
    directory.insert_person(firm.id, &zoe).await.unwrap();
    work.commit().await.unwrap();

    let mut work = storage.begin_read().await.unwrap();
    let directory = work.directory();
    let found = directory.workspace_by_slug(&firm.slug).await.unwrap();
    assert_eq!(found.as_ref(), Some(&firm));
    let found = directory.workspace(firm.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&firm));
    let stranger = UserId::generate(&ids);
    let found = directory.people(&[stranger, zoe.id, zoe.id]).await.unwrap();
    assert_eq!(found, BTreeMap::from([(zoe.id, zoe.clone())]));
    // Whose case differs is the same person, and keeps the address as it was first written.
    for address in [
        "ZOE.O'HARA+kalends@HALDEN-mills.EXAMPLE",
        zoe.email.as_str(),
    ] {
        let found = directory.person_by_email(&parse(address)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&zoe), "{address}");
    }
    // Being at home somewhere makes nobody a member.
    assert_eq!(directory.members(firm.id).await.unwrap(), []);
}

/// A slug and an address are unique on the server, however the address is written.
pub async fn a_slug_and_an_address_are_taken_once(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut work = house.begin().await;
    let again = workspace(&house.ids, "acme");
    assert_conflict(work.directory().insert_workspace(&again).await);
    drop(work);

    let mut work = house.begin().await;
    let mut second_ann = person(&house.ids, "Second Ann", Tz::UTC);
    second_ann.email = parse("ANN@example.org");
    let home = house.workspace.id;
    assert_conflict(work.directory().insert_person(home, &second_ann).await);
    drop(work);

    let mut work = house.begin().await;
    let mut same_id = person(&house.ids, "Somebody Else", Tz::UTC);
    same_id.id = house.ann.id;
    assert_conflict(work.directory().insert_person(home, &same_id).await);
    drop(work);

    // Another workspace knows the same person, not a second one.
    let mut work = house.begin().await;
    let other = workspace(&house.ids, "other");
    work.directory().insert_workspace(&other).await.unwrap();
    work.commit().await.unwrap();
    let mut work = house.begin().await;
    let directory = work.directory();
    assert_conflict(directory.insert_person(other.id, &second_ann).await);
    drop(work);
    let mut work = house.begin().await;
    second_ann.email = parse("ann.second@example.org");
    let directory = work.directory();
    directory
        .insert_person(other.id, &second_ann)
        .await
        .unwrap();
    work.commit().await.unwrap();
}

/// Lists have one order, the same on every database: that of the characters' numbers.
pub async fn workspaces_stand_by_slug_and_members_by_name(storage: Arc<dyn Storage>) {
    let ids = SequenceIds::new();
    let mut work = storage.begin().await.unwrap();
    let directory = work.directory();
    for slug in ["b", "a-b", "a1", "ab"] {
        let workspace = workspace(&ids, slug);
        directory.insert_workspace(&workspace).await.unwrap();
    }
    let home = directory.workspaces().await.unwrap()[0].clone();
    for (address, name) in [
        ("d", "Émile"),
        ("c", "ann"),
        ("b", "Bob"),
        ("a", "Bob"),
        ("e", "Zoe"),
    ] {
        let mut person = person(&ids, name, Tz::UTC);
        person.email = parse(&format!("{address}@example.org"));
        directory.insert_person(home.id, &person).await.unwrap();
        let since = instant("2026-11-24T09:00:00.000001Z");
        let joined = directory.insert_member(home.id, person.id, Role::Member, since);
        joined.await.unwrap();
    }
    work.commit().await.unwrap();

    let mut work = storage.begin_read().await.unwrap();
    let workspaces = work.directory().workspaces().await.unwrap();
    let slugs: Vec<&str> = workspaces.iter().map(|w| w.slug.as_str()).collect();
    assert_eq!(slugs, ["a-b", "a1", "ab", "b"]);
    let members = work.directory().members(home.id).await.unwrap();
    let names: Vec<(&str, &str)> = members
        .iter()
        .map(|m| (m.person.name.as_str(), &m.person.email.as_str()[..1]))
        .collect();
    // The first Bob is the one who was added first, whose id is smaller.
    assert_eq!(
        names,
        [
            ("Bob", "b"),
            ("Bob", "a"),
            ("Zoe", "e"),
            ("ann", "c"),
            ("Émile", "d")
        ]
    );
}

/// What names a row that is not there is refused, and not as a conflict: trying again would not help.
pub async fn a_person_needs_a_workspace(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let nowhere = WorkspaceId::generate(&house.ids);
    let lost = person(&house.ids, "Lost", Tz::UTC);
    let mut work = house.begin().await;
    assert_refused(work.directory().insert_person(nowhere, &lost).await);
    drop(work);
    let mut work = house.begin().await;
    let hours = working_hours(Tz::UTC, "09:00-17:00");
    let schedule = default_schedule(&house.ids, house.workspace.id, lost.id, hours);
    assert_refused(work.schedules().insert(&schedule).await);
    drop(work);
    let mut work = house.begin().await;
    let busy = busy(&house.ids, lost.id, interval("2026-11-24T09:00:00Z", 30));
    assert_refused(work.busy().insert(&busy).await);
}

/// A person is a member of several workspaces, in each with a role of its own.
pub async fn members_have_a_role_in_each_workspace(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let acme = house.workspace.clone();
    let other = workspace(&house.ids, "a-branch");
    let [ann, bob] = [
        member(house.ann.clone(), Role::Owner),
        member(house.bob.clone(), Role::Member),
    ];
    let mut work = house.begin().await;
    let directory = work.directory();
    directory.insert_workspace(&other).await.unwrap();
    for (home, member) in [(&acme, &ann), (&acme, &bob), (&other, &bob)] {
        let (person, role) = (member.person.id, member.role);
        let joined = directory.insert_member(home.id, person, role, member.joined_at);
        joined.await.unwrap();
    }
    let changed = directory.set_role(other.id, bob.person.id, Role::Admin);
    assert!(changed.await.unwrap());
    work.commit().await.unwrap();

    let mut work = house.begin_read().await;
    let directory = work.directory();
    let found = directory.members(acme.id).await.unwrap();
    assert_eq!(found, [ann.clone(), bob.clone()]);
    let found = directory.members(other.id).await.unwrap();
    assert_eq!(found, [member(house.bob.clone(), Role::Admin)]);
    let found = directory.memberships(bob.person.id).await.unwrap();
    let expected = [(other.clone(), Role::Admin), (acme.clone(), Role::Member)];
    assert_eq!(found, expected);
    assert_eq!(directory.memberships(house.eve.id).await.unwrap(), []);
    drop(work);

    let mut work = house.begin().await;
    let directory = work.directory();
    let removed = directory.remove_member(acme.id, bob.person.id).await;
    assert!(removed.unwrap());
    let again = directory.remove_member(acme.id, bob.person.id).await;
    assert!(!again.unwrap());
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    let directory = work.directory();
    assert_eq!(directory.members(acme.id).await.unwrap(), [ann]);
    let found = directory.memberships(bob.person.id).await.unwrap();
    assert_eq!(found, [(other, Role::Admin)]);
    // The person stays: bookings name them.
    let found = directory.people(&[bob.person.id]).await.unwrap();
    assert_eq!(found.len(), 1);
}

/// Nobody joins twice, and only people join workspaces.
pub async fn a_person_joins_a_workspace_once(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let (here, ann) = (house.workspace.id, house.ann.id);
    let since = instant("2026-11-24T09:00:00Z");
    let mut work = house.begin().await;
    let directory = work.directory();
    let joined = directory.insert_member(here, ann, Role::Member, since);
    joined.await.unwrap();
    work.commit().await.unwrap();

    let mut work = house.begin().await;
    let directory = work.directory();
    assert_conflict(directory.insert_member(here, ann, Role::Owner, since).await);
    drop(work);
    let stranger = UserId::generate(&house.ids);
    let nowhere = WorkspaceId::generate(&house.ids);
    for (workspace, person) in [(here, stranger), (nowhere, ann)] {
        let mut work = house.begin().await;
        let joined = work
            .directory()
            .insert_member(workspace, person, Role::Owner, since);
        assert_refused(joined.await);
    }
    let mut work = house.begin_read().await;
    let members = work.directory().members(here).await.unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].role, Role::Member);
}

/// Name and zone change, the address does not.
pub async fn a_person_changes_name_and_zone(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut changed = house.ann.clone();
    changed.name = parse("Ann-Marie \"Zöe\" O'Hara");
    changed.timezone = Tz::Pacific__Chatham;
    let mut with_address = changed.clone();
    with_address.email = parse("elsewhere@example.org");
    let mut work = house.begin().await;
    let found = work.directory().update_person(&with_address).await;
    assert!(found.unwrap());
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    let found = work.directory().people(&[changed.id]).await.unwrap();
    assert_eq!(found, BTreeMap::from([(changed.id, changed)]));
}

/// An update must know the version before, and a slug stays one workspace's.
pub async fn a_workspace_changes_by_versions(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let other = workspace(&house.ids, "other");
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.commit().await.unwrap();

    let mut second = house.workspace.clone();
    second.version = 2;
    second.slug = parse("acme-2");
    second.name = parse("Acme & Daughters");
    second.description = Some(parse("Two\nlines"));
    let mut work = house.begin().await;
    work.directory().update_workspace(&second).await.unwrap();
    work.commit().await.unwrap();

    let mut taken = second.clone();
    taken.version = 3;
    taken.slug = other.slug.clone();
    let mut skips = second.clone();
    skips.version = 4;
    let mut absent = workspace(&house.ids, "absent");
    absent.version = 2;
    for refused in [&second, &taken, &skips, &absent] {
        let mut work = house.begin().await;
        assert_conflict(work.directory().update_workspace(refused).await);
    }
    let mut work = house.begin_read().await;
    let directory = work.directory();
    let found = directory.workspace(second.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&second));
    let gone = directory.workspace_by_slug(&house.workspace.slug).await;
    assert_eq!(gone.unwrap(), None);
    let found = directory.workspace_by_slug(&second.slug).await;
    assert_eq!(found.unwrap(), Some(second));
}
