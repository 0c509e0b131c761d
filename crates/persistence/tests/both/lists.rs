//! Long lists.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::booking::{Booking, BookingStatus};
use scheduling_core::event_type::Hosting;
use scheduling_core::ids::BookingId;
use scheduling_core::ports::{
    BookingFilter, BookingPage, Direction, Partial, Storage, StorageError,
};
use scheduling_testkit::SequenceIds;
use scheduling_testkit::builders::{self, instant};
use sea_orm::DbBackend;

use super::{Database, House, by_hand};

/// Reading many reservations takes one statement, so that it is quick: twenty hosts with a hundred bookings each.
pub(crate) async fn many_reservations_are_one_query(database: Database) {
    const HOSTS: usize = 20;
    const BOOKINGS: i32 = 100;
    let storage = Arc::new(database.migrated().await);
    let ids = SequenceIds::new();
    let workspace = builders::workspace(&ids, "acme");
    let mut work = storage.begin().await.unwrap();
    work.directory().insert_workspace(&workspace).await.unwrap();
    let mut hosts = Vec::new();
    for place in 0..HOSTS {
        let host = builders::person(&ids, &format!("Host {place}"), Tz::UTC);
        work.directory()
            .insert_person(workspace.id, &host)
            .await
            .unwrap();
        hosts.push(host.id);
    }
    let hosting = Hosting::round_robin(hosts.clone()).unwrap();
    let event_type = builders::event_type(&ids, workspace.id, "intro", 30, hosting);
    work.event_types().insert(&event_type).await.unwrap();
    let first = instant("2026-11-24T00:00:00Z");
    for host in &hosts {
        for place in 0..BOOKINGS {
            let start = first + TimeDelta::hours(1) * place;
            let booking = builders::booking(&ids, &event_type, &[*host], start);
            work.bookings().insert(&booking).await.unwrap();
        }
    }
    work.commit().await.unwrap();
    let month = builders::minutes_from(first, 31 * 24 * 60);
    let mut work = storage.begin_read().await.unwrap();
    let found = work.bookings().reservations(&hosts, month).await.unwrap();
    assert_eq!(found.len(), HOSTS * usize::try_from(BOOKINGS).unwrap());
    let started = std::time::Instant::now();
    for _ in 0..10 {
        work.bookings().reservations(&hosts, month).await.unwrap();
    }
    // A query for each host or booking takes hundreds of times as long; this bound holds on a slow machine too.
    let each = started.elapsed() / 10;
    eprintln!("{} reservations in {each:?}", found.len());
    assert!(each.as_millis() < 500, "{each:?}");
}

/// Multiplies the booking of a house: two of them each hour, without hosts and claims.
fn multiplied(house: &House, bookings: u32) -> String {
    let (numbers, id, hash) = match house.backend {
        DbBackend::Postgres => (
            format!("numbers as (select n from generate_series(1, {bookings}) n)"),
            "lpad(to_hex(n), 32, '0')::uuid",
            "decode(lpad(to_hex(n), 64, '0'), 'hex')",
        ),
        _ => (
            format!(
                "recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < {bookings})"
            ),
            "unhex(printf('%032x', n))",
            "unhex(printf('%064x', n))",
        ),
    };
    let columns = "workspace_id, event_type_id, buffer_before, buffer_after, note, answers, place, link_id, status, state,
        sequence, version, rotation, manage_sealed, created_at, updated_at";
    format!(
        "with {numbers} insert into bookings (id, starts_at, ends_at, manage_hash, {columns})
        select {id}, starts_at + n / 2 * 3600000000, ends_at + n / 2 * 3600000000, {hash}, {columns}
        from numbers, bookings"
    )
}

async fn page(
    house: &House,
    filter: &BookingFilter,
    direction: Direction,
    after: Option<(DateTime<Utc>, BookingId)>,
    limit: u32,
) -> Result<Partial<Vec<Booking>>, StorageError> {
    let page = BookingPage {
        direction,
        after,
        limit,
    };
    let mut work = house.read().await;
    work.bookings().list(house.workspace, filter, &page).await
}

