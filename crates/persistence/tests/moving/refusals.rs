//! What is not moved, and says why before anything has changed.

use scheduling_persistence::{
    ConnectOptions, MoveError, MoveOutcome, MoveRequest, MoveState, SeaOrmStorage, check_move,
    move_database,
};
use sea_orm::ConnectionTrait as _;

use super::furnish::{by_hand, counts, furnish, migrated, raw, texts};
use super::{moved, now, request, with_both};

/// Why a move is refused; and both a look and the move itself say the same.
async fn refused(from: &str, to: &str) -> MoveError {
    let looked = check_move(request(from, to), &|_| {}).await.unwrap_err();
    let tried = moved(from, to).await.unwrap_err();
    assert_eq!(looked.to_string(), tried.to_string());
    tried
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_not_empty_is_named_and_left_alone() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 3).await;
        let target = migrated(&postgres).await;
        by_hand(
            &postgres,
            &["insert into workspaces (id, slug, name) values (gen_random_uuid(), 'ours', 'Ours')"],
        )
        .await;
        target.close().await.unwrap();
        let before = counts(&postgres).await;
        let said = refused(&sqlite, &postgres).await.to_string();
        assert!(
            said.contains("not empty: it has 1 row of workspaces;"),
            "{said}"
        );
        assert_eq!(counts(&postgres).await, before);
        let source = migrated(&sqlite).await;
        assert_eq!(source.move_state().await.unwrap(), MoveState::Settled);
        // Nor does beginning anew help, which is for targets of moves alone.
        let forced = MoveRequest {
            start_over: true,
            ..request(&sqlite, &postgres)
        };
        let said = move_database(forced, &|_| {}).await.unwrap_err();
        assert!(matches!(said, MoveError::NotEmpty(_)), "{said}");
        assert_eq!(counts(&postgres).await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_tables_of_others_is_left_alone() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 1).await;
        by_hand(&postgres, &["create table orders (id bigint primary key)"]).await;
        let said = refused(&sqlite, &postgres).await.to_string();
        assert!(
            said.contains("only PostgreSQL has the table orders"),
            "{said}"
        );
        assert_eq!(counts(&postgres).await, [("orders".to_owned(), 0)]);
    })
    .await;
}

