//! The book is whole: every page is reachable, and every link leads somewhere.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::support::place;

/// The targets of the Markdown links in a text, code blocks aside.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        // Code in backticks may hold brackets.
        let prose: String = line.split('`').step_by(2).collect();
        for rest in prose.split("](").skip(1) {
            if let Some((target, _)) = rest.split_once(')') {
                found.push(target.to_owned());
            }
        }
    }
    found
}

/// The anchors that mdBook and code forges give the headings of a text.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

/// Takes `..` out of a path without asking the disk.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

#[test]
fn every_page_is_in_the_summary_and_every_entry_has_its_page() {
    let docs = place::root().join("docs");
    let entries: BTreeSet<PathBuf> = links(&place::read(&docs.join("SUMMARY.md")))
        .iter()
        .map(|target| docs.join(target))
        .collect();
    let pages: BTreeSet<PathBuf> = place::files(&docs, ".md")
        .into_iter()
        .filter(|page| !page.ends_with("SUMMARY.md"))
        .collect();
    assert_eq!(entries, pages);
}

#[test]
fn every_relative_link_leads_somewhere() {
    let root = place::root();
    let mut pages = place::files(&root.join("docs"), ".md");
    pages.extend(
        [
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "migration/README.md",
        ]
        .map(|name| root.join(name)),
    );
    pages.retain(|page| page.is_file());
    assert!(pages.len() > 15, "the book was found");
    let mut dead = Vec::new();
    for page in pages {
        let text = place::read(&page);
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let target = match path {
                "" => page.clone(),
                path => plain(&page.parent().expect("a page lies in a folder").join(path)),
            };
            let leads = target.exists()
                && (anchor.is_empty() || anchors(&place::read(&target)).contains(anchor));
            if !leads {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}
