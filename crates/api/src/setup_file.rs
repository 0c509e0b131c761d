//! The setup file: a workspace, its people and what guests can book there, as TOML.
//!
//! [`SetupFile::apply`] adds what the file names and the database lacks. It never changes or removes anything that
//! exists, so that applying a file twice is harmless. The format is described in `docs/reference/setup-file.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use chrono::NaiveDate;
use chrono_tz::Tz;
use figment::Figment;
use figment::providers::{Format as _, Toml};
use scheduling_app::Scheduling;
use scheduling_app::setup::{NewEventType, NewPerson, NewWorkspace, SetupError};
use scheduling_core::event_type::{
    Appearance, Approval, AssignmentKind, BookingForm, BookingLimits, BookingPolicy, BookingWindow,
    Buffers, Capacity, ChangeRule, Colour, Durations, EventHours, EventTypeStatus, HostGroup,
    Hosting, Location, Locations, LocationsError, Questions, ReasonPolicy, Reminder, ReminderTo,
    Reminders, RemindersError, Required, SlotRules, SlotSteps,
};
use scheduling_core::ids::UserId;
use scheduling_core::ports::{Storage, StorageError};
use scheduling_core::schedule::{Availability, DateOverride, WeeklyHours};
use scheduling_core::text::{EmailAddress, Note, PersonName, Slug, Title, WebAddress};
use scheduling_core::time::{DayHours, Length, Minutes, TimeOfDay, TimeWindow};
use serde::Deserialize;
use thiserror::Error;
use uuid::Uuid;

