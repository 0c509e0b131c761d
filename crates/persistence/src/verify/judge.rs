//! What should not be, judged by the facts.

use std::collections::{BTreeMap, BTreeSet};

use scheduling_core::ids::SessionId;

use super::Violation;
use super::facts::{Facts, Taken};

/// In a fixed order.
pub(super) fn violations(facts: &Facts) -> Vec<Violation> {
    let mut found = Vec::new();
    for (first, second) in overlaps(&facts.taken) {
        found.push(Violation::DoubleBooked {
            host: second.host,
            first: first.taker,
            first_takes: first.interval,
            second: second.taker,
            second_takes: second.interval,
        });
    }
    for (first, second) in overlaps(&facts.claims) {
        found.push(Violation::ClaimsOverlap {
            host: second.host,
            first: first.taker,
            second: second.taker,
            at: second.interval.start(),
        });
    }
    let taken: BTreeSet<&Taken> = facts.taken.iter().collect();
    let claims: BTreeSet<&Taken> = facts.claims.iter().collect();
    for missing in taken.difference(&claims) {
        found.push(Violation::ClaimMissing {
            host: missing.host,
            taker: missing.taker,
            takes: missing.interval,
        });
    }
    for stray in claims.difference(&taken) {
        found.push(Violation::ClaimStray {
            host: stray.host,
            taker: stray.taker,
            claimed: stray.interval,
        });
    }
    let mut seats: BTreeMap<SessionId, u32> = BTreeMap::new();
    for (taker, session) in &facts.seats {
        if facts.sessions.contains_key(session) {
            *seats.entry(*session).or_default() += 1;
        } else {
            found.push(Violation::SessionMissing {
                taker: *taker,
                session: *session,
            });
        }
    }
    for (session, counted) in &facts.sessions {
        let taken = seats.get(session).copied().unwrap_or_default();
        if taken != *counted {
            found.push(Violation::SeatsDiffer {
                session: *session,
                counted: *counted,
                taken,
            });
        }
    }
    for (event_type, sum) in &facts.credits {
        if *sum != 0 {
            found.push(Violation::CreditsUneven {
                event_type: *event_type,
                sum: *sum,
            });
        }
    }
    slugs(facts, &mut found);
    for (table, row, parent) in &facts.dangling {
        found.push(Violation::Dangling {
            table: table.clone(),
            row: *row,
            parent: parent.clone(),
        });
    }
    found
}

fn slugs(facts: &Facts, found: &mut Vec<Violation>) {
    for ((workspace, slug), users) in &facts.slugs_used {
        let (workspace, slug) = (*workspace, slug.clone());
        if !facts.slugs_kept.contains(&(workspace, slug.clone())) {
            let slug = slug.clone();
            found.push(Violation::SlugFree { workspace, slug });
        }
        if *users > 1 {
            found.push(Violation::SlugTwice { workspace, slug });
        }
    }
    for (workspace, slug) in &facts.slugs_kept {
        if !facts.slugs_used.contains_key(&(*workspace, slug.clone())) {
            found.push(Violation::SlugStray {
                workspace: *workspace,
                slug: slug.clone(),
            });
        }
    }
}

/// Each span that runs into one that began before it, with the one of those that reaches furthest. The spans stand by
/// host, then start.
fn overlaps(spans: &[Taken]) -> Vec<(&Taken, &Taken)> {
    let mut found = Vec::new();
    let mut furthest: Option<&Taken> = None;
    for span in spans {
        match furthest {
            Some(before) if before.host == span.host => {
                if span.interval.start() < before.interval.end() {
                    found.push((before, span));
                }
                if before.interval.end() < span.interval.end() {
                    furthest = Some(span);
                }
            }
            _ => furthest = Some(span),
        }
    }
    found
}
