//! What an event type must be beyond what its parts see to: its people, schedules and pictures exist, and its numbers make
//! sense.

use std::collections::BTreeSet;

use scheduling_core::event_type::{
    BookingForm, BookingWindow, Durations, EventHours, EventType, Hosting, Location,
};
use scheduling_core::ids::{ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::UnitOfWork;
use scheduling_core::schedule::{AvailabilitySchedule, ScheduleOwner};

use super::EventTypeSettings;
use crate::actor::Actor;
use crate::manage::{Field, Invalid, ManageError, Problem, readable};

const DAY: u32 = 24 * 60;
/// The longest buffer on one side, in minutes.
const LONGEST_BUFFER: u32 = DAY;
/// The longest notice, in minutes.
const LONGEST_NOTICE: u32 = 366 * DAY;
/// The longest that a request can wait for approval, in minutes.
const LONGEST_WAIT: u32 = 90 * DAY;
/// How many days ahead a rolling window can reach, and how many a fixed one can have.
const LONGEST_WINDOW: u32 = 3 * 366;
/// The most bookings that can share a meeting.
const MOST_SEATS: u32 = 1000;

/// Refuses an event type that the actor could not change afterwards.
pub(super) fn may_make(
    actor: &Actor,
    workspace: WorkspaceId,
    hosting: &Hosting,
) -> Result<(), ManageError> {
    let mut roster = hosting.roster();
    match (roster.next(), roster.next()) {
        (Some(only), None) => actor.is_or_manages(only, workspace),
        _ => actor.manages(workspace),
    }
}

/// Refuses hosts who are no members.
pub(super) async fn check_hosts(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    hosting: &Hosting,
) -> Result<(), ManageError> {
    let members = work.directory().members(workspace).await?;
    let members: BTreeSet<UserId> = members.into_iter().map(|m| m.person.id).collect();
    match hosting.roster().find(|host| !members.contains(host)) {
        Some(stranger) => Err(ManageError::invalid(
            Field::Hosts,
            Problem::NoMember(stranger),
        )),
        None => Ok(()),
    }
}

/// Refuses settings that make no sense, with every reason.
pub(super) async fn check(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    settings: &EventTypeSettings,
) -> Result<(), ManageError> {
    check_hosts(work, workspace, &settings.hosting).await?;
    let mut problems = numbers(settings);
    if settings
        .locations
        .all()
        .iter()
        .any(|location| matches!(location, Location::Conference { .. }))
    {
        let problem = Problem::ConferencingNotConnected;
        problems.push(Invalid::new(Field::Locations, problem));
    }
    check_schedules(work, workspace, settings, &mut problems).await?;
    if let Some(banner) = settings.appearance.banner {
        let image = work.images().get(banner).await?;
        if image.is_none_or(|image| image.workspace != workspace) {
            problems.push(Invalid::new(Field::Banner, Problem::NoSuchImage));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ManageError::Invalid(problems))
    }
}

async fn check_schedules(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    settings: &EventTypeSettings,
    problems: &mut Vec<Invalid>,
) -> Result<(), ManageError> {
    let roster: BTreeSet<UserId> = settings.hosting.roster().collect();
    if let Some(stranger) = settings
        .host_schedules
        .keys()
        .find(|host| !roster.contains(host))
    {
        let problem = Problem::NoHost(*stranger);
        problems.push(Invalid::new(Field::HostSchedules, problem));
    }
    let of_all = match &settings.hours {
        EventHours::Schedule { schedule, .. } => Some(*schedule),
        EventHours::OfHosts | EventHours::Own { .. } => None,
    };
    let mut ids: Vec<ScheduleId> = settings.host_schedules.values().copied().collect();
    ids.extend(of_all);
    if ids.is_empty() {
        return Ok(());
    }
    ids.sort_unstable();
    ids.dedup();
    let schedules = readable(work.schedules().get(&ids).await?);
    let is_good = |id: &ScheduleId, may_own: &dyn Fn(UserId) -> bool| {
        schedules
            .get(id)
            .filter(|schedule| schedule.workspace == workspace)
            .is_some_and(|schedule: &AvailabilitySchedule| match schedule.owner {
                ScheduleOwner::Workspace(owner) => owner == workspace,
                ScheduleOwner::Person(owner) => may_own(owner),
            })
    };
    let of_host = |(host, id): (&UserId, &ScheduleId)| is_good(id, &|owner| owner == *host);
    if !settings.host_schedules.iter().all(of_host) {
        let problem = Problem::NoSuchSchedule;
        problems.push(Invalid::new(Field::HostSchedules, problem));
    }
    if of_all.is_some_and(|id| !is_good(&id, &|owner| roster.contains(&owner))) {
        problems.push(Invalid::new(Field::Hours, Problem::NoSuchSchedule));
    }
    Ok(())
}

/// What is wrong with the numbers alone.
fn numbers(settings: &EventTypeSettings) -> Vec<Invalid> {
    let rules = &settings.rules;
    let policy = &settings.policy;
    let mut problems = Vec::new();
    if let Err(error) = Durations::check(rules.duration) {
        problems.push(Invalid::new(Field::Duration, error));
    }
    let lengths = [
        (Field::SlotInterval, rules.slot_interval.get(), DAY),
        (Field::Buffers, rules.buffers.before.0, LONGEST_BUFFER),
        (Field::Buffers, rules.buffers.after.0, LONGEST_BUFFER),
        (Field::MinimumNotice, rules.minimum_notice.0, LONGEST_NOTICE),
        (Field::CancelNotice, policy.cancel.notice.0, LONGEST_NOTICE),
        (
            Field::RescheduleNotice,
            policy.reschedule.notice.0,
            LONGEST_NOTICE,
        ),
        (
            Field::Approval,
            policy.approval.map_or(0, |a| a.answer_within.get()),
            LONGEST_WAIT,
        ),
    ];
    for (field, minutes, longest) in lengths {
        if minutes > longest {
            let problem = Problem::TooLong { minutes: longest };
            problems.push(Invalid::new(field, problem));
        }
    }
    let too_many_days = Problem::TooManyDays {
        most: LONGEST_WINDOW,
    };
    match rules.booking_window {
        BookingWindow::Open => {}
        BookingWindow::RollingDays { days } => {
            if days > LONGEST_WINDOW {
                problems.push(Invalid::new(Field::BookingWindow, too_many_days));
            }
        }
        BookingWindow::Dates { from, to } => {
            if to < from {
                let problem = Problem::EndsBeforeItBegins;
                problems.push(Invalid::new(Field::BookingWindow, problem));
            } else if (to - from).num_days() >= i64::from(LONGEST_WINDOW) {
                problems.push(Invalid::new(Field::BookingWindow, too_many_days));
            }
        }
    }
    if rules.capacity.get() > MOST_SEATS {
        let problem = Problem::TooMany { most: MOST_SEATS };
        problems.push(Invalid::new(Field::Capacity, problem));
    }
    if settings.form.max_guests > BookingForm::MOST_GUESTS {
        problems.push(Invalid::new(Field::MaxGuests, Problem::TOO_MANY_GUESTS));
    }
    problems.dedup();
    problems
}

/// The event types of a workspace as an actor may see them.
pub(super) fn is_seen(actor: &Actor, event_type: &EventType) -> bool {
    actor.sees(event_type.workspace).is_ok()
}
