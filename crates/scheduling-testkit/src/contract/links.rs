//! Further links to event types.

use std::num::NonZeroU32;
use std::sync::Arc;

use chrono::TimeDelta;
use scheduling_core::event_type::{
    BookingLink, EventType, Hosting, Question, QuestionKind, Questions,
};
use scheduling_core::ids::{BookingLinkId, EventTypeId, WorkspaceId};
use scheduling_core::ports::{Storage, StorageError};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fixture::{House, PATIENCE, assert_conflict, assert_refused, whole};
use crate::builders::{event_type, instant, link, parse, workspace};

async fn insert(house: &House, link: &BookingLink) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.links().insert(link).await?;
    work.commit().await
}

async fn update(house: &House, link: &BookingLink) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.links().update(link).await?;
    work.commit().await
}

async fn insert_event_type(house: &House, event_type: &EventType) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.event_types().insert(event_type).await?;
    work.commit().await
}

async fn stored(house: &House, id: BookingLinkId) -> Option<BookingLink> {
    let mut work = house.begin_read().await;
    work.links().get(id).await.unwrap()
}

async fn use_once(house: &House, id: BookingLinkId) -> Result<bool, StorageError> {
    let mut work = house.storage.begin().await?;
    let counted = work.links().use_once(id).await?;
    work.commit().await?;
    Ok(counted)
}

fn questions() -> Questions {
    Questions::new(vec![Question {
        key: parse("how-many"),
        label: parse("How many \"people\" come?"),
        help: Some(parse("You\ntoo")),
        kind: QuestionKind::Number {
            min: Some(parse("1")),
            max: None,
            integer: true,
        },
        required: true,
        shown_if: None,
    }])
    .unwrap()
}

/// With everything it can have, and with nothing; found by id and by slug, ended or not.
pub async fn links_come_back_as_they_were(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let bare = link(&house.ids, &house.event_type, "bare");
    let mut full = link(&house.ids, &house.event_type, "fair-2026");
    full.name = Some(parse("Spring fair '26; drop table links"));
    full.questions = Some(questions());
    full.redirect_url = Some(parse("https://example.org/thanks?x=%s&y='"));
    full.expires_at = Some(instant("2020-01-01T00:00:00.000001Z"));
    full.max_uses = NonZeroU32::new(u32::MAX);
    full.uses = 7;
    full.revoked = true;
    full.version = 9;
    full.created_at = instant("2019-01-01T00:00:00.999999Z");
    let mut asks_nothing = link(&house.ids, &house.event_type, "asks-nothing");
    asks_nothing.questions = Some(Questions::default());
    for link in [&bare, &full, &asks_nothing] {
        insert(&house, link).await.unwrap();
    }
    for link in [bare, full, asks_nothing] {
        assert_eq!(stored(&house, link.id).await.as_ref(), Some(&link));
        let mut work = house.begin_read().await;
        let found = work.links().by_slug(house.workspace.id, &link.slug).await;
        assert_eq!(found.unwrap(), Some(link));
    }
    // A link is no event type.
    let mut work = house.begin_read().await;
    let found = work
        .event_types()
        .by_slug(house.workspace.id, &parse("bare"))
        .await;
    assert_eq!(found.unwrap(), None);
}

/// An event type's links, the newest first; of two made at one instant the one with the larger id.
pub async fn a_list_begins_with_the_newest(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hosting = Hosting::single(house.bob.id);
    let other = event_type(&house.ids, house.workspace.id, "other", 30, hosting);
    insert_event_type(&house, &other).await.unwrap();
    let mut made = Vec::new();
    for (slug, day) in [("b", 2), ("a", 3), ("d", 1), ("c", 2)] {
        let mut link = link(&house.ids, &house.event_type, slug);
        link.created_at += TimeDelta::days(day);
        insert(&house, &link).await.unwrap();
        made.push(link);
    }
    let elsewhere = link(&house.ids, &other, "elsewhere");
    insert(&house, &elsewhere).await.unwrap();
    let mut work = house.begin_read().await;
    let listed = whole(work.links().list(house.event_type.id).await);
    let slugs: Vec<&str> = listed.iter().map(|l| l.slug.as_str()).collect();
    assert_eq!(slugs, ["a", "c", "b", "d"]);
    assert_eq!(listed[3], made[2]);
    assert_eq!(whole(work.links().list(other.id).await), [elsewhere]);
}