pub(crate) async fn many_bookings_are_paged_by_an_index(database: Database) {
    const BOOKINGS: u32 = 20_000;
    let (house, raw) = database.with_a_booking().await;
    by_hand(&raw, &multiplied(&house, BOOKINGS)).await;
    by_hand(&raw, "analyze").await;
    let now = house.booking.interval.start() + TimeDelta::hours(5000);
    let ahead = BookingFilter {
        from: Some(now),
        ..BookingFilter::default()
    };
    let over = BookingFilter {
        status: vec![BookingStatus::Completed],
        now: Some(now),
        ..BookingFilter::default()
    };
    let started = std::time::Instant::now();
    let first = page(&house, &ahead, Direction::Ascending, None, 50)
        .await
        .unwrap();
    assert_eq!(first.found.len(), 50);
    assert!(
        first
            .found
            .iter()
            .all(|booking| booking.interval.end() > now)
    );
    let last = page(&house, &over, Direction::Descending, None, 50)
        .await
        .unwrap();
    assert_eq!(last.found.len(), 50);
    assert!(
        last.found
            .iter()
            .all(|booking| booking.interval.end() <= now)
    );
    let each = started.elapsed() / 2;
    eprintln!("a page of {BOOKINGS} bookings in {each:?}");
    // Reading all of them takes many times as long.
    assert!(each.as_millis() < 500, "{each:?}");

    for direction in [Direction::Ascending, Direction::Descending] {
        let mut seen = BTreeSet::new();
        let mut after = None;
        loop {
            let found = page(&house, &BookingFilter::default(), direction, after, 997).await;
            let found = found.unwrap().found;
            let places = found
                .iter()
                .map(|booking| (booking.interval.start(), booking.id));
            let places: Vec<_> = places.collect();
            let in_order = match direction {
                Direction::Ascending => places.is_sorted(),
                Direction::Descending => places.iter().rev().is_sorted(),
            };
            assert!(in_order, "{direction:?}");
            let Some(last) = places.last() else {
                break;
            };
            after = Some(*last);
            for place in places {
                assert!(seen.insert(place), "{place:?} came twice");
            }
        }
        assert_eq!(seen.len(), usize::try_from(BOOKINGS).unwrap() + 1);
    }
}

pub(crate) async fn a_page_goes_on_behind_damaged_rows(database: Database) {
    let (house, raw) = database.with_a_booking().await;
    by_hand(&raw, &multiplied(&house, 30)).await;
    // The second to the eleventh by start.
    by_hand(
        &raw,
        "update bookings set place = '' where id in (
            select id from bookings order by starts_at, id limit 10 offset 1
        )",
    )
    .await;
    let everything = BookingFilter::default();
    let first = page(&house, &everything, Direction::Ascending, None, 5)
        .await
        .unwrap();
    assert_eq!(first.found.len(), 5);
    assert_eq!(first.unreadable.len(), 10);
    for unreadable in &first.unreadable {
        let said = unreadable.to_string();
        assert!(
            said.starts_with("the stored bookings.place of row "),
            "{said}"
        );
    }
    let last = first
        .found
        .last()
        .map(|booking| (booking.interval.start(), booking.id));
    let rest = page(&house, &everything, Direction::Ascending, last, 100)
        .await
        .unwrap();
    assert_eq!((rest.found.len(), rest.unreadable.len()), (16, 0));
    let nothing = page(&house, &everything, Direction::Descending, None, 0)
        .await
        .unwrap();
    assert_eq!((nothing.found.len(), nothing.unreadable.len()), (0, 0));
}

pub(crate) async fn a_search_takes_any_text_as_it_is(database: Database) {
    let (house, _raw) = database.with_a_booking().await;
    let names = ["100% Zoë", "a_b", r"back\slash", "quo'te", "MÜLLER", "Ida"];
    let mut work = house.storage.begin().await.unwrap();
    for (place, name) in (1..).zip(names) {
        let start = house.booking.interval.start() + TimeDelta::hours(place);
        let mut booking = builders::booking(&house.ids, &house.event_type, &[house.host], start);
        booking.attendees[0].name = builders::parse(name);
        booking.attendees[0].email = builders::parse(&format!("P{place}@Example.org"));
        work.bookings().insert(&booking).await.unwrap();
    }
    work.commit().await.unwrap();
    let long = "x".repeat(100_000);
    for (text, expected) in [
        ("%", vec!["100% Zoë"]),
        ("_", vec!["a_b"]),
        (r"\", vec![r"back\slash"]),
        ("'", vec!["quo'te"]),
        ("' or '1'='1", vec![]),
        // Letters beyond ASCII are taken as they are, on either database.
        ("mÜller", vec!["MÜLLER"]),
        ("müller", vec![]),
        ("zOë", vec!["100% Zoë"]),
        ("p3@EXAMPLE.org", vec![r"back\slash"]),
        ("ida", vec!["Ida Invitee", "Ida"]),
        ("\0", vec![]),
        (&long, vec![]),
    ] {
        let filter = BookingFilter {
            text: Some(text.to_owned()),
            ..BookingFilter::default()
        };
        let found = page(&house, &filter, Direction::Ascending, None, 100)
            .await
            .unwrap();
        let names: Vec<&str> = found
            .found
            .iter()
            .map(|booking| booking.attendees[0].name.as_str())
            .collect();
        assert_eq!(names, expected, "{text:.20}");
    }
}
