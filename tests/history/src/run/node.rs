//! One process of Kalends: a server or a worker.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use super::clock::now;
use super::cluster::free_port;
use crate::Failure;
use crate::record::{Deed, Recorder};

/// How long a node may take to start or to stop: a guard against hanging.
const PATIENCE: Duration = Duration::from_mins(1);

/// How nodes are started.
#[derive(Debug, Clone)]
pub(super) struct Binary {
    /// The binary `kalends`.
    pub(super) path: PathBuf,
    /// What all nodes are set to: names as in the configuration file, and values.
    pub(super) settings: Vec<(String, String)>,
    /// Variables of the environment that plant bugs.
    pub(super) faults: Vec<(String, String)>,
}

impl Binary {
    /// A command with these settings, and nothing from this process's environment.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.env_clear().stdin(Stdio::null()).args(arguments);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        for (name, value) in &self.settings {
            let name = name.replace('.', "__").to_uppercase();
            command.env(format!("KALENDS_{name}"), value);
        }
        command.envs(self.faults.iter().cloned());
        command
    }

    /// Runs a command that must succeed; answers what it printed.
    ///
    /// # Errors
    /// What it complained about.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.command(arguments).output().await?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(printed)
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("kalends {arguments:?}: {printed}{said}").into())
        }
    }
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `kalends serve --no-worker`
    Server,
    /// `kalends worker`
    Worker,
}

/// A node, which may be dead.
#[derive(Debug)]
pub(super) struct Node {
    kind: Kind,
    /// `server 0`
    pub(super) name: String,
    binary: Binary,
    port: u16,
    log: PathBuf,
    child: Option<Child>,
}

/// Sends a signal to a process of ours.
async fn signal(child: &Child, signal: &str) -> Result<(), Failure> {
    let Some(id) = child.id() else {
        return Ok(());
    };
    let told = Command::new("kill")
        .args([signal, &id.to_string()])
        .status()
        .await?;
    if told.success() {
        Ok(())
    } else {
        Err(format!("kill {signal} {id} failed").into())
    }
}

impl Node {
    /// A node that does not run yet.
    ///
    /// # Errors
    /// When there is no free port.
    pub(super) fn new(
        kind: Kind,
        number: usize,
        binary: &Binary,
        below: &Path,
    ) -> Result<Self, Failure> {
        let word = match kind {
            Kind::Server => "server",
            Kind::Worker => "worker",
        };
        let mut binary = binary.clone();
        let folder = below.join(format!("mails-{word}-{number}"));
        binary
            .settings
            .push(("mail.folder".to_owned(), folder.display().to_string()));
        Ok(Self {
            kind,
            name: format!("{word} {number}"),
            binary,
            port: free_port()?,
            log: below.join(format!("{word}-{number}.log")),
            child: None,
        })
    }

    /// Where a server is.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it writes mails.
    pub(super) fn mail_folder(&self) -> Option<PathBuf> {
        let folder = self
            .binary
            .settings
            .iter()
            .find(|(name, _)| name == "mail.folder");
        folder.map(|(_, folder)| PathBuf::from(folder))
    }

    /// Starts it, and waits until a server is ready.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) async fn start(&mut self, recorder: &Recorder) -> Result<(), Failure> {
        let log = || File::options().create(true).append(true).open(&self.log);
        let listen = format!("127.0.0.1:{}", self.port);
        let arguments: &[&str] = match self.kind {
            Kind::Server => &["serve", "--no-worker", "--listen", &listen],
            Kind::Worker => &["worker"],
        };
        let child = self
            .binary
            .command(arguments)
            .stdout(log()?)
            .stderr(log()?)
            .kill_on_drop(true)
            .spawn()?;
        self.child = Some(child);
        if self.kind == Kind::Server {
            self.wait_until_ready().await?;
        }
        recorder.happened(now(), &self.name, Deed::Started);
        Ok(())
    }

    async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(5))
            .build()?;
        let began = Instant::now();
        loop {
            let ready = client.get(format!("{}/ready", self.url())).send().await;
            if ready.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            let ended = match &mut self.child {
                Some(child) => child.try_wait()?,
                None => None,
            };
            if let Some(status) = ended {
                // The database may have gone away during the start.
                if began.elapsed() > PATIENCE {
                    return Err(format!(
                        "{} ended with {status}: {}",
                        self.name,
                        self.last_words()
                    )
                    .into());
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
                let log = || File::options().create(true).append(true).open(&self.log);
                let listen = format!("127.0.0.1:{}", self.port);
                let mut command =
                    self.binary
                        .command(&["serve", "--no-worker", "--listen", &listen]);
                let child = command
                    .stdout(log()?)
                    .stderr(log()?)
                    .kill_on_drop(true)
                    .spawn()?;
                self.child = Some(child);
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("{} is not ready: {}", self.name, self.last_words()).into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let from = log.len().saturating_sub(2000);
        log.get(from..).unwrap_or(&log).to_owned()
    }

    /// Ends it at once, as a power cut does.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub(super) async fn kill(&mut self, recorder: &Recorder) -> Result<(), Failure> {
        if let Some(mut child) = self.child.take() {
            recorder.happened(now(), &self.name, Deed::Killed);
            child.kill().await?;
        }
        Ok(())
    }

    /// Asks it to stop, as systemd does, and waits. One that does not end in time is killed, and that is noted.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(super) async fn stop(&mut self, recorder: &Recorder) -> Result<(), Failure> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        recorder.happened(now(), &self.name, Deed::ToldToStop);
        signal(&child, "-TERM").await?;
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        let deed = match ended {
            Ok(Ok(status)) if status.success() => Deed::Ended,
            _ => Deed::EndedBadly,
        };
        recorder.happened(now(), &self.name, deed);
        if ended.is_err() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Freezes it: it has its connections, its leases and its locks, and does nothing.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub(super) async fn freeze(&mut self, recorder: &Recorder) -> Result<(), Failure> {
        if let Some(child) = &self.child {
            recorder.happened(now(), &self.name, Deed::Frozen);
            signal(child, "-STOP").await?;
        }
        Ok(())
    }

    /// Lets it go on as if no time had passed.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub(super) async fn thaw(&mut self, recorder: &Recorder) -> Result<(), Failure> {
        if let Some(child) = &self.child {
            signal(child, "-CONT").await?;
            recorder.happened(now(), &self.name, Deed::Thawed);
        }
        Ok(())
    }

    /// Starts it if it does not run.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) async fn revive(&mut self, recorder: &Recorder) -> Result<(), Failure> {
        let runs = match &mut self.child {
            Some(child) => child.try_wait()?.is_none(),
            None => false,
        };
        if runs {
            Ok(())
        } else {
            self.start(recorder).await
        }
    }
}
