//! `kalends-load generate`: a database of any size, as a server would have left it.

mod bookings;
pub(crate) mod ids;
pub(crate) mod people;
mod plan;

use std::path::PathBuf;
use std::time::Instant;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use clap::Args;
use scheduling_accounts::ApiTokenText;
use scheduling_app::system::{SealingKey, SystemClock};
use scheduling_core::ports::{Clock as _, SecretSource, Storage as _};
use scheduling_persistence::SeaOrmStorage;

use crate::database::{Bulk, Cell, Rows, storage};
use crate::made::{Made, MadeWorkspace};
use crate::random::Random;
use crate::{Failure, output};
use bookings::Maker;
use people::People;

/// How many bookings are stored in one transaction.
const AT_ONCE: usize = 10_000;

/// Fill an empty database with hosts and bookings
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The database, sqlite:FILE or postgres://…; its schema is brought up to date
    #[arg(long, value_name = "URL")]
    database: String,
    /// How many bookings
    #[arg(long, default_value_t = 1000)]
    bookings: u64,
    /// How many hosts
    #[arg(long, default_value_t = 10)]
    hosts: usize,
    /// The same seed on the same day makes the same rows, but for what is sealed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The instant that is taken for the present
    #[arg(long, value_name = "INSTANT")]
    now: Option<DateTime<Utc>>,
    /// The server's secrets.key, which opens the links in mails
    #[arg(long, value_name = "HEX", default_value = DEFAULT_KEY)]
    key: SealingKey,
    /// Write what was made into a file, for the other commands
    #[arg(long, value_name = "FILE")]
    made: Option<PathBuf>,
}

/// The key of databases that are made for measuring. It keeps nothing secret.
const DEFAULT_KEY: &str = "6b616c656e64732d6c6f61642d6b616c656e64732d6c6f61642d6b616c656e64";

/// Secrets of a seed, for one thing among many: whoever knows the seed knows them.
struct Seeded(u64, u64);

impl SecretSource for Seeded {
    fn secret(&self) -> [u8; 32] {
        Random::of(self.0 ^ 0x7365_6372_6574, self.1).bytes()
    }
}

/// Runs the command.
pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let now = options.now.unwrap_or_else(|| SystemClock.now());
    let begin = Instant::now();
    let made = make(options, now).await?;
    let took = begin.elapsed().as_secs_f64();
    let first = &made.workspaces[0];
    let mut lines = vec![format!(
        "made {} bookings of {} hosts in {} workspaces in {took:.1} s",
        made.bookings,
        made.hosts,
        made.workspaces.len()
    )];
    for event_type in first.alone.first().into_iter().chain(first.teams.first()) {
        lines.push(made.slots(&first.slug, event_type));
    }
    lines.push(format!(
        "/api/v1/workspaces/{}/bookings?limit=50",
        first.slug
    ));
    lines.extend(first.token.iter().map(|token| format!("token {token}")));
    output::lines(lines)?;
    match &options.made {
        Some(path) => made.write(path),
        None => Ok(()),
    }
}

async fn make(options: &Options, now: DateTime<Utc>) -> Result<Made, Failure> {
    if options.hosts == 0 {
        return Err(Failure::Asked("there must be a host".to_owned()));
    }
    let storage = storage(&options.database).await?;
    if !storage
        .begin_read()
        .await?
        .directory()
        .workspaces()
        .await?
        .is_empty()
    {
        return Err(Failure::Asked(
            "the database has workspaces already".to_owned(),
        ));
    }
    let mut ids = ids::Ids::new(options.seed);
    let people = people::make(&storage, options.hosts, &mut ids, now).await?;
    // The bulk connection wants the file for itself.
    storage.close().await?;
    let planned = plan::plan(&people, options.bookings, options.seed, now)?;
    let mut maker = Maker::new(&people, &planned, options.key.clone(), options.seed, now)?;
    let mut bulk = Bulk::connect(&options.database).await?;
    for some in planned.chunks(AT_ONCE) {
        for booking in some {
            maker.add(booking)?;
        }
        bulk.store(&mut maker.tables).await?;
    }
    let tokens = tokens(&mut bulk, &people, options.seed, &mut ids, now).await?;
    bulk.finish().await?;
    let storage = self::storage(&options.database).await?;
    keep_ledgers(&storage, &people, &maker).await?;
    storage.close().await?;
    Ok(Made {
        bookings: options.bookings,
        hosts: people.hosts.len() as u64,
        from: (now + TimeDelta::days(1)).format("%F").to_string(),
        to: (now + TimeDelta::days(32)).format("%F").to_string(),
        timezone: "Europe/Berlin".to_owned(),
        manage_tokens: maker.manage_tokens,
        workspaces: people
            .places
            .into_iter()
            .zip(tokens)
            .map(workspace)
            .collect(),
    })
}

fn workspace((place, token): (people::Place, Option<String>)) -> MadeWorkspace {
    MadeWorkspace {
        slug: place.slug,
        alone: place.alone,
        teams: place.teams,
        token,
    }
}

async fn keep_ledgers(
    storage: &SeaOrmStorage,
    people: &People,
    maker: &Maker<'_>,
) -> Result<(), Failure> {
    let mut work = storage.begin().await?;
    for (team, ledger) in people.teams.iter().zip(&maker.ledgers) {
        work.rotation().store(team.event_type, ledger).await?;
    }
    Ok(work.commit().await?)
}

/// For each workspace the token of its owner that reads and changes bookings: the first has one, and the largest.
async fn tokens(
    bulk: &mut Bulk,
    people: &People,
    seed: u64,
    ids: &mut ids::Ids,
    now: DateTime<Utc>,
) -> Result<Vec<Option<String>>, Failure> {
    let columns = &[
        "id",
        "workspace_id",
        "user_id",
        "name",
        "visible",
        "token_hash",
        "scopes",
        "created_at",
    ];
    let mut rows = Rows::of("api_tokens", columns);
    let today = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let largest = people.places.iter().map(|place| place.alone.len()).max();
    let mut tokens = Vec::new();
    for (number, place) in (0_u64..).zip(&people.places) {
        if number > 0 && Some(place.alone.len()) != largest {
            tokens.push(None);
            continue;
        }
        let text = ApiTokenText::generate(&Seeded(seed, number));
        rows.add([
            Cell::Id(ids.at(today)),
            Cell::Id(place.id.as_uuid()),
            Cell::Id(place.owner.as_uuid()),
            Cell::from("load"),
            Cell::Text(text.visible()),
            Cell::Bytes(text.hash().to_vec()),
            Cell::from("bookings:read bookings:write"),
            Cell::Int(today.timestamp_micros()),
        ]);
        tokens.push(Some(text.to_string()));
    }
    bulk.store(&mut [rows]).await?;
    Ok(tokens)
}

#[cfg(test)]
mod tests;
