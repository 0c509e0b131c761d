//! Typed identifiers: a UUID that knows what it names.
//!
//! `Display` and serde give the bare UUID; `Debug` names the kind, as `BookingId(0190…)`. On the wire an id carries
//! its kind as a prefix (`bk_…`), which is added and taken off at the edge only.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::ports::IdSource;

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix that names this kind of id on the wire, without the underscore.
            pub const KIND: &'static str = $kind;

            /// Mints a new id. The only way to make one that did not exist before.
            pub fn generate(ids: &dyn IdSource) -> Self {
                Self(ids.next_id())
            }

            /// Takes an id that exists already, from storage or from the wire.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

typed_id!(
    /// A person who can host.
    UserId, "us"
);
typed_id!(
    /// A workspace: one organisation with its people and event types.
    WorkspaceId, "ws"
);
typed_id!(
    /// An event type.
    EventTypeId, "et"
);
typed_id!(
    /// An availability schedule.
    ScheduleId, "sc"
);
typed_id!(
    /// A booking.
    BookingId, "bk"
);
typed_id!(
    /// One attendee of one booking.
    AttendeeId, "at"
);
typed_id!(
    /// A group session: one host's shared meeting of an event type with seats.
    SessionId, "se"
);
typed_id!(
    /// A busy interval in the mirror of a connected calendar.
    BusyId, "by"
);
typed_id!(
    /// A row of the outbox: one effect that is owed to the outside world.
    OutboxId, "ob"
);
typed_id!(
    /// A hold: a slot kept for somebody who is filling in the form.
    HoldId, "hl"
);
typed_id!(
    /// A further link to an event type, with an expiry or a number of uses of its own.
    BookingLinkId, "bl"
);
typed_id!(
    /// Time off.
    TimeOffId, "to"
);
typed_id!(
    /// An entry in a booking's history.
    HistoryId, "hy"
);
typed_id!(
    /// A picture that a workspace has uploaded.
    ImageId, "im"
);
