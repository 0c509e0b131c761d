//! The dependency rule of `docs/development/architecture.md`, held to what cargo says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::place;

/// Which of our packages each of our packages depends on, tests aside.
const EDGES: [(&str, &[&str]); 11] = [
    ("scheduling-core", &[]),
    ("scheduling-accounts", &["scheduling-core"]),
    ("scheduling-app", &["scheduling-core"]),
    ("scheduling-testkit", &["scheduling-core"]),
    ("scheduling-migration", &[]),
    (
        "scheduling-persistence",
        // Accounts behind a feature.
        &[
            "scheduling-accounts",
            "scheduling-core",
            "scheduling-migration",
        ],
    ),
    ("scheduling-mail", &["scheduling-core"]),
    (
        "scheduling-api",
        &[
            "scheduling-accounts",
            "scheduling-app",
            "scheduling-core",
            "scheduling-mail",
            "scheduling-persistence",
        ],
    ),
    ("scheduling-tests", &[]),
    // Judges know the program by what it shows, and none of its crates.
    ("scheduling-history", &[]),
    (
        "scheduling-load",
        &[
            "scheduling-accounts",
            "scheduling-app",
            "scheduling-core",
            "scheduling-persistence",
        ],
    ),
];

/// What the tests of a package may depend on besides.
const TEST_EDGES: [(&str, &[&str]); 5] = [
    (
        "scheduling-accounts",
        &["scheduling-persistence", "scheduling-testkit"],
    ),
    ("scheduling-app", &["scheduling-testkit"]),
    ("scheduling-persistence", &["scheduling-testkit"]),
    (
        "scheduling-api",
        // Persistence again, with its databases for tests.
        &["scheduling-persistence", "scheduling-testkit"],
    ),
    (
        "scheduling-tests",
        &["scheduling-core", "scheduling-history"],
    ),
];

/// Who may know a heavy dependency directly.
const KNOWN_TO: [(&str, &[&str]); 7] = [
    // The generator writes rows by the thousand, past the repositories.
    ("sea-orm", &["scheduling-load", "scheduling-persistence"]),
    (
        "sea-orm-migration",
        &["scheduling-migration", "scheduling-persistence"],
    ),
    ("sqlx", &[]),
    ("actix-web", &["scheduling-api"]),
    ("mail-send", &["scheduling-mail"]),
    ("calcard", &["scheduling-mail"]),
    ("argon2", &["scheduling-accounts"]),
];

/// Package → the names it depends on, of one kind.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// The dependencies as the manifests declare them: the normal ones (with those of build scripts), and the tests'.
fn declared() -> (Edges, Edges) {
    let output = place::cargo()
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let (mut normal, mut tests) = (Edges::new(), Edges::new());
    for package in metadata["packages"].as_array().expect("there are packages") {
        let name = package["name"].as_str().expect("a package has a name");
        normal.entry(name.to_owned()).or_default();
        for dependency in package["dependencies"]
            .as_array()
            .expect("there are dependencies")
        {
            let edges = if dependency["kind"] == "dev" {
                &mut tests
            } else {
                &mut normal
            };
            let on = dependency["name"]
                .as_str()
                .expect("a dependency has a name");
            // A package's tests may ask for more of its own features.
            if on == name {
                continue;
            }
            edges
                .entry(name.to_owned())
                .or_default()
                .insert(on.to_owned());
        }
    }
    (normal, tests)
}

fn listed(list: &[(&str, &[&str])]) -> Edges {
    list.iter()
        .map(|(from, to)| {
            (
                (*from).to_owned(),
                to.iter().map(|name| (*name).to_owned()).collect(),
            )
        })
        .collect()
}

#[test]
fn the_workspace_has_exactly_the_edges_that_the_architecture_lists() {
    let (normal, tests) = declared();
    let ours: BTreeSet<String> = normal.keys().cloned().collect();
    let among_us = |edges: Edges| -> Edges {
        edges
            .into_iter()
            .map(|(from, to)| (from, to.intersection(&ours).cloned().collect()))
            .collect()
    };
    assert_eq!(
        among_us(normal),
        listed(&EDGES),
        "a new edge is a decision: docs/development/architecture.md"
    );
    let mut tests = among_us(tests);
    tests.retain(|_, to| !to.is_empty());
    assert_eq!(
        tests,
        listed(&TEST_EDGES),
        "a new edge is a decision: docs/development/architecture.md"
    );
}

#[test]
fn only_its_own_adapter_knows_a_heavy_dependency() {
    let (normal, tests) = declared();
    for (dependency, known_to) in KNOWN_TO {
        for (package, dependencies) in normal.iter().chain(&tests) {
            assert!(
                !dependencies.contains(dependency) || known_to.contains(&package.as_str()),
                "{package} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn the_core_outside_its_ports_is_synchronous_silent_and_has_no_clock() {
    let source = place::root().join("crates/scheduling-core/src");
    let forbidden = [
        "async ",
        ".await",
        "async_trait",
        "::now()",
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "std::process",
        "println!",
        "eprintln!",
        "dbg!",
        "tracing",
        "tokio",
        "rand::",
        "thread_local!",
        "static mut",
    ];
    let files = place::files(&source, ".rs");
    assert!(files.len() > 20, "the core was found");
    let mut complaints = Vec::new();
    for file in files {
        if file.starts_with(source.join("ports")) {
            continue;
        }
        for (number, line) in place::read(&file).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in forbidden.iter().filter(|word| code.contains(*word)) {
                complaints.push(format!(
                    "{}:{}: {}",
                    file.display(),
                    number + 1,
                    word.trim()
                ));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
