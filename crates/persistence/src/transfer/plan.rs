//! What is moved, and in which order: derived from the two catalogues, so that no table can be forgotten.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{Catalogue, Table};
use super::error::MoveError;
use super::wire::Kind;

/// The tables that stay behind, each with the reason.
pub(super) const STAYING: [(&str, &str); 5] = [
    (
        "seaql_migrations",
        "which migrations a database ran is its own history",
    ),
    ("schema_compatibility", "written by the migrations"),
    ("moves", "about this database alone"),
    ("move_progress", "about this database alone"),
    (
        "rate_counts",
        "counts of the last minutes, which begin anew",
    ),
];

/// Whether a table stays behind.
pub(super) fn stays(table: &str) -> bool {
    STAYING.iter().any(|(name, _)| *name == table)
}

/// A column that is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// A table that is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedTable {
    pub(super) name: String,
    /// In a fixed order, which need not be that of either database.
    pub(super) columns: Vec<Column>,
    /// The places of the key's columns among the columns; none for a table without a key.
    pub(super) key: Vec<usize>,
    /// The places of the columns that each index of PostgreSQL keeps together.
    pub(super) indexes: Vec<(String, Vec<usize>)>,
}

/// Derives the tables in an order in which each comes after those that its rows name. One of the two catalogues is that of
/// PostgreSQL, which tells apart what SQLite does not.
///
/// # Errors
/// [`MoveError::Schema`], with everything in which the two differ.
pub(super) fn derive(
    sqlite: &Catalogue,
    postgres: &Catalogue,
) -> Result<Vec<PlannedTable>, MoveError> {
    let mut differences = Vec::new();
    let mut planned = BTreeMap::new();
    let names: BTreeSet<&String> = sqlite.keys().chain(postgres.keys()).collect();
    for name in names.into_iter().filter(|name| !stays(name)) {
        match (sqlite.get(name), postgres.get(name)) {
            (Some(here), Some(there)) => {
                planned.insert(name.as_str(), table(name, here, there, &mut differences));
            }
            (Some(_), None) => differences.push(format!("only SQLite has the table {name}")),
            (None, _) => differences.push(format!("only PostgreSQL has the table {name}")),
        }
    }
    let order = order(
        postgres,
        planned.keys().copied().collect(),
        &mut differences,
    );
    if !differences.is_empty() {
        return Err(MoveError::Schema(differences));
    }
    Ok(order
        .into_iter()
        .filter_map(|name| planned.remove(name))
        .collect())
}

fn table(
    name: &str,
    sqlite: &Table,
    postgres: &Table,
    differences: &mut Vec<String>,
) -> PlannedTable {
    let there: BTreeMap<&str, &str> = postgres
        .columns
        .iter()
        .map(|(column, kind)| (column.as_str(), kind.as_str()))
        .collect();
    let here: BTreeSet<&str> = sqlite.columns.iter().map(|(c, _)| c.as_str()).collect();
    let mut columns = Vec::new();
    for (column, declared) in &sqlite.columns {
        let Some(kind) = there.get(column.as_str()) else {
            differences.push(format!("only SQLite has the column {name}.{column}"));
            continue;
        };
        match Kind::of_postgres(kind) {
            Some(kind) if kind.fits_sqlite(declared) => columns.push(Column {
                name: column.clone(),
                kind,
            }),
            _ => differences.push(format!(
                "{name}.{column} is {declared} on SQLite and {kind} on PostgreSQL, which this release cannot move"
            )),
        }
    }
    for column in there.keys().filter(|column| !here.contains(*column)) {
        differences.push(format!("only PostgreSQL has the column {name}.{column}"));
    }
    if sqlite.key != postgres.key {
        differences.push(format!("the primary keys of {name} differ"));
    }
    if sqlite.references != postgres.references {
        differences.push(format!("the foreign keys of {name} differ"));
    }
    let place = |wanted: &String| columns.iter().position(|column| column.name == *wanted);
    PlannedTable {
        key: sqlite.key.iter().filter_map(place).collect(),
        indexes: postgres
            .indexes
            .iter()
            .map(|(index, of)| (index.clone(), of.iter().filter_map(place).collect()))
            .collect(),
        name: name.to_owned(),
        columns,
    }
}

/// Each after those that it names; among those that could come next, by name.
fn order<'a>(
    catalogue: &Catalogue,
    mut waiting: BTreeSet<&'a str>,
    differences: &mut Vec<String>,
) -> Vec<&'a str> {
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let next = waiting.iter().copied().find(|name| {
            catalogue.get(*name).is_none_or(|table| {
                !table
                    .references
                    .iter()
                    .any(|other| waiting.contains(other.as_str()))
            })
        });
        let Some(next) = next else {
            let circle: Vec<&str> = waiting.into_iter().collect();
            differences.push(format!(
                "the rows of {} name each other in a circle, which this release cannot move",
                circle.join(", ")
            ));
            return order;
        };
        waiting.remove(next);
        order.push(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table's name, its columns with their types, and the tables it names.
    type Given<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

    fn catalogue(tables: &[Given<'_>]) -> Catalogue {
        tables
            .iter()
            .map(|(name, columns, references)| {
                let columns = columns
                    .iter()
                    .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()));
                let table = Table {
                    columns: columns.collect(),
                    key: vec!["id".to_owned()],
                    references: references.iter().map(|name| (*name).to_owned()).collect(),
                    indexes: BTreeMap::new(),
                };
                ((*name).to_owned(), table)
            })
            .collect()
    }

    const BLOB: &[(&str, &str)] = &[("id", "blob")];
    const UUID: &[(&str, &str)] = &[("id", "uuid")];

    fn said(sqlite: &Catalogue, postgres: &Catalogue) -> String {
        derive(sqlite, postgres).unwrap_err().to_string()
    }

    #[test]
    fn tables_come_after_those_that_they_name() {
        let of = |kind| {
            catalogue(&[
                ("a", kind, &["c", "d"]),
                ("b", kind, &[]),
                ("c", kind, &["d"]),
                ("d", kind, &[]),
                ("moves", kind, &[]),
            ])
        };
        let plan = derive(&of(BLOB), &of(UUID)).unwrap();
        let names: Vec<&str> = plan.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["b", "d", "c", "a"]);
        assert_eq!(plan[0].columns[0].kind, Kind::Uuid);
    }

    #[test]
    fn a_circle_is_named() {
        let of = |kind| {
            catalogue(&[
                ("a", kind, &["b"]),
                ("b", kind, &["a"]),
                ("itself", kind, &["itself"]),
            ])
        };
        let said = said(&of(BLOB), &of(UUID));
        assert!(said.contains("a, b, itself name each other"), "{said}");
    }

    #[test]
    fn every_difference_is_named() {
        let sqlite = catalogue(&[
            (
                "both",
                &[("id", "blob"), ("old", "text"), ("kind", "text")],
                &[],
            ),
            ("here", BLOB, &[]),
        ]);
        let postgres = catalogue(&[
            (
                "both",
                &[("id", "uuid"), ("new", "text"), ("kind", "jsonb")],
                &["there"],
            ),
            ("there", UUID, &[]),
        ]);
        let said = said(&sqlite, &postgres);
        for difference in [
            "only SQLite has the table here",
            "only PostgreSQL has the table there",
            "only SQLite has the column both.old",
            "only PostgreSQL has the column both.new",
            "both.kind is text on SQLite and jsonb on PostgreSQL",
            "the foreign keys of both differ",
        ] {
            assert!(said.contains(difference), "{difference}: {said}");
        }
    }
}
