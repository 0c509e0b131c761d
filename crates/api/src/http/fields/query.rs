//! Reads a query's parameters one by one.

use actix_web::HttpRequest;

use super::{Errors, Parsed};
use crate::http::local_time::GivenTime;

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

    /// Takes and parses a parameter.
    pub(crate) fn parsed<T: Parsed>(&mut self, name: &str, errors: &mut Errors) -> Option<T> {
        let text = self.take(name, errors)?;
        match text.parse::<T>() {
            Ok(value) => Some(value),
            Err(error) => {
                errors.add(format!("/query/{name}"), T::code(&error), T::detail(&error));
                None
            }
        }
    }

    /// Takes a time, with an offset or without.
    pub(crate) fn time(&mut self, name: &str, errors: &mut Errors) -> Option<GivenTime> {
        let text = self.take(name, errors)?;
        // An offset's plus arrives as a space where a client forgot to escape it.
        let time = GivenTime::parse(&text).or_else(|| GivenTime::parse(&text.replace(' ', "+")));
        if time.is_none() {
            errors.add(
                format!("/query/{name}"),
                "not_a_time",
                "must be a time such as 2026-11-24T09:00:00+01:00 or a date such as 2026-11-24",
            );
        }
        time
    }

    /// Takes a parameter that is one of several words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
        errors: &mut Errors,
    ) -> Option<T> {
        let text = self.take(name, errors)?;
        super::word(format!("/query/{name}"), &text, words, errors)
    }

    /// Notes what nobody took.
    pub(crate) fn finish(self, errors: &mut Errors) {
        for (name, _) in self.0.iter().take(8) {
            let shown: String = name.chars().take(64).collect();
            errors.add(format!("/query/{shown}"), "unknown", "is not known here");
        }
    }
}
