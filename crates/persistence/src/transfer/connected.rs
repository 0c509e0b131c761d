//! Statements and rows on either database.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use sea_orm::prelude::Uuid;
use sea_orm::sqlx::postgres::{PgArguments, PgRow};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::{SqliteArguments, SqliteRow};
use sea_orm::sqlx::{self, AssertSqlSafe, Executor as _, Postgres, Row as _, Sqlite};

use super::address::Connected;
use super::plan::PlannedTable;
use super::wire::{Fields, Value};

/// A row as a database gives it.
pub(super) enum Found {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// Rows as they come: a few are in memory at a time, however many there are.
pub(super) enum Rows<'a> {
    Sqlite(BoxStream<'a, Result<SqliteRow, sqlx::Error>>),
    Postgres(BoxStream<'a, Result<PgRow, sqlx::Error>>),
}

impl Rows<'_> {
    pub(super) async fn next(&mut self) -> Result<Option<Found>, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(rows) => rows.next().await.transpose()?.map(Found::Sqlite),
            Self::Postgres(rows) => rows.next().await.transpose()?.map(Found::Postgres),
        })
    }
}

impl Connected {
    /// Executes statements without values.
    pub(super) async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
            Self::Postgres(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
        }
    }

    /// Executes a statement with values.
    pub(super) async fn execute(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<u64, sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        Ok(match self {
            Self::Sqlite(connection) => {
                let query = values.iter().fold(sqlx::query(sql), bind_sqlite);
                query.execute(connection).await?.rows_affected()
            }
            Self::Postgres(connection) => {
                let query = values.iter().fold(sqlx::query(sql), bind_postgres);
                query.execute(connection).await?.rows_affected()
            }
        })
    }

    /// The first column of all rows, as text.
    pub(super) async fn texts(&mut self, sql: &str) -> Result<Vec<String>, sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => {
                let rows = sqlx::query(sql).fetch_all(connection).await?;
                rows.iter().map(|row| row.try_get(0)).collect()
            }
            Self::Postgres(connection) => {
                let rows = sqlx::query(sql).fetch_all(connection).await?;
                rows.iter().map(|row| row.try_get(0)).collect()
            }
        }
    }

    /// A number.
    pub(super) async fn number(&mut self, sql: &str) -> Result<i64, sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
        }
    }

    /// The rows of a table: its columns, and where a SQLite table has no key the row's number behind them.
    pub(super) fn rows(&mut self, table: &PlannedTable) -> Rows<'_> {
        let is_sqlite = matches!(self, Self::Sqlite(_));
        self.fetch(select(table, is_sqlite), &[])
    }

    /// The rows of a table by its key, those behind a key alone where there is one.
    pub(super) fn rows_by_key(&mut self, table: &PlannedTable, after: Option<&[u8]>) -> Rows<'_> {
        let is_sqlite = matches!(self, Self::Sqlite(_));
        let mut sql = select(table, is_sqlite);
        if table.key.is_empty() {
            return self.fetch(sql, &[]);
        }
        let keys: Vec<String> = table
            .key
            .iter()
            .map(|place| {
                let column = &table.columns[*place];
                let name = quoted(&column.name);
                // By bytes, as SQLite does, whatever order the database has for its language.
                if !is_sqlite && column.kind == super::wire::Kind::Text {
                    format!("{name} collate \"C\"")
                } else {
                    name
                }
            })
            .collect();
        let keys = keys.join(", ");
        let values: Vec<Value<'_>> = after
            .map(|key| {
                let kinds = table.key.iter().map(|place| table.columns[*place].kind);
                Fields::of(key)
                    .zip(kinds)
                    .filter_map(|(field, kind)| kind.read(field))
                    .collect()
            })
            .unwrap_or_default();
        if !values.is_empty() {
            let places = crate::sql::placeholders(1, values.len());
            sql = format!("{sql} where ({keys}) > ({places})");
        }
        self.fetch(format!("{sql} order by {keys}"), &values)
    }

    fn fetch(&mut self, sql: String, values: &[Value<'_>]) -> Rows<'_> {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(connection) => {
                let query = values.iter().fold(sqlx::query(sql), bind_sqlite);
                Rows::Sqlite(query.fetch(connection))
            }
            Self::Postgres(connection) => {
                let query = values.iter().fold(sqlx::query(sql), bind_postgres);
                Rows::Postgres(query.fetch(connection))
            }
        }
    }
}

/// A name as both databases take it, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The columns of a table, in the plan's order.
pub(super) fn columns(table: &PlannedTable) -> String {
    let columns: Vec<String> = table.columns.iter().map(|c| quoted(&c.name)).collect();
    columns.join(", ")
}

fn select(table: &PlannedTable, is_sqlite: bool) -> String {
    let number = if is_sqlite && table.key.is_empty() {
        ", rowid"
    } else {
        ""
    };
    format!(
        "select {}{number} from {}",
        columns(table),
        quoted(&table.name)
    )
}

type SqliteQuery<'q> = Query<'q, Sqlite, SqliteArguments>;
type PostgresQuery<'q> = Query<'q, Postgres, PgArguments>;

fn bind_sqlite<'q>(query: SqliteQuery<'q>, value: &Value<'_>) -> SqliteQuery<'q> {
    match *value {
        Value::Null => query.bind(None::<i64>),
        Value::Uuid(id) => query.bind(id),
        Value::Integer(number) => query.bind(number),
        Value::Boolean(flag) => query.bind(flag),
        Value::Bytes(bytes) => query.bind(bytes.to_vec()),
        Value::Text(text) => query.bind(text.to_owned()),
    }
}

/// The only column of ours that is empty at times, and written with a value's own statement, is one of bytes.
fn bind_postgres<'q>(query: PostgresQuery<'q>, value: &Value<'_>) -> PostgresQuery<'q> {
    match *value {
        Value::Null => query.bind(None::<Vec<u8>>),
        Value::Uuid(id) => query.bind::<Uuid>(id),
        Value::Integer(number) => query.bind(number),
        Value::Boolean(flag) => query.bind(flag),
        Value::Bytes(bytes) => query.bind(bytes.to_vec()),
        Value::Text(text) => query.bind(text.to_owned()),
    }
}
