//! Somebody else's crate, outside the workspace, that uses the libraries as the README and the guide show.

use std::fs;

use crate::support::place;

/// The first program of a page.
fn example(page: &str) -> &str {
    let (_, rest) = page
        .split_once("```rust\n")
        .expect("the page has an example");
    rest.split_once("\n```").expect("the example ends").0
}

/// Builds and runs a program in a crate of its own, with these dependencies; answers what it prints.
fn run_elsewhere(program: &str, dependencies: &str) -> String {
    let root = place::root();
    let crate_folder = tempfile::tempdir().expect("a temporary folder can be made");
    let manifest = format!(
        "[package]\nname = \"someone-elses\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"
    );
    let manifest = manifest.replace(
        "ROOT",
        root.to_str().expect("the repository has a plain path"),
    );
    fs::create_dir(crate_folder.path().join("src")).expect("the folder can be made");
    fs::write(crate_folder.path().join("Cargo.toml"), manifest)
        .expect("the manifest can be written");
    fs::write(crate_folder.path().join("src/main.rs"), program)
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
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const CORE: &str = r#"
scheduling-core = { path = "ROOT/crates/scheduling-core" }
chrono = { version = "0.4", default-features = false, features = ["std"] }
"#;

#[test]
fn a_crate_outside_the_workspace_runs_the_readme_s_example() {
    let readme = place::read(&place::root().join("README.md"));
    let printed = run_elsewhere(example(&readme), CORE);

    // From Friday 8:00 on, five working days of ten meetings each: 09:00, 09:45, … 15:45.
    let starts: Vec<&str> = printed.lines().collect();
    assert_eq!(starts.first(), Some(&"2026-11-20 09:00:00 WET"));
    assert_eq!(starts.last(), Some(&"2026-11-26 15:45:00 WET"));
    assert_eq!(starts.len(), 50);
}

const FLOWS: &str = r#"
scheduling-app = { path = "ROOT/crates/scheduling-app" }
scheduling-testkit = { path = "ROOT/crates/scheduling-testkit" }
chrono-tz = { version = "0.10", default-features = false, features = ["std"] }
tokio = { version = "1", default-features = false, features = ["rt", "macros"] }
"#;

#[test]
fn a_crate_outside_the_workspace_holds_books_and_approves_as_the_guide_shows() {
    let guide = place::read(&place::root().join("docs/guides/embed.md"));
    let printed = run_elsewhere(example(&guide), &format!("{CORE}{FLOWS}"));
    // From tomorrow at eight, which is nine in Berlin.
    let lines: Vec<&str> = printed.lines().collect();
    let [asked, approved, heard @ ..] = &lines[..] else {
        panic!("{printed}");
    };
    assert_eq!(*asked, "pending at 2026-11-24 08:00");
    assert_eq!(*approved, "confirmed");
    let mut heard = heard.to_vec();
    heard.sort_unstable();
    // That it was asked for is no news once it is approved.
    assert_eq!(heard, ["Ann hears: approved", "Ida hears: approved"]);
}
