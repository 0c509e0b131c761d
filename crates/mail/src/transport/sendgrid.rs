//! SendGrid's HTTP interface, version 3: `POST /v3/mail/send`.
//!
//! SendGrid puts the message together itself, from the parts: it signs with the DKIM keys that it holds for the sender's
//! domain, and sets the date. Message-ID, References and Auto-Submitted are ours, as its documentation allows. The outbox
//! row's id travels as the custom argument `outbox_id`, by which SendGrid's events name the message again.

mod answer;
mod body;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use self::answer::SendGridError;
use self::body::Body;
use super::smtp::is_loopback;
use super::tls::{Trust, TrustError, client_config};
use super::{Transport, TransportError};
use crate::address::ascii_address;
use crate::message::OutgoingMail;

/// How to reach SendGrid.
#[derive(Debug, Clone)]
pub struct SendGridConfig {
    /// Where its interface is: `https://api.sendgrid.com`, or `https://api.eu.sendgrid.com` for accounts in the
    /// European Union.
    pub base_url: String,
    /// The key, which must be allowed to send mails.
    pub api_key: SecretString,
    /// How long handing over one message may take in all.
    pub timeout: Duration,
}

impl SendGridConfig {
    /// Where most accounts are.
    pub const DEFAULT_BASE_URL: &'static str = "https://api.sendgrid.com";

    /// The default for handing a message over.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

    /// An account with nothing else said.
    pub fn new(api_key: SecretString) -> Self {
        Self {
            base_url: Self::DEFAULT_BASE_URL.to_owned(),
            api_key,
            timeout: Self::DEFAULT_TIMEOUT,
        }
    }
}

/// Why a configuration of SendGrid was refused.
#[derive(Debug, Error)]
pub enum SendGridConfigError {
    /// The address is none.
    #[error("{url:?} is no address of a web service")]
    BaseUrl {
        /// What was given.
        url: String,
    },
    /// The key would travel in the clear to another machine.
    #[error("the API key would go to {host} in the clear; begin the address with https://")]
    KeyInTheClear {
        /// The server.
        host: String,
    },
    /// The key is none.
    #[error("the API key is empty, or has characters that no key has")]
    Key,
    /// TLS cannot be set up.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Sends messages through SendGrid.
pub struct SendGrid {
    client: Client,
    endpoint: Url,
    authorization: HeaderValue,
    timeout: Duration,
}

impl fmt::Debug for SendGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendGrid")
            .field("endpoint", &self.endpoint.as_str())
            .finish_non_exhaustive()
    }
}

impl SendGrid {
    /// Checks the configuration and prepares TLS. Nothing is sent.
    ///
    /// # Errors
    /// [`SendGridConfigError`] for what would be unsafe or cannot work.
    pub fn new(config: &SendGridConfig) -> Result<Self, SendGridConfigError> {
        let endpoint = Self::endpoint(&config.base_url)?;
        let is_here = is_here(&endpoint);
        let mut client = Client::builder()
            .user_agent(concat!("kalends/", env!("CARGO_PKG_VERSION")))
            // An answer that points elsewhere must not take the key there.
            .redirect(Policy::none());
        if endpoint.scheme() == "https" {
            client = client.use_preconfigured_tls(client_config(&Trust::System)?);
        } else {
            // Some client has to be there, and it never speaks TLS.
            client = client.use_preconfigured_tls(client_config(&Trust::Anything)?);
        }
        if is_here {
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build().map_err(SendGridConfigError::Client)?,
            authorization: authorization(&config.api_key).ok_or(SendGridConfigError::Key)?,
            endpoint,
            timeout: config.timeout,
        })
    }

    /// Where messages are posted to, for a base address that is safe to send the key to.
    ///
    /// # Errors
    /// [`SendGridConfigError::BaseUrl`] or [`SendGridConfigError::KeyInTheClear`].
    pub fn endpoint(base_url: &str) -> Result<Url, SendGridConfigError> {
        let refused = || SendGridConfigError::BaseUrl {
            url: base_url.to_owned(),
        };
        let Ok(mut url) = Url::parse(base_url) else {
            return Err(refused());
        };
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_web || !is_bare {
            return Err(refused());
        }
        if url.scheme() != "https" && !is_here(&url) {
            return Err(SendGridConfigError::KeyInTheClear {
                host: url.host_str().unwrap_or_default().to_owned(),
            });
        }
        let path = format!("{}/v3/mail/send", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(url)
    }

    /// Asks SendGrid what the key may do, as whoever holds the key may, and sends nothing.
    ///
    /// # Errors
    /// [`SendGridKeyError`].
    pub async fn check(&self, time: Duration) -> Result<(), SendGridKeyError> {
        let mut scopes = self.endpoint.clone();
        let path = scopes.path().trim_end_matches("/mail/send").to_owned();
        scopes.set_path(&format!("{path}/scopes"));
        let asked = self
            .client
            .get(scopes)
            .header(AUTHORIZATION, self.authorization.clone())
            .timeout(self.timeout.min(time))
            .send()
            .await
            .map_err(|error| SendGridKeyError::Unreached(error.without_url()))?;
        match asked.status() {
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Err(SendGridKeyError::Refused(status.as_u16()))
            }
            // Whatever it says to this, it is there and knows the key.
            _ => Ok(()),
        }
    }

    async fn hand_over(&self, mail: &OutgoingMail, limit: Duration) -> Result<(), SendGridError> {
        if !ascii_address(mail.recipient()).is_ascii() {
            return Err(SendGridError::NeedsSmtpUtf8);
        }
        let body = serde_json::to_vec(&Body::new(mail)).map_err(SendGridError::Body)?;
        let response = self
            .client
            .post(self.endpoint.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, "application/json")
            .timeout(limit)
            .body(body)
            .send()
            .await
            .map_err(SendGridError::unreached)?;
        answer::read(response, mail).await
    }
}

