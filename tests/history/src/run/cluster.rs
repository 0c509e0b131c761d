//! A private PostgreSQL server that may be crashed.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Failure;

/// Tells the servers of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A server of the run's own, on a port of 127.0.0.1, in a folder of its own. Dropping it stops it and removes the folder.
#[derive(Debug)]
pub(super) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

/// A port that nobody listens at.
///
/// # Errors
/// When loopback has none.
pub(super) fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}

fn run(command: &mut Command) -> Result<Output, Failure> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(output)
    } else {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!(
            "{command:?}: {said}{}",
            String::from_utf8_lossy(&output.stdout)
        )
        .into())
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n")
}

/// Where `initdb` is: on the PATH, or where Debian puts the newest.
fn programs() -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<PathBuf> = versions.flatten().map(|entry| entry.path()).collect();
        let number = |path: &PathBuf| {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            name.and_then(|name| name.parse::<u32>().ok())
        };
        versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
        folders.extend(versions.iter().map(|version| version.join("bin")));
    }
    let found = folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file());
    found.ok_or_else(|| {
        "there is no initdb; install PostgreSQL (Debian: apt install postgresql)".into()
    })
}

impl Cluster {
    /// Makes one in a temporary folder, and starts it.
    ///
    /// # Errors
    /// When PostgreSQL is not there, or does not start.
    pub(super) fn start() -> Result<Self, Failure> {
        // Not below the run's own folder: where root runs this, PostgreSQL runs as somebody who may not enter there.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kalends-history-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let cluster = Self {
            programs: programs()?,
            folder,
            port: free_port()?,
        };
        let data = cluster.data();
        let arguments = [
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ];
        run(cluster
            .program("initdb")
            .arg("-D")
            .arg(&data)
            .args(arguments))?;
        // Processes are killed here and the machine is not: what was written stays written without being synced.
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\nmax_connections = 300\n\
             fsync = off\n",
            cluster.port
        );
        let file = cluster.folder.join("settings.conf");
        fs::write(&file, settings)?;
        let include = format!("include = '{}'\n", file.display());
        let main = data.join("postgresql.conf");
        let defaults = fs::read_to_string(&main)?;
        fs::write(&main, defaults + &include)?;
        cluster.control("start", &[])?;
        Ok(cluster)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A program of PostgreSQL, as a user that it accepts: root lends it the account `postgres`.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }

    fn control(&self, what: &str, more: &[&str]) -> Result<(), Failure> {
        let mut command = self.program("pg_ctl");
        command.arg(what).args(["-w", "-s", "-D"]).arg(self.data());
        command.arg("-l").arg(self.folder.join("log")).args(more);
        // A server that goes on would keep the pipes open.
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let status = command.status()?;
        if status.success() {
            Ok(())
        } else {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            Err(format!("pg_ctl {what} ended with {status}: {log}").into())
        }
    }

    /// Crashes it, as if its processes were killed, and starts it again.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn crash(&self) -> Result<(), Failure> {
        self.control("restart", &["-m", "immediate"])
    }

    /// Its URL.
    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // There is nothing to do about either failure: the folder is a temporary one.
        let _ = self.control("stop", &["-m", "immediate"]);
        let _ = fs::remove_dir_all(&self.folder);
    }
}
