//! Group sessions: a host who runs one with seats left can take its start, whatever else the rules say.

use super::bits::WORD;
use super::combine::Rows;
use super::explain;
use super::grid::Ruler;
use super::rules::{self, OpenSession};
use super::{SlotRequest, Slots};
use crate::time::stamp::Stamp;

/// Gives each host back the starts of the sessions that can be joined, where they lie on the grid.
pub(super) fn join(sessions: &[OpenSession], ruler: &Ruler, grid: &[u64], rows: &mut Rows) {
    for session in sessions.iter().filter(|s| s.start.nanos == 0) {
        if let Some(mark) = ruler.mark_of(session.start.secs) {
            let on_grid = grid[mark / WORD] & (1 << (mark % WORD));
            rows.row_mut(session.host)[mark / WORD] |= on_grid;
        }
    }
}

/// Says how many seats each start has left, and adds the sessions off the grid that can be joined.
pub(super) fn complete(request: &SlotRequest<'_>, sessions: &[OpenSession], answer: &mut Slots) {
    answer.seats = vec![request.rules.capacity.get(); answer.len()];
    let mut off_grid = Slots {
        words_per_slot: answer.words_per_slot,
        ..Slots::default()
    };
    let forbidden = rules::on_start(request);
    for joinable in sessions.chunk_by(|a, b| a.start == b.start) {
        let start = joinable[0].start;
        let most = joinable.iter().map(|session| session.seats_left).max();
        let most = most.unwrap_or_default();
        let bookable = request.range.is_some_and(|range| {
            Stamp::of(range.start()) <= start && start < Stamp::of(range.end())
        }) && !forbidden.iter().any(|(_, starts)| starts.contains(start));
        if !bookable {
            continue;
        }
        if explain::is_on_grid(request, start) {
            let Ok(place) = answer.starts.binary_search(&start.secs) else {
                continue;
            };
            // A host who runs no session here would open one, with every seat free.
            let free: u32 = answer
                .host_words(place)
                .iter()
                .map(|w| w.count_ones())
                .sum();
            if free as usize == joinable.len() {
                answer.seats[place] = most;
            }
        } else if has_enough(request, joinable) {
            off_grid.starts.push(start.secs);
            off_grid.nanos.push(start.nanos);
            off_grid.seats.push(most);
            let mut words = vec![0; answer.words_per_slot];
            for session in joinable {
                words[session.host / WORD] |= 1 << (session.host % WORD);
            }
            off_grid.hosts.extend(words);
        }
    }
    if !off_grid.is_empty() {
        *answer = merge(answer, &off_grid);
    }
}

/// Whether the hosts of these sessions alone fill every group.
fn has_enough(request: &SlotRequest<'_>, joinable: &[OpenSession]) -> bool {
    request.groups.iter().all(|group| {
        let joins = |host: &&usize| {
            let place = joinable.binary_search_by_key(*host, |session| session.host);
            place.is_ok()
        };
        group.hosts.iter().filter(joins).count() >= group.required.count(group.hosts.len())
    })
}

/// Two answers without a start in common, in order.
fn merge(a: &Slots, b: &Slots) -> Slots {
    let mut merged = Slots {
        words_per_slot: a.words_per_slot,
        ..Slots::default()
    };
    let (mut next_a, mut next_b) = (0, 0);
    while next_a < a.len() || next_b < b.len() {
        let take_a = next_b == b.len() || (next_a < a.len() && a.stamp(next_a) < b.stamp(next_b));
        let (from, place) = if take_a {
            (a, &mut next_a)
        } else {
            (b, &mut next_b)
        };
        let start = from.stamp(*place);
        merged.starts.push(start.secs);
        merged.nanos.push(start.nanos);
        merged.seats.push(from.seats[*place]);
        merged.hosts.extend_from_slice(from.host_words(*place));
        *place += 1;
    }
    if merged.nanos.iter().all(|&nanos| nanos == 0) {
        merged.nanos.clear();
    }
    merged
}