/// Event types and links of a workspace share their slugs; another workspace has its own.
pub async fn event_types_and_links_share_their_slugs(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let hosting = || Hosting::single(house.bob.id);
    let here = house.workspace.id;
    let fair = link(&house.ids, &house.event_type, "fair");
    insert(&house, &fair).await.unwrap();
    // Neither may take what the other has, nor what one of its own kind has.
    assert_conflict(insert(&house, &link(&house.ids, &house.event_type, "intro")).await);
    assert_conflict(insert(&house, &link(&house.ids, &house.event_type, "fair")).await);
    let same = event_type(&house.ids, here, "fair", 30, hosting());
    assert_conflict(insert_event_type(&house, &same).await);
    let mut same_id = link(&house.ids, &house.event_type, "same-id");
    same_id.id = fair.id;
    assert_conflict(insert(&house, &same_id).await);

    // Nor move onto it.
    let mut moved = fair.clone();
    moved.version += 1;
    moved.slug = parse("intro");
    assert_conflict(update(&house, &moved).await);
    let mut renamed = house.event_type.clone();
    renamed.version += 1;
    renamed.slug = parse("fair");
    let mut work = house.begin().await;
    assert_conflict(work.event_types().update(&renamed).await);
    drop(work);

    // Elsewhere it is free.
    let other = workspace(&house.ids, "other");
    let mut work = house.begin().await;
    work.directory().insert_workspace(&other).await.unwrap();
    work.commit().await.unwrap();
    let theirs = event_type(&house.ids, other.id, "fair", 30, hosting());
    insert_event_type(&house, &theirs).await.unwrap();
    insert(&house, &link(&house.ids, &theirs, "intro"))
        .await
        .unwrap();

    // What is given up can be taken: by a change, and by deleting.
    moved.slug = parse("fair-2");
    update(&house, &moved).await.unwrap();
    insert_event_type(&house, &same).await.unwrap();
    let mut work = house.begin().await;
    assert!(work.links().delete(fair.id).await.unwrap());
    work.commit().await.unwrap();
    let again = event_type(&house.ids, here, "fair-2", 30, hosting());
    insert_event_type(&house, &again).await.unwrap();
    let mut work = house.begin().await;
    assert!(work.event_types().delete(again.id).await.unwrap());
    work.commit().await.unwrap();
    insert(&house, &link(&house.ids, &house.event_type, "fair-2"))
        .await
        .unwrap();
}

/// Links and event types are made with one slug at once: one is stored, the others learn that it is taken.
pub async fn of_many_who_want_one_slug_exactly_one_has_it(storage: Arc<dyn Storage>) {
    const WRITERS: usize = 12;
    let house = House::build(storage).await;
    let start = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (house, start) = (house.clone(), Arc::clone(&start));
        writers.spawn(async move {
            start.wait().await;
            if writer % 2 == 0 {
                insert(&house, &link(&house.ids, &house.event_type, "wanted")).await
            } else {
                let hosting = Hosting::single(house.bob.id);
                let kind = event_type(&house.ids, house.workspace.id, "wanted", 30, hosting);
                insert_event_type(&house, &kind).await
            }
        });
    }
    let outcomes = timeout(PATIENCE, writers.join_all())
        .await
        .expect("nobody waits forever");
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for outcome in lost {
        assert_conflict(outcome);
    }
}

/// An update must know the version before, and never counts uses back.
pub async fn a_link_changes_by_versions_and_keeps_its_uses(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let first = link(&house.ids, &house.event_type, "fair");
    insert(&house, &first).await.unwrap();
    assert!(use_once(&house, first.id).await.unwrap());
    // A use is no change that an editor would have to know.
    let mut second = first.clone();
    second.version = 2;
    second.slug = parse("fair-2026");
    second.name = Some(parse("The fair"));
    second.questions = Some(questions());
    second.redirect_url = Some(parse("https://example.org/thanks"));
    second.expires_at = Some(instant("2027-01-01T00:00:00Z"));
    second.max_uses = NonZeroU32::new(5);
    second.revoked = true;
    update(&house, &second).await.unwrap();
    second.uses = 1;
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&second));

    let mut skips = second.clone();
    skips.version = 4;
    let mut late = first.clone();
    late.version = 2;
    let mut absent = link(&house.ids, &house.event_type, "absent");
    absent.version = 2;
    for refused in [&first, &late, &second, &skips, &absent] {
        assert_conflict(update(&house, refused).await);
    }
    assert_eq!(stored(&house, first.id).await.as_ref(), Some(&second));

    let mut third = link(&house.ids, &house.event_type, "fair-2026");
    third.id = first.id;
    third.version = 3;
    update(&house, &third).await.unwrap();
    third.uses = 1;
    assert_eq!(stored(&house, first.id).await, Some(third));
}

