//! The people a booking is for.

use chrono_tz::Tz;

use crate::ids::AttendeeId;
use crate::text::{EmailAddress, PersonName};

/// Why someone attends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum AttendeeRole {
    /// The one who booked.
    Invitee,
    /// Somebody the invitee added.
    Guest,
}

/// An attendee's answer: iCalendar's PARTSTAT (RFC 5545, section 3.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Rsvp {
    /// No answer yet.
    NeedsAction,
    /// Comes.
    Accepted,
    /// Comes perhaps.
    Tentative,
    /// Does not come.
    Declined,
}

/// Somebody a booking is for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Attendee {
    /// The attendee's id within the booking.
    pub id: AttendeeId,
    /// Why the person attends.
    pub role: AttendeeRole,
    /// The name.
    pub name: PersonName,
    /// Where mails go.
    pub email: EmailAddress,
    /// The zone in which pages and mails give times.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::zone::by_name"))]
    pub timezone: Tz,
    /// The answer to the invitation.
    pub rsvp: Rsvp,
}
