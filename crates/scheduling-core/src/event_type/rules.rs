//! The rules an event type's slots follow.

use chrono_tz::Tz;

use super::{BookingLimits, BookingWindow, Buffers, Capacity};
use crate::time::{Length, Minutes};

/// Everything about an event type that decides which starts are offered, except its hosts and hours.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SlotRules {
    /// The event type's zone: its booking window is counted in this zone's dates.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::zone::by_name"))]
    pub timezone: Tz,
    /// How long a meeting lasts.
    pub duration: Length,
    /// Elapsed minutes from one candidate start to the next.
    pub slot_interval: Length,
    /// Time kept free around a booking.
    pub buffers: Buffers,
    /// How long before its start a slot can be booked at the latest.
    pub minimum_notice: Minutes,
    /// How far ahead guests can book.
    pub booking_window: BookingWindow,
    /// How many bookings of this event type a host takes per day, week and month.
    pub limits: BookingLimits,
    /// How many bookings share one meeting.
    pub capacity: Capacity,
}

impl SlotRules {
    /// Rules for meetings of a length, in a zone, with nothing else restricted: a candidate start every `duration`,
    /// no buffers, no notice, an open window, no limits, one booking a meeting.
    pub fn new(timezone: Tz, duration: Length) -> Self {
        Self {
            timezone,
            duration,
            slot_interval: duration,
            buffers: Buffers::default(),
            minimum_notice: Minutes(0),
            booking_window: BookingWindow::Open,
            limits: BookingLimits::default(),
            capacity: Capacity::ONE,
        }
    }
}