/// Why SendGrid would take no message.
#[derive(Debug, Error)]
pub enum SendGridKeyError {
    /// It does not answer.
    #[error("it does not answer")]
    Unreached(#[source] reqwest::Error),
    /// It does not accept the key.
    #[error("it does not accept the key, and says {0}")]
    Refused(u16),
}

/// Whether an address is this machine's. IPv6 stands in brackets there.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    is_loopback(host.trim_matches(['[', ']']))
}

fn authorization(key: &SecretString) -> Option<HeaderValue> {
    let key = key.expose_secret();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[async_trait]
impl Transport for SendGrid {
    fn name(&self) -> &'static str {
        "sendgrid"
    }

    async fn send(&self, mail: &OutgoingMail, time: Duration) -> Result<(), TransportError> {
        let limit = self.timeout.min(time);
        self.hand_over(mail, limit)
            .await
            .map_err(TransportError::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(base_url: &str, key: &str) -> SendGridConfig {
        SendGridConfig {
            base_url: base_url.to_owned(),
            ..SendGridConfig::new(SecretString::from(key))
        }
    }

    #[test]
    fn a_configuration_that_cannot_work_is_refused_at_once() {
        for url in [
            "",
            "api.sendgrid.com",
            "ftp://api.sendgrid.com",
            "https://",
            "https://user:pass@api.sendgrid.com",
            "https://api.sendgrid.com/?a=b",
            "https://api.sendgrid.com/#x",
        ] {
            let refused = SendGrid::new(&config(url, "SG.key")).unwrap_err();
            assert!(
                matches!(refused, SendGridConfigError::BaseUrl { .. }),
                "{url}: {refused}"
            );
        }
        for key in ["", "SG.key\r\nX-Other: x", "SG key", "SG.ké"] {
            let refused = SendGrid::new(&config("http://127.0.0.1:1", key)).unwrap_err();
            assert!(matches!(refused, SendGridConfigError::Key), "{key:?}");
        }
    }

    #[test]
    fn the_key_never_goes_to_another_machine_in_the_clear() {
        for here in [
            "http://127.0.0.1:1",
            "http://[::1]:1/x/",
            "http://localhost",
        ] {
            assert!(SendGrid::endpoint(here).is_ok(), "{here}");
        }
        let refused = SendGrid::new(&config("http://api.sendgrid.com", "SG.key")).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the API key would go to api.sendgrid.com in the clear; begin the address with https://"
        );
    }

    #[test]
    fn the_key_is_not_printed() {
        let config = config("http://127.0.0.1:1/", "SG.secret");
        let transport = SendGrid::new(&config).unwrap();
        let shown = format!("{config:?} {transport:?} {:?}", transport.authorization);
        assert!(!shown.contains("SG.secret"), "{shown}");
        assert_eq!(
            transport.endpoint.as_str(),
            "http://127.0.0.1:1/v3/mail/send"
        );
    }
}
