//! From a row as a database gives it to the form in which it travels; what cannot is named.

use sea_orm::sqlx::decode::Decode;
use sea_orm::sqlx::sqlite::{SqliteRow, SqliteValueRef};
use sea_orm::sqlx::{self, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use super::connected::Found;
use super::error::Unmovable;
use super::plan::PlannedTable;
use super::wire::{self, Fields, Kind, shown_bytes, shown_text};

/// PostgreSQL refuses entries of an index that are larger than a third of its page. It compresses what it can; whether that
/// would be enough is not tried.
const INDEXED_BYTES: usize = 2_600;

impl Found {
    /// Appends the row's fields. What the other database cannot hold is put among the `unmovable`, and the fields are then
    /// of no use.
    pub(super) fn put(
        &self,
        table: &PlannedTable,
        fields: &mut Vec<u8>,
        unmovable: &mut Vec<Unmovable>,
    ) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(row) => put_sqlite(row, table, fields, unmovable),
            Self::Postgres(row) => {
                for place in 0..table.columns.len() {
                    let value = row.try_get_raw(place)?;
                    let bytes = if value.is_null() {
                        None
                    } else {
                        Some(value.as_bytes().map_err(sqlx::Error::Decode)?)
                    };
                    wire::put(fields, bytes);
                }
                Ok(())
            }
        }
    }
}

fn put_sqlite(
    row: &SqliteRow,
    table: &PlannedTable,
    fields: &mut Vec<u8>,
    unmovable: &mut Vec<Unmovable>,
) -> Result<(), sqlx::Error> {
    let begin = fields.len();
    let mut refused = Vec::new();
    for (place, column) in table.columns.iter().enumerate() {
        let value = row.try_get_raw(place)?;
        if let Err(reason) = put_value(value, column.kind, fields)? {
            wire::put(fields, None);
            refused.push((Some(column.name.clone()), reason));
        }
    }
    too_long(table, &fields[begin..], &mut refused);
    if !refused.is_empty() {
        let named = row_name(row, table)?;
        unmovable.extend(refused.into_iter().map(|(column, reason)| Unmovable {
            table: table.name.clone(),
            column,
            row: named.clone(),
            reason,
        }));
    }
    Ok(())
}

/// Appends a value, or says why it cannot travel.
fn put_value(
    value: SqliteValueRef<'_>,
    kind: Kind,
    fields: &mut Vec<u8>,
) -> Result<Result<(), String>, sqlx::Error> {
    if value.is_null() {
        wire::put(fields, None);
        return Ok(Ok(()));
    }
    let stored = Stored::of(value)?;
    let put = |bytes: &[u8], fields: &mut Vec<u8>| {
        wire::put(fields, Some(bytes));
        Ok(Ok(()))
    };
    match (kind, stored) {
        (Kind::Uuid, Stored::Blob(bytes)) if bytes.len() == 16 => put(bytes, fields),
        (Kind::Uuid, Stored::Blob(bytes)) => Ok(Err(format!(
            "is no id: it has {} bytes instead of 16",
            bytes.len()
        ))),
        (Kind::Bytes, Stored::Blob(bytes)) => put(bytes, fields),
        (Kind::Integer, Stored::Integer(number)) => put(&number.to_be_bytes(), fields),
        (Kind::Boolean, Stored::Integer(flag @ (0 | 1))) => put(&[u8::from(flag == 1)], fields),
        (Kind::Boolean, Stored::Integer(number)) => {
            Ok(Err(format!("is {number}, which is neither true nor false")))
        }
        (Kind::Text, Stored::Text(bytes)) => match std::str::from_utf8(bytes) {
            Err(_) => Ok(Err("is text that is not UTF-8".to_owned())),
            Ok(text) if text.contains('\0') => Ok(Err("has the character NUL in it".to_owned())),
            Ok(text) => put(text.as_bytes(), fields),
        },
        (_, other) => Ok(Err(format!("is {}", other.kind()))),
    }
}

/// What SQLite keeps, whatever the column was declared as.
enum Stored<'r> {
    Integer(i64),
    Real,
    Text(&'r [u8]),
    Blob(&'r [u8]),
}

impl<'r> Stored<'r> {
    fn of(value: SqliteValueRef<'r>) -> Result<Self, sqlx::Error> {
        let kind = value.type_info().name().to_owned();
        let bytes =
            |value| <&[u8] as Decode<'r, Sqlite>>::decode(value).map_err(sqlx::Error::Decode);
        Ok(match kind.as_str() {
            "REAL" => Self::Real,
            "TEXT" => Self::Text(bytes(value)?),
            "BLOB" => Self::Blob(bytes(value)?),
            _ => Self::Integer(
                <i64 as Decode<'r, Sqlite>>::decode(value).map_err(sqlx::Error::Decode)?,
            ),
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Integer(_) => "an integer",
            Self::Real => "a number with a fraction",
            Self::Text(_) => "text",
            Self::Blob(_) => "bytes",
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Real => "?".to_owned(),
            Self::Text(bytes) => shown_text(&String::from_utf8_lossy(bytes)),
            Self::Blob(bytes) => shown_bytes(bytes),
        }
    }
}

/// Names what no index of PostgreSQL takes.
fn too_long(table: &PlannedTable, fields: &[u8], refused: &mut Vec<(Option<String>, String)>) {
    // A row that is short altogether has nothing long in it.
    if fields.len() < INDEXED_BYTES {
        return;
    }
    let lengths: Vec<usize> = Fields::of(fields)
        .map(|field| field.map_or(0, <[u8]>::len))
        .collect();
    for (index, places) in &table.indexes {
        let total: usize = places.iter().map(|place| lengths[*place]).sum();
        let Some(longest) = places.iter().max_by_key(|place| lengths[**place]) else {
            continue;
        };
        if total > INDEXED_BYTES {
            let column = table.columns[*longest].name.clone();
            let reason = format!(
                "has {} bytes, too many for the index {index}",
                lengths[*longest]
            );
            refused.push((Some(column), reason));
        }
    }
}

/// How a person finds the row: its key, or its number where the table has none.
fn row_name(row: &SqliteRow, table: &PlannedTable) -> Result<String, sqlx::Error> {
    if table.key.is_empty() {
        let number: i64 = row.try_get_unchecked(table.columns.len())?;
        return Ok(format!("number {number}"));
    }
    let mut named = Vec::new();
    for place in &table.key {
        let value = row.try_get_raw(*place)?;
        named.push(if value.is_null() {
            "null".to_owned()
        } else {
            Stored::of(value)?.shown()
        });
    }
    Ok(named.join("/"))
}

/// The key of a row, as it travels.
pub(super) fn key(table: &PlannedTable, fields: &[u8]) -> Vec<u8> {
    let all: Vec<Option<&[u8]>> = Fields::of(fields).collect();
    let mut key = Vec::new();
    for place in &table.key {
        wire::put(&mut key, all.get(*place).copied().flatten());
    }
    key
}
