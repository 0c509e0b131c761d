//! SMTP against a real server (aiosmtpd) on loopback.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use scheduling_core::effect::NotificationKind;
use scheduling_core::notification::{Audience, Notification};
use scheduling_core::ports::{DeliveryError, DeliveryErrorKind, Notifier};
use scheduling_mail::{
    MailNotifier, MailOptions, MailSender, Smtp, SmtpConfig, SmtpConfigError, TlsMode, Trust,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{
    confirmed_for, contact, hostile, notification, notifier, notifier_over, python, root, sender,
};

/// The server, for as long as it is held.
struct Sink {
    process: Child,
    ports: BTreeMap<String, u16>,
    folder: TempDir,
}

impl Sink {
    /// Starts it; `None` when the run was told to do without Python.
    fn start() -> Option<Self> {
        let python = python()?;
        let folder = tempfile::tempdir().unwrap();
        let [cert, key] = certificate(folder.path());
        let mut process = Command::new(python)
            .arg(root().join("tests/counterparts/smtp_sink.py"))
            .args([&folder.path().join("mails"), &cert, &key])
            // It ends when this pipe does, however the test ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ports = serde_json::from_str(&line).unwrap();
        Some(Self {
            process,
            ports,
            folder,
        })
    }

    fn config(&self, door: &str, tls: TlsMode) -> SmtpConfig {
        SmtpConfig {
            timeout: Duration::from_secs(20),
            trust: Trust::SystemAnd(fs::read(self.folder.path().join("cert.pem")).unwrap()),
            ..SmtpConfig::new("127.0.0.1", self.ports[door], tls)
        }
    }

    /// The messages in the order in which they came, each with what the server noted about it.
    fn kept(&self) -> Vec<(Vec<u8>, Value)> {
        let folder = self.folder.path().join("mails");
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "eml"))
            .collect();
        paths.sort();
        paths
            .iter()
            .map(|path| {
                let about = fs::read(path.with_extension("json")).unwrap();
                (
                    fs::read(path).unwrap(),
                    serde_json::from_slice(&about).unwrap(),
                )
            })
            .collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn certificate(folder: &Path) -> [PathBuf; 2] {
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.join(name));
    let output = Command::new("openssl")
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
        .output()
        .expect("the tests make a certificate with openssl; get it with `apt-get install openssl`");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    [cert, key]
}

fn signed_in(config: SmtpConfig) -> SmtpConfig {
    with_password(config, "pass word £")
}

fn with_password(config: SmtpConfig, password: &str) -> SmtpConfig {
    SmtpConfig {
        credentials: Some(("user".to_owned(), SecretString::from(password))),
        ..config
    }
}

fn to(address: &str) -> Notification {
    Notification {
        to: contact("Elena Vaszary", address, "Europe/Lisbon"),
        ..confirmed_for(Audience::Invitee)
    }
}

async fn send(config: SmtpConfig, notification: &Notification) -> Result<(), DeliveryError> {
    notifier_over(Arc::new(Smtp::new(config).unwrap()))
        .notify(notification)
        .await
}

async fn failure(config: SmtpConfig, notification: &Notification) -> (DeliveryErrorKind, String) {
    let error = send(config, notification).await.unwrap_err();
    (error.kind, error.source().unwrap().to_string())
}

#[tokio::test]
async fn a_message_arrives_byte_for_byte_over_every_kind_of_connection() {
    let Some(sink) = Sink::start() else { return };
    let notification = to("elena@example.org");
    for (config, tls, auth) in [
        (sink.config("plain", TlsMode::Plain), false, false),
        (sink.config("plain", TlsMode::Opportunistic), false, false),
        (
            sink.config("starttls_offered", TlsMode::Opportunistic),
            true,
            false,
        ),
        (
            sink.config("starttls_offered", TlsMode::StartTls),
            true,
            false,
        ),
        (
            signed_in(sink.config("starttls", TlsMode::StartTls)),
            true,
            true,
        ),
        (
            signed_in(sink.config("starttls", TlsMode::Opportunistic)),
            true,
            true,
        ),
        (signed_in(sink.config("tls", TlsMode::Implicit)), true, true),
        // To this machine, credentials may go in the clear.
        (
            signed_in(sink.config("plain_auth", TlsMode::Plain)),
            false,
            true,
        ),
        (
            signed_in(sink.config("plain_auth", TlsMode::Opportunistic)),
            false,
            true,
        ),
    ] {
        let what = format!("{config:?}");
        send(config, &notification).await.unwrap();
        let (bytes, about) = sink.kept().pop().unwrap();
        assert_eq!(
            bytes,
            notifier().compose(&notification).unwrap().bytes,
            "{what}"
        );
        assert_eq!(
            about,
            json!({
                "from": "meetings@northwind.example",
                "to": ["elena@example.org"],
                "options": [],
                "tls": tls,
                "auth": auth
            }),
            "{what}"
        );
    }
    assert_eq!(sink.kept().len(), 9);
}

