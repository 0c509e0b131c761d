//! The settings of an event type, as its managers see and send them.

use chrono::NaiveDate;
use scheduling_app::event_types::EventTypeSettings;
use scheduling_core::event_type::{
    Appearance, BookingForm, BookingLimits, BookingPolicy, BookingWindow, Buffers, Capacity,
    Durations, EventHours, EventTypeStatus, Locations, SlotRules, SlotSteps,
};
use scheduling_core::ids::ScheduleId;
use scheduling_core::time::{Length, Minutes};
use serde::Serialize;
use utoipa::ToSchema;

use super::hosting::{self, AssignmentView, GroupView};
use super::hours::{self, AvailabilityView};
use super::location::{self, LocationView};
use super::policy::{self, ApprovalView, ChangeRuleView, ReminderView};
use super::question::{self, QuestionView};
use crate::http::fields::{Errors, Fields};
use crate::http::ids::WireId;

/// The largest number of seats.
const MOST_SEATS: u32 = 10_000;
/// The longest buffer: a day.
const LONGEST_BUFFER: u32 = 24 * 60;

/// Whether guests can find and book an event type.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = EventTypeStatus)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum StatusView {
    /// Listed and bookable.
    Active,
    /// Bookable by whoever has the link.
    Hidden,
    /// Not bookable for now.
    Inactive,
    /// Put away for good.
    Archived,
}

const STATUSES: &[(&str, EventTypeStatus)] = &[
    ("active", EventTypeStatus::Active),
    ("hidden", EventTypeStatus::Hidden),
    ("inactive", EventTypeStatus::Inactive),
    ("archived", EventTypeStatus::Archived),
];

impl From<EventTypeStatus> for StatusView {
    fn from(status: EventTypeStatus) -> Self {
        match status {
            EventTypeStatus::Active => Self::Active,
            EventTypeStatus::Hidden => Self::Hidden,
            EventTypeStatus::Inactive => Self::Inactive,
            EventTypeStatus::Archived => Self::Archived,
        }
    }
}

/// The dates that can be booked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingWindow)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(in crate::rest::v1) enum WindowView {
    /// Any date.
    Open,
    /// Up to today and this many days.
    RollingDays { days: u32 },
    /// From one date to another, both inclusive.
    Dates {
        #[schema(value_type = String, format = Date)]
        from: NaiveDate,
        #[schema(value_type = String, format = Date)]
        to: NaiveDate,
    },
}

impl From<BookingWindow> for WindowView {
    fn from(window: BookingWindow) -> Self {
        match window {
            BookingWindow::Open => Self::Open,
            BookingWindow::RollingDays { days } => Self::RollingDays { days },
            BookingWindow::Dates { from, to } => Self::Dates { from, to },
        }
    }
}

/// Whose hours hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventHours)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(in crate::rest::v1) enum HoursView {
    /// The hosts'.
    OfHosts,
    /// Hours of its own.
    Own {
        availability: AvailabilityView,
        /// Whether a host must be within his own hours too.
        #[schema(required = false)]
        within_hosts: bool,
    },
    /// Those of a schedule.
    Schedule {
        #[schema(example = "sc_0190b0c47d5e70008000000000000001")]
        schedule: String,
        /// Whether a host must be within his own hours too.
        #[schema(required = false)]
        within_hosts: bool,
    },
}

impl HoursView {
    fn of(hours: &EventHours) -> Self {
        match hours {
            EventHours::OfHosts => Self::OfHosts,
            EventHours::Own {
                availability,
                within_hosts,
            } => Self::Own {
                availability: AvailabilityView::of(availability),
                within_hosts: *within_hosts,
            },
            EventHours::Schedule {
                schedule,
                within_hosts,
            } => Self::Schedule {
                schedule: schedule.wire(),
                within_hosts: *within_hosts,
            },
        }
    }
}

/// Time kept free around a booking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Buffers)]
pub(in crate::rest::v1) struct BuffersView {
    #[schema(required = false, maximum = 1440)]
    before_minutes: u32,
    #[schema(required = false, maximum = 1440)]
    after_minutes: u32,
}

/// How many bookings of this event type a host takes. Null is no limit, 0 is never.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingLimits)]
#[expect(clippy::struct_field_names, reason = "they are the members' names")]
pub(in crate::rest::v1) struct LimitsView {
    per_day: Option<u32>,
    per_week: Option<u32>,
    per_month: Option<u32>,
}

