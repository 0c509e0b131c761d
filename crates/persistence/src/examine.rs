//! What a database says about itself, for whoever examines a deployment.

use chrono::{DateTime, Utc};
use scheduling_core::ports::StorageError;
use sea_orm::{ConnectionTrait, DbBackend};

use crate::SeaOrmStorage;
use crate::convert::Row;
use crate::sql;

/// What a database says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseFacts {
    /// A PostgreSQL server.
    Postgres(PostgresFacts),
    /// A SQLite file.
    Sqlite(SqliteFacts),
}

/// What a PostgreSQL server says about itself.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresFacts {
    /// Its version, such as `15.4`.
    pub version: String,
    /// Its version as a number, such as 150004.
    pub version_number: i64,
    /// Whether it follows another server and takes no changes.
    pub is_replica: bool,
    /// Connections that it lets in.
    pub max_connections: i64,
    /// Of those, how many it keeps for superusers.
    pub reserved_connections: i64,
    /// Connections that are open, whoever opened them.
    pub open_connections: i64,
    /// Whether the extension `btree_gist` is there.
    pub has_btree_gist: bool,
    /// Whether this user may create a trusted extension such as `btree_gist`.
    pub may_create_extensions: bool,
    /// Whether a commit waits until it is on disk: `on`, `off`, `local` and the like.
    pub synchronous_commit: String,
    /// Whether writes are forced to disk at all.
    pub fsync: bool,
    /// The isolation of transactions that ask for none.
    pub isolation: String,
    /// Its clock.
    pub now: DateTime<Utc>,
}

/// What a SQLite file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteFacts {
    /// The library's version.
    pub version: String,
    /// How changes are logged: `wal`.
    pub journal: String,
    /// Bytes that the database takes.
    pub bytes: i64,
    /// Of those, how many hold nothing any more.
    pub free_bytes: i64,
    /// What is broken in the file: none is the only good answer. The first five.
    pub damages: Vec<String>,
}

impl SeaOrmStorage {
    /// Asks the database about itself. On SQLite the whole file is read.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn examine(&self) -> Result<DatabaseFacts, StorageError> {
        match self.reader().get_database_backend() {
            DbBackend::Postgres => postgres(self.reader()).await.map(DatabaseFacts::Postgres),
            _ => sqlite(self.reader()).await.map(DatabaseFacts::Sqlite),
        }
    }
}

async fn postgres(db: &impl ConnectionTrait) -> Result<PostgresFacts, StorageError> {
    let found = sql::row(
        db,
        "select current_setting('server_version'),
            cast(current_setting('server_version_num') as bigint),
            pg_is_in_recovery(),
            cast(current_setting('max_connections') as bigint),
            cast(current_setting('superuser_reserved_connections') as bigint),
            (select coalesce(sum(numbackends), 0)::bigint from pg_stat_database),
            exists (select 1 from pg_extension where extname = 'btree_gist'),
            has_database_privilege(current_database(), 'create'),
            current_setting('synchronous_commit'),
            current_setting('fsync') = 'on',
            current_setting('default_transaction_isolation'),
            cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)",
        [],
    )
    .await?
    .ok_or_else(|| StorageError::Other("the server says nothing about itself".into()))?;
    let row = Row {
        table: "pg_settings",
        id: "now",
    };
    Ok(PostgresFacts {
        version: sql::get(&found, 0)?,
        version_number: sql::get(&found, 1)?,
        is_replica: sql::get(&found, 2)?,
        max_connections: sql::get(&found, 3)?,
        reserved_connections: sql::get(&found, 4)?,
        open_connections: sql::get(&found, 5)?,
        has_btree_gist: sql::get(&found, 6)?,
        may_create_extensions: sql::get(&found, 7)?,
        synchronous_commit: sql::get(&found, 8)?,
        fsync: sql::get(&found, 9)?,
        isolation: sql::get(&found, 10)?,
        now: row.instant("now", sql::get(&found, 11)?)?,
    })
}

async fn sqlite(db: &impl ConnectionTrait) -> Result<SqliteFacts, StorageError> {
    let found = sql::row(
        db,
        "select sqlite_version(), (select journal_mode from pragma_journal_mode),
            (select page_size from pragma_page_size),
            (select page_count from pragma_page_count),
            (select freelist_count from pragma_freelist_count)",
        [],
    )
    .await?
    .ok_or_else(|| StorageError::Other("the file says nothing about itself".into()))?;
    let page: i64 = sql::get(&found, 2)?;
    let (pages, free): (i64, i64) = (sql::get(&found, 3)?, sql::get(&found, 4)?);
    let mut damages = Vec::new();
    for row in sql::rows(db, "pragma quick_check(5)", []).await? {
        let line: String = sql::get(&row, 0)?;
        if line != "ok" {
            damages.push(line);
        }
    }
    Ok(SqliteFacts {
        version: sql::get(&found, 0)?,
        journal: sql::get(&found, 1)?,
        bytes: page * pages,
        free_bytes: page * free,
        damages,
    })
}
