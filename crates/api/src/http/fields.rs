//! Reads a request's values one by one and notes everything that is wrong, so that one answer names it all.

mod item;
mod parsed;
mod query;

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};

pub(crate) use item::Item;
pub(crate) use parsed::{Parsed, text_code};
pub(crate) use query::Query;

use super::ids::WireId;
use super::negotiation;
use super::problem::{FieldError, Problem, ProblemKind};

/// Reads a JSON object from a body.
///
/// # Errors
/// 415 for another content type, 400 for what is no JSON, 422 for JSON that is no object.
pub(crate) fn object(request: &HttpRequest, body: &Bytes) -> Result<Map<String, Value>, Problem> {
    negotiation::sends_json(request.headers())?;
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problem::validation(vec![FieldError {
            pointer: String::new(),
            code: "wrong_type".into(),
            detail: "must be an object".to_owned(),
        }])),
        Err(error) => Err(Problem::new(
            ProblemKind::MalformedBody,
            format!(
                "The body is not JSON: {} at line {}, column {}.",
                match error.classify() {
                    serde_json::error::Category::Eof => "it ends too early",
                    _ => "it cannot be read",
                },
                error.line(),
                error.column()
            ),
        )),
    }
}

/// Reads a JSON object from a body that may be left out.
///
/// # Errors
/// As [`object`].
pub(crate) fn object_or_nothing(
    request: &HttpRequest,
    body: &Bytes,
) -> Result<Map<String, Value>, Problem> {
    if body.is_empty() {
        Ok(Map::new())
    } else {
        object(request, body)
    }
}

/// How many wrong values an answer names.
const MOST_ERRORS: usize = 100;

/// Everything that is wrong with a request.
#[derive(Debug, Default)]
pub(crate) struct Errors(Vec<FieldError>);

impl Errors {
    /// Notes one.
    pub(crate) fn add(
        &mut self,
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) {
        // Enough to understand; more would only make the answer to a hostile body long.
        if self.0.len() >= MOST_ERRORS {
            return;
        }
        self.0.push(FieldError {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
        });
    }

    /// Refuses the request if anything was noted.
    ///
    /// # Errors
    /// 422 with everything that was.
    pub(crate) fn check(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::validation(self.0))
        }
    }

    /// As [`check`](Self::check), for going on with the same list.
    ///
    /// # Errors
    /// 422 with everything that was noted.
    pub(crate) fn check_ref(&self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::validation(self.0.clone()))
        }
    }

    /// Whether nothing was noted.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problem for a value that turned out to be missing after all.
    pub(crate) fn into_problem(self) -> Problem {
        Problem::validation(self.0)
    }
}

/// An object whose values are taken out one by one.
pub(crate) struct Fields {
    pointer: String,
    values: Map<String, Value>,
}

impl Fields {
    /// The values of an object at a place in the body; the body itself is at `""`.
    pub(crate) fn new(pointer: &str, values: Map<String, Value>) -> Self {
        Self {
            pointer: pointer.to_owned(),
            values,
        }
    }

    /// The pointer of a value.
    pub(crate) fn at(&self, name: &str) -> String {
        format!(
            "{}/{}",
            self.pointer,
            name.replace('~', "~0").replace('/', "~1")
        )
    }

