//! Rows by the thousand: `COPY` on PostgreSQL, long inserts on SQLite.

use std::fmt::Write as _;
use std::str::FromStr as _;

use scheduling_persistence::{ConnectOptions, SeaOrmStorage};
use sea_orm::sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous,
};
use sea_orm::sqlx::{
    self, Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection,
    SqliteConnection,
};
use uuid::Uuid;

use crate::Failure;

/// How many values a statement of SQLite may have.
const MOST_VALUES: usize = 32_000;

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Id(Uuid),
}

impl From<Option<i64>> for Cell {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Int)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Rows for one table.
#[derive(Debug)]
pub(crate) struct Rows {
    table: &'static str,
    columns: &'static [&'static str],
    cells: Vec<Cell>,
}

impl Rows {
    /// None yet.
    pub(crate) const fn of(table: &'static str, columns: &'static [&'static str]) -> Self {
        Self {
            table,
            columns,
            cells: Vec::new(),
        }
    }

    /// One more, its values in the columns' order.
    pub(crate) fn add<const N: usize>(&mut self, row: [Cell; N]) {
        debug_assert_eq!(N, self.columns.len(), "{}", self.table);
        self.cells.extend(row);
    }
}

/// A connection for making databases. What it writes is not safe from a power cut before it is closed.
pub(crate) enum Bulk {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Connects to a database through the repositories, after bringing its schema up to date.
pub(crate) async fn storage(url: &str) -> Result<SeaOrmStorage, Failure> {
    let storage = SeaOrmStorage::connect(url, &ConnectOptions::default()).await?;
    storage.migrate().await?;
    Ok(storage)
}

impl Bulk {
    /// Connects. On SQLite nobody else may use the file meanwhile.
    pub(crate) async fn connect(url: &str) -> Result<Self, Failure> {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?
                .foreign_keys(false)
                .journal_mode(SqliteJournalMode::Memory)
                .synchronous(SqliteSynchronous::Off)
                // A quarter of a gigabyte, in KiB.
                .pragma("cache_size", "-262144")
                .pragma("temp_store", "memory")
                .statement_cache_capacity(64);
            return Ok(Self::Sqlite(options.connect().await?));
        }
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql("set synchronous_commit = off")
            .execute(&mut connection)
            .await?;
        Ok(Self::Postgres(connection))
    }

    /// Stores rows in the order of the tables, in one transaction, and forgets them here.
    pub(crate) async fn store(&mut self, tables: &mut [Rows]) -> Result<(), Failure> {
        self.execute("begin").await?;
        for rows in tables.iter_mut() {
            match self {
                Self::Postgres(connection) => copy(connection, rows).await?,
                Self::Sqlite(connection) => insert(connection, rows).await?,
            }
            rows.cells.clear();
        }
        self.execute("commit").await
    }

    /// Executes a statement without values.
    pub(crate) async fn execute(&mut self, sql: &'static str) -> Result<(), Failure> {
        match self {
            Self::Postgres(connection) => _ = sqlx::raw_sql(sql).execute(connection).await?,
            Self::Sqlite(connection) => _ = sqlx::raw_sql(sql).execute(connection).await?,
        }
        Ok(())
    }

    /// Leaves the database as a server finds its own: on the disk, and on PostgreSQL with statistics.
    pub(crate) async fn finish(mut self) -> Result<(), Failure> {
        match &mut self {
            Self::Postgres(_) => {
                self.execute("vacuum (analyze)").await?;
                self.execute("checkpoint").await?;
            }
            Self::Sqlite(_) => {
                // No `analyze`: a server never runs it either.
                self.execute("pragma synchronous = full").await?;
                self.execute("pragma journal_mode = wal").await?;
            }
        }
        match self {
            Self::Postgres(connection) => connection.close().await?,
            Self::Sqlite(connection) => connection.close().await?,
        }
        Ok(())
    }
}

async fn insert(connection: &mut SqliteConnection, rows: &Rows) -> Result<(), Failure> {
    let width = rows.columns.len();
    let row = format!("({})", vec!["?"; width].join(", "));
    for cells in rows.cells.chunks(MOST_VALUES / width * width) {
        let mut values = SqliteArguments::default();
        for cell in cells {
            let added = match cell {
                Cell::Null => values.add(None::<i64>),
                Cell::Int(number) => values.add(*number),
                Cell::Text(text) => values.add(text.clone()),
                Cell::Bytes(bytes) => values.add(bytes.clone()),
                Cell::Id(id) => values.add(id.as_bytes().to_vec()),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        let sql = format!(
            "insert into {} ({}) values {}",
            rows.table,
            rows.columns.join(", "),
            vec![row.as_str(); cells.len() / width].join(", ")
        );
        sqlx::query_with(AssertSqlSafe(sql), values)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn copy(connection: &mut PgConnection, rows: &Rows) -> Result<(), Failure> {
    if rows.cells.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "copy {} ({}) from stdin",
        rows.table,
        rows.columns.join(", ")
    );
    let mut text = String::new();
    for row in rows.cells.chunks(rows.columns.len()) {
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                text.push('\t');
            }
            write_cell(&mut text, cell);
        }
        text.push('\n');
    }
    let mut copying = connection.copy_in_raw(&sql).await?;
    copying.send(text.into_bytes()).await?;
    copying.finish().await?;
    Ok(())
}

/// A value in the text form of `COPY`.
fn write_cell(text: &mut String, cell: &Cell) {
    // Writing to a string does not fail.
    match cell {
        Cell::Null => text.push_str("\\N"),
        Cell::Int(number) => _ = write!(text, "{number}"),
        Cell::Id(id) => _ = write!(text, "{id}"),
        Cell::Bytes(bytes) => {
            text.push_str("\\\\x");
            for byte in bytes {
                _ = write!(text, "{byte:02x}");
            }
        }
        Cell::Text(written) => {
            for character in written.chars() {
                match character {
                    '\\' => text.push_str("\\\\"),
                    '\t' => text.push_str("\\t"),
                    '\n' => text.push_str("\\n"),
                    '\r' => text.push_str("\\r"),
                    other => text.push(other),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_copy_reads_it() {
        let mut text = String::new();
        for cell in [
            Cell::Null,
            Cell::Int(-5),
            Cell::from("a\tb\\N\n"),
            Cell::Bytes(vec![0, 255]),
        ] {
            write_cell(&mut text, &cell);
            text.push('|');
        }
        assert_eq!(text, "\\N|-5|a\\tb\\\\N\\n|\\\\x00ff|");
    }

    #[tokio::test]
    async fn many_rows_take_several_statements_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("t.db").display());
        let mut bulk = Bulk::connect(&url).await.unwrap();
        bulk.execute("create table t (a integer, b text)")
            .await
            .unwrap();
        let mut rows = Rows::of("t", &["a", "b"]);
        for number in 0..40_000 {
            rows.add([Cell::Int(number), Cell::from("x")]);
        }
        let mut tables = [rows];
        bulk.store(&mut tables).await.unwrap();
        assert!(tables[0].cells.is_empty());
        let Bulk::Sqlite(mut connection) = bulk else {
            panic!("SQLite was asked for");
        };
        let (count, sum): (i64, i64) = sqlx::query_as("select count(*), sum(a) from t")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!((count, sum), (40_000, 799_980_000));
    }
}
