//! Bookings, as their invitees and as the members of the workspace see them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_app::ManageToken;
use scheduling_app::bookings::{Actions, BookingDetails, Permission};
use scheduling_core::booking::{
    Attendee, AttendeeRole, Booking, BookingState, BookingStatus, Party, Rsvp,
};
use scheduling_core::directory::Person;
use scheduling_core::event_type::{EventType, ReasonPolicy};
use scheduling_core::ids::UserId;
use scheduling_core::ports::Links as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::location::PlaceView;
use super::person::HostView;
use super::policy::ReasonPolicyView;
use super::question::AnswerView;
use crate::Kalends;
use crate::http::ids::WireId;
use crate::http::local_time::in_zone;

/// The event type of a booking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookedEventType)]
pub(in crate::rest::v1) struct BookedEventTypeView {
    #[schema(example = "et_0190b0c47d5e70008000000000000001")]
    id: String,
    slug: String,
    title: String,
}

impl BookedEventTypeView {
    fn of(event_type: &EventType) -> Self {
        Self {
            id: event_type.id.wire(),
            slug: event_type.slug.to_string(),
            title: event_type.title.to_string(),
        }
    }
}

/// Where a booking is in its life.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = BookingStatus)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum BookingStatusView {
    /// It waits for something.
    Pending,
    /// It takes place.
    Confirmed,
    /// It took place.
    Completed,
    /// A host refused it.
    Declined,
    /// It was called off.
    Cancelled,
    /// The invitee did not come.
    NoShow,
    /// It gave up waiting.
    Expired,
}

impl From<BookingStatus> for BookingStatusView {
    fn from(status: BookingStatus) -> Self {
        match status {
            BookingStatus::Pending => Self::Pending,
            BookingStatus::Confirmed => Self::Confirmed,
            BookingStatus::Completed => Self::Completed,
            BookingStatus::Declined => Self::Declined,
            BookingStatus::Cancelled => Self::Cancelled,
            BookingStatus::NoShow => Self::NoShow,
            BookingStatus::Expired => Self::Expired,
        }
    }
}

/// The words for states.
pub(in crate::rest::v1) const STATUSES: &[(&str, BookingStatus)] = &[
    ("pending", BookingStatus::Pending),
    ("confirmed", BookingStatus::Confirmed),
    ("completed", BookingStatus::Completed),
    ("declined", BookingStatus::Declined),
    ("cancelled", BookingStatus::Cancelled),
    ("no_show", BookingStatus::NoShow),
    ("expired", BookingStatus::Expired),
];

/// Who did something.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Party)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum PartyView {
    Invitee,
    Host,
    System,
}

impl From<Party> for PartyView {
    fn from(party: Party) -> Self {
        match party {
            Party::Invitee => Self::Invitee,
            Party::Host => Self::Host,
            Party::System => Self::System,
        }
    }
}

/// Whether somebody may do something to a booking now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub(in crate::rest::v1) struct PermissionView {
    allowed: bool,
    /// Until when he may, or might have.
    until: Option<String>,
    /// Whether a reason is asked for.
    reason: Option<ReasonPolicyView>,
}

impl PermissionView {
    fn of(permission: Permission, zone: Tz) -> Self {
        let (allowed, until, reason): (bool, Option<DateTime<Utc>>, Option<ReasonPolicy>) =
            match permission {
                Permission::Granted { reason, until } => (true, Some(until), Some(reason)),
                Permission::CutoffPassed { until } => (false, Some(until), None),
                Permission::NotAllowed | Permission::Finished => (false, None, None),
            };
        Self {
            allowed,
            until: until.map(|until| in_zone(until, zone)),
            reason: reason.map(Into::into),
        }
    }
}

/// What the reader can do to a booking now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingActions)]
pub(in crate::rest::v1) struct ActionsView {
    /// Approve or decline it.
    answer: bool,
    cancel: PermissionView,
    reschedule: PermissionView,
    /// Note that it took place.
    complete: bool,
    /// Note that the invitee did not come.
    no_show: bool,
}

impl ActionsView {
    fn of(actions: &Actions, zone: Tz) -> Self {
        Self {
            answer: actions.answer,
            cancel: PermissionView::of(actions.cancel, zone),
            reschedule: PermissionView::of(actions.reschedule, zone),
            complete: actions.complete,
            no_show: actions.mark_no_show,
        }
    }
}

/// Who booked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitee)]
pub(in crate::rest::v1) struct InviteeView {
    name: String,
    email: String,
    timezone: String,
}

/// Somebody the invitee brings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Guest)]
pub(in crate::rest::v1) struct GuestView {
    name: String,
    email: String,
}

