//! Somebody else's crate, outside the workspace, that uses the core alone as the README shows.

use std::fs;

use crate::support::place;

/// The README's program.
fn example(readme: &str) -> &str {
    let (_, rest) = readme
        .split_once("```rust\n")
        .expect("the README has an example");
    rest.split_once("\n```").expect("the example ends").0
}

#[test]
fn a_crate_outside_the_workspace_runs_the_readme_s_example() {
    let root = place::root();
    let crate_folder = tempfile::tempdir().expect("a temporary folder can be made");
    let manifest = format!(
        r#"
            [package]
            name = "someone-elses"
            version = "0.0.0"
            edition = "2024"

            [dependencies]
            scheduling-core = {{ path = {path:?} }}
            chrono = {{ version = "0.4", default-features = false, features = ["std"] }}
        "#,
        path = root.join("crates/scheduling-core"),
    );
    fs::create_dir(crate_folder.path().join("src")).expect("the folder can be made");
    fs::write(crate_folder.path().join("Cargo.toml"), manifest)
        .expect("the manifest can be written");
    fs::write(
        crate_folder.path().join("src/main.rs"),
        example(&place::read(&root.join("README.md"))),
    )
    .expect("the program can be written");
    // The versions that this workspace is tested with, and no network.
    fs::copy(
        root.join("Cargo.lock"),
        crate_folder.path().join("Cargo.lock"),
    )
    .expect("the lock can be copied");

    let target = place::profile_folder().join("embedder");
    let output = place::cargo()
        .current_dir(crate_folder.path())
        .args(["run", "--quiet", "--offline", "--target-dir"])
        .arg(&target)
        .output()
        .expect("cargo runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    // From Friday 8:00 on, five working days of ten meetings each: 09:00, 09:45, … 15:45.
    let starts: Vec<&str> = printed.lines().collect();
    assert_eq!(starts.first(), Some(&"2026-11-20 09:00:00 WET"));
    assert_eq!(starts.last(), Some(&"2026-11-26 15:45:00 WET"));
    assert_eq!(starts.len(), 50);
}
