//! How an event type shows itself, and what guests see when they have booked.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::ids::ImageId;
use crate::text::{Note, WebAddress};

/// A colour as `#rrggbb`.
///
/// ```
/// use scheduling_core::event_type::Colour;
///
/// assert_eq!("#1A7F5a".parse::<Colour>()?.to_string(), "#1a7f5a");
/// assert!("red".parse::<Colour>().is_err());
/// # Ok::<(), scheduling_core::event_type::NotAColour>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct Colour([u8; 3]);

/// A text that is no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a colour such as #1a7f5a")]
pub struct NotAColour;

impl Colour {
    /// Red, green and blue.
    pub const fn rgb(self) -> [u8; 3] {
        self.0
    }
}

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').ok_or(NotAColour)?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAColour);
        }
        let part =
            |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_nan| NotAColour);
        Ok(Self([part(0)?, part(2)?, part(4)?]))
    }
}

impl TryFrom<String> for Colour {
    type Error = NotAColour;

    fn try_from(text: String) -> Result<Self, NotAColour> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// How an event type shows itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
pub struct Appearance {
    /// Its colour.
    pub colour: Option<Colour>,
    /// A picture at the head of its page.
    pub banner: Option<ImageId>,
    /// What an invitee reads once the booking is made.
    pub confirmation_message: Option<Note>,
    /// Where an invitee is sent once the booking is made.
    pub redirect_url: Option<WebAddress>,
}
