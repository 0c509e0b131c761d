//! Finding every mistake at once.

use std::fmt;

use figment::value::{Dict, Value};
use figment::{Figment, Provider as _};

use scheduling_mail::{DkimError, DkimSigner};

use super::settings::{SETTINGS, Setting};
use super::{Config, MailTransport};

/// One mistake: the key and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The key's dotted name, or the variable's or flag's.
    pub key: String,
    /// What is wrong. It never repeats a secret.
    pub complaint: String,
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// All mistakes.
    pub mistakes: Vec<Mistake>,
}

impl ConfigError {
    pub(super) fn one(key: &str, complaint: String) -> Self {
        Self {
            mistakes: vec![Mistake {
                key: key.to_owned(),
                complaint,
            }],
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used")?;
        self.mistakes
            .iter()
            .try_for_each(|m| write!(f, "\n  {}: {}", m.key, m.complaint))
    }
}

/// Reads the whole configuration, or names every mistake in it.
pub(super) fn extract(
    figment: &Figment,
    unknown_variables: Vec<String>,
) -> Result<Config, ConfigError> {
    let mut mistakes: Vec<Mistake> = unknown_variables
        .into_iter()
        .map(|variable| Mistake {
            key: variable,
            complaint: "there is no such setting".to_owned(),
        })
        .collect();
    let mut note = |key: &str, complaint: String| {
        mistakes.push(Mistake {
            key: key.to_owned(),
            complaint,
        });
    };
    match figment.data() {
        // The file itself cannot be read as TOML; nothing else can be said about it.
        Err(error) => note("the file", without_values(&error)),
        Ok(profiles) => {
            let mut keys = Vec::new();
            for dict in profiles.values() {
                leaves("", dict, &mut keys);
            }
            for key in &keys {
                match SETTINGS.iter().find(|s| s.key == key) {
                    None => note(key, "there is no such setting".to_owned()),
                    Some(setting) => {
                        if let Err(complaint) = (setting.check)(figment, key) {
                            note(key, redact(setting, complaint) + &place(figment, key));
                        }
                    }
                }
            }
        }
    }
    if mistakes.is_empty() {
        match figment.extract::<Config>() {
            Ok(config) => {
                mistakes = across(&config);
                if mistakes.is_empty() {
                    return Ok(config);
                }
            }
            Err(error) => mistakes.push(Mistake {
                key: error.path.join("."),
                complaint: without_values(&error),
            }),
        }
    }
    Err(ConfigError { mistakes })
}

/// What single settings cannot know.
fn across(config: &Config) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut note = |key: &str, complaint: &str| {
        mistakes.push(Mistake {
            key: key.to_owned(),
            complaint: complaint.to_owned(),
        });
    };
    let telemetry = &config.telemetry;
    if telemetry.metrics_listen == Some(config.http.listen) {
        note(
            "telemetry.metrics_listen",
            "must not be http.listen; set telemetry.metrics_token to answer /metrics there",
        );
    }
    if telemetry.otlp_headers.is_some() && telemetry.otlp_endpoint.is_none() {
        note(
            "telemetry.otlp_endpoint",
            "is missing, and telemetry.otlp_headers is there",
        );
    }
    let mail = &config.mail;
    if mail.transport.has(MailTransport::Smtp)
        && mail.smtp.username.is_some() != mail.smtp.password.is_some()
    {
        note("mail.smtp", "username and password go together");
    }
    if mail.transport.has(MailTransport::Sendgrid) && mail.sendgrid.api_key.is_none() {
        note(
            "mail.sendgrid.api_key",
            "is missing, and mail.transport names sendgrid",
        );
    }
    let dkim = &mail.dkim;
    match &dkim.selector {
        None if dkim.domain.is_some() || dkim.key.is_some() || dkim.key_file.is_some() => {
            note(
                "mail.dkim.selector",
                "is missing; without it no mail is signed",
            );
        }
        None => {}
        Some(selector) => {
            match DkimSigner::check_names(mail.dkim_domain(), selector) {
                Ok(()) => {}
                Err(error @ DkimError::Selector(_)) => {
                    note("mail.dkim.selector", &error.to_string());
                }
                Err(error @ DkimError::Domain(_)) => note("mail.dkim.domain", &error.to_string()),
            }
            if !is_of(mail.from_domain(), mail.dkim_domain()) {
                note(
                    "mail.dkim.domain",
                    "must be the domain of mail.from_address, or one above it",
                );
            }
            match (&dkim.key, &dkim.key_file) {
                (None, None) => note("mail.dkim.key", "is missing, and so is mail.dkim.key_file"),
                (Some(_), Some(_)) => {
                    note("mail.dkim.key", "and mail.dkim.key_file exclude each other");
                }
                (Some(_), None) | (None, Some(_)) => {}
            }
        }
    }
    mistakes
}

