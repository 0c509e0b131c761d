//! What makes no sense in what somebody asks for, field by field.

use std::fmt;

use scheduling_core::event_type::{BookingForm, DurationsError};
use scheduling_core::ids::UserId;
use scheduling_core::ports::WordsError;
use thiserror::Error;

/// A field, as refusals name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// An event type's hosts.
    Hosts,
    /// The schedules its hosts use for it.
    HostSchedules,
    /// Its own hours.
    Hours,
    /// Its default duration.
    Duration,
    /// Its further durations.
    Durations,
    /// How far apart its starts are.
    SlotInterval,
    /// The time kept free around its bookings.
    Buffers,
    /// How long before its start a slot can be booked.
    MinimumNotice,
    /// How far ahead it can be booked.
    BookingWindow,
    /// How many bookings share a meeting.
    Capacity,
    /// Where people meet.
    Locations,
    /// How many guests an invitee may bring.
    MaxGuests,
    /// The picture at the head of its page.
    Banner,
    /// How long a request waits for approval.
    Approval,
    /// When an invitee may still cancel.
    CancelNotice,
    /// When an invitee may still move it.
    RescheduleNotice,
    /// Where event types stand.
    Order,
    /// When a link ends.
    ExpiresAt,
    /// A schedule's dates that differ.
    Overrides,
    /// Whose schedule it is.
    Owner,
    /// Whose time off it is.
    Scope,
    /// A message's subject.
    Subject,
    /// A message's body.
    Body,
    /// The booking that a preview is about.
    Booking,
    /// A picture.
    Image,
}

impl Field {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hosts => "hosts",
            Self::HostSchedules => "host_schedules",
            Self::Hours => "hours",
            Self::Duration => "duration",
            Self::Durations => "durations",
            Self::SlotInterval => "slot_interval",
            Self::Buffers => "buffers",
            Self::MinimumNotice => "minimum_notice",
            Self::BookingWindow => "booking_window",
            Self::Capacity => "capacity",
            Self::Locations => "locations",
            Self::MaxGuests => "max_guests",
            Self::Banner => "banner",
            Self::Approval => "approval",
            Self::CancelNotice => "cancel_notice",
            Self::RescheduleNotice => "reschedule_notice",
            Self::Order => "order",
            Self::ExpiresAt => "expires_at",
            Self::Overrides => "overrides",
            Self::Owner => "owner",
            Self::Scope => "scope",
            Self::Subject => "subject",
            Self::Body => "body",
            Self::Booking => "booking",
            Self::Image => "image",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a field makes no sense. The message is a sentence fragment that can stand beside the field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// It names a person who is no member of the workspace.
    #[error("must be members of the workspace")]
    NoMember(UserId),
    /// It names a schedule that the workspace does not have, or that is another's.
    #[error("must name a schedule of the workspace, or of the host")]
    NoSuchSchedule,
    /// It names somebody who does not host.
    #[error("must name hosts of the event type")]
    NoHost(UserId),
    /// It names an event type that the workspace does not have, or names one twice.
    #[error("must name event types of the workspace, each once")]
    NoSuchEventType,
    /// It names a picture that the workspace does not have.
    #[error("must name a picture of the workspace")]
    NoSuchImage,
    /// It names a booking that the workspace does not have.
    #[error("must name a booking of the workspace")]
    NoSuchBooking,
    /// A meeting cannot last that long.
    #[error(transparent)]
    Duration(#[from] DurationsError),
    /// It is longer than it may be.
    #[error("must be at most {minutes} minutes")]
    TooLong {
        /// The longest, in minutes.
        minutes: u32,
    },
    /// It is more than there may be.
    #[error("must be at most {most}")]
    TooMany {
        /// The largest number.
        most: u32,
    },
    /// It ends before it begins.
    #[error("must end on or after the day it begins")]
    EndsBeforeItBegins,
    /// It has more days than it may have.
    #[error("must have at most {most} days")]
    TooManyDays {
        /// The largest number of days.
        most: u32,
    },
    /// A date stands in two ranges.
    #[error("must have each date once")]
    DateTwice,
    /// No calendar or account of a host is connected that could make such a video room.
    #[error(
        "needs a connected account for video rooms, and none can be connected yet: give a link or a room address instead"
    )]
    ConferencingNotConnected,
    /// It lies in the past.
    #[error("must lie ahead")]
    InThePast,
    /// Words that cannot be used.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// A picture in a format that pages do not show.
    #[error("must be a PNG, JPEG or WebP picture of at most {} KiB", crate::event_types::LARGEST_IMAGE / 1024)]
    NotAPicture,
}

impl Problem {
    /// A word for it that stays, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoMember(_) => "no-such-member",
            Self::NoSuchSchedule => "no-such-schedule",
            Self::NoHost(_) => "no-such-host",
            Self::NoSuchEventType => "no-such-event-type",
            Self::NoSuchImage => "no-such-image",
            Self::NoSuchBooking => "no-such-booking",
            Self::Duration(_) => "duration-out-of-range",
            Self::TooLong { .. } => "too-long",
            Self::TooMany { .. } => "too-many",
            Self::EndsBeforeItBegins => "ends-before-it-begins",
            Self::TooManyDays { .. } => "too-many-days",
            Self::DateTwice => "date-twice",
            Self::ConferencingNotConnected => "conferencing-not-connected",
            Self::InThePast => "in-the-past",
            Self::Words(_) => "not-a-template",
            Self::NotAPicture => "not-a-picture",
        }
    }

    /// What a list of guests may have at most.
    pub(crate) const TOO_MANY_GUESTS: Self = Self::TooMany {
        most: BookingForm::MOST_GUESTS as u32,
    };
}

/// A field that makes no sense, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Which.
    pub field: Field,
    /// Why.
    pub problem: Problem,
}

impl Invalid {
    /// A field with its problem.
    pub(crate) fn new(field: Field, problem: impl Into<Problem>) -> Self {
        Self {
            field,
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}
