//! A move that dies at any moment, and another that goes on.
//!
//! The deaths are real: this test program starts itself once more, and that process ends by `kill -9`, at a step it was
//! told.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use scheduling_persistence::{MoveOutcome, MoveState, MoveStep, move_database};

use super::furnish::{counts, furnish, migrated};
use super::{moved, request, with_both};

const FROM: &str = "KALENDS_TEST_MOVE_FROM";
const TO: &str = "KALENDS_TEST_MOVE_TO";
const STEP: &str = "KALENDS_TEST_MOVE_DIES_AT";
/// The test below, by which this program is started once more.
const CHILD: &str = "deaths::in_a_process_of_its_own_a_move_dies_where_it_is_told";

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A word for the step.
fn word(step: &MoveStep<'_>) -> &'static str {
    match step {
        MoveStep::Examined { .. } => "examined",
        MoveStep::Verifying(_) => "verifying",
        MoveStep::Migrated => "migrated",
        MoveStep::Begun { .. } => "begun",
        MoveStep::Writing { .. } => "writing",
        MoveStep::Copied { .. } => "copied",
        MoveStep::Compared { .. } => "compared",
        MoveStep::SourceMarked => "source marked",
        MoveStep::Finished => "finished",
    }
}

/// Without the three variables, as in any run of all tests, there is no move to make: then it is held that a process which
/// is asked for dies, by asking for one.
#[tokio::test(flavor = "multi_thread")]
async fn in_a_process_of_its_own_a_move_dies_where_it_is_told() {
    let (Some(from), Some(to), Some(at)) = (given(FROM), given(TO), given(STEP)) else {
        assert!(!child(
            "sqlite:/nowhere.db",
            "postgres://127.0.0.1:1/none",
            0
        ));
        return;
    };
    let at: usize = at.parse().unwrap();
    let steps = AtomicUsize::new(0);
    let die = |_: &MoveStep<'_>| {
        if steps.fetch_add(1, Ordering::Relaxed) == at {
            let own = std::process::id().to_string();
            let killed = Command::new("kill").args(["-KILL", &own]).status();
            unreachable!("nothing runs on behind {killed:?}");
        }
    };
    move_database(request(&from, &to), &die).await.unwrap();
}

/// Runs a move in a process of its own; whether it came to its end.
fn child(from: &str, to: &str, dies_at: usize) -> bool {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program)
        .args([CHILD, "--exact", "--nocapture"])
        .env(FROM, from)
        .env(TO, to)
        .env(STEP, dies_at.to_string())
        .output()
        .unwrap();
    output.status.success()
}

/// The words of all steps of a move, and where each stands.
async fn steps_of(from: &str, to: &str) -> Vec<&'static str> {
    let steps = std::sync::Mutex::new(Vec::new());
    let note = |step: &MoveStep<'_>| steps.lock().unwrap().push(word(step));
    move_database(request(from, to), &note).await.unwrap();
    steps.into_inner().unwrap()
}

/// Dies again and again, each time some steps further, until it comes through.
async fn die_until_done(from: String, to: String, stride: usize) {
    let before = counts(&from).await;
    let mut lives = 0;
    let mut dies_at = 0;
    let mut states = BTreeSet::new();
    while !child(&from, &to, dies_at) {
        lives += 1;
        assert!(lives < 200, "a move that goes on comes to an end");
        dies_at += stride;
        // At no moment may both be used.
        let source = migrated(&from).await;
        let source_state = source.move_state().await.unwrap();
        source.close().await.unwrap();
        let is_there =
            !to.starts_with("sqlite:") || std::path::Path::new(&to["sqlite:".len()..]).exists();
        if is_there && counts(&to).await.iter().any(|(table, _)| table == "moves") {
            let target = migrated(&to).await;
            let target_state = target.move_state().await.unwrap();
            target.close().await.unwrap();
            let is_usable = target_state == MoveState::Settled
                && counts(&to)
                    .await
                    .iter()
                    .any(|(table, rows)| table == "people" && *rows > 0);
            assert!(
                !(is_usable && source_state == MoveState::Settled),
                "after {dies_at} steps both could be used"
            );
            states.insert(matches!(target_state, MoveState::BeingFilled { .. }));
        }
    }
    assert!(lives > 5, "it died {lives} times only");
    assert!(
        states.contains(&true),
        "it died while the target was being filled"
    );
    let after = counts(&to).await;
    for (table, rows) in before {
        if !super::STAYING.contains(&table.as_str()) {
            assert!(
                after.contains(&(table.clone(), rows)),
                "{table}: {rows} in {after:?}"
            );
        }
    }
    let target = migrated(&to).await;
    assert_eq!(target.verify().await.unwrap(), []);
    assert_eq!(target.move_state().await.unwrap(), MoveState::Settled);
    target.close().await.unwrap();
    assert_eq!(
        moved(&from, &to).await.unwrap().outcome,
        MoveOutcome::MovedBefore
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_postgresql_that_dies_again_and_again_comes_to_its_end() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 25).await;
        die_until_done(sqlite, postgres, 17).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_sqlite_that_dies_again_and_again_comes_to_its_end() {
    with_both(|sqlite, postgres| async move {
        furnish(&postgres, 25).await;
        die_until_done(postgres, sqlite, 19).await;
    })
    .await;
}

/// The last steps of all, each on its own: where the marks are set.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_dies_between_the_marks_is_finished_by_the_next() {
    with_both(|sqlite, postgres| async move {
        furnish(&sqlite, 2).await;
        // How many steps there are, a move of a copy into a file says.
        let copy = format!("{sqlite}.copy");
        std::fs::copy(&sqlite["sqlite:".len()..], &copy["sqlite:".len()..]).unwrap();
        let steps = steps_of(&copy, &postgres).await;
        let marked = steps
            .iter()
            .position(|word| *word == "source marked")
            .unwrap();
        assert_eq!(steps[marked + 1], "finished");
        super::furnish::by_hand(
            &postgres,
            &["drop schema public cascade", "create schema public"],
        )
        .await;

        assert!(!child(&sqlite, &postgres, marked));
        let source = migrated(&sqlite).await;
        assert!(matches!(
            source.move_state().await.unwrap(),
            MoveState::MovedAway { .. }
        ));
        source.close().await.unwrap();
        let target = migrated(&postgres).await;
        assert!(matches!(
            target.move_state().await.unwrap(),
            MoveState::BeingFilled { .. }
        ));
        target.close().await.unwrap();
        let report = moved(&sqlite, &postgres).await.unwrap();
        assert_eq!(report.outcome, MoveOutcome::Moved { resumed: true });
        let target = migrated(&postgres).await;
        assert_eq!(target.move_state().await.unwrap(), MoveState::Settled);
        target.close().await.unwrap();
        // Dead after the last mark, before anybody was told.
        assert_eq!(
            moved(&sqlite, &postgres).await.unwrap().outcome,
            MoveOutcome::MovedBefore
        );
    })
    .await;
}
