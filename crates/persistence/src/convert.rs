//! Columns to values and back. What does not parse is [`StorageError::Corrupt`] and says where it stands.

use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_core::event_type::Buffers;
use scheduling_core::ports::StorageError;
use scheduling_core::time::{Interval, Minutes, zone};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::error::corrupt;

/// One row of a table, for the error that names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<I> {
    pub(crate) table: &'static str,
    pub(crate) id: I,
}

#[derive(Debug, Error)]
#[error("{0} is out of range")]
struct OutOfRange(i64);

#[derive(Debug, Error)]
#[error("{0} bytes instead of {1}")]
struct WrongLength(usize, usize);

impl<I: Display> Row<I> {
    fn corrupt(
        &self,
        column: &'static str,
        source: impl Error + Send + Sync + 'static,
    ) -> StorageError {
        corrupt(self.table, column, &self.id, source)
    }

    /// A text that parses.
    pub(crate) fn text<T>(&self, column: &'static str, text: &str) -> Result<T, StorageError>
    where
        T: FromStr<Err: Error + Send + Sync + 'static>,
    {
        text.parse()
            .map_err(|refused| self.corrupt(column, refused))
    }

    /// A text that parses, if there is one.
    pub(crate) fn optional_text<T>(
        &self,
        column: &'static str,
        text: Option<&str>,
    ) -> Result<Option<T>, StorageError>
    where
        T: FromStr<Err: Error + Send + Sync + 'static>,
    {
        text.map(|text| self.text(column, text)).transpose()
    }

    /// A value in JSON.
    pub(crate) fn json<T: DeserializeOwned>(
        &self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StorageError> {
        serde_json::from_str(text).map_err(|refused| self.corrupt(column, refused))
    }

    /// A value in JSON, if there is one.
    pub(crate) fn optional_json<T: DeserializeOwned>(
        &self,
        column: &'static str,
        text: Option<&str>,
    ) -> Result<Option<T>, StorageError> {
        text.map(|text| self.json(column, text)).transpose()
    }

    /// A name of an enumeration that serde writes as a bare word.
    pub(crate) fn word<T: DeserializeOwned>(
        &self,
        column: &'static str,
        word: &str,
    ) -> Result<T, StorageError> {
        T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(word))
            .map_err(|refused| self.corrupt(column, refused))
    }

    /// A zone by its name.
    pub(crate) fn zone(&self, column: &'static str, name: &str) -> Result<Tz, StorageError> {
        zone::parse(name).map_err(|unknown| self.corrupt(column, unknown))
    }

    /// A number that is not negative and small enough.
    pub(crate) fn number<T: TryFrom<i64>>(
        &self,
        column: &'static str,
        number: i64,
    ) -> Result<T, StorageError> {
        T::try_from(number).map_err(|_refused| self.corrupt(column, OutOfRange(number)))
    }

    /// A version: at least 1.
    pub(crate) fn version(&self, number: i64) -> Result<u32, StorageError> {
        match self.number("version", number)? {
            0 => Err(self.corrupt("version", OutOfRange(0))),
            version => Ok(version),
        }
    }

    /// An instant in microseconds, if there is one.
    pub(crate) fn optional_instant(
        &self,
        column: &'static str,
        micros: Option<i64>,
    ) -> Result<Option<DateTime<Utc>>, StorageError> {
        micros
            .map(|micros| self.instant(column, micros))
            .transpose()
    }

    /// An instant in microseconds.
    pub(crate) fn instant(
        &self,
        column: &'static str,
        micros: i64,
    ) -> Result<DateTime<Utc>, StorageError> {
        DateTime::from_timestamp_micros(micros)
            .ok_or_else(|| self.corrupt(column, OutOfRange(micros)))
    }

    /// The columns `starts_at` and `ends_at`.
    pub(crate) fn interval(&self, starts_at: i64, ends_at: i64) -> Result<Interval, StorageError> {
        Interval::new(
            self.instant("starts_at", starts_at)?,
            self.instant("ends_at", ends_at)?,
        )
        .map_err(|empty| self.corrupt("ends_at", empty))
    }

    /// The columns `buffer_before` and `buffer_after`.
    pub(crate) fn buffers(&self, before: i64, after: i64) -> Result<Buffers, StorageError> {
        Ok(Buffers {
            before: Minutes(self.number("buffer_before", before)?),
            after: Minutes(self.number("buffer_after", after)?),
        })
    }

    /// A SHA-256.
    pub(crate) fn hash(
        &self,
        column: &'static str,
        bytes: &[u8],
    ) -> Result<[u8; 32], StorageError> {
        bytes
            .try_into()
            .map_err(|_refused| self.corrupt(column, WrongLength(bytes.len(), 32)))
    }
}

/// An instant as it is stored. Anything below a microsecond is cut off.
pub(crate) fn micros(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_micros()
}

/// A value as JSON text.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|error| StorageError::Other(error.into()))
}

/// An enumeration's bare word, as serde writes it.
pub(crate) fn to_word<T: Serialize>(value: &T) -> Result<String, StorageError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Err(StorageError::Other(format!("{other} is no word").into())),
        Err(error) => Err(StorageError::Other(error.into())),
    }
}

/// A counter as it is stored: those that do not fit are far beyond anything that happens.
pub(crate) fn counter(number: u64) -> Result<i64, StorageError> {
    i64::try_from(number).map_err(|error| StorageError::Other(error.into()))
}
