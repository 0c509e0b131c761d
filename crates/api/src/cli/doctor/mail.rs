//! Whether mails would be taken: each way of sending is tried as for a message, and none is sent.

use super::{Finding, PATIENCE};
use crate::compose;
use crate::config::{Config, MailTransport};
use crate::http::problem::causes;

const CHECK: &str = "mail";

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for transport in config.mail.transport.all() {
        findings.push(match transport {
            MailTransport::Folder => folder(config),
            MailTransport::Smtp => smtp(config).await,
            MailTransport::Sendgrid => sendgrid(config).await,
        });
    }
    findings.extend(signatures(config));
    findings
}

fn folder(config: &Config) -> Finding {
    Finding::note(
        CHECK,
        format!(
            "Mails are not sent but written to {}. Set mail.transport to \"smtp\" or \"sendgrid\" to send them.",
            config.mail_folder().display()
        ),
    )
}

async fn smtp(config: &Config) -> Finding {
    let (host, port) = (config.mail.smtp.host.as_str(), config.mail.smtp.port);
    let smtp = match compose::smtp(config) {
        Ok(smtp) => smtp,
        Err(error) => return unusable("mail.smtp", &error),
    };
    let signs_in = config.mail.smtp.username.is_some();
    match smtp.check(PATIENCE).await {
        Ok(()) if signs_in => Finding::good(
            CHECK,
            format!("The SMTP server {host}:{port} answers and lets Kalends sign in."),
        ),
        Ok(()) => Finding::good(CHECK, format!("The SMTP server {host}:{port} answers.")),
        Err(error) => Finding::bad(
            CHECK,
            format!(
                "The SMTP server {host}:{port} does not take mails: {}.",
                causes(&error)
            ),
            "Check mail.smtp: host, port, tls, username and password, and whether a firewall stands between.",
        ),
    }
}

async fn sendgrid(config: &Config) -> Finding {
    let url = &config.mail.sendgrid.base_url;
    let sendgrid = match compose::sendgrid(config) {
        Ok(sendgrid) => sendgrid,
        Err(error) => return unusable("mail.sendgrid", &error),
    };
    match sendgrid.check(PATIENCE).await {
        Ok(()) => Finding::good(
            CHECK,
            format!("SendGrid answers at {url} and accepts the key."),
        ),
        Err(error) => Finding::bad(
            CHECK,
            format!("SendGrid at {url} takes no mails: {}.", causes(&error)),
            "Check mail.sendgrid.api_key and mail.sendgrid.base_url, and whether a firewall stands between.",
        ),
    }
}

fn unusable(what: &str, error: &compose::MailError) -> Finding {
    Finding::bad(
        CHECK,
        format!("{what} cannot be used: {}.", causes(error)),
        "Correct it in the configuration.",
    )
}

fn signatures(config: &Config) -> Option<Finding> {
    match compose::signer(config) {
        Ok(None) => None,
        Ok(Some(signer)) => Some(Finding::note(
            CHECK,
            format!(
                "Mails over SMTP are signed, and mailboxes check that against the TXT record {}: {}",
                signer.record_name(),
                signer.record()
            ),
        )),
        Err(error) => Some(Finding::bad(
            CHECK,
            format!("Mails cannot be signed: {}.", causes(&error)),
            "Check mail.dkim.key and mail.dkim.key_file, or remove mail.dkim.selector.",
        )),
    }
}