#[tokio::test]
async fn dots_and_strange_names_arrive_as_they_were_sent() {
    let Some(sink) = Sink::start() else { return };
    for (number, booking) in hostile().into_iter().enumerate() {
        let notification = notification(NotificationKind::Confirmed, Audience::Host, booking);
        send(sink.config("plain", TlsMode::Plain), &notification)
            .await
            .unwrap();
        let (bytes, _) = sink.kept().pop().unwrap();
        let sent = notifier().compose(&notification).unwrap().bytes;
        assert!(bytes == sent, "{number}");
        assert_eq!(sink.kept().len(), number + 1);
    }
}

#[tokio::test]
async fn a_refused_recipient_is_refused_for_good_and_not_named_in_the_error() {
    let Some(sink) = Sink::start() else { return };
    let config = sink.config("plain", TlsMode::Plain);
    let (kind, text) = failure(config, &to("reject.elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Rejected);
    assert_eq!(
        text,
        "the mail server refused the message: 550 5.1.1 <(address)> no such user"
    );
    assert!(sink.kept().is_empty());
}

#[tokio::test]
async fn a_deferred_recipient_is_tried_again() {
    let Some(sink) = Sink::start() else { return };
    let config = sink.config("plain", TlsMode::Plain);
    let (kind, text) = failure(config, &to("defer.elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unavailable);
    assert_eq!(
        text,
        "the mail server refused the message: 451 4.3.0 try later"
    );
}

#[tokio::test]
async fn a_wrong_password_is_a_matter_for_a_person() {
    let Some(sink) = Sink::start() else { return };
    for (door, tls) in [("starttls", TlsMode::StartTls), ("tls", TlsMode::Implicit)] {
        let config = with_password(sink.config(door, tls), "wrong");
        let (kind, text) = failure(config, &to("elena@example.org")).await;
        assert_eq!(kind, DeliveryErrorKind::Unauthorized, "{text}");
        assert!(!text.contains("wrong"), "{text}");
    }
    // None at all, where some are required.
    let config = sink.config("tls", TlsMode::Implicit);
    let (kind, _) = failure(config, &to("elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unauthorized);
    // A server that offers no way to sign in.
    let config = signed_in(sink.config("plain", TlsMode::Plain));
    let (kind, _) = failure(config, &to("elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unauthorized);
    // One that says so only when it hears the sender.
    let unwanted = MailSender {
        name: None,
        address: "unwanted@northwind.example".parse().unwrap(),
    };
    let smtp = Smtp::new(sink.config("plain", TlsMode::Plain)).unwrap();
    let options = MailOptions::for_sender(&unwanted);
    let error = MailNotifier::new(Arc::new(smtp), unwanted, options)
        .unwrap()
        .notify(&to("elena@example.org"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, DeliveryErrorKind::Unauthorized);
    assert!(sink.kept().is_empty());
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_where_tls_is_required() {
    let Some(sink) = Sink::start() else { return };
    let config = sink.config("plain", TlsMode::StartTls);
    let (kind, text) = failure(config, &to("elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unavailable);
    assert_eq!(text, "the mail server offers no STARTTLS");
    assert!(sink.kept().is_empty());
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_unless_somebody_said_otherwise() {
    let Some(sink) = Sink::start() else { return };
    let notification = to("elena@example.org");
    for (door, tls) in [
        ("tls", TlsMode::Implicit),
        ("starttls", TlsMode::StartTls),
        // Offered TLS that fails is no reason to go on in the clear.
        ("starttls_offered", TlsMode::Opportunistic),
    ] {
        let base = sink.config(door, tls);
        let base = if door == "starttls_offered" {
            base
        } else {
            signed_in(base)
        };
        let unknown = SmtpConfig {
            trust: Trust::System,
            ..base.clone()
        };
        let (kind, text) = failure(unknown, &notification).await;
        assert_eq!(kind, DeliveryErrorKind::Unavailable);
        assert_eq!(text, "the mail server cannot be reached over TLS");

        let before = sink.kept().len();
        let anything = SmtpConfig {
            trust: Trust::Anything,
            ..base.clone()
        };
        send(anything, &notification).await.unwrap();
        assert_eq!(sink.kept().len(), before + 1);
    }
    // The certificate is for localhost and 127.0.0.1, not for this name of the same machine.
    let elsewhere = SmtpConfig {
        host: "127.0.0.2".to_owned(),
        ..sink.config("tls", TlsMode::Implicit)
    };
    let (kind, _) = failure(elsewhere, &notification).await;
    assert_eq!(kind, DeliveryErrorKind::Unavailable);
}

#[tokio::test]
async fn a_server_that_hangs_costs_no_more_than_the_time_limit() {
    let Some(sink) = Sink::start() else { return };
    for (door, tls) in [
        ("hang", TlsMode::Plain),
        ("hang", TlsMode::StartTls),
        ("hang", TlsMode::Implicit),
    ] {
        let config = SmtpConfig {
            timeout: Duration::from_millis(300),
            ..sink.config(door, tls)
        };
        let begun = Instant::now();
        let (kind, text) = failure(config, &to("elena@example.org")).await;
        assert_eq!(kind, DeliveryErrorKind::Unavailable);
        assert_eq!(text, "the mail server did not answer in time");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again() {
    let Some(sink) = Sink::start() else { return };
    for door in ["drop", "drop_data", "busy"] {
        let config = sink.config(door, TlsMode::Plain);
        let (kind, text) = failure(config, &to("elena@example.org")).await;
        assert_eq!(kind, DeliveryErrorKind::Unavailable, "{door}: {text}");
    }
    // Nobody listens here any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let config = SmtpConfig::new("127.0.0.1", port, TlsMode::Plain);
    let (kind, text) = failure(config, &to("elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unavailable);
    assert_eq!(text, "the mail server cannot be reached");
}

#[tokio::test]
async fn a_message_that_was_taken_is_not_sent_again_for_a_missing_goodbye() {
    let Some(sink) = Sink::start() else { return };
    let config = sink.config("no_quit", TlsMode::Plain);
    send(config, &to("elena@example.org")).await.unwrap();
    assert_eq!(sink.kept().len(), 1);
}

#[tokio::test]
async fn an_address_beyond_ascii_goes_where_it_can() {
    let Some(sink) = Sink::start() else { return };
    // A domain has an ASCII form that every server knows.
    let config = sink.config("ascii", TlsMode::Plain);
    send(config.clone(), &to("ann@müller.example"))
        .await
        .unwrap();
    let (_, about) = sink.kept().pop().unwrap();
    assert_eq!(about["to"], json!(["ann@xn--mller-kva.example"]));
    // A local part has none.
    let (kind, _) = failure(config, &to("jörg@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Rejected);
    let config = sink.config("plain", TlsMode::Plain);
    send(config, &to("jörg@example.org")).await.unwrap();
    let (_, about) = sink.kept().pop().unwrap();
    assert_eq!(about["to"], json!(["jörg@example.org"]));
    assert_eq!(about["options"], json!(["SMTPUTF8"]));
}

#[test]
fn credentials_never_go_to_another_machine_in_the_clear() {
    let config = signed_in(SmtpConfig::new("mail.example.org", 25, TlsMode::Plain));
    assert!(matches!(
        Smtp::new(config).unwrap_err(),
        SmtpConfigError::CredentialsInTheClear { host } if host == "mail.example.org"
    ));
}

#[test]
fn a_configuration_that_cannot_work_is_refused_at_once() {
    let host = SmtpConfig::new("mail example org", 25, TlsMode::Plain);
    assert!(matches!(
        Smtp::new(host).unwrap_err(),
        SmtpConfigError::Host { .. }
    ));
    for pem in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let trust = SmtpConfig {
            trust: Trust::SystemAnd(pem.as_bytes().to_vec()),
            ..SmtpConfig::new("mail.example.org", 465, TlsMode::Implicit)
        };
        assert!(Smtp::new(trust).is_err(), "{pem:?}");
    }
}

#[test]
fn a_password_is_not_printed() {
    let config = signed_in(SmtpConfig::new("127.0.0.1", 25, TlsMode::Plain));
    let shown = format!("{config:?} {:?}", Smtp::new(config.clone()).unwrap());
    assert!(!shown.contains("pass word"), "{shown}");
    assert_eq!(sender().address.as_str(), "meetings@northwind.example");
}