/// A booking, as its invitee sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Booking)]
pub(in crate::rest::v1) struct BookingView {
    #[schema(example = "bk_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Grows with every change; also the `ETag`.
    version: u32,
    status: BookingStatusView,
    /// When a request that waits for an answer gives up waiting.
    waits_until: Option<String>,
    /// The workspace's slug.
    workspace: String,
    event_type: BookedEventTypeView,
    /// With the invitee's offset.
    #[schema(example = "2026-11-24T09:00:00+01:00")]
    start: String,
    end: String,
    /// The invitee's zone.
    timezone: String,
    duration_minutes: i64,
    location: PlaceView,
    hosts: Vec<HostView>,
    invitee: Option<InviteeView>,
    guests: Vec<GuestView>,
    note: Option<String>,
    answers: Vec<AnswerView>,
    /// Why it was called off or declined, where somebody said so.
    cancellation_reason: Option<String>,
    /// What the invitee can do now.
    actions: ActionsView,
    /// What to tell the invitee once it is booked, in the host's words.
    confirmation_message: Option<String>,
    /// Where to send the invitee once it is booked.
    redirect_url: Option<String>,
    created_at: String,
    updated_at: String,
    /// The secret that opens the booking; given once, in the answer to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    manage_token: Option<String>,
    /// The page on which the invitee sees the booking.
    manage_url: String,
    /// The page on which the invitee calls it off.
    cancel_url: String,
    /// The page on which the invitee moves it.
    reschedule_url: String,
}

impl BookingView {
    pub(in crate::rest::v1) fn of(
        details: &BookingDetails,
        token: &ManageToken,
        now: DateTime<Utc>,
        kalends: &Kalends,
    ) -> Self {
        let booking = &details.booking;
        let invitee = booking.invitee();
        let zone = invitee.map_or(details.event_type.rules.timezone, |i| i.timezone);
        let (start, end) = (booking.interval.start(), booking.interval.end());
        let look = &details.event_type.appearance;
        let token = token.to_string();
        let guests = booking
            .attendees
            .iter()
            .filter(|a| a.role == AttendeeRole::Guest);
        Self {
            id: booking.id.wire(),
            version: booking.version,
            status: booking.state.status(end, now).into(),
            waits_until: waits_until(&booking.state).map(|until| in_zone(until, zone)),
            workspace: details.workspace.slug.to_string(),
            event_type: BookedEventTypeView::of(&details.event_type),
            start: in_zone(start, zone),
            end: in_zone(end, zone),
            timezone: zone.name().to_owned(),
            duration_minutes: booking.interval.length().num_minutes(),
            location: PlaceView::of(&booking.place),
            hosts: details.hosts.iter().map(HostView::of).collect(),
            invitee: invitee.map(|invitee| InviteeView {
                name: invitee.name.to_string(),
                email: invitee.email.to_string(),
                timezone: invitee.timezone.name().to_owned(),
            }),
            guests: guests
                .map(|guest| GuestView {
                    name: guest.name.to_string(),
                    email: guest.email.to_string(),
                })
                .collect(),
            note: booking.note.as_ref().map(ToString::to_string),
            answers: AnswerView::list(&booking.answers),
            cancellation_reason: reason(&booking.state),
            actions: ActionsView::of(&details.actions, zone),
            confirmation_message: look.confirmation_message.as_ref().map(ToString::to_string),
            redirect_url: look.redirect_url.as_ref().map(ToString::to_string),
            created_at: in_zone(booking.created_at, Tz::UTC),
            updated_at: in_zone(booking.updated_at, Tz::UTC),
            manage_token: None,
            manage_url: kalends.urls.manage_booking(&token),
            cancel_url: kalends.urls.cancel_booking(&token),
            reschedule_url: kalends.urls.reschedule_booking(&token),
        }
    }

    /// With the secret, which only the answer to the request that made it has.
    pub(in crate::rest::v1) fn with_token(mut self, token: &ManageToken) -> Self {
        self.manage_token = Some(token.to_string());
        self
    }
}

fn waits_until(state: &BookingState) -> Option<DateTime<Utc>> {
    match state {
        BookingState::Pending { expires_at, .. } => *expires_at,
        _ => None,
    }
}

fn reason(state: &BookingState) -> Option<String> {
    match state {
        BookingState::Cancelled { reason, .. } | BookingState::Declined { reason, .. } => {
            reason.as_ref().map(ToString::to_string)
        }
        _ => None,
    }
}

/// Why somebody attends.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = AttendeeRole)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum AttendeeRoleView {
    /// The one who booked.
    Invitee,
    /// Somebody the invitee added.
    Guest,
}

/// An attendee's answer, in iCalendar's words.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Rsvp)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest::v1) enum RsvpView {
    NeedsAction,
    Accepted,
    Tentative,
    Declined,
}

