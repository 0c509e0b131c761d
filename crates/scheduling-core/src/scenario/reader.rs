//! Reads JSON objects field by field and knows the place of each, so that an error can name it.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::ScenarioError;

/// A JSON object whose fields are taken out one by one.
pub(super) struct Object {
    place: String,
    fields: Map<String, Value>,
}

impl Object {
    /// Reads a line.
    pub(super) fn parse(line: &str) -> Result<Self, ScenarioError> {
        let value = serde_json::from_str(line).map_err(|error| {
            // It counts lines within the text, which is one line.
            let place = format!("column {}", error.column());
            let message = error.to_string();
            let problem = message.split(" at line ").next().unwrap_or_default();
            ScenarioError::new(place, problem)
        })?;
        Self::new(String::new(), value)
    }

    fn new(place: String, value: Value) -> Result<Self, ScenarioError> {
        match value {
            Value::Object(fields) => Ok(Self { place, fields }),
            other => {
                let place = if place.is_empty() {
                    "the line".to_owned()
                } else {
                    place
                };
                let problem = format!("expected an object, found {}", kind(&other));
                Err(ScenarioError::new(place, problem))
            }
        }
    }

    /// The place of a field.
    pub(super) fn place_of(&self, field: &str) -> String {
        if self.place.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.place)
        }
    }

    pub(super) fn error(&self, field: &str, problem: impl ToString) -> ScenarioError {
        ScenarioError::new(self.place_of(field), problem)
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        self.fields.remove(field).filter(|value| !value.is_null())
    }

    /// A field that may be missing.
    pub(super) fn optional<T: DeserializeOwned>(
        &mut self,
        field: &str,
    ) -> Result<Option<T>, ScenarioError> {
        self.take(field)
            .map(|value| serde_json::from_value(value).map_err(|e| self.error(field, e)))
            .transpose()
    }

    /// A field that must be there.
    pub(super) fn required<T: DeserializeOwned>(
        &mut self,
        field: &str,
    ) -> Result<T, ScenarioError> {
        self.optional(field)?
            .ok_or_else(|| self.error(field, "is missing"))
    }

    /// An object that may be missing.
    pub(super) fn object(&mut self, field: &str) -> Result<Option<Self>, ScenarioError> {
        let place = self.place_of(field);
        self.take(field)
            .map(|value| Self::new(place, value))
            .transpose()
    }

    /// An object that must be there.
    pub(super) fn required_object(&mut self, field: &str) -> Result<Self, ScenarioError> {
        self.object(field)?
            .ok_or_else(|| self.error(field, "is missing"))
    }

    /// A list of objects, empty when it is missing, each read by `read`.
    pub(super) fn list<T>(
        &mut self,
        field: &str,
        mut read: impl FnMut(Self) -> Result<T, ScenarioError>,
    ) -> Result<Vec<T>, ScenarioError> {
        let place = self.place_of(field);
        match self.take(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values
                .into_iter()
                .enumerate()
                .map(|(i, value)| read(Self::new(format!("{place}[{i}]"), value)?))
                .collect(),
            Some(other) => Err(ScenarioError::new(
                place,
                format!("expected a list, found {}", kind(&other)),
            )),
        }
    }

    /// Ends the reading. Whatever was not taken is not known.
    pub(super) fn finish(self) -> Result<(), ScenarioError> {
        match self.fields.iter().find(|(_, value)| !value.is_null()) {
            Some((field, _)) => Err(self.error(field, "is not a field that is known here")),
            None => Ok(()),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
