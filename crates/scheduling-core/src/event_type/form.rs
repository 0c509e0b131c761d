//! What an invitee is asked besides name and address.

use super::Questions;

/// The booking form of an event type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
pub struct BookingForm {
    /// The questions, in the order they are asked.
    pub questions: Questions,
    /// How many guests the invitee may bring, at most [`BookingForm::MOST_GUESTS`]; none where it is 0.
    pub max_guests: u8,
}

impl BookingForm {
    /// The largest number of guests an event type can allow.
    pub const MOST_GUESTS: u8 = 20;
}
