//! Everything arrives, and nothing is different.

use std::collections::BTreeMap;

use scheduling_core::ports::Storage as _;
use scheduling_persistence::{MoveOutcome, MoveState, check_move};

use super::furnish::{by_hand, counts, furnish, migrated, texts};
use super::{STAYING, moved, now, request, with_both};

fn moving(counts: &[(String, i64)]) -> BTreeMap<&str, i64> {
    counts
        .iter()
        .map(|(table, rows)| (table.as_str(), *rows))
        .filter(|(table, _)| !STAYING.contains(table))
        .collect()
}

/// There and back: whatever one side cannot say, the round trip would lose.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_comes_back_as_it_left() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 60).await;
        let before = counts(&sqlite).await;
        for (table, rows) in moving(&before) {
            assert!(
                rows > 0,
                "the test moves nothing of {table}: let `furnish` fill it"
            );
        }
        let checked = check_move(request(&sqlite, &postgres), &|_| {}).await.unwrap();
        assert_eq!(checked.outcome, MoveOutcome::Possible { resumes: false });
        assert_eq!(counts(&postgres).await, [], "checking writes nothing");

        let there = moved(&sqlite, &postgres).await.unwrap();
        assert_eq!(there.outcome, MoveOutcome::Moved { resumed: false });
        assert_eq!((&there.tables, &there.fingerprint), (&checked.tables, &checked.fingerprint));
        assert_eq!(there.violations, []);
        assert_eq!(moving(&before), moving(&counts(&postgres).await));
        let reported: BTreeMap<&str, i64> = there
            .tables
            .iter()
            .map(|table| (table.name.as_str(), i64::try_from(table.rows).unwrap()))
            .collect();
        assert_eq!(reported, moving(&before), "every table is reported");
        // Revisions neither begin anew nor are raised on the way.
        let revisions = "select cast(revision as text) from people where name = 'Bob'
            union all select cast(max(revision) as text) from event_types";
        assert_eq!(texts(&postgres, revisions).await, texts(&sqlite, revisions).await);

        let source = migrated(&sqlite).await;
        assert!(matches!(source.move_state().await.unwrap(), MoveState::MovedAway { to, at }
            if at == now() && to.starts_with("postgres://") && !to.contains('?')));
        let target = migrated(&postgres).await;
        assert_eq!(target.move_state().await.unwrap(), MoveState::Settled);
        // The triggers are awake again: a slug that is taken is refused, a schedule raises its owner's count.
        let slug = "update event_types set slug = 'spring' where slug = 'intro'";
        let raw = super::furnish::raw(&postgres).await;
        assert!(sea_orm::ConnectionTrait::execute_unprepared(&raw, slug).await.is_err());
        drop(raw);
        source.close().await.unwrap();
        target.close().await.unwrap();

        // Once more says that it is done, and does nothing.
        let again = moved(&sqlite, &postgres).await.unwrap();
        assert_eq!(again.outcome, MoveOutcome::MovedBefore);

        // And back, into a file that is not there.
        let back = format!("{sqlite}.back");
        let report = moved(&postgres, &back).await.unwrap();
        assert_eq!(report.tables.len(), there.tables.len());
        let (mut one, mut other) = (there.tables.clone(), report.tables.clone());
        one.sort_by(|a, b| a.name.cmp(&b.name));
        other.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(one, other);
        assert_eq!(moving(&counts(&back).await), moving(&before));
        for table in moving(&before).keys() {
            let dump = format!("select group_concat(line, char(10)) from (select {} as line from {table} order by 1)", columns(&sqlite, table).await);
            assert_eq!(texts(&back, &dump).await, texts(&sqlite, &dump).await, "{table}");
        }
        let back = migrated(&back).await;
        assert_eq!(back.verify().await.unwrap(), []);
        assert_eq!(back.move_state().await.unwrap(), MoveState::Settled);
        back.begin().await.unwrap().commit().await.unwrap();
    })
    .await;
}

/// All columns of a SQLite table as one text.
async fn columns(url: &str, table: &str) -> String {
    let query = format!("select name from pragma_table_info('{table}') order by cid");
    let columns: Vec<String> = texts(url, &query)
        .await
        .iter()
        .map(|column| format!("quote({column})"))
        .collect();
    columns.join(" || ',' || ")
}

/// The triggers of the file that a move filled are there again, all of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_moved_into_has_the_schema_of_any_other() {
    with_both(|sqlite, postgres| async move {
        furnish(&postgres, 3).await;
        moved(&postgres, &sqlite).await.unwrap();
        let fresh = format!("{sqlite}.fresh");
        migrated(&fresh).await.close().await.unwrap();
        let schema = "select type || ' ' || name || ' ' || coalesce(sql, '') from sqlite_schema order by type, name";
        assert_eq!(texts(&sqlite, schema).await, texts(&fresh, schema).await);
    })
    .await;
}

/// What is wrong in a way that both databases can hold is carried over as it is, and named on both sides.
#[tokio::test(flavor = "multi_thread")]
async fn damaged_rows_are_moved_as_they_are() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 3).await;
        by_hand(
            &sqlite,
            &[
                "update event_types set rules = 'no json at all' where slug = 'class'",
                "update rotation_entries set credit = credit + 5",
                "update people set timezone = 'Mars/Olympus' where name = 'Bob'",
            ],
        )
        .await;
        let report = moved(&sqlite, &postgres).await.unwrap();
        assert!(report.violations.len() >= 3, "{:?}", report.violations);
        let target = migrated(&postgres).await;
        assert_eq!(target.verify().await.unwrap(), report.violations);
        assert_eq!(target.move_state().await.unwrap(), MoveState::Settled);
        let rules = "select rules from event_types where slug = 'class'";
        assert_eq!(texts(&postgres, rules).await, ["no json at all"]);
    })
    .await;
}

/// A database without a single row is one too.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_moved_as_well() {
    with_both(|sqlite, postgres| async move {
        migrated(&sqlite).await.close().await.unwrap();
        moved(&sqlite, &postgres).await.unwrap();
        assert_eq!(
            migrated(&postgres).await.move_state().await.unwrap(),
            MoveState::Settled
        );
    })
    .await;
}
