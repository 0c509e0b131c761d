//! SMTP submission, on mail-send.

mod error;
mod transaction;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mail_send::{Credentials, SmtpClient, SmtpClientBuilder};
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use self::error::SmtpError;
use self::transaction::Transaction;
use super::tls::{Trust, TrustError, client_config};
use super::{Transport, TransportError};
use crate::message::OutgoingMail;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// TLS from the first byte, usually on port 465.
    Implicit,
    /// The connection begins in the clear and must turn to TLS, usually on port 587. Without it nothing is sent.
    StartTls,
    /// TLS where the server offers it, else in the clear. Credentials never go in the clear, unless to this machine.
    Opportunistic,
    /// In the clear: for a relay on this machine or in the same private network. Credentials only to this machine.
    Plain,
}

/// How to reach a mail server.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// User name and password, where the server wants them.
    pub credentials: Option<(String, SecretString)>,
    /// How long handing over one message may take in all, from connecting to the server's last answer.
    pub timeout: Duration,
    /// Which certificates are believed.
    pub trust: Trust,
    /// What we call ourselves in EHLO; this machine's name by default.
    pub helo: Option<String>,
}

impl SmtpConfig {
    /// The default for handing a message over.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

    /// A server with nothing else said: no credentials, the system's certificates, the default timeout.
    pub fn new(host: impl Into<String>, port: u16, tls: TlsMode) -> Self {
        Self {
            host: host.into(),
            port,
            tls,
            credentials: None,
            timeout: Self::DEFAULT_TIMEOUT,
            trust: Trust::System,
            helo: None,
        }
    }
}

