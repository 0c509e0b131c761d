//! Servers that others wrote, on loopback, for as long as they are held.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use scheduling_mail::{SmtpConfig, TlsMode, Trust};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{python, root};

/// A program that runs until this is dropped, and the line it began with.
struct Running {
    process: Child,
    line: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut process = command
            // It ends when this pipe does, however the test ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self { process, line }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A mail server with many doors.
pub(crate) struct Sink {
    _running: Running,
    ports: BTreeMap<String, u16>,
    folder: TempDir,
}

impl Sink {
    /// Starts it; `None` when the run was told to do without Python.
    pub(crate) fn start() -> Option<Self> {
        let mut command = Command::new(python()?);
        let folder = tempfile::tempdir().unwrap();
        let [cert, key] = certificate(folder.path());
        command
            .arg(root().join("tests/counterparts/smtp_sink.py"))
            .args([&folder.path().join("mails"), &cert, &key]);
        let running = Running::start(command);
        Some(Self {
            ports: serde_json::from_str(&running.line).unwrap(),
            _running: running,
            folder,
        })
    }

    pub(crate) fn config(&self, door: &str, tls: TlsMode) -> SmtpConfig {
        SmtpConfig {
            timeout: Duration::from_secs(20),
            trust: Trust::SystemAnd(fs::read(self.folder.path().join("cert.pem")).unwrap()),
            ..SmtpConfig::new("127.0.0.1", self.ports[door], tls)
        }
    }

    /// The messages in the order in which they came, each with what the server noted about it.
    pub(crate) fn kept(&self) -> Vec<(Vec<u8>, Value)> {
        let folder = self.folder.path().join("mails");
        files(&folder, "eml")
            .iter()
            .map(|path| (fs::read(path).unwrap(), json(&path.with_extension("json"))))
            .collect()
    }
}

/// SendGrid's interface.
pub(crate) struct SendGridSink {
    _running: Running,
    port: u16,
    folder: TempDir,
}

impl SendGridSink {
    /// Starts it; `None` when the run was told to do without Python.
    pub(crate) fn start() -> Option<Self> {
        let mut command = Command::new(python()?);
        let schema = root().join("tests/.counterparts/sendgrid.com.json");
        assert!(
            schema.exists(),
            "SendGrid's description of its interface is missing. Get it with `bash tests/all counterparts`, or set \
             KALENDS_TEST_WITHOUT=python to leave out what needs it."
        );
        let folder = tempfile::tempdir().unwrap();
        command
            .arg(root().join("tests/counterparts/sendgrid_sink.py"))
            .args([folder.path(), &schema]);
        let running = Running::start(command);
        Some(Self {
            port: running.line.trim().parse().unwrap(),
            _running: running,
            folder,
        })
    }

    /// The address at which this happens to requests.
    pub(crate) fn address(&self, what: &str) -> String {
        format!("http://127.0.0.1:{}/{what}", self.port)
    }

    /// The requests that were taken, in order.
    pub(crate) fn kept(&self) -> Vec<Value> {
        files(self.folder.path(), "json")
            .iter()
            .map(|path| json(path))
            .collect()
    }
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == ending))
        .collect();
    paths.sort();
    paths
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn certificate(folder: &Path) -> [PathBuf; 2] {
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.join(name));
    openssl(|command| {
        command
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            // A certificate that may sign others is none that a server may show.
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-out")
            .arg(&cert)
            .arg("-keyout")
            .arg(&key)
    });
    [cert, key]
}

/// Runs OpenSSL, and gives what it wrote.
pub(crate) fn openssl(arguments: impl FnOnce(&mut Command) -> &mut Command) -> Vec<u8> {
    let output = arguments(&mut Command::new("openssl"))
        .output()
        .expect("the tests make keys with openssl; get it with `apt-get install openssl`");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
