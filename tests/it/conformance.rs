//! The scenario files through the command line, as a person would test a policy.

use std::fs;
use std::path::PathBuf;

use crate::support::place;
use crate::support::server::kalends;

fn scenarios(what: &str) -> Vec<PathBuf> {
    let files = place::files(
        &place::root().join("tests/conformance").join(what),
        ".jsonl",
    );
    assert!(!files.is_empty(), "the scenario files were found");
    files
}

/// Runs `kalends <what> --check <files>`; answers whether all is as expected, and what was printed.
fn check(what: &str, files: &[PathBuf]) -> (Option<i32>, String) {
    let output = kalends(&[])
        .arg(what)
        .arg("--check")
        .args(files)
        .output()
        .expect("kalends can be started");
    let printed = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&printed).into_owned(),
    )
}

#[test]
fn every_scenario_has_its_expected_answer() {
    for what in ["slots", "rotation"] {
        let (code, printed) = check(what, &scenarios(what));
        assert_eq!(code, Some(0), "{printed}");
    }
}

#[test]
fn a_wrong_expectation_is_shown_and_ends_with_1() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (what, mark) in [("slots", r#""start":"#), ("rotation", r#""winners":"#)] {
        let original = place::read(&scenarios(what)[0]);
        let line = original
            .lines()
            .find(|line| {
                line.split_once(r#""expect":"#)
                    .is_some_and(|(_, expected)| expected.contains(mark))
            })
            .expect("some scenario expects something");
        let (question, expected) = line
            .split_once(r#""expect":"#)
            .expect("it was found by this");
        let planted = match what {
            // A start of another millennium.
            "slots" => expected.replacen(r#""start":"2"#, r#""start":"1"#, 1),
            _ => expected.replacen(mark, r#""winners":["nobody"],"were":"#, 1),
        };
        assert_ne!(planted, expected, "something was planted: {line}");
        let file = folder.path().join(format!("{what}.jsonl"));
        fs::write(&file, format!("{question}\"expect\":{planted}\n"))
            .expect("the file can be written");
        let (code, printed) = check(what, &[file]);
        assert_eq!(code, Some(1), "{printed}");
        assert!(!printed.trim().is_empty(), "the difference is shown");
    }
}
