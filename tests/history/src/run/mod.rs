//! The run: nodes over one database, clients, chaos, and then everything that is there.

mod chaos;
mod clients;
mod clock;
mod cluster;
mod collect;
mod node;
mod plant;
mod postman;
mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

pub use plant::Plant;

use crate::dice::Dice;
use crate::facts::Database;
use crate::field::{Field, WORKSPACE};
use crate::judge;
use crate::record::{Deed, Recorder};
use crate::{Case, Failure, Finding};
use chaos::{Chaos, Nodes};
use clients::{Client, Shared};
use clock::now;
use cluster::Cluster;
use node::{Binary, Kind, Node};
use wire::Wire;

/// Which database a run has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// A private PostgreSQL server, which is crashed once.
    Postgres,
    /// A SQLite file, read by this Python.
    Sqlite {
        /// The interpreter.
        python: PathBuf,
    },
}

/// What a run is to be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The binary `kalends`.
    pub kalends: PathBuf,
    /// The database.
    pub store: Store,
    /// How many servers.
    pub servers: usize,
    /// How many workers.
    pub workers: usize,
    /// How many clients.
    pub clients: usize,
    /// How many things they do altogether.
    pub operations: usize,
    /// What the dice begin with.
    pub seed: u64,
    /// On how many days they book.
    pub days: u64,
    /// How long a client waits at most between two things, in milliseconds.
    pub pause: u64,
    /// The pause between two mishaps, in milliseconds; none where nothing is to go wrong.
    pub mishaps: Option<(u64, u64)>,
    /// Whether workers are killed too, and one is frozen for longer than a lease. What they had in their hands then waits a
    /// minute, until their leases have run out.
    pub workers_die: bool,
    /// Bugs that are planted.
    pub plants: Vec<Plant>,
    /// An empty folder for everything that the run makes.
    pub folder: PathBuf,
    /// How long to wait at the end until everything that is owed is done.
    pub patience: Duration,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What happened.
    pub case: Case,
    /// What the judges found.
    pub findings: Vec<Finding>,
    /// How long the clients worked.
    pub took: Duration,
}