/// A workspace, its people and its event types.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupFile {
    workspace: WorkspaceEntry,
    #[serde(default)]
    people: Vec<PersonEntry>,
    #[serde(default)]
    event_types: Vec<EventTypeEntry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkspaceEntry {
    slug: Slug,
    name: Title,
    description: Option<Note>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonEntry {
    /// How the rest of the file names the person.
    key: String,
    name: PersonName,
    email: EmailAddress,
    timezone: Zone,
    hours: Option<Hours>,
    #[serde(default)]
    overrides: Vec<Override>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventTypeEntry {
    slug: Slug,
    title: Title,
    description: Option<Note>,
    category: Option<Title>,
    duration_minutes: Length,
    #[serde(default)]
    other_durations_minutes: Vec<Length>,
    slot_interval_minutes: Option<Length>,
    #[serde(default)]
    slot_steps: SlotSteps,
    #[serde(default)]
    buffer_before_minutes: u32,
    #[serde(default)]
    buffer_after_minutes: u32,
    #[serde(default = "two_hours")]
    minimum_notice_minutes: u32,
    #[serde(default = "sixty_days")]
    booking_window: BookingWindow,
    #[serde(default)]
    limits: BookingLimits,
    #[serde(default = "one_seat")]
    seats: Capacity,
    timezone: Option<Zone>,
    hours: Option<Hours>,
    #[serde(default)]
    overrides: Vec<Override>,
    #[serde(default)]
    within_hosts_hours: bool,
    assignment: Option<AssignmentKind>,
    #[serde(default)]
    hosts: Vec<String>,
    required: Option<NonZeroU32>,
    #[serde(default)]
    groups: Vec<GroupEntry>,
    #[serde(default)]
    weights: BTreeMap<String, u32>,
    location: Option<Location>,
    #[serde(default)]
    locations: Vec<Location>,
    #[serde(default)]
    questions: Questions,
    #[serde(default)]
    max_guests: u8,
    approval: Option<ApprovalEntry>,
    #[serde(default)]
    cancel: ChangeEntry,
    #[serde(default)]
    reschedule: ChangeEntry,
    colour: Option<Colour>,
    confirmation_message: Option<Note>,
    redirect_url: Option<WebAddress>,
    reminders: Option<Vec<ReminderEntry>>,
    #[serde(default)]
    follow_ups: Vec<ReminderEntry>,
    #[serde(default = "active")]
    status: EventTypeStatus,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalEntry {
    #[serde(default = "two_days")]
    answer_within_minutes: Length,
}

/// Who may cancel or move a booking, until when, and who is asked why.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ChangeEntry {
    only_hosts: bool,
    notice_minutes: u32,
    invitee_reason: ReasonPolicy,
    host_reason: ReasonPolicy,
}

impl From<ChangeEntry> for ChangeRule {
    fn from(entry: ChangeEntry) -> Self {
        Self {
            invitee_may: !entry.only_hosts,
            notice: Minutes(entry.notice_minutes),
            invitee_reason: entry.invitee_reason,
            host_reason: entry.host_reason,
        }
    }
}

/// Minutes before the start, or after the end, and to whom.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReminderEntry {
    minutes: u32,
    #[serde(default = "attendees")]
    to: ReminderTo,
}

impl From<&ReminderEntry> for Reminder {
    fn from(entry: &ReminderEntry) -> Self {
        Self {
            minutes: Minutes(entry.minutes),
            to: entry.to,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupEntry {
    hosts: Vec<String>,
    required: Option<NonZeroU32>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    date: NaiveDate,
    #[serde(default)]
    windows: Vec<Window>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Zone(#[serde(with = "scheduling_core::time::zone::by_name")] Tz);

/// `"09:00-17:00"`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Window(TimeWindow);

impl TryFrom<String> for Window {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let time = |text: &str| text.trim().parse::<TimeOfDay>().map_err(|e| e.to_string());
        let (start, end) = text
            .split_once('-')
            .ok_or_else(|| format!("{text:?} is no window such as 09:00-17:00"))?;
        Ok(Self(TimeWindow {
            start: time(start)?,
            end: time(end)?,
        }))
    }
}

/// Windows for each weekday; `weekdays` stands for Monday to Friday.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Hours {
    weekdays: Vec<Window>,
    monday: Option<Vec<Window>>,
    tuesday: Option<Vec<Window>>,
    wednesday: Option<Vec<Window>>,
    thursday: Option<Vec<Window>>,
    friday: Option<Vec<Window>>,
    saturday: Option<Vec<Window>>,
    sunday: Option<Vec<Window>>,
}

const fn two_hours() -> u32 {
    120
}

fn two_days() -> Length {
    Approval::default().answer_within
}

const fn attendees() -> ReminderTo {
    ReminderTo::Attendees
}

const fn sixty_days() -> BookingWindow {
    BookingWindow::RollingDays { days: 60 }
}

const fn one_seat() -> Capacity {
    Capacity::ONE
}

const fn active() -> EventTypeStatus {
    EventTypeStatus::Active
}

/// Why a setup file was not applied.
#[derive(Debug, Error)]
pub enum SetupFileError {
    /// It cannot be read, or cannot be what it says.
    #[error("{place}: {complaint}")]
    Invalid {
        /// Where in the file.
        place: String,
        /// What is wrong there.
        complaint: String,
    },
    /// Something could not be added.
    #[error("{what} could not be added")]
    Setup {
        /// What.
        what: String,
        /// Why.
        #[source]
        source: SetupError,
    },
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

fn invalid(place: impl Into<String>, complaint: impl Into<String>) -> SetupFileError {
    SetupFileError::Invalid {
        place: place.into(),
        complaint: complaint.into(),
    }
}

/// What became of one entry of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It was added.
    Added(String),
    /// It existed, and was left as it is.
    Existed(String),
}

impl SetupFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`SetupFileError::Invalid`] with the place of the first mistake.
    pub fn parse(text: &str) -> Result<Self, SetupFileError> {
        let file: Self = Figment::from(Toml::string(text))
            .extract()
            .map_err(|error| {
                let place = if error.path.is_empty() {
                    "the file".to_owned()
                } else {
                    error.path.join(".")
                };
                invalid(place, error.kind.to_string())
            })?;
        // Everything is made once with ids that stand for those to come, so that nothing is added from a file with a mistake.
        let mut ids = BTreeMap::new();
        let mut addresses = BTreeSet::new();
        for (place, person) in file.people.iter().enumerate() {
            let id = UserId::from_uuid(Uuid::from_u128(place as u128));
            let at = format!("people.{}", person.key);
            if ids.insert(person.key.clone(), id).is_some() {
                return Err(invalid(at, "two people have this key"));
            }
            if !addresses.insert(&person.email) {
                return Err(invalid(at, "two people have this address"));
            }
            person.make()?;
        }
        let mut slugs = BTreeSet::new();
        for event_type in &file.event_types {
            event_type.make(&ids, &file.people)?;
            if !slugs.insert(&event_type.slug) {
                let at = format!("event_types.{}", event_type.slug);
                return Err(invalid(at, "two event types have this slug"));
            }
        }
        Ok(file)
    }

    /// The workspace's slug.
    pub fn workspace(&self) -> &Slug {
        &self.workspace.slug
    }

    /// Adds what the database lacks. What exists (a workspace or event type by its slug, a person by the address) is
    /// left as it is.
    ///
    /// # Errors
    /// [`SetupFileError`]; what was added before it stays, and applying the file again goes on from there.
    pub async fn apply(
        &self,
        scheduling: &Scheduling,
        storage: &dyn Storage,
    ) -> Result<Vec<Applied>, SetupFileError> {
        let mut report = Vec::new();
        let mut read = storage.begin_read().await?;
        let existing = read
            .directory()
            .workspace_by_slug(&self.workspace.slug)
            .await?;
        let (members, listed) = match &existing {
            Some(workspace) => (
                read.directory().members(workspace.id).await?,
                read.event_types().list(workspace.id).await?.found,
            ),
            None => (Vec::new(), Vec::new()),
        };
        drop(read);

        let what = format!("workspace {}", self.workspace.slug);
        let workspace = if let Some(workspace) = existing {
            report.push(Applied::Existed(what));
            workspace.id
        } else {
            let new = NewWorkspace {
                slug: self.workspace.slug.clone(),
                name: self.workspace.name.clone(),
                description: self.workspace.description.clone(),
            };
            let added = scheduling.create_workspace(new).await;
            let workspace = added.map_err(|source| failed(&what, source))?;
            report.push(Applied::Added(what));
            workspace.id
        };

        let mut ids = BTreeMap::new();
        for person in &self.people {
            let what = format!("person {}", person.name);
            let known = members.iter().map(|member| &member.person);
            let known = known.into_iter().find(|m| m.email == person.email);
            let id = if let Some(member) = known {
                report.push(Applied::Existed(what));
                member.id
            } else {
                let added = scheduling.create_person(workspace, person.make()?).await;
                let (added, _) = added.map_err(|source| failed(&what, source))?;
                report.push(Applied::Added(what));
                added.id
            };
            ids.insert(person.key.clone(), id);
        }

        for event_type in &self.event_types {
            let what = format!("event type {}", event_type.slug);
            if listed.iter().any(|known| known.slug == event_type.slug) {
                report.push(Applied::Existed(what));
                continue;
            }
            let new = event_type.make(&ids, &self.people)?;
            let added = scheduling.create_event_type(workspace, new).await;
            added.map_err(|source| failed(&what, source))?;
            report.push(Applied::Added(what));
        }
        Ok(report)
    }
}

fn failed(what: &str, source: SetupError) -> SetupFileError {
    SetupFileError::Setup {
        what: what.to_owned(),
        source,
    }
}

impl PersonEntry {
    fn make(&self) -> Result<NewPerson, SetupFileError> {
        let place = format!("people.{}", self.key);
        Ok(NewPerson {
            name: self.name.clone(),
            email: self.email.clone(),
            timezone: self.timezone.0,
            availability: availability(
                &place,
                self.timezone.0,
                self.hours.as_ref(),
                &self.overrides,
            )?,
        })
    }
}

impl EventTypeEntry {
    fn make(
        &self,
        ids: &BTreeMap<String, UserId>,
        people: &[PersonEntry],
    ) -> Result<NewEventType, SetupFileError> {
        let place = format!("event_types.{}", self.slug);
        let first = self
            .hosts
            .first()
            .or_else(|| self.groups.first().and_then(|group| group.hosts.first()));
        let timezone = match (self.timezone, first) {
            (Some(zone), _) => zone.0,
            (None, Some(key)) => people
                .iter()
                .find(|person| person.key == *key)
                .map(|person| person.timezone.0)
                .ok_or_else(|| invalid(&place, format!("there is no person {key}")))?,
            (None, None) => return Err(invalid(place, "hosts must name somebody")),
        };
        let mut rules = SlotRules::new(timezone, self.duration_minutes);
        if let Some(interval) = self.slot_interval_minutes {
            rules.slot_interval = interval;
        }
        rules.buffers = Buffers {
            before: Minutes(self.buffer_before_minutes),
            after: Minutes(self.buffer_after_minutes),
        };
        rules.minimum_notice = Minutes(self.minimum_notice_minutes);
        rules.booking_window = self.booking_window;
        rules.limits = self.limits;
        rules.capacity = self.seats;
        let hours = availability(&place, timezone, self.hours.as_ref(), &self.overrides)?;
        let others = self.other_durations_minutes.clone();
        let refused = |error: &dyn std::fmt::Display| invalid(&place, error.to_string());
        Ok(NewEventType {
            slug: self.slug.clone(),
            title: self.title.clone(),
            description: self.description.clone(),
            category: self.category.clone(),
            rules,
            durations: Durations::new(others, self.slot_steps).map_err(|e| refused(&e))?,
            hours: hours.map_or(EventHours::OfHosts, |availability| EventHours::Own {
                availability,
                within_hosts: self.within_hosts_hours,
            }),
            hosting: self.hosting(&place, ids)?,
            host_schedules: BTreeMap::new(),
            locations: self.locations().map_err(|e| refused(&e))?,
            form: BookingForm {
                questions: self.questions.clone(),
                max_guests: self.max_guests,
            },
            policy: BookingPolicy {
                approval: self.approval.map(|entry| Approval {
                    answer_within: entry.answer_within_minutes,
                }),
                cancel: self.cancel.into(),
                reschedule: self.reschedule.into(),
            },
            appearance: Appearance {
                colour: self.colour,
                banner: None,
                confirmation_message: self.confirmation_message.clone(),
                redirect_url: self.redirect_url.clone(),
            },
            reminders: self.reminders().map_err(|e| refused(&e))?,
            status: self.status,
        })
    }

    /// `location` for one place, `locations` for several.
    fn locations(&self) -> Result<Locations, LocationsError> {
        let one = self.location.iter();
        Locations::new(one.chain(&self.locations).cloned().collect())
    }

    /// Without `reminders` those that most event types have.
    fn reminders(&self) -> Result<Reminders, RemindersError> {
        let all = |entries: &[ReminderEntry]| entries.iter().map(Into::into).collect();
        let before = match &self.reminders {
            Some(entries) => all(entries),
            None => Reminders::default().before().to_vec(),
        };
        Reminders::new(before, all(&self.follow_ups))
    }

    fn hosting(
        &self,
        place: &str,
        ids: &BTreeMap<String, UserId>,
    ) -> Result<Hosting, SetupFileError> {
        let id = |key: &String| {
            ids.get(key)
                .copied()
                .ok_or_else(|| invalid(place, format!("there is no person {key}")))
        };
        let all = |keys: &[String]| keys.iter().map(id).collect::<Result<Vec<_>, _>>();
        let at_least = |required: Option<NonZeroU32>| required.map(Required::AtLeast);
        let kind = match (self.assignment, self.hosts.len(), self.groups.len()) {
            (Some(kind), ..) => kind,
            (None, 1, 0) => AssignmentKind::Single,
            (None, 0, 1..) => AssignmentKind::Panel,
            (None, ..) => {
                return Err(invalid(
                    place,
                    "several hosts need an assignment: round_robin, any_available, collective or all_hands",
                ));
            }
        };
        if (kind == AssignmentKind::Panel) == self.groups.is_empty()
            || (kind == AssignmentKind::Panel) != self.hosts.is_empty()
        {
            return Err(invalid(
                place,
                "a panel has groups, everything else has hosts",
            ));
        }
        if self.required.is_some() && kind != AssignmentKind::Collective {
            return Err(invalid(
                place,
                "required goes with the assignment collective",
            ));
        }
        if !self.weights.is_empty() && kind != AssignmentKind::RoundRobin {
            return Err(invalid(place, "weights go with the assignment round_robin"));
        }
        if kind == AssignmentKind::Single && self.hosts.len() != 1 {
            return Err(invalid(place, "the assignment single has one host"));
        }
        let groups = match kind {
            AssignmentKind::Panel => self
                .groups
                .iter()
                .map(|group| {
                    Ok(HostGroup {
                        hosts: all(&group.hosts)?,
                        required: at_least(group.required).unwrap_or(Required::All),
                    })
                })
                .collect::<Result<Vec<_>, SetupFileError>>()?,
            AssignmentKind::RoundRobin | AssignmentKind::AnyAvailable => vec![HostGroup {
                hosts: all(&self.hosts)?,
                required: Required::ONE,
            }],
            AssignmentKind::Single | AssignmentKind::Collective | AssignmentKind::AllHands => {
                vec![HostGroup {
                    hosts: all(&self.hosts)?,
                    required: at_least(self.required).unwrap_or(Required::All),
                }]
            }
        };
        let weights = self
            .weights
            .iter()
            .map(|(key, weight)| Ok((id(key)?, *weight)))
            .collect::<Result<Vec<_>, SetupFileError>>()?;
        Hosting::new(kind, groups, weights).map_err(|error| {
            // The error would name ids; the file knows keys.
            use scheduling_core::event_type::HostingError as E;
            let key = |id: UserId| ids.iter().find(|(_, i)| **i == id).map_or("", |(k, _)| k);
            match error {
                E::HostTwice(host) => {
                    invalid(place, format!("{} is named more than once", key(host)))
                }
                E::Weight(host) => invalid(
                    place,
                    format!(
                        "the weight of {} must be at least 1, and of a host",
                        key(host)
                    ),
                ),
                E::NoHosts | E::RequiresTooMany { .. } | E::Shape(_) => {
                    invalid(place, error.to_string())
                }
            }
        })
    }
}

fn availability(
    place: &str,
    timezone: Tz,
    hours: Option<&Hours>,
    overrides: &[Override],
) -> Result<Option<Availability>, SetupFileError> {
    let Some(hours) = hours else {
        return if overrides.is_empty() {
            Ok(None)
        } else {
            Err(invalid(place, "overrides need hours to differ from"))
        };
    };
    let day = |name: &str, windows: &[Window]| {
        DayHours::new(windows.iter().map(|w| w.0).collect())
            .map_err(|error| invalid(format!("{place}.{name}"), error.to_string()))
    };
    let of = |name: &str, own: &Option<Vec<Window>>, otherwise: &[Window]| {
        day(name, own.as_deref().unwrap_or(otherwise))
    };
    let weekly = WeeklyHours {
        monday: of("hours.monday", &hours.monday, &hours.weekdays)?,
        tuesday: of("hours.tuesday", &hours.tuesday, &hours.weekdays)?,
        wednesday: of("hours.wednesday", &hours.wednesday, &hours.weekdays)?,
        thursday: of("hours.thursday", &hours.thursday, &hours.weekdays)?,
        friday: of("hours.friday", &hours.friday, &hours.weekdays)?,
        saturday: of("hours.saturday", &hours.saturday, &[])?,
        sunday: of("hours.sunday", &hours.sunday, &[])?,
    };
    let overrides = overrides
        .iter()
        .map(|o| {
            Ok(DateOverride {
                date: o.date,
                hours: day(&format!("overrides.{}", o.date), &o.windows)?,
            })
        })
        .collect::<Result<Vec<_>, SetupFileError>>()?;
    Availability::new(timezone, weekly, overrides)
        .map(Some)
        .map_err(|error| invalid(place, error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scheduling_app::SchedulingBuilder;
    use scheduling_testkit::builders::instant;
    use scheduling_testkit::{
        ManualClock, MemoryStorage, PlainSealer, SequenceIds, SequenceSecrets, TestLinks,
    };

    use super::*;

    fn scheduling() -> (Arc<dyn Storage>, Scheduling) {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
        let scheduling = SchedulingBuilder {
            storage: Arc::clone(&storage),
            clock: Arc::new(ManualClock::at(instant("2026-11-20T08:00:00Z"))),
            ids: Arc::new(SequenceIds::new()),
            secrets: Arc::new(SequenceSecrets::new()),
            sealer: Arc::new(PlainSealer),
            links: Arc::new(TestLinks),
        };
        (storage, scheduling.build())
    }

    fn event_type(lines: &str) -> String {
        format!(
            r#"
            [workspace]
            slug = "acme"
            name = "Acme"
            [[people]]
            key = "ann"
            name = "Ann"
            email = "ann@acme.example"
            timezone = "Europe/Berlin"
            hours = {{ weekdays = ["09:00-17:00"] }}
            [[people]]
            key = "bob"
            name = "Bob"
            email = "bob@acme.example"
            timezone = "Asia/Tokyo"
            [[event_types]]
            slug = "intro"
            title = "Intro"
            duration_minutes = 30
            location = {{ kind = "phone", instructions = "We call" }}
            {lines}
            "#
        )
    }

    #[actix_web::test]
    async fn applying_twice_adds_once_and_a_longer_file_adds_the_rest() {
        let (storage, scheduling) = scheduling();
        let file = SetupFile::parse(&event_type("hosts = [\"ann\"]")).unwrap();
        let is_added = |applied: &Applied| matches!(applied, Applied::Added(_));
        let first = file.apply(&scheduling, &*storage).await.unwrap();
        assert!(first.iter().all(is_added) && first.len() == 4, "{first:?}");
        let second = file.apply(&scheduling, &*storage).await.unwrap();
        assert!(
            !second.iter().any(is_added) && second.len() == 4,
            "{second:?}"
        );

        let longer =
            event_type("hosts = [\"ann\"]").replace("slug = \"intro\"", "slug = \"outro\"");
        let third = SetupFile::parse(&longer).unwrap();
        let third = third.apply(&scheduling, &*storage).await.unwrap();
        let added: Vec<_> = third.iter().filter(|applied| is_added(applied)).collect();
        assert_eq!(added, [&Applied::Added("event type outro".to_owned())]);
        let page = scheduling
            .landing_page(&"acme".parse().unwrap())
            .await
            .unwrap();
        let slugs: Vec<_> = page
            .unwrap()
            .event_types
            .into_iter()
            .map(|(e, _)| e.slug.to_string())
            .collect();
        assert_eq!(slugs, ["intro", "outro"]);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (lines, complaint) in [
            ("", "event_types.intro: hosts must name somebody"),
            (
                "hosts = [\"eve\"]",
                "event_types.intro: there is no person eve",
            ),
            (
                "hosts = [\"ann\", \"ann\"]\nassignment = \"collective\"",
                "event_types.intro: ann is named more than once",
            ),
            (
                "hosts = [\"ann\", \"bob\"]",
                "event_types.intro: several hosts need an assignment: round_robin, any_available, collective or all_hands",
            ),
            (
                "hosts = [\"ann\", \"bob\"]\nassignment = \"single\"",
                "event_types.intro: the assignment single has one host",
            ),
            (
                "hosts = [\"ann\", \"bob\"]\nassignment = \"collective\"\nrequired = 3",
                "event_types.intro: a group of 2 cannot require 3 hosts",
            ),
            (
                "hosts = [\"ann\"]\nassignment = \"round_robin\"\nweights = { bob = 2 }",
                "event_types.intro: the weight of bob must be at least 1, and of a host",
            ),
            (
                "hosts = [\"ann\"]\nrequired = 1",
                "event_types.intro: required goes with the assignment collective",
            ),
            (
                "groups = [{ hosts = [\"ann\"] }]\nassignment = \"collective\"",
                "event_types.intro: a panel has groups, everything else has hosts",
            ),
            (
                "hosts = [\"ann\"]\nhours = { monday = [\"10:00-09:00\"] }",
                "event_types.intro.hours.monday: the window 10:00-09:00 must end after it starts; hours past midnight are two windows",
            ),
            (
                "hosts = [\"ann\"]\nhours = { monday = [\"9-10\"] }",
                "event_types.0.hours.monday.0: \"9\" is not a time from 00:00 to 24:00",
            ),
            (
                "hosts = [\"ann\"]\noverrides = [{ date = \"2026-12-24\" }]",
                "event_types.intro: overrides need hours to differ from",
            ),
            (
                "hosts = [\"ann\"]\nseats = 0",
                "event_types.0.seats: must be at least 1",
            ),
        ] {
            let error = SetupFile::parse(&event_type(lines))
                .unwrap_err()
                .to_string();
            assert_eq!(error, complaint, "{lines}");
        }
        let unknown = SetupFile::parse(&event_type("hosts = [\"ann\"]\nduraton = 3")).unwrap_err();
        assert!(unknown.to_string().contains("duraton"), "{unknown}");
        assert!(SetupFile::parse("[workspace").is_err());
    }

    #[test]
    fn the_documented_example_and_the_demo_can_be_applied() {
        let page = include_str!("../../../docs/reference/setup-file.md");
        let example = page
            .split("```")
            .nth(1)
            .unwrap()
            .strip_prefix("toml\n")
            .unwrap();
        SetupFile::parse(example).unwrap();
        SetupFile::parse(crate::demo::SETUP).unwrap();
    }
}
