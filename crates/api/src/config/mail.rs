//! How mails leave, and who signs them.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::de::{SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use super::optional_secret;

/// A way for mails to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTransport {
    /// As `.eml` files into a folder.
    Folder,
    /// To an SMTP server.
    Smtp,
    /// Through SendGrid's HTTP interface.
    Sendgrid,
}

/// The ways for mails to leave, in the order in which they are tried. At least one, none twice; the folder, which takes
/// everything, stands alone.
///
/// Written as a list, or as one text with commas between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailTransports(Vec<MailTransport>);

impl MailTransports {
    /// A single way.
    pub fn only(transport: MailTransport) -> Self {
        Self(vec![transport])
    }

    /// All of them, in order.
    pub fn all(&self) -> &[MailTransport] {
        &self.0
    }

    /// The first, and those behind it.
    pub fn in_order(&self) -> (MailTransport, &[MailTransport]) {
        (self.0[0], &self.0[1..])
    }

    /// Whether this is one of them.
    pub fn has(&self, transport: MailTransport) -> bool {
        self.0.contains(&transport)
    }

    fn new(transports: Vec<MailTransport>) -> Result<Self, &'static str> {
        let twice = transports
            .iter()
            .enumerate()
            .any(|(place, transport)| transports[..place].contains(transport));
        if transports.is_empty() {
            Err("must name at least one of folder, smtp and sendgrid")
        } else if twice {
            Err("must not name one twice")
        } else if transports.len() > 1 && transports.contains(&MailTransport::Folder) {
            Err("must name folder alone: it takes every mail, and nobody would get them")
        } else {
            Ok(Self(transports))
        }
    }
}

impl<'de> Deserialize<'de> for MailTransports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrList;

        impl<'de> Visitor<'de> for TextOrList {
            type Value = Vec<MailTransport>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("folder, smtp or sendgrid, or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.split(',')
                    .map(str::trim)
                    .filter(|word| !word.is_empty())
                    .map(|word| {
                        MailTransport::deserialize(serde::de::value::StrDeserializer::new(word))
                    })
                    .collect()
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list))
            }
        }

        let transports = deserializer.deserialize_any(TextOrList)?;
        Self::new(transports).map_err(serde::de::Error::custom)
    }
}

/// Mails.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// How they leave.
    pub transport: MailTransports,
    /// The sender's name; the host's and the workspace's when it is not set.
    pub from_name: Option<String>,
    /// The sender's address.
    pub from_address: String,
    /// What stands behind the `@` of Message-IDs and calendar UIDs; the sender's domain when it is not set.
    pub domain: Option<String>,
    /// Where `.eml` files go; `mails` in the data folder when it is not set.
    pub folder: Option<PathBuf>,
    /// A folder whose templates replace the built-in ones.
    pub templates: Option<PathBuf>,
    /// The SMTP server.
    pub smtp: SmtpConfig,
    /// SendGrid.
    pub sendgrid: SendGridConfig,
    /// Signatures.
    pub dkim: DkimConfig,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            transport: MailTransports::only(MailTransport::Folder),
            from_name: None,
            from_address: "kalends@localhost.localdomain".to_owned(),
            domain: None,
            folder: None,
            templates: None,
            smtp: SmtpConfig::default(),
            sendgrid: SendGridConfig::default(),
            dkim: DkimConfig::default(),
        }
    }
}

impl MailConfig {
    /// The domain that signatures are for: the sender's when none is set.
    pub fn dkim_domain(&self) -> &str {
        self.dkim
            .domain
            .as_deref()
            .unwrap_or_else(|| self.from_domain())
    }

    /// The domain of the sender's address.
    pub fn from_domain(&self) -> &str {
        self.from_address
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain)
    }
}

/// How the connection to the SMTP server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// From the first byte (port 465).
    Implicit,
    /// After STARTTLS (port 587).
    Starttls,
    /// Where the server offers it.
    Opportunistic,
    /// Not at all: for a relay on the same machine.
    None,
}

/// The SMTP server.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpConfig {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// The account, where it needs one.
    pub username: Option<String>,
    /// The account's password.
    #[serde(deserialize_with = "optional_secret")]
    pub password: Option<SecretString>,
    /// A file of certificates (PEM) that are believed beside the system's.
    pub ca_file: Option<PathBuf>,
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 587,
            tls: SmtpTls::Starttls,
            username: None,
            password: None,
            ca_file: None,
        }
    }
}

/// SendGrid.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SendGridConfig {
    /// The key, which must be allowed to send mails.
    #[serde(deserialize_with = "optional_secret")]
    pub api_key: Option<SecretString>,
    /// Where its interface is.
    pub base_url: String,
}

impl Default for SendGridConfig {
    fn default() -> Self {
        Self {
            api_key: None,
            base_url: scheduling_mail::SendGridConfig::DEFAULT_BASE_URL.to_owned(),
        }
    }
}

/// Signatures under mails.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DkimConfig {
    /// Whose signature it is; the sender's domain when it is not set.
    pub domain: Option<String>,
    /// Under which name the public half of the key is published. Setting it turns signatures on.
    pub selector: Option<String>,
    /// The private key (PEM).
    #[serde(deserialize_with = "optional_secret")]
    pub key: Option<SecretString>,
    /// A file with the private key.
    pub key_file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use figment::Figment;
    use figment::providers::{Format, Toml};

    use super::*;

    fn read(value: &str) -> Result<Vec<MailTransport>, String> {
        Figment::from(Toml::string(&format!("transport = {value}")))
            .extract_inner::<MailTransports>("transport")
            .map(|transports| transports.0)
            .map_err(|error| error.kind.to_string())
    }

    #[test]
    fn transports_are_a_word_or_a_list_of_words() {
        use MailTransport::{Folder, Sendgrid, Smtp};
        for (value, transports) in [
            (r#""folder""#, vec![Folder]),
            (r#""smtp""#, vec![Smtp]),
            (r#"["smtp"]"#, vec![Smtp]),
            (r#"["sendgrid", "smtp"]"#, vec![Sendgrid, Smtp]),
            (r#""smtp, sendgrid""#, vec![Smtp, Sendgrid]),
        ] {
            assert_eq!(read(value), Ok(transports), "{value}");
        }
    }

    #[test]
    fn transports_that_make_no_sense_are_refused_with_a_reason() {
        for (value, reason) in [
            (r#""pigeon""#, "unknown variant"),
            (r#"["smtp", "pigeon"]"#, "unknown variant"),
            ("[]", "at least one"),
            (r#"" , ""#, "at least one"),
            (r#"["smtp", "smtp"]"#, "twice"),
            (r#"["smtp", "folder"]"#, "folder alone"),
            ("7", "a list of them"),
            ("[7]", "found"),
        ] {
            let complaint = read(value).unwrap_err();
            assert!(complaint.contains(reason), "{value}: {complaint}");
        }
    }
}
