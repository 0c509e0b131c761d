//! Who hosts: groups of hosts, and the presets that people choose from.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use thiserror::Error;

use crate::ids::UserId;

/// How many hosts of a group must be free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Required {
    /// Each of them.
    All,
    /// At least this many.
    AtLeast(NonZeroU32),
}

impl Required {
    /// At least one.
    pub const ONE: Self = Self::AtLeast(NonZeroU32::MIN);

    /// How many hosts that is, in a group of `hosts`.
    pub fn count(self, hosts: usize) -> usize {
        match self {
            Self::All => hosts,
            Self::AtLeast(k) => k.get() as usize,
        }
    }
}

/// Hosts of whom a number must be free for a start to be offered.
///
/// `H` names a host: a [`UserId`] in an event type, a place in the roster in a slot request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HostGroup<H = UserId> {
    /// The hosts, in roster order.
    pub hosts: Vec<H>,
    /// How many of them must be free.
    pub required: Required,
}

/// How the hosts of a booking are chosen among those who are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum AssignmentKind {
    /// The one host.
    Single,
    /// One of the pool, by the rotation ledger.
    RoundRobin,
    /// The first free host in roster order.
    AnyAvailable,
    /// The first `k` free hosts in roster order, all of them by default; all take part.
    Collective,
    /// Everyone in the pool, each as an attendee with an RSVP.
    AllHands,
    /// Several groups: from each the first hosts in roster order that it requires.
    Panel,
}

/// Why a hosting was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HostingError {
    /// A group has nobody in it, or there is no group.
    #[error("a host group needs at least one host")]
    NoHosts,
    /// A group requires more hosts than it has.
    #[error("a group of {hosts} cannot require {required} hosts")]
    RequiresTooMany {
        /// How many it has.
        hosts: usize,
        /// How many it requires.
        required: usize,
    },
    /// A host stands in two groups, or twice in one.
    #[error("the host {0} stands in the groups more than once")]
    HostTwice(UserId),
    /// The groups are not those of the kind: one host alone is single, one of a pool at a time is a round robin.
    #[error("{0:?} does not go with these groups")]
    Shape(AssignmentKind),
    /// A weight for someone who is no host, or a weight of zero.
    #[error("the weight of host {0} must be at least 1 and belong to a host of the pool")]
    Weight(UserId),
}

/// Who hosts an event type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawHosting", into = "RawHosting")
)]
pub struct Hosting {
    kind: AssignmentKind,
    groups: Vec<HostGroup>,
    /// Rotation weights, for the hosts whose weight is not the default.
    weights: Vec<(UserId, u32)>,
}

impl Hosting {
    /// A host's share in a rotation unless another is given.
    pub const DEFAULT_WEIGHT: u32 = 100;

    /// One host.
    pub fn single(host: UserId) -> Self {
        Self {
            kind: AssignmentKind::Single,
            groups: vec![HostGroup {
                hosts: vec![host],
                required: Required::All,
            }],
            weights: Vec::new(),
        }
    }

    /// One of the pool at a time, by the rotation ledger.
    ///
    /// # Errors
    /// [`HostingError`] for an empty pool or one that names a host twice.
    pub fn round_robin(pool: Vec<UserId>) -> Result<Self, HostingError> {
        Self::new(
            AssignmentKind::RoundRobin,
            vec![HostGroup {
                hosts: pool,
                required: Required::ONE,
            }],
            Vec::new(),
        )
    }

    /// The first free host of the pool in roster order.
    ///
    /// # Errors
    /// [`HostingError`] for an empty pool or one that names a host twice.
    pub fn any_available(pool: Vec<UserId>) -> Result<Self, HostingError> {
        Self::new(
            AssignmentKind::AnyAvailable,
            vec![HostGroup {
                hosts: pool,
                required: Required::ONE,
            }],
            Vec::new(),
        )
    }

    /// Several hosts at once: all of the pool, or the first `k` of them that are free.
    ///
    /// # Errors
    /// [`HostingError`] for an empty pool, one that names a host twice, or a `k` it cannot fill.
    pub fn collective(pool: Vec<UserId>, required: Required) -> Result<Self, HostingError> {
        Self::new(
            AssignmentKind::Collective,
            vec![HostGroup {
                hosts: pool,
                required,
            }],
            Vec::new(),
        )
    }

    /// Everyone in the pool, each with an RSVP.
    ///
    /// # Errors
    /// [`HostingError`] for an empty pool or one that names a host twice.
    pub fn all_hands(pool: Vec<UserId>) -> Result<Self, HostingError> {
        Self::new(
            AssignmentKind::AllHands,
            vec![HostGroup {
                hosts: pool,
                required: Required::All,
            }],
            Vec::new(),
        )
    }

    /// Several groups, each by its own number.
    ///
    /// # Errors
    /// [`HostingError`] for an empty group, a host in two groups, or a number a group cannot fill.
    pub fn panel(groups: Vec<HostGroup>) -> Result<Self, HostingError> {
        Self::new(AssignmentKind::Panel, groups, Vec::new())
    }

