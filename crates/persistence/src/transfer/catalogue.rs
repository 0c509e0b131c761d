//! What tables and columns a database has, as it says itself.

use std::collections::{BTreeMap, BTreeSet};

use scheduling_core::ports::StorageError;
use sea_orm::{ConnectionTrait, DbBackend};

use crate::sql;

/// A table of one database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// The columns in their order, each with the type that the database gives it.
    pub(super) columns: Vec<(String, String)>,
    /// The columns of the primary key, in its order.
    pub(super) key: Vec<String>,
    /// The tables that its rows name.
    pub(super) references: BTreeSet<String>,
    /// The columns that each index keeps together. Only asked of PostgreSQL, where an entry must not be large.
    pub(super) indexes: BTreeMap<String, Vec<String>>,
}

/// All tables by name.
pub(super) type Catalogue = BTreeMap<String, Table>;

/// Reads the catalogue. What an extension brought along is not ours and left out.
pub(super) async fn read(db: &impl ConnectionTrait) -> Result<Catalogue, StorageError> {
    let is_postgres = db.get_database_backend() == DbBackend::Postgres;
    let mut tables = Catalogue::new();
    let columns = if is_postgres {
        POSTGRES_COLUMNS
    } else {
        SQLITE_COLUMNS
    };
    for row in sql::rows(db, columns, []).await? {
        let (table, column): (String, String) = (sql::get(&row, 0)?, sql::get(&row, 1)?);
        let kind = sql::get(&row, 2)?;
        tables
            .entry(table)
            .or_default()
            .columns
            .push((column, kind));
    }
    let keys = if is_postgres {
        POSTGRES_KEYS
    } else {
        SQLITE_KEYS
    };
    for (table, column) in pairs(db, keys).await? {
        tables.entry(table).or_default().key.push(column);
    }
    let references = if is_postgres {
        POSTGRES_REFERENCES
    } else {
        SQLITE_REFERENCES
    };
    for (table, other) in pairs(db, references).await? {
        tables.entry(table).or_default().references.insert(other);
    }
    if is_postgres {
        for row in sql::rows(db, POSTGRES_INDEXES, []).await? {
            let (table, index): (String, String) = (sql::get(&row, 0)?, sql::get(&row, 1)?);
            let indexes = &mut tables.entry(table).or_default().indexes;
            indexes.entry(index).or_default().push(sql::get(&row, 2)?);
        }
    }
    Ok(tables)
}

async fn pairs(
    db: &impl ConnectionTrait,
    query: &str,
) -> Result<Vec<(String, String)>, StorageError> {
    let rows = sql::rows(db, query, []).await?;
    rows.iter()
        .map(|row| Ok((sql::get(row, 0)?, sql::get(row, 1)?)))
        .collect()
}

/// Ordinary and partitioned tables of the schema that unqualified names mean; a partition belongs to its parent.
macro_rules! postgres_tables {
    () => {
        "from pg_class t join pg_namespace n on n.oid = t.relnamespace and n.nspname = current_schema()
            and t.relkind in ('r', 'p') and not t.relispartition
            and not exists (
                select 1 from pg_depend d
                where d.classid = 'pg_class'::regclass and d.objid = t.oid and d.deptype = 'e'
            )"
    };
}

const POSTGRES_COLUMNS: &str = concat!(
    "select t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod) ",
    postgres_tables!(),
    " join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    order by t.relname, a.attnum"
);

const POSTGRES_KEYS: &str = concat!(
    "select t.relname::text, a.attname::text ",
    postgres_tables!(),
    " join pg_index i on i.indrelid = t.oid and i.indisprimary
    cross join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
    join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
    order by t.relname, k.place"
);

const POSTGRES_REFERENCES: &str = concat!(
    "select distinct t.relname::text, other.relname::text ",
    postgres_tables!(),
    " join pg_constraint c on c.conrelid = t.oid and c.contype = 'f'
    join pg_class other on other.oid = c.confrelid
    order by 1, 2"
);

/// Also the columns that an index only computes with.
const POSTGRES_INDEXES: &str = concat!(
    "select distinct t.relname::text, x.relname::text, a.attname::text ",
    postgres_tables!(),
    " join pg_index i on i.indrelid = t.oid
    join pg_class x on x.oid = i.indexrelid
    join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and (
        a.attnum = any (i.indkey::int2[])
        or exists (
            select 1 from pg_depend d
            where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
                and d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid and d.refobjsubid = a.attnum
        )
    )
    order by 1, 2, 3"
);

const SQLITE_COLUMNS: &str = "
select t.name, c.name, lower(c.type) from pragma_table_list t join pragma_table_xinfo(t.name) c
where t.schema = 'main' and t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\' and c.hidden = 0
order by t.name, c.cid";

const SQLITE_KEYS: &str = "
select t.name, c.name from pragma_table_list t join pragma_table_xinfo(t.name) c
where t.schema = 'main' and t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\' and c.pk > 0
order by t.name, c.pk";

const SQLITE_REFERENCES: &str = "
select distinct t.name, f.\"table\" from pragma_table_list t join pragma_foreign_key_list(t.name) f
where t.schema = 'main' and t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\'
order by 1, 2";
