//! Workspaces, people and members.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use scheduling_core::directory::Role;
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::Storage;

use super::fixture::{House, assert_conflict, assert_refused};
use crate::SequenceIds;
use crate::builders::{
    busy, default_schedule, instant, interval, parse, person, working_hours, workspace,
};

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