    /// Any kind, checked.
    ///
    /// # Errors
    /// [`HostingError`] as it says.
    pub fn new(
        kind: AssignmentKind,
        groups: Vec<HostGroup>,
        weights: Vec<(UserId, u32)>,
    ) -> Result<Self, HostingError> {
        if groups.is_empty() || groups.iter().any(|g| g.hosts.is_empty()) {
            return Err(HostingError::NoHosts);
        }
        let mut seen = BTreeSet::new();
        for host in groups.iter().flat_map(|g| &g.hosts) {
            if !seen.insert(*host) {
                return Err(HostingError::HostTwice(*host));
            }
        }
        for group in &groups {
            let (hosts, required) = (group.hosts.len(), group.required.count(group.hosts.len()));
            if required > hosts {
                return Err(HostingError::RequiresTooMany { hosts, required });
            }
        }
        if let Some((host, _)) = weights
            .iter()
            .find(|(host, weight)| *weight == 0 || !seen.contains(host))
        {
            return Err(HostingError::Weight(*host));
        }
        let fits = match (kind, groups.as_slice()) {
            (AssignmentKind::Single, [only]) => only.hosts.len() == 1,
            (AssignmentKind::RoundRobin | AssignmentKind::AnyAvailable, [pool]) => {
                pool.required.count(pool.hosts.len()) == 1
            }
            (AssignmentKind::AllHands, [pool]) => {
                pool.required.count(pool.hosts.len()) == pool.hosts.len()
            }
            (AssignmentKind::Collective, [_]) | (AssignmentKind::Panel, _) => true,
            _ => false,
        };
        if !fits {
            return Err(HostingError::Shape(kind));
        }
        Ok(Self {
            kind,
            groups,
            weights,
        })
    }

    /// How hosts are chosen.
    pub fn kind(&self) -> AssignmentKind {
        self.kind
    }

    /// The groups. Every group must find its hosts.
    pub fn groups(&self) -> &[HostGroup] {
        &self.groups
    }

    /// All hosts, group after group, each in roster order. This is the roster of the event type.
    pub fn roster(&self) -> impl Iterator<Item = UserId> + '_ {
        self.groups.iter().flat_map(|g| g.hosts.iter().copied())
    }

    /// A host's share in the rotation.
    pub fn weight(&self, host: UserId) -> u32 {
        self.weights
            .iter()
            .find(|(h, _)| *h == host)
            .map_or(Self::DEFAULT_WEIGHT, |(_, weight)| *weight)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawHosting {
    kind: AssignmentKind,
    groups: Vec<HostGroup>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weights: Vec<(UserId, u32)>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawHosting> for Hosting {
    type Error = HostingError;

    fn try_from(raw: RawHosting) -> Result<Self, HostingError> {
        Self::new(raw.kind, raw.groups, raw.weights)
    }
}

#[cfg(feature = "serde")]
impl From<Hosting> for RawHosting {
    fn from(hosting: Hosting) -> Self {
        Self {
            kind: hosting.kind,
            groups: hosting.groups,
            weights: hosting.weights,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn users(count: u128) -> Vec<UserId> {
        (1..=count)
            .map(|n| UserId::from_uuid(Uuid::from_u128(n)))
            .collect()
    }

    fn group(hosts: Vec<UserId>, required: Required) -> HostGroup {
        HostGroup { hosts, required }
    }

    fn two() -> Required {
        Required::AtLeast(NonZeroU32::new(2).unwrap())
    }

    #[test]
    fn a_kind_has_the_groups_that_it_says() {
        use AssignmentKind::{AllHands, AnyAvailable, Collective, Panel, RoundRobin, Single};
        let refused = |kind, groups: Vec<HostGroup>| {
            assert_eq!(
                Hosting::new(kind, groups, Vec::new()),
                Err(HostingError::Shape(kind))
            );
        };
        refused(Single, vec![group(users(2), Required::All)]);
        refused(RoundRobin, vec![group(users(3), two())]);
        refused(AnyAvailable, vec![group(users(2), Required::All)]);
        refused(AllHands, vec![group(users(3), two())]);
        let apart = |required| {
            vec![
                group(users(1), required),
                group(vec![UserId::from_uuid(Uuid::from_u128(9))], required),
            ]
        };
        for kind in [Single, RoundRobin, AnyAvailable, AllHands, Collective] {
            refused(kind, apart(Required::ONE));
        }
        assert!(Hosting::new(Panel, apart(Required::ONE), Vec::new()).is_ok());
        assert!(Hosting::new(Collective, vec![group(users(3), two())], Vec::new()).is_ok());
        assert!(Hosting::new(RoundRobin, vec![group(users(1), Required::All)], Vec::new()).is_ok());
    }

    #[test]
    fn nobody_hosts_twice_and_no_group_is_impossible() {
        let twice = vec![users(1)[0], users(1)[0]];
        assert_eq!(
            Hosting::round_robin(twice),
            Err(HostingError::HostTwice(users(1)[0]))
        );
        assert_eq!(Hosting::round_robin(Vec::new()), Err(HostingError::NoHosts));
        assert_eq!(Hosting::panel(Vec::new()), Err(HostingError::NoHosts));
        assert_eq!(
            Hosting::collective(users(1), two()),
            Err(HostingError::RequiresTooMany {
                hosts: 1,
                required: 2
            })
        );
        let weights = |weight| {
            Hosting::new(
                AssignmentKind::RoundRobin,
                vec![group(users(2), Required::ONE)],
                vec![(users(2)[1], weight)],
            )
        };
        assert_eq!(weights(0), Err(HostingError::Weight(users(2)[1])));
        assert_eq!(weights(50).unwrap().weight(users(2)[1]), 50);
    }
}
