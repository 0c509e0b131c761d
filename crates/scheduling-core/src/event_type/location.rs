//! Where people meet.

use crate::text::{Note, Title, WebAddress};

/// Where an event type's meetings take place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case")
)]
pub enum Location {
    /// At an address.
    InPerson {
        /// The address, as the invitation gives it.
        address: Title,
    },
    /// A video call at a fixed link.
    Link {
        /// The link.
        url: WebAddress,
    },
    /// By phone; the text says who calls whom and at which number.
    Phone {
        /// Such as "We call you" or a number to dial.
        instructions: Title,
    },
    /// Anything else, in the host's words.
    Custom {
        /// The words.
        text: Note,
    },
}
