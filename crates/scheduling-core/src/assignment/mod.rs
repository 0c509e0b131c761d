//! Who gets the booking. Deterministic: the same history gives the same host.
//!
//! | preset | who is chosen among those who can take the start |
//! |---|---|
//! | single | the one host |
//! | round robin | the one the [rotation ledger](RotationLedger) owes most |
//! | any available | the first in roster order |
//! | collective | the first `k` in roster order, all by default |
//! | all hands | everyone |
//! | panel | from each group the first it requires, in roster order |

mod rotation;

use thiserror::Error;

pub use rotation::{LedgerEntry, RotationError, RotationLedger, RotationStep};

use crate::event_type::{AssignmentKind, Hosting};
use crate::ids::UserId;

/// Nobody, or too few, can take the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too few hosts are free")]
pub struct NoHost;

/// Who hosts a booking, and the rotation's step that chose him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The hosts who take part, in roster order; the first is the organiser of the invitation.
    pub hosts: Vec<UserId>,
    /// The rotation's record, when the rotation chose.
    pub rotation: Option<RotationStep<UserId>>,
}

/// Chooses the hosts of a booking among those who can take the start.
///
/// `eligible` are the hosts who can take it, in any order; whoever is no host of the event type is ignored. `ledger` is
/// the event type's: for a round robin it is brought in line with the roster and stepped, otherwise it is left alone.
///
/// # Errors
/// [`NoHost`] when a group cannot be filled; the ledger is then as it was.
pub fn assign(
    hosting: &Hosting,
    eligible: &[UserId],
    ledger: &mut RotationLedger<UserId>,
) -> Result<Assignment, NoHost> {
    let mut hosts = Vec::new();
    let mut able = Vec::new();
    for group in hosting.groups() {
        let free = able.len();
        able.extend(group.hosts.iter().copied().filter(|h| eligible.contains(h)));
        let required = group.required.count(group.hosts.len());
        let free = &able[free..];
        if free.len() < required {
            return Err(NoHost);
        }
        hosts.extend_from_slice(&free[..required]);
    }
    if hosting.kind() != AssignmentKind::RoundRobin {
        return Ok(Assignment {
            hosts,
            rotation: None,
        });
    }
    ledger.align(hosting.roster().map(|host| (host, hosting.weight(host))));
    // Everyone able is of the roster, so has an entry now; and a group requires at least one.
    let step = ledger.assign(&able).map_err(|_nobody| NoHost)?;
    Ok(Assignment {
        hosts: vec![step.winner],
        rotation: Some(step),
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use uuid::Uuid;

    use super::*;
    use crate::event_type::{HostGroup, Required};

    fn user(letter: char) -> UserId {
        UserId::from_uuid(Uuid::from_u128(u128::from(u32::from(letter))))
    }

    fn users(letters: &str) -> Vec<UserId> {
        letters.chars().map(user).collect()
    }

    fn letters(users: &[UserId]) -> String {
        users
            .iter()
            .map(|u| char::from_u32(u32::try_from(u.as_uuid().as_u128()).unwrap()).unwrap())
            .collect()
    }

    fn at_least(k: u32) -> Required {
        Required::AtLeast(NonZeroU32::new(k).unwrap())
    }

    /// Who is chosen for each list of eligible hosts, `-` for nobody; the ledger goes from one to the next.
    fn choose(hosting: &Hosting, bookings: &str) -> String {
        let mut ledger = RotationLedger::default();
        let chosen: Vec<_> = bookings
            .split_whitespace()
            .map(|eligible| {
                assign(hosting, &users(eligible), &mut ledger)
                    .map_or_else(|NoHost| "-".to_owned(), |a| letters(&a.hosts))
            })
            .collect();
        chosen.join(" ")
    }

    #[test]
    fn a_single_host_is_chosen_when_free() {
        assert_eq!(choose(&Hosting::single(user('a')), "a ab b"), "a a -");
    }

    #[test]
    fn any_available_is_the_first_in_roster_order() {
        let hosting = Hosting::any_available(users("bca")).unwrap();
        assert_eq!(choose(&hosting, "abc ac a x"), "b c a -");
    }

    #[test]
    fn a_round_robin_rotates_among_those_who_can() {
        let hosting = Hosting::round_robin(users("abc")).unwrap();
        assert_eq!(choose(&hosting, "abc abc abc cba c x abc"), "a b c a c - b");
    }

    #[test]
    fn a_round_robin_minds_the_weights() {
        let group = HostGroup {
            hosts: users("ab"),
            required: Required::ONE,
        };
        let weights = vec![(user('a'), 300)];
        let hosting = Hosting::new(AssignmentKind::RoundRobin, vec![group], weights).unwrap();
        assert_eq!(choose(&hosting, "ab ab ab ab"), "a b a a");
    }

    #[test]
    fn the_step_tells_why_and_a_refusal_leaves_the_ledger_alone() {
        let hosting = Hosting::round_robin(users("ab")).unwrap();
        let mut ledger = RotationLedger::default();
        assert_eq!(assign(&hosting, &users("x"), &mut ledger), Err(NoHost));
        assert_eq!(ledger, RotationLedger::default());

        let step = assign(&hosting, &users("bax"), &mut ledger)
            .unwrap()
            .rotation
            .unwrap();
        assert_eq!((step.winner, step.holder), (user('a'), user('a')));
        let eligible: Vec<_> = step.eligible.iter().map(|e| (e.host, e.credit)).collect();
        assert_eq!(eligible, [(user('a'), 0), (user('b'), 0)]);
    }

    #[test]
    fn a_collective_takes_all_or_the_first_k_in_roster_order() {
        let all = Hosting::collective(users("cab"), Required::All).unwrap();
        assert_eq!(choose(&all, "abc ab"), "cab -");
        let two = Hosting::collective(users("cab"), at_least(2)).unwrap();
        assert_eq!(choose(&two, "abc ab bc b"), "ca ab cb -");
    }

    #[test]
    fn all_hands_takes_everyone() {
        let hosting = Hosting::all_hands(users("ab")).unwrap();
        assert_eq!(choose(&hosting, "ba a"), "ab -");
    }

    #[test]
    fn a_panel_fills_each_group_by_its_own_number() {
        let hosting = Hosting::panel(vec![
            HostGroup {
                hosts: users("l"),
                required: Required::All,
            },
            HostGroup {
                hosts: users("bcd"),
                required: at_least(2),
            },
        ])
        .unwrap();
        assert_eq!(choose(&hosting, "lbcd lcd bcd ld"), "lbc lcd - -");
    }

    #[test]
    fn only_a_rotation_touches_the_ledger() {
        let mut ledger = RotationLedger::default();
        for hosting in [
            Hosting::single(user('a')),
            Hosting::any_available(users("ab")).unwrap(),
            Hosting::all_hands(users("ab")).unwrap(),
        ] {
            let assignment = assign(&hosting, &users("ab"), &mut ledger).unwrap();
            assert_eq!(assignment.rotation, None);
        }
        assert_eq!(ledger, RotationLedger::default());
    }
}
