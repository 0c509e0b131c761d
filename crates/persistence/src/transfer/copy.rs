//! From one side to the other, in batches, each with how far it is in one transaction.

use scheduling_core::ports::StorageError;
use sea_orm::sqlx;
use sea_orm::sqlx::postgres::PgConnection;

use super::address::Connected;
use super::connected::{Found, columns, quoted};
use super::error::{MoveError, driver};
use super::plan::PlannedTable;
use super::state::Progress;
use super::values::key;
use super::wire::{self, Value, begin_row};
use super::{MoveStep, Observer};

/// SQLite takes no more values than these in a statement.
const SQLITE_VALUES: usize = 16_000;

/// Begins PostgreSQL's binary `COPY`: its signature, no flags, no extension.
const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// And ends it.
const COPY_END: &[u8] = &(-1_i16).to_be_bytes();

/// Between which databases, and how.
pub(super) struct Copy<'a> {
    pub(super) source: &'a mut Connected,
    pub(super) target: &'a mut Connected,
    pub(super) batch_bytes: usize,
    pub(super) observer: Observer<'a>,
}

impl Copy<'_> {
    /// Copies what is left of a table.
    pub(super) async fn table(
        &mut self,
        table: &PlannedTable,
        mut progress: Progress,
        of: u64,
    ) -> Result<(), MoveError> {
        let target = &mut *self.target;
        let triggers = Triggers::of(target, table).await.map_err(driver)?;
        let mut rows = (self.source).rows_by_key(table, progress.last_key.as_deref());
        let mut batch = Vec::new();
        let mut is_begun = false;
        while !progress.finished {
            match rows.next().await.map_err(driver)? {
                Some(found) => {
                    take(&found, table, &mut batch, &mut progress)?;
                    if batch.len() < self.batch_bytes {
                        continue;
                    }
                }
                None => progress.finished = true,
            }
            let refused = |source| MoveError::Refused {
                table: table.name.clone(),
                source,
            };
            if !is_begun {
                target.begin().await.map_err(driver)?;
                triggers.off(target).await.map_err(refused)?;
                is_begun = true;
            }
            append(target, table, &batch).await.map_err(refused)?;
            batch.clear();
            (self.observer)(&MoveStep::Writing { table: &table.name });
            // A table without a key has no place to go on from: all of it or nothing.
            if progress.finished || !table.key.is_empty() {
                record(target, table, &progress).await.map_err(driver)?;
                triggers.on(target).await.map_err(refused)?;
                target.run("commit").await.map_err(refused)?;
                is_begun = false;
            }
            (self.observer)(&MoveStep::Copied {
                table: &table.name,
                rows: progress.copied,
                of,
            });
        }
        Ok(())
    }
}

/// Puts a row into the batch.
fn take(
    found: &Found,
    table: &PlannedTable,
    batch: &mut Vec<u8>,
    progress: &mut Progress,
) -> Result<(), MoveError> {
    begin_row(batch, table.columns.len());
    let begin = batch.len();
    let mut unmovable = Vec::new();
    found.put(table, batch, &mut unmovable).map_err(driver)?;
    if !unmovable.is_empty() {
        return Err(MoveError::Unmovable {
            found: unmovable,
            more: 0,
        });
    }
    progress.copied += 1;
    progress.last_key = (!table.key.is_empty()).then(|| key(table, &batch[begin..]));
    Ok(())
}

impl Connected {
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Begins a transaction that writes; on SQLite with the write lock at once.
    async fn begin(&mut self) -> Result<(), sqlx::Error> {
        self.run(if self.is_postgres() {
            "begin"
        } else {
            "begin immediate"
        })
        .await
    }
}

async fn record(
    target: &mut Connected,
    table: &PlannedTable,
    progress: &Progress,
) -> Result<(), sqlx::Error> {
    let copied = i64::try_from(progress.copied).unwrap_or(i64::MAX);
    let values = [
        Value::Text(&table.name),
        Value::Integer(copied),
        progress
            .last_key
            .as_deref()
            .map_or(Value::Null, Value::Bytes),
        Value::Boolean(progress.finished),
    ];
    let store =
        "insert into move_progress (table_name, copied, last_key, finished) values ($1, $2, $3, $4)
        on conflict (table_name) do update
        set copied = excluded.copied, last_key = excluded.last_key, finished = excluded.finished";
    target.execute(store, &values).await.map(drop)
}

