//! Reads JSON objects field by field and knows the place of each, so that an error can name it.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};
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
        let mut json = serde_json::Deserializer::from_str(line);
        let read = Place::Line.deserialize(&mut json);
        let value = read.and_then(|value| json.end().map(|()| value));
        let value = value.map_err(|error| {
            // It counts lines within the text, which is one line.
            let place = format!("column {}", error.column());
            let message = error.to_string();
            let problem = message
                .rsplit_once(" at line ")
                .map_or(&*message, |(problem, _)| problem);
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

    /// An instant, which must be there.
    pub(super) fn instant(&mut self, field: &str) -> Result<DateTime<Utc>, ScenarioError> {
        let text: String = self.required(field)?;
        text.parse().map_err(|_not_an_instant| {
            let problem = format!("{text:?} is not an instant such as 2026-11-24T09:00:00Z");
            self.error(field, problem)
        })
    }

    /// A date, which must be there.
    pub(super) fn date(&mut self, field: &str) -> Result<NaiveDate, ScenarioError> {
        let text: String = self.required(field)?;
        text.parse().map_err(|_not_a_date| {
            let problem = format!("{text:?} is not a date such as 2026-11-24");
            self.error(field, problem)
        })
    }

    /// A list of objects that must be there, each read by `read`.
    pub(super) fn required_list<T>(
        &mut self,
        field: &str,
        read: impl FnMut(Self) -> Result<T, ScenarioError>,
    ) -> Result<Vec<T>, ScenarioError> {
        if self.fields.get(field).is_none_or(Value::is_null) {
            return Err(self.error(field, "is missing"));
        }
        self.list(field, read)
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

/// Where in a line a value stands. As a seed it reads the value, and refuses an object that has a field twice: JSON
/// leaves open what that means, and the last would win unseen.
#[derive(Clone, Copy)]
enum Place<'a> {
    Line,
    Field(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line => Ok(()),
            Self::Field(Self::Line, field) => write!(f, "{field}"),
            Self::Field(parent, field) => write!(f, "{parent}.{field}"),
            Self::Item(parent, i) => write!(f, "{parent}[{i}]"),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Place::Item(&self, values.len()))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(field) = fields.next_key::<String>()? {
            let place = Place::Field(&self, &field);
            if values.contains_key(&field) {
                return Err(A::Error::custom(format_args!("{place} is there twice")));
            }
            let value = fields.next_value_seed(place)?;
            values.insert(field, value);
        }
        Ok(Value::Object(values))
    }
}
