//! A real `kalends serve`, as a user would run it.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{counterpart, place};

/// How long a server may take to answer its first request. A guard against hanging, not a measure.
const PATIENCE: Duration = Duration::from_mins(1);

/// The guests of a test all come from one network, so that the limits of networks are off unless a test sets them.
const NO_LIMITS: [&str; 6] = [
    "KALENDS_LIMITS__GUESTS_PER_MINUTE",
    "KALENDS_LIMITS__HOLDS_IN_FIVE_MINUTES",
    "KALENDS_LIMITS__SIGN_IN_PER_MINUTE",
    "KALENDS_LIMITS__REQUESTS_PER_MINUTE",
    "KALENDS_LIMITS__LINK_PER_MINUTE",
    "KALENDS_LIMITS__ADDRESS_PER_HOUR",
];

/// Those of them that the release before this one has: it refuses settings that it does not know.
const NO_LIMITS_BEFORE: &[&str] = &[
    "KALENDS_LIMITS__GUESTS_PER_MINUTE",
    "KALENDS_LIMITS__HOLDS_IN_FIVE_MINUTES",
    "KALENDS_LIMITS__SIGN_IN_PER_MINUTE",
    "KALENDS_LIMITS__REQUESTS_PER_MINUTE",
];

/// A `kalends` of one release or another.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    no_limits: &'static [&'static str],
}

impl Program {
    /// The one of this build.
    pub(crate) fn present() -> Self {
        Self {
            path: place::kalends(),
            no_limits: &NO_LIMITS,
        }
    }

    /// The release before this one. `None` when done without.
    pub(crate) fn previous() -> Option<Self> {
        Some(Self {
            path: counterpart::previous()?,
            no_limits: NO_LIMITS_BEFORE,
        })
    }

    /// It, with settings of its own, and nothing from this process's environment.
    pub(crate) fn command(&self, settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(&self.path);
        command.env_clear().stdin(Stdio::null());
        command.envs(self.no_limits.iter().map(|limit| (limit, "0")));
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        for (key, value) in settings {
            command.env(
                format!("KALENDS_{}", key.replace('.', "__").to_uppercase()),
                value,
            );
        }
        command
    }
}

/// A `kalends` with settings of its own, and nothing from this process's environment.
pub(crate) fn kalends(settings: &[(&str, &str)]) -> Command {
    Program::present().command(settings)
}

/// A port that nobody listens at.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener
        .local_addr()
        .expect("a listener has an address")
        .port()
}

fn spawn(mut command: Command, arguments: &[&str], data: &Path, log: &Path) -> Child {
    fs::create_dir_all(data).expect("the data folder can be made");
    let to_log = || {
        let file = File::options().create(true).append(true).open(log);
        file.expect("the log can be opened")
    };
    command
        .args(arguments)
        .arg("--data")
        .arg(data)
        .current_dir(data)
        .stdout(to_log())
        .stderr(to_log())
        .spawn()
        .expect("kalends can be started")
}

fn signal(child: &Child, name: &str) {
    let told = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status();
    assert!(told.expect("kill runs").success());
}

/// Asks a process to stop, as systemd does, and waits. What it wrote so far is told when it does not stop.
fn stop(child: &mut Child, log: impl Fn() -> String) -> ExitStatus {
    signal(child, "TERM");
    ended(child, log)
}

fn ended(child: &mut Child, log: impl Fn() -> String) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return status;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "kalends does not stop:\n{}",
            log()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A running `kalends worker`. Dropping it kills it.
pub(crate) struct Worker(Child);

impl Worker {
    /// Starts one on a data folder, with a log of its own.
    pub(crate) fn start(data: &Path, settings: &[(&str, &str)], name: &str) -> Self {
        Self::of(&Program::present(), data, settings, name)
    }

    /// The same with another release.
    pub(crate) fn of(
        program: &Program,
        data: &Path,
        settings: &[(&str, &str)],
        name: &str,
    ) -> Self {
        let log = data.join(format!("worker-{name}.log"));
        Self(spawn(program.command(settings), &["worker"], data, &log))
    }

    /// Asks it to stop, as systemd does, and waits.
    pub(crate) fn stop(mut self) -> ExitStatus {
        stop(&mut self.0, String::new)
    }

    /// Ends it at once, as a power cut does.
    pub(crate) fn kill(mut self) {
        self.0.kill().expect("a child can be killed");
        self.0.wait().expect("a killed child ends");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended before; there is nothing to do about either failure.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts `kalends serve` on a data folder and waits until it is ready.
    pub(crate) fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::run(&Program::present(), &["serve"], data, settings)
    }

    /// The same without the worker inside: what is owed stays owed.
    pub(crate) fn without_worker(data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::of(&Program::present(), data, settings)
    }

    /// The same with another release.
    pub(crate) fn of(program: &Program, data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::run(program, &["serve", "--no-worker"], data, settings)
    }

    /// Starts `kalends demo`, in this folder instead of its own.
    pub(crate) fn demo(data: &Path) -> Self {
        Self::run(&Program::present(), &["demo"], data, &[])
    }

    fn run(program: &Program, command: &[&str], data: &Path, settings: &[(&str, &str)]) -> Self {
        let port = free_port();
        let log = data.join(format!("{}-{port}.log", command[0]));
        let listen = format!("127.0.0.1:{port}");
        let arguments = [command, &["--listen", &listen]].concat();
        let child = spawn(program.command(settings), &arguments, data, &log);
        let mut server = Self { child, port, log };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&mut self) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                panic!("kalends ended with {status}:\n{}", self.log());
            }
            let answer = super::http::get_raw(self.port, "/ready");
            if answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "kalends is not ready:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// `http://127.0.0.1:…`
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What it wrote so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be asked")
            .is_none()
    }

    /// Its resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("the process runs");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .expect("Linux tells the size");
        let number = line.split_whitespace().nth(1).expect("there is a number");
        number.parse().expect("it is a number")
    }

    /// Asks it to stop, as systemd does, and waits.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let log = self.log.clone();
        stop(&mut self.child, || {
            fs::read_to_string(&log).unwrap_or_default()
        })
    }

    /// Sends it a signal: `TERM`, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> ExitStatus {
        let log = self.log.clone();
        ended(&mut self.child, || {
            fs::read_to_string(&log).unwrap_or_default()
        })
    }

    /// Ends it at once, as a power cut does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before; there is nothing to do about either failure.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(4000);
            eprintln!(
                "the last of what kalends wrote:\n{}",
                log.get(from..).unwrap_or(&log)
            );
        }
    }
}