async fn append(
    target: &mut Connected,
    table: &PlannedTable,
    batch: &[u8],
) -> Result<(), sqlx::Error> {
    if batch.is_empty() {
        return Ok(());
    }
    match target {
        Connected::Postgres(connection) => copy_in(connection, table, batch).await,
        Connected::Sqlite(_) => insert(target, table, batch).await,
    }
}

async fn copy_in(
    connection: &mut PgConnection,
    table: &PlannedTable,
    batch: &[u8],
) -> Result<(), sqlx::Error> {
    let (name, columns) = (quoted(&table.name), columns(table));
    let statement = format!("copy {name} ({columns}) from stdin (format binary)");
    let mut copy = connection.copy_in_raw(&statement).await?;
    copy.send(COPY_HEADER).await?;
    copy.send(batch).await?;
    copy.send(COPY_END).await?;
    copy.finish().await.map(drop)
}

async fn insert(
    target: &mut Connected,
    table: &PlannedTable,
    batch: &[u8],
) -> Result<(), sqlx::Error> {
    let width = table.columns.len();
    let head = format!(
        "insert into {} ({}) values ",
        quoted(&table.name),
        columns(table)
    );
    let row = format!("({})", vec!["?"; width].join(", "));
    let rows: Vec<Vec<Option<&[u8]>>> = wire::rows(batch, width).collect();
    for rows in rows.chunks((SQLITE_VALUES / width).max(1)) {
        let mut values = Vec::with_capacity(rows.len() * width);
        for row in rows {
            for (field, column) in row.iter().zip(&table.columns) {
                let value = column.kind.read(*field);
                values.push(value.ok_or_else(|| {
                    sqlx::Error::Decode(format!("{} is not of its kind", column.name).into())
                })?);
            }
        }
        let sql = format!("{head}{}", vec![row.as_str(); rows.len()].join(", "));
        target.execute(&sql, &values).await?;
    }
    Ok(())
}

/// A table's triggers, which rest while it is filled: what they would write is copied like everything else. Within the
/// transaction of a batch, so that nobody else ever sees the table without them.
#[derive(Debug, Default)]
struct Triggers {
    off: Vec<String>,
    on: Vec<String>,
}

impl Triggers {
    async fn of(target: &mut Connected, table: &PlannedTable) -> Result<Self, sqlx::Error> {
        let literal = table.name.replace('\'', "''");
        let mut triggers = Self::default();
        if target.is_postgres() {
            let any = format!(
                "select tgname::text from pg_trigger where tgrelid = '{}'::regclass and not tgisinternal",
                quoted(&literal)
            );
            // Only the owner may; who migrated is the owner. Constraints are not among these and stay awake.
            if !target.texts(&any).await?.is_empty() {
                let alter = format!("alter table {}", quoted(&table.name));
                triggers.off.push(format!("{alter} disable trigger user"));
                triggers.on.push("set constraints all immediate".to_owned());
                triggers.on.push(format!("{alter} enable trigger user"));
            }
        } else {
            let names = format!(
                "select name from sqlite_schema where type = 'trigger' and tbl_name = '{literal}' order by name"
            );
            for name in target.texts(&names).await? {
                triggers.off.push(format!("drop trigger {}", quoted(&name)));
            }
            let made = names.replace("select name", "select sql");
            triggers.on = target.texts(&made).await?;
        }
        Ok(triggers)
    }

    async fn off(&self, target: &mut Connected) -> Result<(), sqlx::Error> {
        for statement in &self.off {
            target.run(statement).await?;
        }
        Ok(())
    }

    async fn on(&self, target: &mut Connected) -> Result<(), sqlx::Error> {
        for statement in &self.on {
            target.run(statement).await?;
        }
        Ok(())
    }
}

/// Empties the target of what an earlier move put there, so that another can begin.
pub(super) async fn empty(
    target: &mut Connected,
    tables: &[PlannedTable],
) -> Result<(), StorageError> {
    let stored = super::error::stored;
    target.begin().await.map_err(stored)?;
    let mut statements = Vec::new();
    if target.is_postgres() {
        let names: Vec<String> = tables.iter().map(|table| quoted(&table.name)).collect();
        statements.push(format!("truncate {}", names.join(", ")));
    } else {
        // Whoever names others first.
        for table in tables.iter().rev() {
            statements.push(format!("delete from {}", quoted(&table.name)));
        }
    }
    statements.push("delete from move_progress".to_owned());
    statements.push("delete from moves where direction = 'in'".to_owned());
    statements.push("commit".to_owned());
    for statement in statements {
        target.run(&statement).await.map_err(stored)?;
    }
    Ok(())
}
