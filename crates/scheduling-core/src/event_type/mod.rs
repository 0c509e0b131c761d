//! An event type: what guests can book, with whom, and by which rules.

mod appearance;
mod buffers;
mod durations;
mod form;
mod hosting;
mod limits;
mod link;
mod location;
mod notice;
mod policy;
mod questions;
mod reminders;
mod rules;

pub use appearance::{Appearance, Colour, NotAColour};
pub use buffers::Buffers;
pub use durations::{Durations, DurationsError, SlotSteps};
pub use form::BookingForm;
pub use hosting::{AssignmentKind, HostGroup, Hosting, HostingError, Required};
pub use limits::{BookingLimits, Capacity, LimitPeriod, ZeroCapacity};
pub use link::{BookingLink, LinkEnd};
pub use location::{
    ConferenceProvider, Location, LocationChoice, LocationChoiceError, Locations, LocationsError,
    MeetingPlace, RoomTemplate, RoomTemplateError,
};
pub use notice::BookingWindow;
pub use policy::{Approval, BookingPolicy, ChangeRule, ReasonPolicy};
pub use questions::{
    Answer, AnswerError, AnswerProblem, AnswerValue, Condition, ConditionTest, NotANumber, Number,
    Question, QuestionKind, Questions, QuestionsError, RawAnswer,
};
pub use reminders::{Reminder, ReminderTo, Reminders, RemindersError};
pub use rules::SlotRules;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::ids::{EventTypeId, ScheduleId, UserId, WorkspaceId};
use crate::schedule::Availability;
use crate::text::{Note, Slug, Title};
use crate::time::Length;

/// Whether guests can find and book an event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum EventTypeStatus {
    /// Listed on the workspace's page and bookable.
    Active,
    /// Bookable by whoever has the link, not listed.
    Hidden,
    /// Neither listed nor bookable for now.
    Inactive,
    /// Put away for good: neither listed nor bookable, and left out of its hosts' lists. Its bookings stay.
    Archived,
}

impl EventTypeStatus {
    /// Whether guests can book it.
    pub const fn is_bookable(self) -> bool {
        matches!(self, Self::Active | Self::Hidden)
    }
}

/// Whose hours hold for an event type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
pub enum EventHours {
    /// The hosts': for each the schedule that [`EventType::host_schedules`] names, else his default, else the workspace's.
    #[default]
    OfHosts,
    /// Hours of its own.
    Own {
        /// The hours.
        availability: Availability,
        /// Whether a host must be within his own hours too. Otherwise they do not matter.
        within_hosts: bool,
    },
    /// Those of a schedule that has a name: a host's or the workspace's.
    Schedule {
        /// Which.
        schedule: ScheduleId,
        /// Whether a host must be within his own hours too. Otherwise they do not matter.
        within_hosts: bool,
    },
}

impl EventHours {
    /// Whether the hosts' own hours matter.
    pub const fn asks_hosts(&self) -> bool {
        match self {
            Self::OfHosts => true,
            Self::Own { within_hosts, .. } | Self::Schedule { within_hosts, .. } => *within_hosts,
        }
    }
}

/// What guests can book.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EventType {
    /// Its id.
    pub id: EventTypeId,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// Its part of the link, unique in the workspace.
    pub slug: Slug,
    /// Its name, as guests read it.
    pub title: Title,
    /// What guests should know before they book.
    pub description: Option<Note>,
    /// The heading it stands under on the workspace's page.
    pub category: Option<Title>,
    /// Its place on the workspace's page, smallest first.
    pub position: u32,
    /// The rules its slots follow when it lasts as long as it does by default.
    pub rules: SlotRules,
    /// What else it can last.
    pub durations: Durations,
    /// Whose hours hold.
    pub hours: EventHours,
    /// Who hosts.
    pub hosting: Hosting,
    /// The schedules that hosts use for this event type instead of their default.
    pub host_schedules: BTreeMap<UserId, ScheduleId>,
    /// Where people meet.
    pub locations: Locations,
    /// What invitees are asked.
    pub form: BookingForm,
    /// Who decides about its bookings.
    pub policy: BookingPolicy,
    /// How it shows itself.
    pub appearance: Appearance,
    /// When people hear of a booking again.
    pub reminders: Reminders,
    /// Whether it can be booked.
    pub status: EventTypeStatus,
    /// Grows at every change; an update names the version it read.
    pub version: u32,
}

impl EventType {
    /// An active event type with everything that is not given as most have it: one duration, the hosts' hours, no
    /// questions, no approval, a reminder a day and one an hour before.
    pub fn new(
        id: EventTypeId,
        workspace: WorkspaceId,
        slug: Slug,
        title: Title,
        rules: SlotRules,
        hosting: Hosting,
        location: Location,
    ) -> Self {
        Self {
            id,
            workspace,
            slug,
            title,
            description: None,
            category: None,
            position: 0,
            rules,
            durations: Durations::default(),
            hours: EventHours::default(),
            hosting,
            host_schedules: BTreeMap::new(),
            locations: Locations::one(location),
            form: BookingForm::default(),
            policy: BookingPolicy::default(),
            appearance: Appearance::default(),
            reminders: Reminders::default(),
            status: EventTypeStatus::Active,
            version: 1,
        }
    }

    /// All durations an invitee can choose, the shortest first.
    pub fn all_durations(&self) -> Vec<Length> {
        let mut all = self.durations.others().to_vec();
        if let Err(place) = all.binary_search(&self.rules.duration) {
            all.insert(place, self.rules.duration);
        }
        all
    }

    /// The rules for meetings of a duration, its default where none is given. `None` when it does not offer that one.
    pub fn rules_for(&self, duration: Option<Length>) -> Option<Cow<'_, SlotRules>> {
        let duration = duration.unwrap_or(self.rules.duration);
        let slot_interval = match self.durations.steps {
            SlotSteps::Interval => self.rules.slot_interval,
            SlotSteps::Duration => duration,
        };
        if duration == self.rules.duration && slot_interval == self.rules.slot_interval {
            return Some(Cow::Borrowed(&self.rules));
        }
        let offered =
            duration == self.rules.duration || self.durations.others().contains(&duration);
        offered.then(|| {
            Cow::Owned(SlotRules {
                duration,
                slot_interval,
                ..self.rules.clone()
            })
        })
    }
}
