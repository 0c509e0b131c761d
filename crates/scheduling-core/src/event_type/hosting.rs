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