/// One key for all nodes, and nothing that counts how often clients ask.
fn settings(url: &str, plan: &Plan) -> Vec<(String, String)> {
    let data = plan.folder.join("data").display().to_string();
    let fixed = [
        ("secrets.key", "5c1d0e7a".repeat(8)),
        ("data.folder", data),
        ("database.url", url.to_owned()),
        ("limits.guests_per_minute", "0".to_owned()),
        ("limits.holds_in_five_minutes", "0".to_owned()),
        ("limits.sign_in_per_minute", "0".to_owned()),
        ("limits.requests_per_minute", "0".to_owned()),
        ("limits.link_per_minute", "0".to_owned()),
        ("limits.address_per_hour", "0".to_owned()),
        ("mail.from_address", "kalends@field.example".to_owned()),
    ];
    fixed.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// Leads a run to its end and judges it.
///
/// # Errors
/// When it could not be led to its end. What is found is no error.
pub async fn run(plan: &Plan) -> Result<Verdict, Failure> {
    let stage = Stage::set(plan).await?;
    let recorder = Recorder::new(plan.seed);
    let (mut urls, mut folders) = (Vec::new(), Vec::new());
    for node in stage.servers.iter() {
        let mut node = node.lock().await;
        node.start(&recorder).await?;
        urls.push(node.url());
    }
    for node in stage.workers.iter() {
        let mut node = node.lock().await;
        node.start(&recorder).await?;
        folders.extend(node.mail_folder().map(|folder| (node.name.clone(), folder)));
    }
    let today = DateTime::from_timestamp_micros(now()).ok_or("there is no today")?;
    let shared = Arc::new(Shared {
        field: stage.field.clone(),
        servers: urls,
        recorder,
        tokens: stage.tokens.clone(),
        first_day: today.date_naive() + TimeDelta::days(3),
        days: plan.days,
        left: AtomicUsize::new(plan.operations),
        pause: plan.pause,
        known: std::sync::Mutex::default(),
        wanted: std::sync::Mutex::default(),
        host_links: std::sync::Mutex::default(),
        opened: std::sync::Mutex::default(),
    });
    let wire = Wire::new()?;
    let took = stage.perform(plan, &shared, &wire, &folders).await?;
    let collect = collect::Collect {
        plan,
        binary: &stage.binary,
        database: &stage.database,
        shared: &shared,
        wire: &wire,
        servers: &stage.servers,
        workers: &stage.workers,
        folders: &folders,
    };
    let facts = collect.facts().await?;
    let case = Case {
        field: stage.field.clone(),
        record: shared.recorder.so_far(),
        facts,
    };
    let findings = judge::all(&case);
    Ok(Verdict {
        case,
        findings,
        took,
    })
}

/// A database with everything that can be booked, and nodes that do not run yet.
struct Stage {
    field: Field,
    binary: Binary,
    database: Database,
    tokens: BTreeMap<String, String>,
    servers: Nodes,
    workers: Nodes,
    // Last, so that it goes after the nodes.
    cluster: Option<Arc<Cluster>>,
}

impl Stage {
    async fn set(plan: &Plan) -> Result<Self, Failure> {
        fs::create_dir_all(plan.folder.join("data"))?;
        let (cluster, database, url) = store(plan).await?;
        let mut binary = Binary {
            path: plan.kalends.clone(),
            settings: settings(&url, plan),
            faults: Vec::new(),
        };
        let field = Field::standard();
        let file = plan.folder.join("field.toml");
        fs::write(&file, field.setup_file())?;
        binary.run(&["apply", &file.display().to_string()]).await?;
        let tokens = tokens(&binary, &field).await?;
        for plant in &plan.plants {
            // One statement at a time: some do not go into a transaction.
            for statement in statements_of(&plant.statements().unwrap_or_default()) {
                database.run(&statement).await?;
            }
            let variable = plant.variable();
            let variable = variable.map(|(name, value)| (name.to_owned(), value.to_owned()));
            binary.faults.extend(variable);
        }
        let nodes = |kind, count| -> Result<Nodes, Failure> {
            let new = |number| Node::new(kind, number, &binary, &plan.folder).map(Mutex::new);
            Ok(Arc::new(
                (0..count).map(new).collect::<Result<Vec<_>, _>>()?,
            ))
        };
        Ok(Self {
            servers: nodes(Kind::Server, plan.servers)?,
            workers: nodes(Kind::Worker, plan.workers)?,
            field,
            binary,
            database,
            tokens,
            cluster,
        })
    }

    /// Lets clients work until nothing is left to do, and things go wrong meanwhile. Answers how long it took.
    async fn perform(
        &self,
        plan: &Plan,
        shared: &Arc<Shared>,
        wire: &Wire,
        folders: &[(String, PathBuf)],
    ) -> Result<Duration, Failure> {
        let began = Instant::now();
        let mut working = JoinSet::new();
        for number in 0..plan.clients {
            let client = Client::new(number, plan.seed, wire.clone(), Arc::clone(shared));
            working.spawn(client.live());
        }
        let paths = folders.iter().map(|(_, folder)| folder.clone()).collect();
        let postman = tokio::spawn(postman::walk(paths, Arc::clone(shared)));
        let mut chaos: JoinSet<Result<(), Failure>> = JoinSet::new();
        if let Some(every) = plan.mishaps {
            let reign = Chaos {
                dice: Dice::new(plan.seed, 0),
                servers: Arc::clone(&self.servers),
                workers: Arc::clone(&self.workers),
                shared: Arc::clone(shared),
                database: self.database.clone(),
                cluster: self.cluster.clone(),
                every,
                workers_die: plan.workers_die,
            };
            chaos.spawn(reign.reign());
        }
        if plan.workers_die {
            chaos.spawn(chaos::sleepwalk(
                Arc::clone(&self.workers),
                Arc::clone(shared),
            ));
        }
        while let Some(ended) = working.join_next().await {
            ended?;
        }
        let took = began.elapsed();
        while let Some(ended) = chaos.join_next().await {
            ended??;
        }
        postman.abort();
        Ok(took)
    }
}

/// The database, where it is a server of the run's own that server, and its URL.
async fn store(plan: &Plan) -> Result<(Option<Arc<Cluster>>, Database, String), Failure> {
    match &plan.store {
        Store::Postgres => {
            let cluster = tokio::task::spawn_blocking(Cluster::start).await??;
            let url = cluster.url();
            let database = Database::Postgres { url: url.clone() };
            Ok((Some(Arc::new(cluster)), database, url))
        }
        Store::Sqlite { python } => {
            let file = plan.folder.join("data/kalends.db");
            let url = format!("sqlite:{}", file.display());
            let python = python.clone();
            Ok((None, Database::Sqlite { python, file }, url))
        }
    }
}

/// An API token for each host, by key.
async fn tokens(binary: &Binary, field: &Field) -> Result<BTreeMap<String, String>, Failure> {
    let mut tokens = BTreeMap::new();
    for person in &field.people {
        let workspace = format!("--workspace={WORKSPACE}");
        let email = format!("--email={}", person.email());
        let arguments = [
            "token",
            &workspace,
            &email,
            "--name=history",
            "--scopes=bookings:write",
        ];
        let token = binary.run(&arguments).await?;
        tokens.insert(person.key.clone(), token.trim().to_owned());
    }
    Ok(tokens)
}

/// The single statements of some: those that end with a line, outside of a function's body.
fn statements_of(statements: &str) -> Vec<String> {
    let (mut found, mut statement, mut in_body) = (Vec::new(), String::new(), false);
    for (place, part) in statements.split("$$").enumerate() {
        in_body = place % 2 == 1;
        if place > 0 {
            statement.push_str("$$");
        }
        if in_body {
            statement.push_str(part);
            continue;
        }
        let mut pieces = part.split(';').peekable();
        while let Some(piece) = pieces.next() {
            statement.push_str(piece);
            if pieces.peek().is_some() {
                found.push(std::mem::take(&mut statement));
            }
        }
    }
    if !in_body && !statement.trim().is_empty() {
        found.push(statement);
    }
    found.retain(|statement| !statement.trim().is_empty());
    found
}

impl Verdict {
    /// What happened, in some lines.
    pub fn summary(&self) -> String {
        let requests = &self.case.record.requests;
        let count = |wanted: &dyn Fn(&crate::record::Request) -> bool| {
            requests.iter().filter(|r| wanted(r)).count()
        };
        let mut deeds: BTreeMap<(String, Deed), usize> = BTreeMap::new();
        for event in &self.case.record.events {
            let kind = event.whom.split(' ').next().unwrap_or_default().to_owned();
            *deeds.entry((kind, event.what)).or_default() += 1;
        }
        let mut acts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for request in requests {
            let name = serde_json::to_value(&request.act).unwrap_or_default();
            let name = name["act"].as_str().unwrap_or_default().to_owned();
            let (acknowledged, all) = acts.entry(name).or_default();
            *all += 1;
            *acknowledged += usize::from(request.outcome.reply().is_some());
        }
        let acts: Vec<String> = acts
            .iter()
            .map(|(name, (done, all))| format!("{name} {done} of {all}"))
            .collect();
        let deeds: Vec<String> = deeds
            .iter()
            .map(|((kind, deed), count)| format!("{kind} {deed:?} {count}"))
            .collect();
        format!(
            "{} requests in {:.0?}: {} acknowledged, {} refused, {} unknown, {} unreached\nacknowledged: {}\n\
             done to nodes: {}\n{} bookings, {} mails",
            requests.len(),
            self.took,
            count(&|r| r.outcome.reply().is_some()),
            count(&|r| matches!(r.outcome, crate::record::Outcome::Refused { .. })),
            count(&|r| r.outcome.is_unknown()),
            count(&|r| r.outcome == crate::record::Outcome::Unreached),
            acts.join(", "),
            deeds.join(", "),
            self.case.facts.bookings.len(),
            self.case.facts.mails.len(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_of_a_function_is_not_taken_apart() {
        let statements =
            statements_of("create function a() as $$ begin x; end $$; create trigger b;\n");
        assert_eq!(
            statements,
            [
                "create function a() as $$ begin x; end $$",
                " create trigger b"
            ]
        );
    }
}
