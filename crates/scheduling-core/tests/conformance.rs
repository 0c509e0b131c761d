//! Every scenario of the conformance files, with the answers of an independent brute-force reference.

use std::fs;
use std::path::{Path, PathBuf};

use scheduling_core::scenario::{RotationScenario, SlotScenario};

fn lines(kind: &str) -> Vec<(PathBuf, usize, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/conformance")
        .join(kind);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).expect("the folder is there") {
        let path = entry.expect("a folder entry").path();
        let text = fs::read_to_string(&path).expect("a readable file");
        for (number, line) in text.lines().enumerate() {
            found.push((path.clone(), number + 1, line.to_owned()));
        }
    }
    found
}

#[test]
fn every_slot_of_every_scenario_is_as_the_reference_has_it() {
    let (mut scenarios, mut slots) = (0, 0);
    for (path, number, line) in lines("slots") {
        let scenario = SlotScenario::parse(&line)
            .unwrap_or_else(|e| panic!("{}:{number}: {e}", path.display()));
        if let Some(difference) = scenario.difference() {
            panic!(
                "{}:{number}: {}: {difference}",
                path.display(),
                scenario.name
            );
        }
        scenarios += 1;
        slots += scenario
            .expect
            .expect("a conformance line carries its answer")
            .len();
    }
    assert_eq!((scenarios, slots), (300, 20_275));
}

#[test]
fn every_rotation_goes_as_the_reference_has_it() {
    let mut histories = 0;
    for (path, number, line) in lines("rotation") {
        let scenario = RotationScenario::parse(&line)
            .unwrap_or_else(|e| panic!("{}:{number}: {e}", path.display()));
        assert!(scenario.expect.is_some());
        if let Some(difference) = scenario.difference().unwrap() {
            panic!(
                "{}:{number}: {}: {difference}",
                path.display(),
                scenario.name
            );
        }
        histories += 1;
    }
    assert_eq!(histories, 60);
}