/// The tables that differ are named, whichever side has more.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_or_column_that_one_side_lacks_is_no_gap() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 1).await;
        by_hand(
            &sqlite,
            &[
                "create table more (id integer primary key) strict",
                "alter table people add column nickname text",
            ],
        )
        .await;
        let said = refused(&sqlite, &postgres).await.to_string();
        assert!(
            said.contains("only SQLite has the table more")
                && said.contains("only SQLite has the column people.nickname"),
            "{said}"
        );
        assert_eq!(counts(&postgres).await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_of_other_releases_are_refused() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 1).await;
        let later = "insert into seaql_migrations (version, applied_at) values ('m29991231_235959_later', 0)";
        migrated(&postgres).await.close().await.unwrap();
        by_hand(&postgres, &[later]).await;
        let said = refused(&sqlite, &postgres).await.to_string();
        assert!(said.contains("the target was migrated by a later release: it has m29991231"), "{said}");
        by_hand(&postgres, &["delete from seaql_migrations where version like 'm2999%'"]).await;

        by_hand(&sqlite, &[later]).await;
        let said = refused(&sqlite, &postgres).await.to_string();
        assert!(said.contains("the source was migrated by a later release"), "{said}");
        by_hand(&sqlite, &["delete from seaql_migrations where version like 'm2999%' or version = 'm20261121_100000_create_accounts'"]).await;
        let said = refused(&sqlite, &postgres).await.to_string();
        assert!(said.contains("m20261121_100000_create_accounts; run `kalends migrate` on it first"), "{said}");

        let empty = format!("{sqlite}.empty");
        std::fs::write(empty.strip_prefix("sqlite:").unwrap(), "").unwrap();
        assert!(matches!(refused(&empty, &postgres).await, MoveError::Outdated(_)));
        let missing = format!("{sqlite}.missing");
        assert!(matches!(refused(&missing, &postgres).await, MoveError::Missing(_)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_goes_to_the_other_kind_and_no_address_is_repeated() {
    with_both(|sqlite, postgres| async move {
        let other = format!("{sqlite}.other");
        assert!(matches!(
            refused(&sqlite, &other).await,
            MoveError::Direction
        ));
        assert!(matches!(
            refused(&postgres, &postgres).await,
            MoveError::Direction
        ));
        for url in [
            "mysql://kal:secret@h/d",
            "postgres://kal:secret@h:port/d",
            "postgres://kal:secret@127.0.0.1:1/d",
            "sqlite::memory:",
            "secret",
        ] {
            furnish_once(&sqlite).await;
            let refused = moved(&sqlite, url).await.unwrap_err();
            let (mut said, mut cause) = (refused.to_string(), std::error::Error::source(&refused));
            while let Some(error) = cause {
                said = format!("{said}: {error}");
                cause = error.source();
            }
            assert!(!said.contains("secret"), "{said}");
        }
    })
    .await;
}

async fn furnish_once(url: &str) {
    migrated(url).await.close().await.unwrap();
}

/// All at once, before anything is written: each with table, column and row.
#[tokio::test(flavor = "multi_thread")]
async fn what_postgresql_cannot_hold_is_named_all_at_once() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 3).await;
        by_hand(
            &sqlite,
            &[
                "update people set name = 'A' || char(0) || 'nn' where email like 'ann%'",
                "update event_types set title = cast(x'ff' as text) where slug = 'intro'",
                "update booking_links set revoked = 7",
                "update bookings set link_id = x'0102' where id = (select min(id) from bookings)",
                "update outbox set dedupe_key = hex(randomblob(5000)) where id = (select min(id) from outbox)",
                "insert into message_overrides select workspace_id, null, 'cancelled', 'host', 'x' || char(0), null from message_overrides limit 1",
                "pragma foreign_keys = off",
                "insert into members select workspace_id, zeroblob(16), 'member', 5 from members limit 1",
            ],
        )
        .await;
        let MoveError::Unmovable { found, more: 0 } = refused(&sqlite, &postgres).await else {
            panic!("everything is listed");
        };
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        let booking = "00000000-0000-7000-8000-0000000000";
        for (beginning, end) in [
            ("row number ", "of members names a row of people that is not there"),
            ("people.name of row 0000", "has the character NUL in it"),
            ("event_types.title of row 0000", "is text that is not UTF-8"),
            ("booking_links.revoked of row 0000", "is 7, which is neither true nor false"),
            (&format!("bookings.link_id of row {booking}"), "is no id: it has 2 bytes instead of 16"),
            ("outbox.dedupe_key of row 0000", "has 10000 bytes, too many for the index outbox_dedupe"),
            ("message_overrides.subject of row number 3", "has the character NUL in it"),
        ] {
            assert!(
                said.iter().any(|said| said.starts_with(beginning) && said.ends_with(end)),
                "nothing said of {beginning} … {end}: {said:#?}"
            );
        }
        assert_eq!(said.len(), 7, "{said:#?}");
        assert_eq!(counts(&postgres).await, []);
    })
    .await;
}

/// Somebody took the triggers away and booked a host twice: PostgreSQL would refuse in the middle of it.
#[tokio::test(flavor = "multi_thread")]
async fn claims_that_overlap_are_named_before() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 3).await;
        by_hand(
            &sqlite,
            &[
                "drop trigger claims_disjoint_insert",
                "insert into claims select host_id, starts_at + 1, ends_at, booking_id, null, null from claims where booking_id is not null limit 1",
            ],
        )
        .await;
        let said = refused(&sqlite, &postgres).await;
        assert!(matches!(&said, MoveError::Unmovable { found, .. } if found[0].table == "claims"), "{said:?}");
    })
    .await;
}

/// SQLite checks rows against its rules only when it writes them.
#[tokio::test(flavor = "multi_thread")]
async fn an_unsound_file_is_refused() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 3).await;
        by_hand(
            &sqlite,
            &[
                "pragma ignore_check_constraints = on",
                "update sessions set seats_taken = 99",
            ],
        )
        .await;
        let said = refused(&sqlite, &postgres).await.to_string();
        assert!(
            said.contains("no sound database: CHECK constraint failed in sessions"),
            "{said}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_use_is_refused() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 1).await;
        let writer = raw(&sqlite).await;
        writer.execute_unprepared("begin immediate").await.unwrap();
        let said = moved(&sqlite, &postgres).await.unwrap_err().to_string();
        assert!(said.contains("the source is in use"), "{said}");
        writer.execute_unprepared("rollback").await.unwrap();
        writer.close().await.unwrap();

        let server = SeaOrmStorage::connect(&postgres, &ConnectOptions::default())
            .await
            .unwrap();
        let said = moved(&sqlite, &postgres).await.unwrap_err().to_string();
        assert!(
            said.contains("the target is in use: ")
                && said.ends_with("stop the server and the workers first"),
            "{said}"
        );
        server.close().await.unwrap();
        moved(&sqlite, &postgres).await.unwrap();

        // The other way round.
        let server = SeaOrmStorage::connect(&postgres, &ConnectOptions::default())
            .await
            .unwrap();
        let back = format!("{sqlite}.back");
        let said = moved(&postgres, &back).await.unwrap_err().to_string();
        assert!(said.contains("the source is in use"), "{said}");
        server.close().await.unwrap();
    })
    .await;
}