    /// Whether a value is there; `null` counts as absent.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !value.is_null())
    }

    /// Takes a value; `null` counts as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Item> {
        let pointer = self.at(name);
        let value = self.values.remove(name)?;
        (!value.is_null()).then(|| Item::new(pointer, value))
    }

    /// Takes a value that must be there.
    pub(crate) fn need(&mut self, name: &str, errors: &mut Errors) -> Option<Item> {
        let item = self.take(name);
        if item.is_none() {
            errors.add(self.at(name), "required", "is required");
        }
        item
    }

    /// Throws values away that clients may send back as they read them.
    pub(crate) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.values.remove(*name);
        }
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, name: &str, errors: &mut Errors) -> Option<String> {
        self.take(name)?.text(errors)
    }

    /// Takes a text that must be there.
    pub(crate) fn required_text(&mut self, name: &str, errors: &mut Errors) -> Option<String> {
        self.need(name, errors)?.text(errors)
    }

    /// Takes and parses a text; an empty one counts as absent.
    pub(crate) fn optional<T: Parsed>(&mut self, name: &str, errors: &mut Errors) -> Option<T> {
        let item = self.take(name)?;
        if item.is_blank() {
            return None;
        }
        item.parse(errors)
    }

    /// Takes and parses a text that must be there.
    pub(crate) fn required<T: Parsed>(&mut self, name: &str, errors: &mut Errors) -> Option<T> {
        self.need(name, errors)?.parse(errors)
    }

    /// Takes a number; `otherwise` where there is none.
    pub(crate) fn number_or(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<u32>,
        otherwise: u32,
        errors: &mut Errors,
    ) -> u32 {
        self.number(name, range, errors).unwrap_or(otherwise)
    }

    /// Takes a number.
    pub(crate) fn number(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<u32>,
        errors: &mut Errors,
    ) -> Option<u32> {
        self.take(name)?.number(range, errors)
    }

    /// Takes a yes or no; `otherwise` where there is none.
    pub(crate) fn flag(&mut self, name: &str, otherwise: bool, errors: &mut Errors) -> bool {
        self.take(name)
            .and_then(|item| item.flag(errors))
            .unwrap_or(otherwise)
    }

    /// Takes one of several words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
        errors: &mut Errors,
    ) -> Option<T> {
        self.take(name)?.choice(words, errors)
    }

    /// Takes an id.
    pub(crate) fn id<T: WireId>(&mut self, name: &str, errors: &mut Errors) -> Option<T> {
        self.take(name)?.id(errors)
    }

    /// Takes an instant with its offset.
    pub(crate) fn instant(&mut self, name: &str, errors: &mut Errors) -> Option<DateTime<Utc>> {
        self.take(name)?.instant(errors)
    }

    /// Takes a list of at most so many, reading each entry.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        most: usize,
        errors: &mut Errors,
        read: impl FnMut(Item, &mut Errors) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.take(name)?.list(most, errors, read)
    }

    /// Takes a zone.
    pub(crate) fn zone(&mut self, name: &str, errors: &mut Errors) -> Option<Tz> {
        self.take(name)?.zone(errors)
    }

    /// Takes an object.
    pub(crate) fn object(&mut self, name: &str, errors: &mut Errors) -> Option<Self> {
        self.take(name)?.object(errors)
    }

    /// Takes an object that must be there.
    pub(crate) fn required_object(&mut self, name: &str, errors: &mut Errors) -> Option<Self> {
        self.need(name, errors)?.object(errors)
    }

    /// What is left, with its pointers.
    pub(crate) fn entries(&mut self) -> Vec<(String, Item)> {
        let pointer = self.pointer.clone();
        std::mem::take(&mut self.values)
            .into_iter()
            .map(|(name, value)| {
                let shown: String = name.chars().take(64).collect();
                let place = format!("{pointer}/{}", shown.replace('~', "~0").replace('/', "~1"));
                (name, Item::new(place, value))
            })
            .collect()
    }

    /// Notes what nobody took: a misspelt name would otherwise be ignored.
    pub(crate) fn finish(self, errors: &mut Errors) {
        // A hostile body may have thousands of names; a few are enough to understand.
        for name in self.values.keys().take(8) {
            let shown: String = name.chars().take(64).collect();
            errors.add(self.at(&shown), "unknown", "is not known here");
        }
    }
}

/// Reads one of several words.
fn word<T: Copy>(
    pointer: String,
    text: &str,
    words: &[(&str, T)],
    errors: &mut Errors,
) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        errors.add(
            pointer,
            "unknown_value",
            format!("must be one of {}", known.join(", ")),
        );
    }
    found.map(|(_, value)| *value)
}

/// Reads a zone.
pub(crate) fn zone(pointer: String, text: &str, errors: &mut Errors) -> Option<Tz> {
    match scheduling_core::time::zone::parse(text) {
        Ok(zone) => Some(zone),
        Err(error) => {
            errors.add(pointer, "invalid_timezone", error.to_string());
            None
        }
    }
}
