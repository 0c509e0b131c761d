//! From the settings of mails to what sends and signs them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scheduling_core::text::{EmailAddress, TextError};
use scheduling_mail::{
    DkimError, DkimKey, DkimKeyError, DkimSigner, Failover, Folder, MailNotifier, MailOptions,
    MailSender, SendGrid, SendGridConfig, SendGridConfigError, Smtp, SmtpConfig, SmtpConfigError,
    TemplateError, TlsMode, Transport, Trust,
};
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

use crate::config::{Config, MailTransport, SmtpTls};

/// Why mails cannot be sent.
#[derive(Debug, Error)]
pub enum MailError {
    /// The sender is no sender.
    #[error("the sender of mails cannot be used")]
    Sender(#[from] TextError),
    /// A file of the settings cannot be read.
    #[error("{setting} {path} cannot be read")]
    File {
        /// Which setting.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The SMTP server cannot be used like this.
    #[error("mail.smtp cannot be used")]
    Smtp(#[from] SmtpConfigError),
    /// SendGrid cannot be used like this.
    #[error("mail.sendgrid cannot be used")]
    SendGrid(#[from] SendGridConfigError),
    /// The key for signing is none.
    #[error("the key of mail.dkim {0}")]
    DkimKey(#[source] DkimKeyError),
    /// The names for signing are none.
    #[error("mail.dkim cannot be used")]
    Dkim(#[from] DkimError),
    /// A mail template cannot be read.
    #[error("a mail template cannot be read")]
    Templates(#[from] TemplateError),
}

/// What stands behind the `@` of Message-IDs and calendar UIDs, and what sends mails.
///
/// # Errors
/// [`MailError`].
pub(super) fn mails(config: &Config) -> Result<(String, MailNotifier), MailError> {
    let sender = MailSender {
        name: config.mail.from_name.clone(),
        address: config.mail.from_address.parse::<EmailAddress>()?,
    };
    let mut options = MailOptions::for_sender(&sender);
    if let Some(domain) = &config.mail.domain {
        options.domain.clone_from(domain);
    }
    options.templates.clone_from(&config.mail.templates);
    let domain = options.domain.clone();
    let notifier = MailNotifier::new(transports(config)?, sender, options)?;
    let notifier = match signer(config)? {
        Some(signer) => notifier.signing(signer),
        None => notifier,
    };
    Ok((domain, notifier))
}

/// What signs mails, where something does.
///
/// # Errors
/// [`MailError`] when the key cannot be read.
pub fn signer(config: &Config) -> Result<Option<DkimSigner>, MailError> {
    let dkim = &config.mail.dkim;
    let Some(selector) = &dkim.selector else {
        return Ok(None);
    };
    let pem = match (&dkim.key, &dkim.key_file) {
        (Some(key), _) => key.clone(),
        (None, Some(path)) => read("mail.dkim.key_file", path)
            .map(|bytes| SecretString::from(String::from_utf8_lossy(&bytes).into_owned()))?,
        // Which the check of the settings has noticed.
        (None, None) => SecretString::from(""),
    };
    let key = DkimKey::from_pem(pem.expose_secret()).map_err(MailError::DkimKey)?;
    Ok(Some(DkimSigner::new(
        config.mail.dkim_domain(),
        selector,
        key,
    )?))
}

fn transports(config: &Config) -> Result<Failover, MailError> {
    let (first, others) = config.mail.transport.in_order();
    let mut chain = Failover::first(transport(config, first)?);
    for other in others {
        chain = chain.then(transport(config, *other)?);
    }
    Ok(chain)
}

fn transport(config: &Config, transport: MailTransport) -> Result<Arc<dyn Transport>, MailError> {
    Ok(match transport {
        MailTransport::Folder => Arc::new(Folder::new(config.mail_folder())),
        MailTransport::Smtp => Arc::new(smtp(config)?),
        MailTransport::Sendgrid => Arc::new(sendgrid(config)?),
    })
}

/// The SMTP server of the settings.
///
/// # Errors
/// [`MailError`].
pub(crate) fn smtp(config: &Config) -> Result<Smtp, MailError> {
    let smtp = &config.mail.smtp;
    let tls = match smtp.tls {
        SmtpTls::Implicit => TlsMode::Implicit,
        SmtpTls::Starttls => TlsMode::StartTls,
        SmtpTls::Opportunistic => TlsMode::Opportunistic,
        SmtpTls::None => TlsMode::Plain,
    };
    let mut to = SmtpConfig::new(&smtp.host, smtp.port, tls);
    to.credentials = smtp.username.clone().zip(smtp.password.clone());
    if let Some(path) = &smtp.ca_file {
        to.trust = Trust::SystemAnd(read("mail.smtp.ca_file", path)?);
    }
    Ok(Smtp::new(to)?)
}

/// SendGrid, as the settings have it.
///
/// # Errors
/// [`MailError`].
pub(crate) fn sendgrid(config: &Config) -> Result<SendGrid, MailError> {
    let sendgrid = &config.mail.sendgrid;
    // Which the check of the settings has noticed, where it is missing.
    let key = sendgrid.api_key.clone();
    let key = key.unwrap_or_else(|| SecretString::from(""));
    let config = SendGridConfig {
        base_url: sendgrid.base_url.clone(),
        ..SendGridConfig::new(key)
    };
    Ok(SendGrid::new(&config)?)
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, MailError> {
    std::fs::read(path).map_err(|source| MailError::File {
        setting,
        path: path.to_owned(),
        source,
    })
}