/// Whether a domain is another one or lies below it.
fn is_of(domain: &str, above: &str) -> bool {
    let (domain, above) = (domain.to_lowercase(), above.to_lowercase());
    domain == above || domain.ends_with(&format!(".{above}"))
}

/// A type error would repeat the value that was found.
fn redact(setting: &Setting, complaint: String) -> String {
    if setting.secret && complaint.contains("found") {
        "must be a text".to_owned()
    } else {
        complaint
    }
}

fn without_values(error: &figment::Error) -> String {
    error.kind.to_string()
}

/// Where a key was set.
fn place(figment: &Figment, key: &str) -> String {
    figment
        .find_metadata(key)
        .map_or_else(String::new, |from| match &from.source {
            Some(figment::Source::Code(_)) => " (on the command line)".to_owned(),
            Some(source) => format!(" ({source})"),
            None => format!(" ({})", from.name),
        })
}

/// The dotted names of everything that is set. A table whose name is a setting's is a leaf with the wrong type.
fn leaves(prefix: &str, dict: &Dict, keys: &mut Vec<String>) {
    for (name, value) in dict {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Dict(_, inner)
                if SETTINGS.iter().all(|s| s.key != key)
                    && SETTINGS
                        .iter()
                        .any(|s| s.key.starts_with(&format!("{key}."))) =>
            {
                leaves(&key, inner, keys);
            }
            _ => keys.push(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use figment::providers::{Format, Toml};

    use super::*;

    fn complaints(file: &str) -> Vec<String> {
        match extract(&Figment::from(Toml::string(file)), Vec::new()) {
            Ok(_) => Vec::new(),
            Err(error) => error
                .mistakes
                .into_iter()
                .map(|m| format!("{}: {}", m.key, m.complaint))
                .collect(),
        }
    }

    #[test]
    fn every_mistake_is_named_with_its_key() {
        let found = complaints(
            r#"
            listen = "127.0.0.1:1"
            [http]
            listen = "nowhere"
            public_url = "ftp://example.org"
            workers = 0
            wrokers = 2
            [mail]
            transport = "pigeon"
            from_address = "not an address"
            [mail.smtp]
            port = 70000
            "#,
        );
        let keys: Vec<&str> = found.iter().filter_map(|c| c.split(": ").next()).collect();
        assert_eq!(
            keys,
            [
                "http.listen",
                "http.public_url",
                "http.workers",
                "http.wrokers",
                "listen",
                "mail.from_address",
                "mail.smtp.port",
                "mail.transport",
            ],
            "{found:#?}"
        );
    }

    #[test]
    fn a_complaint_never_repeats_a_secret() {
        let found = complaints(
            "[secrets]\nkey = \"hunter2hunter2\"\n[mail.smtp]\npassword = 4711\n[database]\nurl = \"mysql://u:hunter2@h/d\"",
        );
        assert_eq!(found.len(), 3, "{found:#?}");
        let text = found.join("\n");
        assert!(
            !text.contains("hunter2") && !text.contains("4711"),
            "{text}"
        );
    }

    #[test]
    fn a_database_needs_a_name_and_a_flag_is_called_one() {
        use figment::providers::Serialized;

        for url in ["sqlite:", "sqlite://", "postgres://"] {
            let flag = Figment::from(Serialized::global("database.url", url));
            let error = extract(&flag, Vec::new()).unwrap_err();
            assert_eq!(
                error.mistakes[0].complaint, "must name a file or a server (on the command line)",
                "{url}"
            );
        }
    }

    #[test]
    fn a_user_name_without_a_password_is_noticed() {
        let found = complaints("[mail]\ntransport = \"smtp\"\n[mail.smtp]\nusername = \"u\"");
        assert_eq!(found, ["mail.smtp: username and password go together"]);
        assert_eq!(complaints("[mail.smtp]\nusername = \"u\""), [""; 0]);
    }

    #[test]
    fn sendgrid_needs_a_key_and_an_address_that_keeps_it() {
        let sendgrid = |rest: &str| {
            complaints(&format!(
                "[mail]\ntransport = [\"sendgrid\", \"smtp\"]\n[mail.sendgrid]\n{rest}"
            ))
        };
        assert_eq!(
            sendgrid(""),
            ["mail.sendgrid.api_key: is missing, and mail.transport names sendgrid"]
        );
        assert_eq!(sendgrid("api_key = \"SG.a\""), [""; 0]);
        for rest in [
            "api_key = \"SG a\"",
            "api_key = \"\"",
            "api_key = 4711",
            "api_key = \"SG.a\"\nbase_url = \"http://api.sendgrid.com\"",
            "api_key = \"SG.a\"\nbase_url = \"api.sendgrid.com\"",
        ] {
            let found = sendgrid(rest);
            assert_eq!(found.len(), 1, "{rest}: {found:?}");
            assert!(!found[0].contains("SG") && !found[0].contains("4711"));
        }
        let local = "api_key = \"SG.a\"\nbase_url = \"http://127.0.0.1:4010/x\"";
        assert_eq!(sendgrid(local), [""; 0]);
    }

    #[test]
    fn signing_needs_a_selector_one_key_and_the_senders_domain() {
        let dkim = |rest: &str| {
            complaints(&format!(
                "[mail]\nfrom_address = \"a@mail.example.org\"\n[mail.dkim]\n{rest}"
            ))
        };
        let file = "key_file = \"key.pem\"";
        for rest in [
            "selector = \"s1\"",
            "selector = \"s1\"\ndomain = \"mail.example.org\"",
            "selector = \"s1\"\ndomain = \"Example.org\"",
        ] {
            assert_eq!(dkim(&format!("{rest}\n{file}")), [""; 0], "{rest}");
        }
        for (rest, complaint) in [
            (
                file,
                "mail.dkim.selector: is missing; without it no mail is signed",
            ),
            (
                "selector = \"s1\"",
                "mail.dkim.key: is missing, and so is mail.dkim.key_file",
            ),
            (
                "selector = \"s1\"\nkey_file = \"key.pem\"\ndomain = \"ample.org\"",
                "mail.dkim.domain: must be the domain of mail.from_address, or one above it",
            ),
            (
                "selector = \"s 1\"\nkey_file = \"key.pem\"",
                "mail.dkim.selector: \"s 1\" is no selector: letters, digits, hyphens and dots, such as kalends or s1",
            ),
        ] {
            assert_eq!(dkim(rest), [complaint], "{rest}");
        }
        let found = dkim("selector = \"s1\"\nkey = \"hunter2\"");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("mail.dkim.key: is no private key"),
            "{found:?}"
        );
        assert!(!found[0].contains("hunter2"), "{found:?}");
    }

    #[test]
    fn figures_and_traces_are_checked() {
        let telemetry = |rest: &str| complaints(&format!("[telemetry]\n{rest}"));
        for good in [
            "metrics_listen = \"127.0.0.1:9100\"",
            "metrics_token = \"0123456789abcdef\"",
            "otlp_endpoint = \"http://127.0.0.1:4318\"\notlp_headers = \"x-key=k, y=z\"",
            "trace_share = 0",
            "trace_share = 1",
            "trace_share = 0.5",
        ] {
            assert_eq!(telemetry(good), [""; 0], "{good}");
        }
        for bad in [
            "metrics_listen = \"127.0.0.1:8000\"",
            "metrics_token = \"hunter2\"",
            "metrics_token = \"hunter2 hunter2 hunter2\"",
            "otlp_endpoint = \"127.0.0.1:4318\"",
            "otlp_headers = \"x-key=k\"",
            "otlp_endpoint = \"http://127.0.0.1:4318\"\notlp_headers = \"hunter2\"",
            "otlp_endpoint = \"http://127.0.0.1:4318\"\notlp_headers = \"a b=hunter2\"",
            "trace_share = 1.5",
            "trace_share = -1",
        ] {
            let found = telemetry(bad);
            assert_eq!(found.len(), 1, "{bad}: {found:?}");
            assert!(!found[0].contains("hunter2"), "{found:?}");
        }
    }

    #[test]
    fn a_file_that_is_no_toml_is_an_error() {
        assert_eq!(complaints("[http\nlisten").len(), 1);
    }
}