/// The settings of an event type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventTypeSettings)]
pub(in crate::rest::v1) struct SettingsView {
    /// Its part of the link, unique in the workspace.
    #[schema(example = "first-conversation", max_length = 64)]
    slug: String,
    #[schema(example = "First conversation", max_length = 120)]
    title: String,
    #[schema(max_length = 4000)]
    description: Option<String>,
    /// The heading it stands under on the workspace's page.
    #[schema(max_length = 120)]
    category: Option<String>,
    /// `active`, unless it is said.
    #[schema(required = false)]
    status: StatusView,
    /// How long a meeting lasts.
    #[schema(example = 30, minimum = 5, maximum = 1440)]
    duration_minutes: u32,
    /// How long it can last instead, where the invitee chooses.
    #[schema(required = false, max_items = 11)]
    other_durations_minutes: Vec<u32>,
    /// Minutes from one possible start to the next; `duration_minutes`, unless it is said.
    #[schema(required = false, minimum = 1, maximum = 1440)]
    slot_interval_minutes: u32,
    /// Whether starts stand a whole meeting apart, whichever duration is chosen.
    #[schema(required = false)]
    slot_interval_follows_duration: bool,
    #[schema(required = false)]
    buffers: BuffersView,
    /// How long before its start a slot can be booked at the latest: 120, unless it is said.
    #[schema(required = false, maximum = 1_054_080)]
    minimum_notice_minutes: u32,
    /// The next 60 days, unless it is said.
    #[schema(required = false)]
    booking_window: WindowView,
    #[schema(required = false)]
    limits: LimitsView,
    /// How many bookings share a meeting: 1, unless it is said.
    #[schema(required = false, minimum = 1, maximum = 10_000)]
    seats: u32,
    /// The zone in which the booking window is counted.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// `single`, unless it is said.
    #[schema(required = false)]
    assignment: AssignmentView,
    host_groups: Vec<GroupView>,
    /// The hosts' hours, unless it is said.
    #[schema(required = false)]
    hours: HoursView,
    /// The places an invitee can choose from; the first is the default.
    #[schema(min_items = 1, max_items = 10)]
    locations: Vec<LocationView>,
    #[schema(required = false, max_items = 50)]
    questions: Vec<QuestionView>,
    /// How many guests the invitee may bring: 0, unless it is said.
    #[schema(required = false, maximum = 20)]
    max_guests: u8,
    /// Whether a booking waits for a host's approval; null, unless it is said: it does not.
    approval: Option<ApprovalView>,
    #[schema(required = false)]
    cancellation: ChangeRuleView,
    #[schema(required = false)]
    rescheduling: ChangeRuleView,
    #[schema(example = "#1a7f5a", pattern = "^#[0-9a-fA-F]{6}$")]
    colour: Option<String>,
    /// A picture of the workspace.
    #[schema(example = "im_0190b0c47d5e70008000000000000001")]
    banner: Option<String>,
    #[schema(max_length = 4000)]
    confirmation_message: Option<String>,
    /// Where an invitee is sent once the booking is made.
    #[schema(max_length = 1000)]
    redirect_url: Option<String>,
    /// A day and an hour before the start, unless it is said.
    #[schema(required = false, max_items = 5)]
    reminders: Vec<ReminderView>,
    /// None, unless it is said.
    #[schema(required = false, max_items = 5)]
    follow_ups: Vec<ReminderView>,
}

impl SettingsView {
    pub(in crate::rest::v1) fn of(settings: &EventTypeSettings) -> Self {
        let (rules, look) = (&settings.rules, &settings.appearance);
        let text = |text: Option<&dyn ToString>| text.map(ToString::to_string);
        Self {
            slug: settings.slug.to_string(),
            title: settings.title.to_string(),
            description: text(settings.description.as_ref().map(|t| t as _)),
            category: text(settings.category.as_ref().map(|t| t as _)),
            status: settings.status.into(),
            duration_minutes: rules.duration.get(),
            other_durations_minutes: settings
                .durations
                .others()
                .iter()
                .map(|d| d.get())
                .collect(),
            slot_interval_minutes: rules.slot_interval.get(),
            slot_interval_follows_duration: settings.durations.steps == SlotSteps::Duration,
            buffers: BuffersView {
                before_minutes: rules.buffers.before.0,
                after_minutes: rules.buffers.after.0,
            },
            minimum_notice_minutes: rules.minimum_notice.0,
            booking_window: rules.booking_window.into(),
            limits: LimitsView {
                per_day: rules.limits.per_day,
                per_week: rules.limits.per_week,
                per_month: rules.limits.per_month,
            },
            seats: rules.capacity.get(),
            timezone: rules.timezone.name().to_owned(),
            assignment: settings.hosting.kind().into(),
            host_groups: GroupView::list(&settings.hosting, &settings.host_schedules),
            hours: HoursView::of(&settings.hours),
            locations: LocationView::list(&settings.locations),
            questions: QuestionView::list(&settings.form.questions),
            max_guests: settings.form.max_guests,
            approval: settings.policy.approval.map(Into::into),
            cancellation: settings.policy.cancel.into(),
            rescheduling: settings.policy.reschedule.into(),
            colour: text(look.colour.as_ref().map(|t| t as _)),
            banner: look.banner.map(WireId::wire),
            confirmation_message: text(look.confirmation_message.as_ref().map(|t| t as _)),
            redirect_url: text(look.redirect_url.as_ref().map(|t| t as _)),
            reminders: ReminderView::list(settings.reminders.before()),
            follow_ups: ReminderView::list(settings.reminders.after()),
        }
    }
}

