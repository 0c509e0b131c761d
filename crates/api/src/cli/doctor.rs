//! `doctor`: looks whether everything is as it should be, and says what to do where it is not.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use scheduling_app::system::SystemSecrets;
use scheduling_core::ports::{OutboxCounts, OutboxFailure, Storage as _, StorageError};
use scheduling_persistence::SeaOrmStorage;
use secrecy::ExposeSecret as _;
use url::{Host, Url};

use super::{Ending, Global, Out, block_on, output};
use crate::config::{Config, MailTransport, key_file, key_of_folder};
use crate::http::problem::causes;
use crate::{compose, database_file};

/// How a thing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    /// As it should.
    Good(String),
    /// It works, but somebody should know.
    Note(String),
    /// It does not work; the second text says what to do.
    Bad(String, String),
}

pub(super) fn run(global: &Global) -> Ending {
    let config = match global.load() {
        Ok(config) => config,
        Err(error) => {
            for mistake in &error.mistakes {
                output::complain(&format!("[bad]  {}: {}", mistake.key, mistake.complaint));
            }
            output::complain("       Correct the configuration first; nothing else was looked at.");
            return Ok(ExitCode::FAILURE);
        }
    };
    let findings = block_on(examine(&config));
    let mut out = Out::stdout();
    for finding in &findings {
        match finding {
            Finding::Good(what) => out.line(format!("[good] {what}"))?,
            Finding::Note(what) => out.line(format!("[note] {what}"))?,
            Finding::Bad(what, remedy) => {
                out.line(format!("[bad]  {what}"))?;
                out.line(format!("       {remedy}"))?;
            }
        }
    }
    out.finish()?;
    let is_bad = findings.iter().any(|f| matches!(f, Finding::Bad(..)));
    Ok(if is_bad {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::Good("The configuration can be used.".to_owned())];
    findings.push(folder(config));
    findings.push(key(config));
    findings.push(public_url(config));
    for transport in config.mail.transport.all() {
        findings.push(mail(config, *transport).await);
    }
    findings.extend(signatures(config));
    findings.extend(database(config).await);
    findings
}

fn folder(config: &Config) -> Finding {
    let folder = config.data.folder.display();
    let written = compose::data_folder(config).map_err(|error| causes(&error));
    let written = written.and_then(|()| try_to_write(config).map_err(|error| error.to_string()));
    match written {
        Ok(()) => Finding::Good(format!("The data folder {folder} can be written to.")),
        Err(error) => Finding::Bad(
            format!("The data folder {folder} cannot be written to: {error}."),
            "Give the server's user the right to, or set data.folder to another one.".to_owned(),
        ),
    }
}

fn try_to_write(config: &Config) -> io::Result<()> {
    let probe = format!(".doctor.{}", std::process::id());
    let probe = config.data.folder.join(probe);
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}

fn key(config: &Config) -> Finding {
    if config.secrets.key.is_some() {
        return Finding::Good("The sealing key is configured.".to_owned());
    }
    // Whoever only looks makes none: a new key in the place of a lost one would hide the loss.
    let file = key_file(&config.data.folder);
    if !file.exists() {
        let url = config.database_url();
        let is_new = database_file::path(url.expose_secret()).is_none_or(|path| !path.exists());
        return if is_new {
            Finding::Note("There is no sealing key yet; the first start makes one.".to_owned())
        } else {
            Finding::Bad(
                format!("There is a database, but no sealing key at {}.", file.display()),
                "Restore the key's file from a backup. With another key, links of bookings that were made before cannot be mailed again; where nothing was booked yet, the next start makes one.".to_owned(),
            )
        };
    }
    match key_of_folder(&config.data.folder, &SystemSecrets) {
        Ok(_) => Finding::Good("The sealing key is in the data folder; back it up.".to_owned()),
        Err(error) => Finding::Bad(
            format!("There is no sealing key: {}.", causes(&error)),
            "Restore the key's file from a backup, or set secrets.key.".to_owned(),
        ),
    }
}

fn public_url(config: &Config) -> Finding {
    let shown = config.public_url();
    let Some(url) = &config.http.public_url else {
        return Finding::Note(format!(
            "Links in mails begin with {shown}. Set http.public_url before others book."
        ));
    };
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        None => true,
    };
    if is_local {
        Finding::Note(format!(
            "Links in mails begin with {shown}, which only this machine can open."
        ))
    } else if url.scheme() != "https" {
        Finding::Note(format!(
            "Guests reach the server at {shown} without encryption; put a proxy with TLS in front."
        ))
    } else {
        Finding::Good(format!("Guests reach the server at {shown}."))
    }
}

async fn mail(config: &Config, transport: MailTransport) -> Finding {
    match transport {
        MailTransport::Folder => Finding::Note(format!(
            "Mails are not sent but written to {}. Set mail.transport to \"smtp\" or \"sendgrid\" to send them.",
            config.mail_folder().display()
        )),
        MailTransport::Smtp => {
            let (host, port) = (config.mail.smtp.host.as_str(), config.mail.smtp.port);
            match connect(host, port).await {
                Ok(()) => Finding::Good(format!("The SMTP server {host}:{port} answers.")),
                Err(error) => Finding::Bad(
                    format!("The SMTP server {host}:{port} does not answer: {error}."),
                    "Check mail.smtp.host and mail.smtp.port, and whether a firewall stands between."
                        .to_owned(),
                ),
            }
        }
        MailTransport::Sendgrid => {
            let url = &config.mail.sendgrid.base_url;
            let answer = match Url::parse(url) {
                Ok(parsed) => {
                    let host = parsed.host_str().unwrap_or_default();
                    let port = parsed.port_or_known_default().unwrap_or(443);
                    connect(host.trim_matches(['[', ']']), port).await
                }
                Err(error) => Err(error.to_string()),
            };
            match answer {
                Ok(()) => Finding::Good(format!("SendGrid answers at {url}.")),
                Err(error) => Finding::Bad(
                    format!("SendGrid does not answer at {url}: {error}."),
                    "Check mail.sendgrid.base_url, and whether a firewall stands between."
                        .to_owned(),
                ),
            }
        }
    }
}