/// The source was moved away, and is taken back: then the move begins from the start, into another database.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_moved_away_can_be_taken_back() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 2).await;
        moved(&sqlite, &postgres).await.unwrap();
        let away = migrated(&sqlite).await;
        assert!(matches!(
            away.move_state().await.unwrap(),
            MoveState::MovedAway { .. }
        ));
        let back = format!("{sqlite}.back");
        moved(&postgres, &back).await.unwrap();
        let said = moved(&postgres, &format!("{sqlite}.second"))
            .await
            .unwrap_err();
        assert!(matches!(said, MoveError::MovedAway { .. }), "{said}");

        let to = away.take_back().await.unwrap().unwrap();
        assert!(to.starts_with("postgres://"), "{to}");
        assert_eq!(away.take_back().await.unwrap(), None);
        assert_eq!(away.move_state().await.unwrap(), MoveState::Settled);
        away.close().await.unwrap();
        let said = moved(&sqlite, &postgres).await.unwrap_err();
        assert!(matches!(said, MoveError::NotEmpty(_)), "{said}");
    })
    .await;
}

/// A target that is half full belongs to the state of the source that it was begun from.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_changed_meanwhile_is_refused_until_begun_anew() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 20).await;
        let text = postgres.clone();
        let cut = tokio::spawn({
            let sqlite = sqlite.clone();
            async move {
                let stop = |step: &scheduling_persistence::MoveStep<'_>| {
                    assert!(
                        !matches!(
                            step,
                            scheduling_persistence::MoveStep::Copied {
                                table: "bookings",
                                ..
                            }
                        ),
                        "enough"
                    );
                };
                move_database(request(&sqlite, &text), &stop).await
            }
        });
        assert!(cut.await.unwrap_err().is_panic());
        // A column that no trigger watches, so that it can be put back.
        let change = "update members set joined_at = joined_at + 1";
        by_hand(&sqlite, &[change]).await;
        let said = refused(&sqlite, &postgres).await;
        assert!(matches!(said, MoveError::SourceChanged), "{said}");
        let half = migrated(&postgres).await;
        assert!(matches!(
            half.move_state().await.unwrap(),
            MoveState::BeingFilled { .. }
        ));
        half.close().await.unwrap();
        // What is half full is no source either.
        let said = moved(&postgres, &format!("{sqlite}.back"))
            .await
            .unwrap_err();
        assert!(matches!(said, MoveError::BeingFilled { .. }), "{said}");

        // As it was again, it goes on; changed, it begins anew.
        let undo = "update members set joined_at = joined_at - 1";
        by_hand(&sqlite, &[undo]).await;
        let checked = check_move(request(&sqlite, &postgres), &|_| {})
            .await
            .unwrap();
        assert_eq!(checked.outcome, MoveOutcome::Possible { resumes: true });
        by_hand(&sqlite, &["delete from audit"]).await;
        let anew = MoveRequest {
            start_over: true,
            ..MoveRequest::new(&sqlite, &postgres, now())
        };
        let report = move_database(anew, &|_| {}).await.unwrap();
        assert_eq!(report.outcome, MoveOutcome::Moved { resumed: false });
        assert_eq!(
            texts(&postgres, "select cast(count(*) as text) from audit").await,
            ["0"]
        );
    })
    .await;
}

/// Something wrote into the target while it was filled: then it is not what the source is.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_others_wrote_into_is_not_opened() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 5).await;
        let text = postgres.clone();
        let meddle = move |step: &scheduling_persistence::MoveStep<'_>| {
            if matches!(step, scheduling_persistence::MoveStep::Copied { table: "slugs", .. }) {
                let text = text.clone();
                let meddled = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(by_hand(&text, &["update bookings set note = 'changed' where id = (select min(id::text)::uuid from bookings)"]));
                });
                meddled.join().unwrap();
            }
        };
        let said = move_database(request(&sqlite, &postgres), &meddle).await.unwrap_err();
        assert!(matches!(&said, MoveError::Differs(tables) if tables == &["bookings (5 rows instead of 5)"]), "{said:?}");
        assert!(matches!(migrated(&postgres).await.move_state().await.unwrap(), MoveState::BeingFilled { .. }));
        let source = migrated(&sqlite).await;
        assert_eq!(source.move_state().await.unwrap(), MoveState::Settled);
    })
    .await;
}
