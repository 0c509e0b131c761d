//! The form in which rows travel: PostgreSQL's binary `COPY`.
//!
//! A row is the number of its fields and then each field, its length before it. What a field holds, its kind says. The same
//! bytes are hashed on both sides, so a row that arrived differs in no bit from the one that left.

use std::fmt::Write as _;

use sea_orm::prelude::Uuid;
use sea_orm::sqlx::types::chrono::{DateTime, Utc};

/// What a column holds, on either database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `uuid`; sixteen bytes in a blob.
    Uuid,
    /// `bigint`; an integer.
    Integer,
    /// `boolean`; the integers 0 and 1.
    Boolean,
    /// `bytea`; a blob.
    Bytes,
    /// `text` in UTF-8 without the character NUL; text.
    Text,
}

/// A value of a column, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Uuid(Uuid),
    Integer(i64),
    Boolean(bool),
    Bytes(&'a [u8]),
    Text(&'a str),
}

/// A length that means that there is no value.
const NULL: i32 = -1;

/// Begins a row of so many fields.
pub(super) fn begin_row(row: &mut Vec<u8>, fields: usize) {
    let fields = i16::try_from(fields).unwrap_or(i16::MAX);
    row.extend_from_slice(&fields.to_be_bytes());
}

/// Appends a field. Nothing that a database holds in one value is longer than two gigabytes; what claims to be is cut, and
/// then found to differ.
pub(super) fn put(row: &mut Vec<u8>, field: Option<&[u8]>) {
    match field {
        None => row.extend_from_slice(&NULL.to_be_bytes()),
        Some(bytes) => {
            let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
            row.extend_from_slice(&length.to_be_bytes());
            row.extend_from_slice(&bytes[..usize::try_from(length).unwrap_or_default()]);
        }
    }
}

/// The fields of a row without its number of them, or of a key.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What stands behind the fields that were taken.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    fn split(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let length = self.split(4)?.try_into().ok()?;
        match i32::from_be_bytes(length) {
            NULL => Some(None),
            length => Some(Some(self.split(usize::try_from(length).ok()?)?)),
        }
    }
}

/// Each row of a batch, as its fields.
pub(super) fn rows(batch: &[u8], fields: usize) -> impl Iterator<Item = Vec<Option<&[u8]>>> {
    let mut rest = batch;
    std::iter::from_fn(move || {
        let (_count, row) = rest.split_at_checked(2)?;
        let mut row = Fields::of(row);
        let found: Vec<_> = row.by_ref().take(fields).collect();
        rest = row.rest();
        (found.len() == fields).then_some(found)
    })
}

impl Kind {
    /// What a field holds; `None` when it cannot be of this kind.
    pub(super) fn read(self, field: Option<&[u8]>) -> Option<Value<'_>> {
        let Some(bytes) = field else {
            return Some(Value::Null);
        };
        Some(match self {
            Self::Uuid => Value::Uuid(Uuid::from_slice(bytes).ok()?),
            Self::Integer => Value::Integer(i64::from_be_bytes(bytes.try_into().ok()?)),
            Self::Boolean => match bytes {
                [0] => Value::Boolean(false),
                [1] => Value::Boolean(true),
                _ => return None,
            },
            Self::Bytes => Value::Bytes(bytes),
            Self::Text => Value::Text(std::str::from_utf8(bytes).ok()?),
        })
    }

    /// Whether a column that SQLite declares so can hold it.
    pub(super) fn fits_sqlite(self, declared: &str) -> bool {
        let wanted = match self {
            Self::Uuid | Self::Bytes => "blob",
            Self::Integer | Self::Boolean => "integer",
            Self::Text => "text",
        };
        declared == wanted
    }

    /// The kind that PostgreSQL calls so.
    pub(super) fn of_postgres(named: &str) -> Option<Self> {
        Some(match named {
            "uuid" => Self::Uuid,
            "bigint" => Self::Integer,
            "boolean" => Self::Boolean,
            "bytea" => Self::Bytes,
            "text" => Self::Text,
            _ => return None,
        })
    }
}

const SHOWN: usize = 60;

/// Bytes for a person: an id where they may be one.
pub(super) fn shown_bytes(bytes: &[u8]) -> String {
    if let Ok(id) = Uuid::from_slice(bytes) {
        return id.to_string();
    }
    let mut shown = String::from("x'");
    for byte in bytes.iter().take(SHOWN / 2) {
        // Writing to a String cannot fail.
        let _ = write!(shown, "{byte:02x}");
    }
    shown.push_str(if bytes.len() > SHOWN / 2 { "…'" } else { "'" });
    shown
}

/// Text for a person, on one line.
pub(super) fn shown_text(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// An instant as it is stored.
pub(super) fn micros(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_micros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read() {
        let long = vec![7_u8; 70_000];
        let fields = [None, Some(&b""[..]), Some(b"abc"), Some(&long), None];
        let mut batch = Vec::new();
        for _ in 0..3 {
            begin_row(&mut batch, fields.len());
            for field in fields {
                put(&mut batch, field);
            }
        }
        let read: Vec<_> = rows(&batch, fields.len()).collect();
        assert_eq!(read, [fields.to_vec(), fields.to_vec(), fields.to_vec()]);
    }

    #[test]
    fn half_a_row_is_no_row_and_no_panic() {
        let mut batch = Vec::new();
        begin_row(&mut batch, 2);
        put(&mut batch, Some(b"abc"));
        put(&mut batch, Some(b"def"));
        for end in 0..batch.len() {
            assert_eq!(rows(&batch[..end], 2).count(), 0, "{end}");
        }
        // A length that reaches beyond everything, and one that is no length.
        for length in [i32::MAX, -2, i32::MIN] {
            assert_eq!(Fields::of(&length.to_be_bytes()).next(), None);
        }
    }

    #[test]
    fn a_field_is_of_its_kind_or_of_none() {
        let id = Uuid::from_u128(7);
        for (kind, field, expected) in [
            (Kind::Uuid, Some(&id.as_bytes()[..]), Some(Value::Uuid(id))),
            (Kind::Uuid, Some(&[1, 2]), None),
            (
                Kind::Integer,
                Some(&i64::MIN.to_be_bytes()),
                Some(Value::Integer(i64::MIN)),
            ),
            (Kind::Integer, Some(&[0]), None),
            (Kind::Boolean, Some(&[1]), Some(Value::Boolean(true))),
            (Kind::Boolean, Some(&[2]), None),
            (Kind::Text, Some(&[0xff]), None),
            (Kind::Text, Some(b"Zo\xc3\xab"), Some(Value::Text("Zoë"))),
            (Kind::Bytes, None, Some(Value::Null)),
        ] {
            assert_eq!(kind.read(field), expected, "{kind:?} {field:?}");
        }
    }

    #[test]
    fn what_is_shown_stays_on_its_line() {
        assert_eq!(shown_text("a\nb\0c"), "a\\nb\\0c");
        assert!(shown_text(&"x".repeat(1000)).chars().count() <= SHOWN + 1);
        assert_eq!(shown_bytes(&[0xab; 3]), "x'ababab'");
        assert_eq!(shown_bytes(&[0; 16]), Uuid::nil().to_string());
    }
}