/// Why a mail server's configuration was refused.
#[derive(Debug, Error)]
pub enum SmtpConfigError {
    /// Credentials would travel in the clear to another machine.
    #[error("credentials would go to {host} in the clear; choose STARTTLS or implicit TLS")]
    CredentialsInTheClear {
        /// The server.
        host: String,
    },
    /// The host is neither a name nor an address.
    #[error("{host:?} is no host name and no address")]
    Host {
        /// What was given.
        host: String,
    },
    /// The certificates to trust cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Sends messages to a mail server, over a connection of its own for each.
pub struct Smtp {
    config: SmtpConfig,
    connector: TlsConnector,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Smtp {
    /// Checks the configuration and prepares TLS. Nothing is sent.
    ///
    /// # Errors
    /// [`SmtpConfigError`] for what would be unsafe or cannot work.
    pub fn new(config: SmtpConfig) -> Result<Self, SmtpConfigError> {
        if ServerName::try_from(config.host.as_str()).is_err() {
            return Err(SmtpConfigError::Host { host: config.host });
        }
        if config.tls == TlsMode::Plain
            && config.credentials.is_some()
            && !is_loopback(&config.host)
        {
            return Err(SmtpConfigError::CredentialsInTheClear { host: config.host });
        }
        let trust = if config.tls == TlsMode::Plain {
            // Loading the system's certificates takes time, and a bare container has none: only where TLS is used.
            &Trust::Anything
        } else {
            &config.trust
        };
        let connector = TlsConnector::from(Arc::new(client_config(trust)?));
        Ok(Self { config, connector })
    }

    /// Connects and proves who it is, as for a message, and sends none.
    ///
    /// # Errors
    /// [`TransportError`], as for a message.
    pub async fn check(&self, time: Duration) -> Result<(), TransportError> {
        let limit = self.config.timeout.min(time);
        let greeted = timeout(limit, self.greet()).await;
        greeted
            .unwrap_or(Err(SmtpError::Timeout))
            .map_err(TransportError::from)
    }

    async fn greet(&self) -> Result<(), SmtpError> {
        let builder = self.builder();
        let greeted = match self.config.tls {
            TlsMode::Plain => None,
            TlsMode::Implicit | TlsMode::StartTls | TlsMode::Opportunistic => {
                Some(builder.connect().await)
            }
        };
        match greeted {
            Some(Ok(client)) => say_goodbye(client).await,
            // As for a message: only a server that offers no TLS is spoken to in the clear.
            Some(Err(mail_send::Error::MissingStartTls))
                if self.config.tls == TlsMode::Opportunistic
                    && (self.config.credentials.is_none() || is_loopback(&self.config.host)) =>
            {
                let client = builder.connect_plain().await;
                say_goodbye(client.map_err(SmtpError::connecting)?).await;
            }
            Some(Err(error)) => return Err(SmtpError::connecting(error)),
            None => {
                let client = builder.connect_plain().await;
                say_goodbye(client.map_err(SmtpError::connecting)?).await;
            }
        }
        Ok(())
    }

    fn builder(&self) -> SmtpClientBuilder<String> {
        let host = &self.config.host;
        let mut builder = SmtpClientBuilder::new_with_tls_connector(
            host.clone(),
            self.config.port,
            self.connector.clone(),
        )
        .implicit_tls(self.config.tls == TlsMode::Implicit)
        .timeout(self.config.timeout);
        if host.contains(':') {
            // mail-send joins host and port without the brackets that an IPv6 address needs.
            builder.addr = format!("[{host}]:{}", self.config.port);
        }
        if let Some(helo) = &self.config.helo {
            builder = builder.helo_host(helo.as_str());
        }
        if let Some((user, password)) = &self.config.credentials {
            builder = builder.credentials(Credentials::new(
                user.clone(),
                password.expose_secret().to_owned(),
            ));
        }
        builder
    }

    async fn hand_over(&self, transaction: &Transaction<'_>) -> Result<(), SmtpError> {
        let builder = self.builder();
        match self.config.tls {
            TlsMode::Plain => self.submit_plain(&builder, transaction).await,
            TlsMode::Implicit | TlsMode::StartTls => {
                let client = builder.connect().await.map_err(SmtpError::connecting)?;
                submit(client, &builder.local_host, transaction).await
            }
            TlsMode::Opportunistic => match builder.connect().await {
                Ok(client) => submit(client, &builder.local_host, transaction).await,
                // Only a server that offers no TLS gets the message in the clear. One that offers it and fails may be
                // somebody in between.
                Err(mail_send::Error::MissingStartTls)
                    if self.config.credentials.is_none() || is_loopback(&self.config.host) =>
                {
                    self.submit_plain(&builder, transaction).await
                }
                Err(error) => Err(SmtpError::connecting(error)),
            },
        }
    }

    async fn submit_plain(
        &self,
        builder: &SmtpClientBuilder<String>,
        transaction: &Transaction<'_>,
    ) -> Result<(), SmtpError> {
        let client = builder
            .connect_plain()
            .await
            .map_err(SmtpError::connecting)?;
        submit(client, &builder.local_host, transaction).await
    }
}

async fn submit<S: AsyncRead + AsyncWrite + Unpin>(
    mut client: SmtpClient<S>,
    helo: &str,
    transaction: &Transaction<'_>,
) -> Result<(), SmtpError> {
    transaction.run(&mut client, helo).await?;
    // The server has taken the message. However the goodbye goes, it must not be sent again.
    say_goodbye(client).await;
    Ok(())
}

async fn say_goodbye<S: AsyncRead + AsyncWrite + Unpin>(client: SmtpClient<S>) {
    let _ = timeout(GOODBYE, client.quit()).await;
}

/// How long to wait for the answer to QUIT.
const GOODBYE: Duration = Duration::from_secs(1);

#[async_trait]
impl Transport for Smtp {
    fn name(&self) -> &'static str {
        "smtp"
    }

    async fn send(&self, mail: &OutgoingMail, time: Duration) -> Result<(), TransportError> {
        let transaction = Transaction::new(mail);
        let limit = self.config.timeout.min(time);
        let outcome = match timeout(limit, self.hand_over(&transaction)).await {
            Ok(outcome) => outcome,
            // The goodbye was cut off.
            Err(_elapsed) if transaction.is_accepted() => Ok(()),
            Err(_elapsed) => Err(SmtpError::Timeout),
        };
        outcome.map_err(|error| {
            if transaction.is_unanswered() {
                SmtpError::Unanswered(Box::new(error)).into()
            } else {
                error.into()
            }
        })
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
