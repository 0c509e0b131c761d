//! What the maker of an event type decides.

use std::collections::BTreeMap;

use scheduling_core::event_type::{
    Appearance, BookingForm, BookingPolicy, Durations, EventHours, EventType, EventTypeStatus,
    Hosting, Location, Locations, Reminders, SlotRules,
};
use scheduling_core::ids::{EventTypeId, ScheduleId, UserId, WorkspaceId};
use scheduling_core::text::{Note, Slug, Title};
use scheduling_core::time::Length;

/// Everything about an event type that its maker decides. See [`EventType`] for the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of EventType")]
pub struct EventTypeSettings {
    pub slug: Slug,
    pub title: Title,
    pub description: Option<Note>,
    pub category: Option<Title>,
    pub rules: SlotRules,
    pub durations: Durations,
    pub hours: EventHours,
    pub hosting: Hosting,
    pub host_schedules: BTreeMap<UserId, ScheduleId>,
    pub locations: Locations,
    pub form: BookingForm,
    pub policy: BookingPolicy,
    pub appearance: Appearance,
    pub reminders: Reminders,
    pub status: EventTypeStatus,
}

impl EventTypeSettings {
    /// An active event type with everything that is not given as most have it: see [`EventType::new`].
    pub fn new(
        slug: Slug,
        title: Title,
        rules: SlotRules,
        hosting: Hosting,
        location: Location,
    ) -> Self {
        Self {
            slug,
            title,
            description: None,
            category: None,
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
        }
    }

    /// What was decided about an event type.
    pub fn of(event_type: &EventType) -> Self {
        let event_type = event_type.clone();
        Self {
            slug: event_type.slug,
            title: event_type.title,
            description: event_type.description,
            category: event_type.category,
            rules: event_type.rules,
            durations: event_type.durations,
            hours: event_type.hours,
            hosting: event_type.hosting,
            host_schedules: event_type.host_schedules,
            locations: event_type.locations,
            form: event_type.form,
            policy: event_type.policy,
            appearance: event_type.appearance,
            reminders: event_type.reminders,
            status: event_type.status,
        }
    }

    /// The same with each duration once.
    pub(super) fn normalized(mut self) -> Self {
        let default = self.rules.duration;
        let others = self.durations.others().iter().copied();
        let others: Vec<Length> = others.filter(|other| *other != default).collect();
        if let Ok(durations) = Durations::new(others, self.durations.steps) {
            self.durations = durations;
        }
        self
    }

    /// An event type that has them.
    pub(super) fn into_event_type(
        self,
        id: EventTypeId,
        workspace: WorkspaceId,
        position: u32,
        version: u32,
    ) -> EventType {
        EventType {
            id,
            workspace,
            slug: self.slug,
            title: self.title,
            description: self.description,
            category: self.category,
            position,
            rules: self.rules,
            durations: self.durations,
            hours: self.hours,
            hosting: self.hosting,
            host_schedules: self.host_schedules,
            locations: self.locations,
            form: self.form,
            policy: self.policy,
            appearance: self.appearance,
            reminders: self.reminders,
            status: self.status,
            version,
        }
    }
}
