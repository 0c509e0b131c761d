//! Reads a request's values one by one and notes everything that is wrong, so that one answer names it all.

use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::web::Bytes;
use chrono_tz::Tz;
use scheduling_core::text::TextError;
use serde_json::{Map, Value};

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
            code: "wrong_type",
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

/// Everything that is wrong with a request.
#[derive(Debug, Default)]
pub(crate) struct Errors(Vec<FieldError>);

impl Errors {
    /// Notes one.
    pub(crate) fn add(
        &mut self,
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) {
        self.0.push(FieldError {
            pointer: pointer.into(),
            code,
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

/// A text that is parsed, with the code its failure has.
pub(crate) trait Parsed: FromStr {
    /// The code for programs.
    fn code(error: &Self::Err) -> &'static str;
    /// The sentence fragment for people.
    fn detail(error: &Self::Err) -> String;
}

macro_rules! parsed_text {
    ($($text:ty),*) => {$(
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
    scheduling_core::text::PersonName,
    scheduling_core::text::EmailAddress,
    scheduling_core::text::Note
);

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

impl Fields {
    /// The values of an object at a place in the body; the body itself is at `""`.
    pub(crate) fn new(pointer: &str, values: Map<String, Value>) -> Self {
        Self {
            pointer: pointer.to_owned(),
            values,
        }
    }

    fn at(&self, name: &str) -> String {
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

    /// Takes a text; `null` counts as absent.
    pub(crate) fn text(&mut self, name: &str, errors: &mut Errors) -> Option<String> {
        match self.values.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                errors.add(self.at(name), "wrong_type", "must be a text");
                None
            }
        }
    }

    /// Takes a text that must be there.
    pub(crate) fn required_text(&mut self, name: &str, errors: &mut Errors) -> Option<String> {
        if !self.has(name) {
            errors.add(self.at(name), "required", "is required");
        }
        self.text(name, errors)
    }

    /// Takes and parses a text; an empty one counts as absent.
    pub(crate) fn optional<T: Parsed>(&mut self, name: &str, errors: &mut Errors) -> Option<T> {
        let text = self.text(name, errors)?;
        if text.trim().is_empty() {
            return None;
        }
        self.parse(name, &text, errors)
    }

    /// Takes and parses a text that must be there.
    pub(crate) fn required<T: Parsed>(&mut self, name: &str, errors: &mut Errors) -> Option<T> {
        let text = self.required_text(name, errors)?;
        self.parse(name, &text, errors)
    }

    fn parse<T: Parsed>(&self, name: &str, text: &str, errors: &mut Errors) -> Option<T> {
        match text.parse::<T>() {
            Ok(value) => Some(value),
            Err(error) => {
                errors.add(self.at(name), T::code(&error), T::detail(&error));
                None
            }
        }
    }

    /// Takes a zone.
    pub(crate) fn zone(&mut self, name: &str, errors: &mut Errors) -> Option<Tz> {
        let text = self.text(name, errors)?;
        zone(self.at(name), &text, errors)
    }

    /// Takes an object that must be there.
    pub(crate) fn required_object(&mut self, name: &str, errors: &mut Errors) -> Option<Self> {
        let pointer = self.at(name);
        match self.values.remove(name) {
            Some(Value::Object(values)) => Some(Self { pointer, values }),
            None | Some(Value::Null) => {
                errors.add(pointer, "required", "is required");
                None
            }
            Some(_) => {
                errors.add(pointer, "wrong_type", "must be an object");
                None
            }
        }
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

/// The parameters of a query, each at most once.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self(
            url::form_urlencoded::parse(request.query_string().as_bytes())
                .take(64)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Takes a parameter; an empty one counts as absent.
    pub(crate) fn take(&mut self, name: &str, errors: &mut Errors) -> Option<String> {
        let mut found = None;
        self.0.retain_mut(|(n, value)| {
            if n != name {
                return true;
            }
            if found.replace(std::mem::take(value)).is_some() {
                errors.add(format!("/query/{name}"), "repeated", "must be given once");
            }
            false
        });
        found.filter(|value| !value.is_empty())
    }

    /// Notes what nobody took.
    pub(crate) fn finish(self, errors: &mut Errors) {
        for (name, _) in self.0.iter().take(8) {
            let shown: String = name.chars().take(64).collect();
            errors.add(format!("/query/{shown}"), "unknown", "is not known here");
        }
    }
}
