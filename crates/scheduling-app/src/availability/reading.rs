//! Reads what the engine needs to know of an event type and its hosts. Everything that finds, explains or books goes
//! through here, so that they cannot disagree.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::calendar::BusyInterval;
use scheduling_core::directory::Workspace;
use scheduling_core::event_type::{EventType, EventTypeStatus, HostGroup};
use scheduling_core::ids::UserId;
use scheduling_core::ports::{HostReservation, StorageError, UnitOfWork};
use scheduling_core::schedule::AvailabilitySchedule;
use scheduling_core::slots::{HostTime, Reservation, SlotRequest, SlotRequestError};
use scheduling_core::text::Slug;
use scheduling_core::time::Interval;

/// The workspace and its event type, if that can be booked by whoever has the link.
pub(crate) async fn bookable(
    work: &mut dyn UnitOfWork,
    workspace: &Slug,
    event_type: &Slug,
) -> Result<Option<(Workspace, EventType)>, StorageError> {
    let Some(workspace) = work.directory().workspace_by_slug(workspace).await? else {
        return Ok(None);
    };
    let event_type = work.event_types().by_slug(workspace.id, event_type).await?;
    Ok(event_type
        .filter(|e| e.status != EventTypeStatus::Inactive)
        .map(|event_type| (workspace, event_type)))
}

/// What must be read to know about starts from `from` up to `to`: the meetings with their buffers, and the periods
/// that limits count in. `None` when there is no start in between.
pub(crate) fn reads_around(
    event_type: &EventType,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Option<Interval> {
    let rules = &event_type.rules;
    // Local days, weeks and months begin this much before a start in them, at most, clock changes included.
    let period = if rules.limits.per_month.is_some() {
        TimeDelta::days(32)
    } else if rules.limits.per_week.is_some() {
        TimeDelta::days(8)
    } else if rules.limits.per_day.is_some() {
        TimeDelta::days(2)
    } else {
        TimeDelta::zero()
    };
    if from >= to {
        return None;
    }
    let start = from
        .checked_sub_signed(period)
        .unwrap_or(DateTime::<Utc>::MIN_UTC);
    let end = to
        .checked_add_signed(period.max(rules.duration.delta()))
        .unwrap_or(DateTime::<Utc>::MAX_UTC);
    let reads = Interval::new(start, end).ok()?;
    Some(reads.widen(rules.buffers.before, rules.buffers.after))
}

/// What is known of the time of an event type's hosts.
#[derive(Debug)]
pub(crate) struct HostsTime {
    /// The hosts in roster order: the places that slots name.
    pub(crate) roster: Vec<UserId>,
    schedules: BTreeMap<UserId, AvailabilitySchedule>,
    busy: BTreeMap<UserId, Vec<BusyInterval>>,
    reservations: BTreeMap<UserId, Vec<Reservation>>,
}

impl HostsTime {
    /// Reads hours, and what calendars and bookings take where it overlaps `within`.
    pub(crate) async fn read(
        work: &mut dyn UnitOfWork,
        event_type: &EventType,
        within: Option<Interval>,
    ) -> Result<Self, StorageError> {
        let roster: Vec<UserId> = event_type.hosting.roster().collect();
        // An event type's own hours replace the hosts'.
        let schedules = if event_type.availability.is_some() {
            BTreeMap::new()
        } else {
            work.schedules().defaults(&roster).await?
        };
        let mut busy: BTreeMap<UserId, Vec<BusyInterval>> = BTreeMap::new();
        let mut reservations: BTreeMap<UserId, Vec<Reservation>> = BTreeMap::new();
        if let Some(within) = within {
            for found in work.busy().overlapping(&roster, within).await? {
                busy.entry(found.host).or_default().push(found.busy);
            }
            for found in work.bookings().reservations(&roster, within).await? {
                reservations
                    .entry(found.host)
                    .or_default()
                    .push(reservation(event_type, &found));
            }
        }
        Ok(Self {
            roster,
            schedules,
            busy,
            reservations,
        })
    }

    /// The question to the engine.
    pub(crate) fn request<'a>(
        &'a self,
        event_type: &'a EventType,
        now: DateTime<Utc>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<SlotRequest<'a>, SlotRequestError> {
        let hosts = self
            .roster
            .iter()
            .map(|host| HostTime {
                availability: self.schedules.get(host).map(|s| &s.availability),
                busy: self.busy.get(host).map_or(&[], Vec::as_slice),
                reservations: self.reservations.get(host).map_or(&[], Vec::as_slice),
            })
            .collect();
        // The roster is the groups' hosts, one group after the other.
        let mut places = 0..;
        let groups = event_type
            .hosting
            .groups()
            .iter()
            .map(|group| HostGroup {
                hosts: places.by_ref().take(group.hosts.len()).collect(),
                required: group.required,
            })
            .collect();
        let own_hours = event_type.availability.as_ref();
        SlotRequest::new(now, from, to, &event_type.rules, own_hours, groups, hosts)
    }

    /// Whether the host has a session of this event type at exactly this interval.
    pub(crate) fn has_session(&self, host: UserId, interval: Interval) -> bool {
        self.reservations.get(&host).is_some_and(|all| {
            all.iter()
                .any(|r| r.this_event_type && r.interval == interval)
        })
    }
}

fn reservation(event_type: &EventType, found: &HostReservation) -> Reservation {
    let this_event_type = found.event_type == event_type.id;
    // A booking from before the event type got its seats is no session that others can join.
    let private = event_type.rules.capacity.is_group() && found.session.is_none();
    Reservation {
        interval: found.interval,
        buffers: found.buffers,
        this_event_type,
        seats_taken: if this_event_type && private {
            u32::MAX
        } else {
            found.seats_taken
        },
    }
}
