//! Who hosts an event type, and how hosts are chosen.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use scheduling_core::event_type::{AssignmentKind, HostGroup, Hosting, HostingError, Required};
use scheduling_core::ids::{ScheduleId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::fields::{Errors, Fields, Item};
use crate::http::ids::WireId as _;

/// The largest number of hosts of an event type.
const MOST_HOSTS: usize = 200;
/// The largest number of groups.
const MOST_GROUPS: usize = 20;

/// How hosts are chosen.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Assignment)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum AssignmentView {
    /// The one host.
    Single,
    /// One of several, in turn.
    RoundRobin,
    /// The first of several who is free.
    AnyAvailable,
    /// Several at once.
    Collective,
    /// Everyone.
    AllHands,
    /// Some from each of several groups.
    Panel,
}

const KINDS: &[(&str, AssignmentKind)] = &[
    ("single", AssignmentKind::Single),
    ("round_robin", AssignmentKind::RoundRobin),
    ("any_available", AssignmentKind::AnyAvailable),
    ("collective", AssignmentKind::Collective),
    ("all_hands", AssignmentKind::AllHands),
    ("panel", AssignmentKind::Panel),
];

impl From<AssignmentKind> for AssignmentView {
    fn from(kind: AssignmentKind) -> Self {
        match kind {
            AssignmentKind::Single => Self::Single,
            AssignmentKind::RoundRobin => Self::RoundRobin,
            AssignmentKind::AnyAvailable => Self::AnyAvailable,
            AssignmentKind::Collective => Self::Collective,
            AssignmentKind::AllHands => Self::AllHands,
            AssignmentKind::Panel => Self::Panel,
        }
    }
}

/// Somebody who hosts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventTypeHost)]
pub(in crate::rest::v1) struct HostSettings {
    /// A member of the workspace.
    #[schema(example = "us_0190b0c47d5e70008000000000000001")]
    user: String,
    /// The share in a rotation: 100, unless it is said.
    #[schema(required = false, minimum = 1, maximum = 10_000)]
    weight: u32,
    /// The schedule that holds for this event type; the host's default where none is named.
    #[schema(example = "sc_0190b0c47d5e70008000000000000001")]
    schedule: Option<String>,
}

/// Hosts of whom a number must be free.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventTypeHosts)]
pub(in crate::rest::v1) struct GroupView {
    /// In roster order.
    hosts: Vec<HostSettings>,
    /// How many of them must be free. Where nothing is said, all of them, and one for `round_robin` and `any_available`.
    #[schema(minimum = 1)]
    required: Option<u32>,
}

impl GroupView {
    pub(super) fn list(hosting: &Hosting, schedules: &BTreeMap<UserId, ScheduleId>) -> Vec<Self> {
        hosting
            .groups()
            .iter()
            .map(|group| Self {
                hosts: group
                    .hosts
                    .iter()
                    .map(|host| HostSettings {
                        user: host.wire(),
                        weight: hosting.weight(*host),
                        schedule: schedules.get(host).map(|id| id.wire()),
                    })
                    .collect(),
                required: match group.required {
                    Required::All => None,
                    Required::AtLeast(number) => Some(number.get()),
                },
            })
            .collect()
    }
}

/// One host as it is read.
struct ReadHost {
    user: UserId,
    weight: u32,
    schedule: Option<ScheduleId>,
}

/// Takes hosting out of a body: `assignment` and `host_groups`.
pub(super) fn read(
    fields: &mut Fields,
    errors: &mut Errors,
) -> Option<(Hosting, BTreeMap<UserId, ScheduleId>)> {
    let kind = fields.choice("assignment", KINDS, errors);
    let at = fields.at("host_groups");
    let kind = kind.unwrap_or(AssignmentKind::Single);
    let groups =
        fields
            .need("host_groups", errors)?
            .list(MOST_GROUPS, errors, |item, errors| {
                read_group(item, kind, errors)
            })?;
    let mut host_groups = Vec::new();
    let mut weights = Vec::new();
    let mut schedules = BTreeMap::new();
    for (hosts, required) in groups {
        for host in &hosts {
            if host.weight != Hosting::DEFAULT_WEIGHT {
                weights.push((host.user, host.weight));
            }
            schedules.extend(host.schedule.map(|schedule| (host.user, schedule)));
        }
        host_groups.push(HostGroup {
            hosts: hosts.into_iter().map(|host| host.user).collect(),
            required,
        });
    }
    match Hosting::new(kind, host_groups, weights) {
        Ok(hosting) => Some((hosting, schedules)),
        Err(error) => {
            let code = match error {
                HostingError::NoHosts => "no_hosts",
                HostingError::RequiresTooMany { .. } => "requires_too_many",
                HostingError::HostTwice(_) => "host_twice",
                HostingError::Shape(_) => "does_not_fit_assignment",
                HostingError::Weight(_) => "weight",
            };
            let detail = match error {
                HostingError::HostTwice(host) => {
                    format!("the host {} stands in the groups more than once", host.wire())
                }
                HostingError::Weight(host) => {
                    format!("the weight of host {} cannot be used", host.wire())
                }
                HostingError::Shape(_) => {
                    "single has one host; round_robin, any_available, collective and all_hands have one group; panel has several".to_owned()
                }
                other => other.to_string(),
            };
            errors.add(at, code, detail);
            None
        }
    }
}

fn read_group(
    item: Item,
    kind: AssignmentKind,
    errors: &mut Errors,
) -> Option<(Vec<ReadHost>, Required)> {
    let mut fields = item.object(errors)?;
    let hosts = fields
        .need("hosts", errors)
        .and_then(|item| item.list(MOST_HOSTS, errors, read_host));
    let required = fields.number("required", 1..=200, errors);
    fields.finish(errors);
    let one_of_many = matches!(
        kind,
        AssignmentKind::RoundRobin | AssignmentKind::AnyAvailable
    );
    let required = match required.and_then(NonZeroU32::new) {
        Some(number) => Required::AtLeast(number),
        None if one_of_many => Required::ONE,
        None => Required::All,
    };
    Some((hosts?, required))
}

fn read_host(item: Item, errors: &mut Errors) -> Option<ReadHost> {
    let mut fields = item.object(errors)?;
    let user = fields.need("user", errors).and_then(|item| item.id(errors));
    let weight = fields.number_or("weight", 1..=10_000, Hosting::DEFAULT_WEIGHT, errors);
    let schedule = fields.id("schedule", errors);
    fields.finish(errors);
    Some(ReadHost {
        user: user?,
        weight,
        schedule,
    })
}
