//! Whether this program can work with the schema that a database has.
//!
//! While a release rolls out, old programs meet a schema with migrations that they do not know. Most of those only add,
//! and an old program works on as before. Some take away what it needs. The database itself says which: the one row of
//! `schema_compatibility` names the migration that a program must know. A program that knows it works, whatever has come
//! on top; one that does not must not touch anything.

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// What a database has of the migrations, against what this program knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The migrations that the database lacks, in order.
    pub pending: Vec<String>,
    /// The migrations that it has and this program does not know, in order: those of a later release.
    pub unknown: Vec<String>,
    /// The migration that a program must know to work with the schema, where the database says so.
    pub required: Option<String>,
}

/// Whether a program can work with a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fitness {
    /// It has everything, and nothing that the program does not know.
    UpToDate,
    /// It has everything, and more of a later release that does not matter to this program.
    Ahead,
    /// It lacks something; migrating adds it.
    Behind,
    /// It was made for later programs, or by a program of another line. This one must leave it alone.
    Foreign(Reason),
}

/// Why a program must leave a schema alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Programs must know this migration, and this one does not.
    Requires(String),
    /// It has migrations that this program does not know, and does not say whether they matter.
    Unknown(String),
    /// It has a migration that this program does not know, and lacks another that it does know: they come from releases
    /// of which none follows the other.
    Apart {
        /// The one that it has.
        has: String,
        /// The one that it lacks.
        lacks: String,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Requires(name) => write!(
                f,
                "the schema was made for later programs: they must know the migration {name}, and this one does not"
            ),
            Self::Unknown(name) => write!(
                f,
                "the schema has the migration {name}, which this program does not know"
            ),
            Self::Apart { has, lacks } => write!(
                f,
                "the schema has the migration {has}, which this program does not know, and lacks {lacks}"
            ),
        }
    }
}

impl std::error::Error for Reason {}

impl Standing {
    /// Whether this program can work with the schema.
    pub fn fitness(&self) -> Fitness {
        let required = self.required.as_ref();
        if let Some(name) = required.filter(|name| !crate::names().contains(name)) {
            return Fitness::Foreign(Reason::Requires(name.clone()));
        }
        match (self.unknown.first(), self.pending.first()) {
            (None, None) => Fitness::UpToDate,
            (None, Some(_)) => Fitness::Behind,
            (Some(has), Some(lacks)) => Fitness::Foreign(Reason::Apart {
                has: has.clone(),
                lacks: lacks.clone(),
            }),
            (Some(_), None) if required.is_some() => Fitness::Ahead,
            (Some(has), None) => Fitness::Foreign(Reason::Unknown(has.clone())),
        }
    }
}

/// Compares a database's migrations with this program's. Writes nothing.
///
/// # Errors
/// What the database said.
pub async fn look(database: &impl ConnectionTrait) -> Result<Standing, DbErr> {
    let applied = column(database, MIGRATIONS, "version").await?;
    let required = column(database, COMPATIBILITY, "oldest").await?;
    Ok(standing(applied, required.into_iter().next()))
}

/// Says that from now on programs must know a migration. Whoever takes away what older programs need calls it in the same
/// migration, with the name of one that all programs have which no longer need it.
///
/// # Errors
/// What the database said.
pub async fn require(database: &impl ConnectionTrait, migration: &str) -> Result<(), DbErr> {
    let raise = Statement::from_sql_and_values(
        database.get_database_backend(),
        "update schema_compatibility set oldest = $1 where id = 1",
        [migration.into()],
    );
    match database.execute_raw(raise).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(DbErr::Custom(
            "schema_compatibility has lost its row".to_owned(),
        )),
    }
}

/// What stands, of the names that a database has and the one that it requires.
pub fn standing(applied: Vec<String>, required: Option<String>) -> Standing {
    let known = crate::names();
    let has: BTreeSet<&String> = applied.iter().collect();
    let pending = known.iter().filter(|name| !has.contains(name)).cloned();
    let pending = pending.collect();
    let mut unknown: Vec<String> = applied
        .into_iter()
        .filter(|name| !known.contains(name))
        .collect();
    unknown.sort();
    Standing {
        pending,
        unknown,
        required,
    }
}

const MIGRATIONS: &str = "seaql_migrations";
const COMPATIBILITY: &str = "schema_compatibility";

/// A column of a table of ours that may not be there yet: asking for a table that is not there would end a transaction.
async fn column(
    database: &impl ConnectionTrait,
    table: &str,
    column: &str,
) -> Result<Vec<String>, DbErr> {
    let backend = database.get_database_backend();
    let there = match backend {
        DbBackend::Postgres => format!("select 1 where to_regclass('{table}') is not null"),
        _ => format!("select 1 from sqlite_master where type = 'table' and name = '{table}'"),
    };
    let there = Statement::from_string(backend, there);
    if database.query_one_raw(there).await?.is_none() {
        return Ok(Vec::new());
    }
    let query = Statement::from_string(backend, format!("select {column} from {table}"));
    let rows = database.query_all_raw(query).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_and(more: &[&str]) -> Vec<String> {
        let mut names = crate::names();
        names.extend(more.iter().map(|name| (*name).to_owned()));
        names
    }

    fn fitness(applied: Vec<String>, required: Option<&str>) -> Fitness {
        standing(applied, required.map(str::to_owned)).fitness()
    }

    const LATER: &str = "m20990101_000000_later";

    #[test]
    fn a_schema_of_this_program_is_up_to_date_and_an_older_one_behind() {
        let own = crate::names();
        let last = own.last().unwrap().as_str();
        assert_eq!(fitness(own.clone(), Some(last)), Fitness::UpToDate);
        assert_eq!(fitness(own[..2].to_vec(), None), Fitness::Behind);
        assert_eq!(fitness(Vec::new(), None), Fitness::Behind);
        assert_eq!(standing(own[..2].to_vec(), None).pending, own[2..]);
    }

    #[test]
    fn what_a_later_release_adds_does_not_matter_unless_it_says_so() {
        let known = crate::names().pop();
        assert_eq!(fitness(all_and(&[LATER]), known.as_deref()), Fitness::Ahead);
        assert_eq!(
            fitness(all_and(&[LATER]), Some(LATER)),
            Fitness::Foreign(Reason::Requires(LATER.to_owned()))
        );
        // A schema that says nothing of it, or what cannot be.
        assert_eq!(
            fitness(all_and(&[LATER]), None),
            Fitness::Foreign(Reason::Unknown(LATER.to_owned()))
        );
        assert_eq!(
            fitness(all_and(&[]), Some("")),
            Fitness::Foreign(Reason::Requires(String::new()))
        );
    }

    #[test]
    fn two_lines_of_releases_leave_each_other_alone() {
        let own = crate::names();
        let (last, before) = own.split_last().unwrap();
        let mut other = before.to_vec();
        other.push(LATER.to_owned());
        assert_eq!(
            fitness(other, Some(&own[0])),
            Fitness::Foreign(Reason::Apart {
                has: LATER.to_owned(),
                lacks: last.clone(),
            })
        );
    }
}
