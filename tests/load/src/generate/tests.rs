//! What is made is what a server would have left.

use scheduling_core::booking::BookingStatus;
use scheduling_core::ports::{BookingFilter, BookingPage, Direction};

use super::*;

fn options(database: &str) -> Options {
    Options {
        database: database.to_owned(),
        bookings: 3000,
        hosts: 45,
        seed: 7,
        now: None,
        key: DEFAULT_KEY.parse().unwrap(),
        made: None,
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_made_database_is_clean_and_has_everything_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("k.db").display());
    let made = make(&options(&url), now()).await.unwrap();
    assert_eq!(made.bookings, 3000);
    assert_eq!(made.alone().count(), 45);
    assert_eq!(made.workspaces[0].alone.len(), 10);
    assert_eq!(made.workspaces[0].teams, ["team-1"]);
    let storage = storage(&url).await.unwrap();
    assert_eq!(storage.verify().await.unwrap(), []);
    let mut work = storage.begin_read().await.unwrap();
    let (mut all, mut cancelled) = (0, 0);
    for workspace in work.directory().workspaces().await.unwrap() {
        let page = BookingPage {
            after: None,
            limit: 10_000,
            direction: Direction::Ascending,
        };
        let filter = BookingFilter::default();
        let listed = work.bookings().list(workspace.id, &filter, &page).await;
        let listed = listed.unwrap().found;
        all += listed.len();
        for booking in &listed {
            assert!(booking.created_at < booking.interval.start());
            cancelled += usize::from(booking.state.name() == BookingStatus::Cancelled);
            let history = work.bookings().history(booking.id).await.unwrap();
            assert_eq!(history.len(), booking.version as usize);
        }
    }
    assert_eq!(all, 3000);
    assert!((150..350).contains(&cancelled), "{cancelled}");
    drop(work);
    // Nobody overwrites a database that is in use.
    assert!(make(&options(&url), now()).await.is_err());
}

#[tokio::test]
async fn the_same_seed_makes_the_same_database() {
    let folder = tempfile::tempdir().unwrap();
    let mut made = Vec::new();
    for name in ["a.db", "b.db"] {
        let url = format!("sqlite:{}", folder.path().join(name).display());
        let made_one = make(&options(&url), now()).await.unwrap();
        made.push((
            made_one.manage_tokens.clone(),
            made_one.workspaces[0].token.clone(),
        ));
    }
    assert_eq!(made[0], made[1]);
    assert!((50..=200).contains(&made[0].0.len()), "{}", made[0].0.len());
}