/// Somebody a booking is for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attendee)]
pub(in crate::rest::v1) struct AttendeeView {
    #[schema(example = "at_0190b0c47d5e70008000000000000001")]
    id: String,
    role: AttendeeRoleView,
    name: String,
    email: String,
    timezone: String,
    rsvp: RsvpView,
}

impl AttendeeView {
    pub(in crate::rest::v1) fn of(attendee: &Attendee) -> Self {
        Self {
            id: attendee.id.wire(),
            role: match attendee.role {
                AttendeeRole::Invitee => AttendeeRoleView::Invitee,
                AttendeeRole::Guest => AttendeeRoleView::Guest,
            },
            name: attendee.name.to_string(),
            email: attendee.email.to_string(),
            timezone: attendee.timezone.name().to_owned(),
            rsvp: match attendee.rsvp {
                Rsvp::NeedsAction => RsvpView::NeedsAction,
                Rsvp::Accepted => RsvpView::Accepted,
                Rsvp::Tentative => RsvpView::Tentative,
                Rsvp::Declined => RsvpView::Declined,
            },
        }
    }
}

/// A booking, as the members of the workspace see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HostedBooking)]
pub(in crate::rest::v1) struct HostedBookingView {
    #[schema(example = "bk_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Grows with every change; also the `ETag`.
    version: u32,
    status: BookingStatusView,
    /// When a request that waits for an answer gives up waiting.
    waits_until: Option<String>,
    /// Null when it cannot be read.
    event_type: Option<BookedEventTypeView>,
    /// With the offset of the event type's zone.
    #[schema(example = "2026-11-24T09:00:00+01:00")]
    start: String,
    end: String,
    /// The event type's zone.
    timezone: String,
    duration_minutes: i64,
    location: PlaceView,
    hosts: Vec<HostView>,
    /// The invitee first.
    attendees: Vec<AttendeeView>,
    note: Option<String>,
    answers: Vec<AnswerView>,
    /// Who called it off, if somebody did.
    cancelled_by: Option<PartyView>,
    /// Why it was called off or declined, where somebody said so.
    cancellation_reason: Option<String>,
    /// The booking link it was booked with, if one was used.
    #[schema(example = "bl_0190b0c47d5e70008000000000000001")]
    link: Option<String>,
    /// How often calendars were told of a change: iCalendar's SEQUENCE.
    sequence: u32,
    /// What the reader can do now; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<ActionsView>,
    created_at: String,
    updated_at: String,
}

impl HostedBookingView {
    /// One of a list.
    pub(in crate::rest::v1) fn of(
        booking: &Booking,
        event_type: Option<&EventType>,
        people: &BTreeMap<UserId, Person>,
        now: DateTime<Utc>,
    ) -> Self {
        let hosts = booking.hosts.iter();
        let hosts = hosts
            .filter_map(|host| people.get(&host.user))
            .map(HostView::of);
        Self::with(booking, event_type, hosts.collect(), now)
    }

    /// One with everything.
    pub(in crate::rest::v1) fn whole(details: &BookingDetails, now: DateTime<Utc>) -> Self {
        let hosts = details.hosts.iter().map(HostView::of).collect();
        let zone = details.event_type.rules.timezone;
        Self {
            actions: Some(ActionsView::of(&details.actions, zone)),
            ..Self::with(&details.booking, Some(&details.event_type), hosts, now)
        }
    }

    fn with(
        booking: &Booking,
        event_type: Option<&EventType>,
        hosts: Vec<HostView>,
        now: DateTime<Utc>,
    ) -> Self {
        let zone = event_type.map_or(Tz::UTC, |event_type| event_type.rules.timezone);
        let (start, end) = (booking.interval.start(), booking.interval.end());
        Self {
            id: booking.id.wire(),
            version: booking.version,
            status: booking.state.status(end, now).into(),
            waits_until: waits_until(&booking.state).map(|until| in_zone(until, zone)),
            event_type: event_type.map(BookedEventTypeView::of),
            start: in_zone(start, zone),
            end: in_zone(end, zone),
            timezone: zone.name().to_owned(),
            duration_minutes: booking.interval.length().num_minutes(),
            location: PlaceView::of(&booking.place),
            hosts,
            attendees: booking.attendees.iter().map(AttendeeView::of).collect(),
            note: booking.note.as_ref().map(ToString::to_string),
            answers: AnswerView::list(&booking.answers),
            cancelled_by: match &booking.state {
                BookingState::Cancelled { by, .. } => Some((*by).into()),
                _ => None,
            },
            cancellation_reason: reason(&booking.state),
            link: booking.link.map(WireId::wire),
            sequence: booking.sequence,
            actions: None,
            created_at: in_zone(booking.created_at, Tz::UTC),
            updated_at: in_zone(booking.updated_at, Tz::UTC),
        }
    }
}