async fn connect(host: &str, port: u16) -> Result<(), String> {
    let connecting = TcpStream::connect((host, port));
    match tokio::time::timeout(Duration::from_secs(5), connecting).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_elapsed) => Err("no answer within 5 seconds".to_owned()),
    }
}

fn signatures(config: &Config) -> Option<Finding> {
    match compose::signer(config) {
        Ok(None) => None,
        Ok(Some(signer)) => Some(Finding::Note(format!(
            "Mails over SMTP are signed, and mailboxes check that against the TXT record {}: {}",
            signer.record_name(),
            signer.record()
        ))),
        Err(error) => Some(Finding::Bad(
            format!("Mails cannot be signed: {}.", causes(&error)),
            "Check mail.dkim.key and mail.dkim.key_file, or remove mail.dkim.selector.".to_owned(),
        )),
    }
}

async fn database(config: &Config) -> Vec<Finding> {
    if let Some(file) = database_file::missing(config.database_url().expose_secret()) {
        return vec![Finding::Bad(
            format!("There is no database at {} yet.", file.display()),
            "Start kalends serve, or run kalends migrate: both make it.".to_owned(),
        )];
    }
    let storage = match compose::storage(config).await {
        Ok(storage) => storage,
        Err(error) => {
            return vec![Finding::Bad(
                format!("The database does not open: {}.", causes(&error)),
                "Check database.url, and whether the database runs and lets this user in."
                    .to_owned(),
            )];
        }
    };
    match storage.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {}
        Ok(pending) => {
            return vec![Finding::Bad(
                format!("The schema is out of date; it lacks {}.", pending.join(", ")),
                "Run kalends migrate. On PostgreSQL it needs the extension btree_gist: where the user may not create it, a superuser runs CREATE EXTENSION btree_gist.".to_owned(),
            )];
        }
        Err(error) => {
            return vec![Finding::Bad(
                format!("The schema cannot be read: {}.", causes(&error)),
                "Use the release of Kalends that last migrated the database, or a later one."
                    .to_owned(),
            )];
        }
    }
    let mut findings = vec![Finding::Good(
        "The database answers and its schema is up to date.".to_owned(),
    )];
    let looked = async {
        let mut read = storage.begin_read().await?;
        let counts = read.outbox().counts().await?;
        let failures = read.outbox().failures(5).await?;
        let workspaces = read.directory().workspaces().await?.len();
        Ok::<_, StorageError>((counts, failures, workspaces))
    };
    match looked.await {
        Ok((counts, failures, workspaces)) => {
            if workspaces == 0 {
                findings.push(Finding::Note(
                    "There is no workspace yet: write a setup file and run kalends apply FILE."
                        .to_owned(),
                ));
            }
            findings.push(outbox(counts, &failures));
            findings.extend(rows(&storage).await);
        }
        Err(error) => findings.push(Finding::Bad(
            format!("The outbox cannot be read: {}.", causes(&error)),
            "Run kalends verify, and restore a backup if it complains.".to_owned(),
        )),
    }
    findings
}

/// Up to how many violations are told; `kalends verify` tells all.
const TOLD: usize = 5;

/// Whether every row can be read, and no host is booked twice.
async fn rows(storage: &SeaOrmStorage) -> Vec<Finding> {
    const REMEDY: &str = "Everything else goes on without it. Run kalends verify to see all, and restore a backup, or correct the row by hand.";
    let violations = match storage.verify().await {
        Ok(violations) => violations,
        Err(error) => {
            return vec![Finding::Bad(
                format!("The database cannot be re-checked: {}.", causes(&error)),
                "Run kalends verify.".to_owned(),
            )];
        }
    };
    if violations.is_empty() {
        let good = "Every row can be read, and no host is booked twice.";
        return vec![Finding::Good(good.to_owned())];
    }
    let told = violations.iter().take(TOLD).map(|violation| {
        let what = violation.to_string();
        Finding::Bad(what, REMEDY.to_owned())
    });
    let more = violations.len().saturating_sub(TOLD);
    let rest = (more > 0).then(|| Finding::Note(format!("There are {more} more of that kind.")));
    told.chain(rest).collect()
}

fn outbox(counts: OutboxCounts, failures: &[OutboxFailure]) -> Finding {
    let waiting = counts.ready + counts.leased;
    if counts.failed == 0 {
        return Finding::Good(format!(
            "The outbox has {waiting} messages waiting, none failed."
        ));
    }
    let last: Vec<String> = failures
        .iter()
        .map(|failure| {
            format!(
                "{} after {} attempts at {}: {}",
                failure.kind,
                failure.attempts,
                failure.failed_at.format("%Y-%m-%d %H:%M UTC"),
                failure.last_error
            )
        })
        .collect();
    Finding::Bad(
        format!(
            "The outbox gave {} messages up; the latest: {}.",
            counts.failed,
            last.join("; ")
        ),
        "Correct what the last complaint names, usually mail.smtp, and try them again: POST /api/v1/workspaces/{workspace}/outbox/{entry}/replay."
            .to_owned(),
    )
}
