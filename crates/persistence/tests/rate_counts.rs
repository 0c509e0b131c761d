//! Counting how often something is done, on PostgreSQL: exact, whoever counts at once.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: panicking is how they say no"
)]

use std::time::Duration;

use scheduling_persistence::{ConnectOptions, RateCount, RateCounts, SeaOrmStorage, test_support};
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};
use tokio::task::JoinSet;

async fn with_counts<F, T>(test: F)
where
    F: FnOnce(RateCounts, String) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let ran = test_support::with_postgres(|url| async move {
        let options = ConnectOptions::default();
        let storage = SeaOrmStorage::connect(&url, &options).await.unwrap();
        storage.migrate().await.unwrap();
        test(storage.rate_counts().unwrap(), url).await;
    });
    if !ran.await {
        eprintln!("left out: {} has postgres", test_support::WITHOUT);
    }
}

/// So many in an hour, so that none comes back while a test runs.
fn hourly(of: u8, most: u32) -> RateCount {
    let span = Duration::from_hours(1);
    RateCount {
        key: [of; 32],
        step: span / most,
        span,
    }
}

async fn is_allowed(counts: &RateCounts, one: RateCount) -> bool {
    counts.count(&[one]).await.unwrap()[0].allowed
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_crowd_exactly_as_many_pass_as_may() {
    with_counts(|counts, url| async move {
        // Another server on the same database.
        let options = ConnectOptions::default();
        let other = SeaOrmStorage::connect(&url, &options).await.unwrap();
        let other = other.rate_counts().unwrap();
        let mut crowd = JoinSet::new();
        for place in 0..60 {
            let counts = if place % 2 == 0 { &counts } else { &other }.clone();
            crowd.spawn(async move { is_allowed(&counts, hourly(1, 7)).await });
        }
        let passed = crowd.join_all().await.into_iter().filter(|passed| *passed);
        assert_eq!(passed.count(), 7);
        assert!(
            is_allowed(&counts, hourly(2, 7)).await,
            "others are not concerned"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_for_how_long_and_is_not_counted() {
    with_counts(|counts, _url| async move {
        let one = hourly(1, 2);
        let first = counts.count(&[one]).await.unwrap()[0];
        assert!(first.allowed);
        assert_eq!(first.ahead, one.step);
        assert!(is_allowed(&counts, one).await);
        for _ in 0..5 {
            let refused = counts.count(&[one]).await.unwrap()[0];
            assert!(!refused.allowed);
            assert!(refused.ahead > one.step && refused.ahead <= one.span);
        }
        counts.take_back(&[one]).await.unwrap();
        assert!(
            is_allowed(&counts, one).await,
            "five refusals weighed nothing"
        );
        assert!(!is_allowed(&counts, one).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_each_is_counted_for_itself_in_the_order_asked() {
    with_counts(|counts, _url| async move {
        let (full, free) = (hourly(9, 1), hourly(3, 2));
        assert!(is_allowed(&counts, full).await);
        let both = counts.count(&[full, free]).await.unwrap();
        assert_eq!([both[0].allowed, both[1].allowed], [false, true]);
        let both = counts.count(&[free, full]).await.unwrap();
        assert_eq!([both[0].allowed, both[1].allowed], [true, false]);
        counts.take_back(&[free, full]).await.unwrap();
        let both = counts.count(&[full, free]).await.unwrap();
        assert_eq!([both[0].allowed, both[1].allowed], [true, true]);
        assert_eq!(counts.count(&[]).await.unwrap(), []);
        counts.take_back(&[]).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_count_and_take_back_the_same_keys_never_wait_in_a_circle() {
    with_counts(|counts, _url| async move {
        let mut crowd = JoinSet::new();
        for place in 0..40_u8 {
            let counts = counts.clone();
            crowd.spawn(async move {
                let mut asked = [1, 2, 3, 4].map(|of| hourly(of, 1000));
                asked.rotate_left(usize::from(place % 4));
                counts.count(&asked).await.unwrap();
                asked.reverse();
                counts.take_back(&asked).await.unwrap();
            });
        }
        crowd.join_all().await;
        // All was taken back: the bucket is as good as empty.
        let left = counts.count(&[hourly(1, 1000)]).await.unwrap()[0].ahead;
        assert!(left <= hourly(1, 1000).step * 2, "{left:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_empty_buckets_are_swept() {
    with_counts(|counts, url| async move {
        let brief = |of| RateCount {
            key: [of; 32],
            step: Duration::from_micros(1),
            span: Duration::from_micros(1),
        };
        for of in 10..20 {
            counts.count(&[brief(of)]).await.unwrap();
        }
        let kept = hourly(1, 1);
        assert!(is_allowed(&counts, kept).await);
        assert_eq!(counts.sweep().await.unwrap(), 10);
        assert!(!is_allowed(&counts, kept).await);
        let raw = Database::connect(url).await.unwrap();
        let rows = raw.query_one_raw(Statement::from_string(
            DbBackend::Postgres,
            "select count(*), (select relpersistence::text from pg_class where relname = 'rate_counts')
            from rate_counts",
        ));
        let row = rows.await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1);
        assert_eq!(row.try_get_by_index::<String>(1).unwrap(), "u", "unlogged");
        raw.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_given_up() {
    let ran = test_support::with_postgres(|url| async move {
        let options = ConnectOptions {
            statement_timeout: Some(Duration::from_millis(50)),
            ..ConnectOptions::default()
        };
        let storage = SeaOrmStorage::connect(&url, &options).await.unwrap();
        // Migrating takes as long as it takes.
        storage.migrate().await.unwrap();
        let counts = storage.rate_counts().unwrap();
        let raw = Database::connect(&url).await.unwrap();
        raw.execute_unprepared("begin; lock table rate_counts")
            .await
            .unwrap();
        let refused = counts.count(&[hourly(1, 1)]).await;
        let is_away = matches!(
            refused,
            Err(scheduling_core::ports::StorageError::Unavailable(_))
        );
        assert!(is_away, "{refused:?}");
        raw.close().await.unwrap();
    });
    if !ran.await {
        eprintln!("left out: {} has postgres", test_support::WITHOUT);
    }
}

#[tokio::test]
async fn a_file_has_one_server_and_no_shared_counts() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("kalends.db").display());
    let options = ConnectOptions::default();
    let storage = SeaOrmStorage::connect(&url, &options).await.unwrap();
    storage.migrate().await.unwrap();
    assert!(storage.rate_counts().is_none());
}