/// Reads the settings of an event type. `None` when something is wrong, which is noted.
pub(in crate::rest::v1) fn read(
    mut fields: Fields,
    errors: &mut Errors,
) -> Option<EventTypeSettings> {
    // What answers have beside the settings, and clients send back.
    fields.ignore(&["id", "version", "url", "position"]);
    let slug = fields.required("slug", errors);
    let title = fields.required("title", errors);
    let description = fields.optional("description", errors);
    let category = fields.optional("category", errors);
    let status = fields.choice("status", STATUSES, errors);
    let times = read_times(&mut fields, errors);
    let hosting = hosting::read(&mut fields, errors);
    let hours = read_hours(&mut fields, errors);
    let locations = read_locations(&mut fields, errors);
    let has_questions = fields.has("questions");
    let questions = question::read_questions(&mut fields, errors);
    let max_guests = fields.number_or("max_guests", 0..=BookingForm::MOST_GUESTS.into(), 0, errors);
    let policy = BookingPolicy {
        approval: policy::read_approval(&mut fields, errors),
        cancel: policy::read_rule("cancellation", &mut fields, errors),
        reschedule: policy::read_rule("rescheduling", &mut fields, errors),
    };
    let appearance = Appearance {
        colour: fields.optional("colour", errors),
        banner: fields.id("banner", errors),
        confirmation_message: fields.optional("confirmation_message", errors),
        redirect_url: fields.optional("redirect_url", errors),
    };
    let reminders = policy::read_reminders(&mut fields, errors);
    fields.finish(errors);
    let (rules, durations) = times?;
    let (hosting, host_schedules) = hosting?;
    Some(EventTypeSettings {
        slug: slug?,
        title: title?,
        description,
        category,
        rules,
        durations,
        hours: hours?,
        hosting,
        host_schedules,
        locations: locations?,
        form: BookingForm {
            questions: if has_questions {
                questions?
            } else {
                questions.unwrap_or_default()
            },
            max_guests: u8::try_from(max_guests).unwrap_or(BookingForm::MOST_GUESTS),
        },
        policy,
        appearance,
        reminders: reminders?,
        status: status.unwrap_or(EventTypeStatus::Active),
    })
}

/// Reads when meetings can start and how long they last.
fn read_times(fields: &mut Fields, errors: &mut Errors) -> Option<(SlotRules, Durations)> {
    let range = Durations::SHORTEST..=Durations::LONGEST;
    let length = |minutes: u32| Length::new(minutes).ok();
    let duration = fields
        .need("duration_minutes", errors)
        .and_then(|item| item.number(range.clone(), errors))
        .and_then(length);
    let at = fields.at("other_durations_minutes");
    let others = fields
        .list(
            "other_durations_minutes",
            Durations::MOST,
            errors,
            |item, errors| item.number(range.clone(), errors).and_then(length),
        )
        .unwrap_or_default();
    let interval = fields.number("slot_interval_minutes", 1..=LONGEST_BUFFER, errors);
    let steps = if fields.flag("slot_interval_follows_duration", false, errors) {
        SlotSteps::Duration
    } else {
        SlotSteps::Interval
    };
    let buffers = read_buffers(fields, errors);
    let notice = fields.number_or(
        "minimum_notice_minutes",
        0..=policy::LONGEST_MINUTES,
        120,
        errors,
    );
    let booking_window = read_window(fields, errors);
    let limits = read_limits(fields, errors);
    let seats = fields.number_or("seats", 1..=MOST_SEATS, 1, errors);
    let timezone = fields
        .need("timezone", errors)
        .and_then(|item| item.zone(errors));
    let durations = match Durations::new(others, steps) {
        Ok(durations) => Some(durations),
        Err(error) => {
            errors.add(at, "durations", error.to_string());
            None
        }
    };
    let duration = duration?;
    let rules = SlotRules {
        slot_interval: interval.and_then(length).unwrap_or(duration),
        buffers,
        minimum_notice: Minutes(notice),
        booking_window: booking_window?,
        limits,
        capacity: Capacity::seats(seats).unwrap_or(Capacity::ONE),
        ..SlotRules::new(timezone?, duration)
    };
    Some((rules, durations?))
}

