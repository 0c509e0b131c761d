//! Event types, links, schedules and time off.

use chrono_tz::Tz;
use scheduling_core::event_type::{BookingLink, EventType, Hosting, Location, SlotRules};
use scheduling_core::ids::{
    BookingLinkId, EventTypeId, ScheduleId, TimeOffId, UserId, WorkspaceId,
};
use scheduling_core::ports::IdSource;
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner};
use scheduling_core::time::Length;
use scheduling_core::time_off::{TimeOff, TimeOffPeriod, TimeOffScope, TimeOffSpan};

use super::{BY_PHONE, instant, parse};

/// Somebody's default schedule.
///
/// # Panics
/// Never in practice: its name is a title.
pub fn default_schedule(
    ids: &dyn IdSource,
    workspace: WorkspaceId,
    owner: UserId,
    availability: Availability,
) -> AvailabilitySchedule {
    AvailabilitySchedule {
        id: ScheduleId::generate(ids),
        workspace,
        owner: ScheduleOwner::Person(owner),
        name: parse("Working hours"),
        is_default: true,
        availability,
        version: 1,
    }
}

/// A workspace's default schedule.
///
/// # Panics
/// Never in practice: its name is a title.
pub fn workspace_schedule(
    ids: &dyn IdSource,
    workspace: WorkspaceId,
    availability: Availability,
) -> AvailabilitySchedule {
    AvailabilitySchedule {
        id: ScheduleId::generate(ids),
        workspace,
        owner: ScheduleOwner::Workspace(workspace),
        name: parse("Opening hours"),
        is_default: true,
        availability,
        version: 1,
    }
}

/// An active event type, named after its slug, by phone, with nothing restricted, in UTC, and the rest as
/// [`EventType::new`] has it.
///
/// # Panics
/// When the slug is none or `minutes` is zero.
pub fn event_type(
    ids: &dyn IdSource,
    workspace: WorkspaceId,
    slug: &str,
    minutes: u32,
    hosting: Hosting,
) -> EventType {
    EventType::new(
        EventTypeId::generate(ids),
        workspace,
        parse(slug),
        parse(slug),
        SlotRules::new(Tz::UTC, Length::new(minutes).expect("a length")),
        hosting,
        Location::Phone {
            instructions: parse(BY_PHONE),
        },
    )
}

/// A further link to an event type, without an end, made on the first day of 2026.
///
/// # Panics
/// When the slug is none.
pub fn link(ids: &dyn IdSource, event_type: &EventType, slug: &str) -> BookingLink {
    BookingLink {
        id: BookingLinkId::generate(ids),
        workspace: event_type.workspace,
        event_type: event_type.id,
        slug: parse(slug),
        name: None,
        questions: None,
        redirect_url: None,
        expires_at: None,
        max_uses: None,
        uses: 0,
        revoked: false,
        version: 1,
        created_at: instant("2026-01-01T00:00:00Z"),
    }
}

/// Whole days off in UTC, the last one included, once, without a title, entered on the first day of 2026.
///
/// # Panics
/// When a day is no date, or the last one comes before the first.
pub fn days_off(
    ids: &dyn IdSource,
    workspace: WorkspaceId,
    scope: TimeOffScope,
    first: &str,
    last: &str,
) -> TimeOff {
    let span = TimeOffSpan::Days {
        from: parse(first),
        to: parse(last),
    };
    TimeOff {
        id: TimeOffId::generate(ids),
        workspace,
        scope,
        title: None,
        visible: false,
        period: TimeOffPeriod::new(Tz::UTC, span, None).expect("days in their order"),
        version: 1,
        created_at: instant("2026-01-01T00:00:00Z"),
    }
}
