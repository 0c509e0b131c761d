//! Mail servers that others wrote, on loopback, and a way to them that can be turned.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use super::mails::{self, Mail};
use super::{counterpart, place};

/// A program that runs until this is dropped, and the line it began with.
struct Running {
    process: Child,
    line: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut process = command
            // It ends when this pipe does, however the test ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("it has a standard output");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
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

/// An SMTP server with many doors: see `tests/counterparts/smtp_sink.py`.
pub(crate) struct Sink {
    _running: Running,
    doors: BTreeMap<String, u16>,
    folder: TempDir,
}

impl Sink {
    /// Starts it; `None` when done without Python.
    pub(crate) fn start() -> Option<Self> {
        let python = counterpart::python()?;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let [cert, key] = certificate(folder.path());
        let mut command = Command::new(python);
        command
            .arg(place::root().join("tests/counterparts/smtp_sink.py"))
            .args([&folder.path().join("mails"), &cert, &key]);
        let running = Running::start(&mut command);
        Some(Self {
            doors: serde_json::from_str(&running.line).expect("it names its doors in JSON"),
            _running: running,
            folder,
        })
    }

    /// The port of a door.
    pub(crate) fn door(&self, name: &str) -> u16 {
        let port = self.doors.get(name);
        *port.unwrap_or_else(|| panic!("there is no door {name}"))
    }

    /// What it has kept, in the order in which it came.
    pub(crate) fn kept(&self) -> Vec<Mail> {
        mails::read_all(&self.folder.path().join("mails"))
    }
}

/// SendGrid's interface: see `tests/counterparts/sendgrid_sink.py`.
pub(crate) struct SendGridSink {
    running: Running,
    _folder: TempDir,
}

impl SendGridSink {
    /// Starts it; `None` when done without Python.
    pub(crate) fn start() -> Option<Self> {
        let python = counterpart::python()?;
        let document = place::root().join("tests/.counterparts/sendgrid.com.json");
        assert!(
            document.is_file(),
            "SendGrid's description of its interface is missing: run `bash tests/all counterparts`"
        );
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut command = Command::new(python);
        command
            .arg(place::root().join("tests/counterparts/sendgrid_sink.py"))
            .args([folder.path(), &document]);
        Some(Self {
            running: Running::start(&mut command),
            _folder: folder,
        })
    }

    /// The address at which this happens to requests.
    pub(crate) fn address(&self, what: &str) -> String {
        format!("http://127.0.0.1:{}/{what}", self.running.line.trim())
    }
}

/// A certificate for loopback, and its key.
fn certificate(folder: &Path) -> [PathBuf; 2] {
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.join(name));
    let output = Command::new("openssl")
        .args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(' '),
        )
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ])
        .arg("-out")
        .arg(&cert)
        .arg("-keyout")
        .arg(&key)
        .output()
        .expect("openssl makes a certificate (Debian: openssl)");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    [cert, key]
}

/// Where the connections of a [`Relay`] lead.
struct Course {
    /// One connection each, in this order.
    first: VecDeque<u16>,
    /// All that come then.
    then: u16,
}

/// One address whose connections lead where the test wants, while the server that uses it runs on.
pub(crate) struct Relay {
    port: u16,
    course: Arc<Mutex<Course>>,
}

impl Relay {
    /// Listens, and leads to a port. It ends with the test's runtime.
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let course = Arc::new(Mutex::new(Course {
            first: VecDeque::new(),
            then: port,
        }));
        let own = listener
            .local_addr()
            .expect("a listener has an address")
            .port();
        let shared = Arc::clone(&course);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let next = {
                    let mut course = shared.lock().expect("nobody panics with it");
                    course.first.pop_front().unwrap_or(course.then)
                };
                tokio::spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", next)).await {
                        // However it ends, both ends are closed.
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { port: own, course }
    }

    /// The port to connect to, as a setting has it.
    pub(crate) fn port(&self) -> String {
        self.port.to_string()
    }

    /// Leads the next connections to these ports, one each, and all others to the last one.
    pub(crate) fn lead(&self, first: impl IntoIterator<Item = u16>, then: u16) {
        let mut course = self.course.lock().expect("nobody panics with it");
        *course = Course {
            first: first.into_iter().collect(),
            then,
        };
    }

    /// How many connections are still to be led astray.
    pub(crate) fn left(&self) -> usize {
        self.course
            .lock()
            .expect("nobody panics with it")
            .first
            .len()
    }
}