fn read_buffers(fields: &mut Fields, errors: &mut Errors) -> Buffers {
    let Some(mut fields) = fields.object("buffers", errors) else {
        return Buffers::default();
    };
    let buffers = Buffers {
        before: Minutes(fields.number_or("before_minutes", 0..=LONGEST_BUFFER, 0, errors)),
        after: Minutes(fields.number_or("after_minutes", 0..=LONGEST_BUFFER, 0, errors)),
    };
    fields.finish(errors);
    buffers
}

fn read_limits(fields: &mut Fields, errors: &mut Errors) -> BookingLimits {
    let Some(mut fields) = fields.object("limits", errors) else {
        return BookingLimits::default();
    };
    let limits = BookingLimits {
        per_day: fields.number("per_day", 0..=u32::MAX, errors),
        per_week: fields.number("per_week", 0..=u32::MAX, errors),
        per_month: fields.number("per_month", 0..=u32::MAX, errors),
    };
    fields.finish(errors);
    limits
}

fn read_window(fields: &mut Fields, errors: &mut Errors) -> Option<BookingWindow> {
    if !fields.has("booking_window") {
        fields.ignore(&["booking_window"]);
        return Some(BookingWindow::RollingDays { days: 60 });
    }
    let mut fields = fields.object("booking_window", errors)?;
    let at = fields.at("kind");
    let window = match fields.required_text("kind", errors).as_deref() {
        Some("open") => Some(BookingWindow::Open),
        Some("rolling_days") => fields
            .need("days", errors)
            .and_then(|item| item.number(0..=36_600, errors))
            .map(|days| BookingWindow::RollingDays { days }),
        Some("dates") => {
            let from: Option<NaiveDate> = fields.required("from", errors);
            let to: Option<NaiveDate> = fields.required("to", errors);
            from.zip(to)
                .map(|(from, to)| BookingWindow::Dates { from, to })
        }
        Some(_) => {
            errors.add(
                at,
                "unknown_value",
                "must be one of open, rolling_days, dates",
            );
            None
        }
        None => None,
    };
    fields.finish(errors);
    window
}

fn read_hours(fields: &mut Fields, errors: &mut Errors) -> Option<EventHours> {
    if !fields.has("hours") {
        fields.ignore(&["hours"]);
        return Some(EventHours::OfHosts);
    }
    let mut fields = fields.object("hours", errors)?;
    let at = fields.at("kind");
    let hours = match fields.required_text("kind", errors).as_deref() {
        Some("of_hosts") => Some(EventHours::OfHosts),
        Some("own") => {
            let within_hosts = fields.flag("within_hosts", false, errors);
            let availability =
                fields
                    .required_object("availability", errors)
                    .and_then(|mut own| {
                        let availability = hours::read_availability(&mut own, errors);
                        own.finish(errors);
                        availability
                    });
            availability.map(|availability| EventHours::Own {
                availability,
                within_hosts,
            })
        }
        Some("schedule") => {
            let within_hosts = fields.flag("within_hosts", false, errors);
            let schedule = fields
                .need("schedule", errors)
                .and_then(|item| item.id::<ScheduleId>(errors));
            schedule.map(|schedule| EventHours::Schedule {
                schedule,
                within_hosts,
            })
        }
        Some(_) => {
            errors.add(
                at,
                "unknown_value",
                "must be one of of_hosts, own, schedule",
            );
            None
        }
        None => None,
    };
    fields.finish(errors);
    hours
}

fn read_locations(fields: &mut Fields, errors: &mut Errors) -> Option<Locations> {
    let at = fields.at("locations");
    let locations =
        fields
            .need("locations", errors)?
            .list(Locations::MOST, errors, location::read)?;
    match Locations::new(locations) {
        Ok(locations) => Some(locations),
        Err(error) => {
            errors.add(at, "locations", error.to_string());
            None
        }
    }
}
