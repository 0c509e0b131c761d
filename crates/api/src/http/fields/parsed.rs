//! Texts that are parsed, with the codes their failures have.

use std::fmt::Display;
use std::str::FromStr;

use chrono::NaiveDate;
use scheduling_core::event_type::{Colour, RoomTemplate};
use scheduling_core::recurrence::RecurrenceRule;
use scheduling_core::text::{
    EmailAddress, Line, Note, PersonName, PhoneNumber, Slug, TextError, Title, WebAddress,
};
use scheduling_core::time::TimeOfDay;

/// A text that is parsed, with the code its failure has.
pub(crate) trait Parsed: FromStr {
    /// The code for programs.
    fn code(error: &Self::Err) -> &'static str;
    /// The sentence fragment for people.
    fn detail(error: &Self::Err) -> String;
}

macro_rules! parsed_text {
    ($($text:ty),* $(,)?) => {$(
        impl Parsed for $text {
            fn code(error: &TextError) -> &'static str {
                text_code(error)
            }
            fn detail(error: &TextError) -> String {
                error.to_string()
            }
        }
    )*};
}

parsed_text!(
    EmailAddress,
    Line,
    Note,
    PersonName,
    PhoneNumber,
    Slug,
    Title,
    WebAddress,
);

macro_rules! parsed {
    ($($kind:ty, $code:literal;)*) => {$(
        impl Parsed for $kind {
            fn code(_error: &Self::Err) -> &'static str {
                $code
            }
            fn detail(error: &Self::Err) -> String {
                shown(error)
            }
        }
    )*};
}

parsed! {
    Colour, "not_a_colour";
    RecurrenceRule, "not_a_recurrence_rule";
    RoomTemplate, "not_a_room_template";
    TimeOfDay, "not_a_time_of_day";
}

impl Parsed for NaiveDate {
    fn code(_error: &Self::Err) -> &'static str {
        "not_a_date"
    }
    fn detail(_error: &Self::Err) -> String {
        "must be a date such as 2026-11-24".to_owned()
    }
}

/// A complaint, cut: some repeat what they were given.
fn shown(error: &impl Display) -> String {
    error.to_string().chars().take(300).collect()
}

/// The code of a refused text.
pub(crate) fn text_code(error: &TextError) -> &'static str {
    match error {
        TextError::Empty => "empty",
        TextError::TooLong { .. } => "too_long",
        TextError::ControlCharacter => "control_character",
        TextError::NotASlug => "not_a_slug",
        TextError::NotAnAddress => "not_an_address",
        TextError::NotAWebAddress => "not_a_web_address",
        TextError::NotAPhoneNumber => "not_a_phone_number",
    }
}
