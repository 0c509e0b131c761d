//! One value of a body, with its place.

use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::{Errors, Fields, Parsed};
use crate::http::ids::WireId;
use crate::http::local_time::GivenTime;

/// One value of a body, with its place.
pub(crate) struct Item {
    pointer: String,
    value: Value,
}

impl Item {
    pub(super) fn new(pointer: String, value: Value) -> Self {
        Self { pointer, value }
    }

    /// Its place.
    pub(crate) fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The value itself.
    pub(crate) fn into_value(self) -> Value {
        self.value
    }

    /// Whether it is a text with nothing in it.
    pub(super) fn is_blank(&self) -> bool {
        self.value
            .as_str()
            .is_some_and(|text| text.trim().is_empty())
    }

    fn wrong_type<T>(self, what: &str, errors: &mut Errors) -> Option<T> {
        errors.add(self.pointer, "wrong_type", format!("must be {what}"));
        None
    }

    /// As a text.
    pub(crate) fn text(self, errors: &mut Errors) -> Option<String> {
        match self.value {
            Value::String(text) => Some(text),
            _ => self.wrong_type("a text", errors),
        }
    }

    /// As a text that is parsed.
    pub(crate) fn parse<T: Parsed>(self, errors: &mut Errors) -> Option<T> {
        let pointer = self.pointer.clone();
        match self.text(errors)?.parse::<T>() {
            Ok(value) => Some(value),
            Err(error) => {
                errors.add(pointer, T::code(&error), T::detail(&error));
                None
            }
        }
    }

    /// As a whole number.
    pub(crate) fn number(self, range: RangeInclusive<u32>, errors: &mut Errors) -> Option<u32> {
        let Value::Number(number) = &self.value else {
            return self.wrong_type("a whole number", errors);
        };
        let inside = number
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| range.contains(number));
        if inside.is_none() {
            let (from, to) = range.into_inner();
            errors.add(
                self.pointer,
                "out_of_range",
                format!("must be a whole number from {from} to {to}"),
            );
        }
        inside
    }

    /// As yes or no.
    pub(crate) fn flag(self, errors: &mut Errors) -> Option<bool> {
        match self.value {
            Value::Bool(flag) => Some(flag),
            _ => self.wrong_type("true or false", errors),
        }
    }

    /// As one of several words.
    pub(crate) fn choice<T: Copy>(self, words: &[(&str, T)], errors: &mut Errors) -> Option<T> {
        let pointer = self.pointer.clone();
        let text = self.text(errors)?;
        super::word(pointer, &text, words, errors)
    }

    /// As an id.
    pub(crate) fn id<T: WireId>(self, errors: &mut Errors) -> Option<T> {
        let pointer = self.pointer.clone();
        let id = T::of_wire(&self.text(errors)?);
        if id.is_none() {
            let detail = format!("must be an id that begins with {}_", T::KIND);
            errors.add(pointer, "not_an_id", detail);
        }
        id
    }

    /// As an instant with its offset.
    pub(crate) fn instant(self, errors: &mut Errors) -> Option<DateTime<Utc>> {
        let pointer = self.pointer.clone();
        match self.given_time(errors)? {
            GivenTime::Instant(instant) => Some(instant),
            GivenTime::Local(_) | GivenTime::Date(_) => {
                let detail = "must have an offset, such as 2026-11-24T09:00:00+01:00";
                errors.add(pointer, "not_a_time", detail);
                None
            }
        }
    }

    /// As a time, with an offset or without.
    pub(crate) fn given_time(self, errors: &mut Errors) -> Option<GivenTime> {
        let pointer = self.pointer.clone();
        let time = GivenTime::parse(&self.text(errors)?);
        if time.is_none() {
            let detail = "must be a time such as 2026-11-24T09:00:00+01:00, or a local one such as 2026-11-24T09:00:00";
            errors.add(pointer, "not_a_time", detail);
        }
        time
    }

    /// As a zone.
    pub(crate) fn zone(self, errors: &mut Errors) -> Option<Tz> {
        let pointer = self.pointer.clone();
        super::zone(pointer, &self.text(errors)?, errors)
    }

    /// As an object.
    pub(crate) fn object(self, errors: &mut Errors) -> Option<Fields> {
        match self.value {
            Value::Object(values) => Some(Fields::new(&self.pointer, values)),
            _ => self.wrong_type("an object", errors),
        }
    }

    /// As a list of at most so many, reading each entry. `None` when it is no list, or an entry cannot be used.
    pub(crate) fn list<T>(
        self,
        most: usize,
        errors: &mut Errors,
        mut read: impl FnMut(Self, &mut Errors) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(entries) = self.value else {
            return self.wrong_type("a list", errors);
        };
        if entries.len() > most {
            errors.add(
                self.pointer,
                "too_many",
                format!("must have at most {most} entries"),
            );
            return None;
        }
        let count = entries.len();
        let mut list = Vec::with_capacity(count);
        for (place, value) in entries.into_iter().enumerate() {
            list.extend(read(
                Self::new(format!("{}/{place}", self.pointer), value),
                errors,
            ));
        }
        (list.len() == count).then_some(list)
    }
}
