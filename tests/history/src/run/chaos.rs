//! What is done to nodes and to the database while clients work.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::sleep;

use super::clients::Shared;
use super::clock::now;
use super::cluster::Cluster;
use super::node::Node;
use crate::Failure;
use crate::dice::Dice;
use crate::facts::Database;
use crate::record::Deed;

/// The nodes of a run.
pub(super) type Nodes = Arc<Vec<Mutex<Node>>>;

/// A minute is how long a lease lasts: who sleeps longer wakes up with leases that others have taken over.
const LONGER_THAN_A_LEASE: Duration = Duration::from_secs(66);

/// What may happen next.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    KillServer,
    StopServer,
    FreezeServer,
    KillWorker,
    StopWorker,
    CutConnections,
}

const MISHAPS: [(Mishap, u64); 6] = [
    (Mishap::KillServer, 30),
    (Mishap::StopServer, 22),
    (Mishap::FreezeServer, 10),
    (Mishap::KillWorker, 18),
    (Mishap::StopWorker, 10),
    (Mishap::CutConnections, 10),
];

/// Whoever makes things go wrong.
pub(super) struct Chaos {
    /// Its dice.
    pub(super) dice: Dice,
    /// The servers.
    pub(super) servers: Nodes,
    /// The workers.
    pub(super) workers: Nodes,
    /// What the clients share.
    pub(super) shared: Arc<Shared>,
    /// The database, asked by hand.
    pub(super) database: Database,
    /// The server of the database, where it may be crashed.
    pub(super) cluster: Option<Arc<Cluster>>,
    /// The pause between two mishaps, in milliseconds.
    pub(super) every: (u64, u64),
    /// Whether workers are killed, or only told to stop.
    pub(super) workers_die: bool,
}

impl Chaos {
    fn seconds(&mut self, first: u64, last: u64) -> Duration {
        Duration::from_millis(self.dice.between(first, last))
    }

    /// Lets things go wrong while clients have something left to do. The database crashes once, halfway.
    ///
    /// # Errors
    /// When a node does not come back.
    pub(super) async fn reign(mut self) -> Result<(), Failure> {
        let total = self.shared.left.load(Ordering::Relaxed);
        let mut has_crashed = self.cluster.is_none();
        loop {
            let pause = self.seconds(self.every.0, self.every.1);
            sleep(pause).await;
            let left = self.shared.left.load(Ordering::Relaxed);
            if left == 0 {
                return Ok(());
            }
            if !has_crashed && left < total / 2 {
                has_crashed = true;
                self.crash().await?;
                continue;
            }
            if let Some(mishap) = self.dice.weighed(&MISHAPS) {
                self.happen(mishap).await?;
            }
        }
    }

    async fn crash(&self) -> Result<(), Failure> {
        let Some(cluster) = self.cluster.clone() else {
            return Ok(());
        };
        self.shared
            .recorder
            .happened(now(), "database", Deed::Killed);
        tokio::task::spawn_blocking(move || cluster.crash()).await??;
        self.shared
            .recorder
            .happened(now(), "database", Deed::Restarted);
        Ok(())
    }

    fn any(&mut self, nodes: &Nodes, from: usize) -> usize {
        let count = nodes.len().saturating_sub(from) as u64;
        from + usize::try_from(self.dice.below(count)).unwrap_or_default()
    }

    async fn happen(&mut self, mishap: Mishap) -> Result<(), Failure> {
        let (servers, workers) = (Arc::clone(&self.servers), Arc::clone(&self.workers));
        let recorder = &Arc::clone(&self.shared).recorder;
        let away = self.seconds(100, 1500);
        // The first worker belongs to whoever makes sleepwalkers.
        let spared = usize::from(workers.len() > 1);
        match mishap {
            Mishap::KillServer | Mishap::StopServer | Mishap::FreezeServer => {
                let place = self.any(&servers, 0);
                let mut server = servers[place].lock().await;
                match mishap {
                    Mishap::KillServer => server.kill(recorder).await?,
                    Mishap::StopServer => server.stop(recorder).await?,
                    _ => server.freeze(recorder).await?,
                }
                sleep(away).await;
                server.thaw(recorder).await.or_else(|error| {
                    // Only a frozen one can be woken.
                    if matches!(mishap, Mishap::FreezeServer) {
                        Err(error)
                    } else {
                        Ok(())
                    }
                })?;
                server.revive(recorder).await
            }
            Mishap::KillWorker | Mishap::StopWorker => {
                let place = self.any(&workers, spared);
                let mut worker = workers[place].lock().await;
                if matches!(mishap, Mishap::KillWorker) && self.workers_die {
                    worker.kill(recorder).await?;
                } else {
                    worker.stop(recorder).await?;
                }
                sleep(away).await;
                worker.revive(recorder).await
            }
            Mishap::CutConnections => {
                let Database::Postgres { .. } = self.database else {
                    return Ok(());
                };
                let share = self.dice.between(20, 100);
                let cut = format!(
                    "select pg_terminate_backend(pid) from pg_stat_activity
                     where pid <> pg_backend_pid() and backend_type = 'client backend' and random() * 100 < {share}"
                );
                recorder.happened(now(), "database", Deed::ConnectionsCut);
                self.database.run(&cut).await?;
                Ok(())
            }
        }
    }
}

/// Freezes the first worker for longer than a lease, again and again, while clients have something left to do.
///
/// # Errors
/// When it cannot be signalled.
pub(super) async fn sleepwalk(workers: Nodes, shared: Arc<Shared>) -> Result<(), Failure> {
    let Some(worker) = workers.first() else {
        return Ok(());
    };
    while shared.left.load(Ordering::Relaxed) > 0 {
        sleep(Duration::from_secs(5)).await;
        worker.lock().await.freeze(&shared.recorder).await?;
        sleep(LONGER_THAN_A_LEASE).await;
        worker.lock().await.thaw(&shared.recorder).await?;
    }
    Ok(())
}