/// Uses are counted up to the number there is, and a use that is undone was none.
pub async fn a_link_is_used_as_often_as_it_may_be(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut single = link(&house.ids, &house.event_type, "single");
    single.max_uses = NonZeroU32::new(1);
    let endless = link(&house.ids, &house.event_type, "endless");
    insert(&house, &single).await.unwrap();
    insert(&house, &endless).await.unwrap();
    let mut work = house.begin().await;
    assert!(work.links().use_once(single.id).await.unwrap());
    work.rollback().await.unwrap();
    assert!(use_once(&house, single.id).await.unwrap());
    assert!(!use_once(&house, single.id).await.unwrap());
    for _ in 0..3 {
        assert!(use_once(&house, endless.id).await.unwrap());
    }
    assert_eq!(stored(&house, single.id).await.unwrap().uses, 1);
    assert_eq!(stored(&house, endless.id).await.unwrap().uses, 3);

    // Being used up ends nothing else: the unit of work goes on.
    let booking = house.booking(&[house.ann.id], "2026-11-24T09:00:00Z");
    let mut work = house.begin().await;
    assert!(!work.links().use_once(single.id).await.unwrap());
    work.bookings().insert(&booking).await.unwrap();
    work.commit().await.unwrap();
    assert!(house.stored(booking.id).await.is_some());
}

/// Three uses are left, and twelve want one at once.
pub async fn of_many_who_use_a_link_no_more_succeed_than_it_has_uses(storage: Arc<dyn Storage>) {
    const WRITERS: usize = 12;
    let house = House::build(storage).await;
    let mut fair = link(&house.ids, &house.event_type, "fair");
    fair.max_uses = NonZeroU32::new(5);
    fair.uses = 2;
    insert(&house, &fair).await.unwrap();
    let start = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (house, start, id) = (house.clone(), Arc::clone(&start), fair.id);
        writers.spawn(async move {
            start.wait().await;
            use_once(&house, id).await
        });
    }
    let outcomes = timeout(PATIENCE, writers.join_all())
        .await
        .expect("nobody waits forever");
    let counted = outcomes.into_iter().map(Result::unwrap);
    assert_eq!(counted.filter(|counted| *counted).count(), 3);
    assert_eq!(stored(&house, fair.id).await.unwrap().uses, 5);
}

/// A booking remembers the link it was made with, also when that is gone.
pub async fn a_booking_outlives_its_link(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let fair = link(&house.ids, &house.event_type, "fair");
    insert(&house, &fair).await.unwrap();
    let mut booking = house.booking(&[house.ann.id], "2026-11-24T09:00:00Z");
    booking.link = Some(fair.id);
    house.insert(&booking).await.unwrap();
    let mut work = house.begin().await;
    assert!(work.links().delete(fair.id).await.unwrap());
    assert!(!work.links().delete(fair.id).await.unwrap());
    work.commit().await.unwrap();
    assert_eq!(stored(&house, fair.id).await, None);
    assert_eq!(house.stored(booking.id).await, Some(booking));
}

/// A link leads to an event type, in a workspace.
pub async fn a_link_must_lead_somewhere(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let mut to_nothing = link(&house.ids, &house.event_type, "lost");
    to_nothing.event_type = EventTypeId::generate(&house.ids);
    let mut in_nowhere = link(&house.ids, &house.event_type, "lost");
    in_nowhere.workspace = WorkspaceId::generate(&house.ids);
    for lost in [to_nothing, in_nowhere] {
        assert_refused(insert(&house, &lost).await);
    }
}
