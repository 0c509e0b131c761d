//! Several statements in one call.
//!
//! A call to the database costs more than most of the statements in it: on PostgreSQL a round trip, on SQLite a change of
//! threads. PostgreSQL takes one statement a call, so there all but the last become `with` parts of it: they see what was
//! there before any of them, and no order among them is promised. SQLite does them one after the other. So a batch is for
//! statements that do not touch each other's rows. Foreign keys are checked when all are done, on both.

use scheduling_core::ports::StorageError;
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, IdenStatic, Iterable, ModelTrait, QueryResult, Value,
};

use crate::sql;

/// Statements that are sent together, with their values.
#[derive(Debug)]
pub(crate) struct Batch {
    backend: DbBackend,
    statements: Vec<String>,
    values: Vec<Value>,
}

impl Batch {
    /// Without statements.
    pub(crate) fn on(db: &impl ConnectionTrait) -> Self {
        Self {
            backend: db.get_database_backend(),
            statements: Vec::new(),
            values: Vec::new(),
        }
    }

    /// The placeholder of one more value, for a statement that is added next.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// The placeholders of more values, as a list.
    pub(crate) fn list(&mut self, values: impl IntoIterator<Item = Value>) -> String {
        let first = self.values.len() + 1;
        self.values.extend(values);
        sql::placeholders(first, self.values.len() + 1 - first)
    }

    /// Adds a statement.
    pub(crate) fn add(&mut self, statement: impl Into<String>) {
        self.statements.push(statement.into());
    }

    /// Inserts rows as they are; none is fine.
    pub(crate) fn insert<M: ModelTrait>(&mut self, rows: &[M]) {
        self.insert_or(rows, "");
    }

    /// Inserts rows, with what is to be done about those that are there already.
    pub(crate) fn insert_or<M: ModelTrait>(&mut self, rows: &[M], otherwise: &str) {
        type Column<M> = <<M as ModelTrait>::Entity as EntityTrait>::Column;

        if rows.is_empty() {
            return;
        }
        let names: Vec<&str> = Column::<M>::iter().map(|column| column.as_str()).collect();
        let rows: Vec<String> = rows
            .iter()
            .map(|row| {
                let values = Column::<M>::iter().map(|column| row.get(column));
                format!("({})", self.list(values))
            })
            .collect();
        self.add(format!(
            "insert into {} ({}) values {} {otherwise}",
            M::Entity::default().as_str(),
            names.join(", "),
            rows.join(", ")
        ));
    }

    /// Does all of it. The rows are those of the last statement on PostgreSQL, and of all of them on SQLite: give only the
    /// last one any.
    pub(crate) async fn rows(
        self,
        db: &impl ConnectionTrait,
    ) -> Result<Vec<QueryResult>, StorageError> {
        let Some(text) = self.text() else {
            return Ok(Vec::new());
        };
        sql::rows(db, text, self.values).await
    }

    /// Does all of it.
    pub(crate) async fn execute(self, db: &impl ConnectionTrait) -> Result<(), StorageError> {
        if let Some(text) = self.text() {
            sql::execute(db, text, self.values).await?;
        }
        Ok(())
    }

    fn text(&self) -> Option<String> {
        let (last, others) = self.statements.split_last()?;
        if others.is_empty() || self.backend != DbBackend::Postgres {
            return Some(self.statements.join(";\n"));
        }
        let parts: Vec<String> = (1..)
            .zip(others)
            .map(|(number, statement)| format!("part_{number} as ({statement})"))
            .collect();
        Some(format!("with {}\n{last}", parts.join(",\n")))
    }
}
