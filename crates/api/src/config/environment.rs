//! Settings from environment variables.
//!
//! figment's own reader takes a password of digits for a number. This one knows from the table which settings are text.

use std::ffi::OsString;

use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};

use super::settings::{Kind, SETTINGS};

const PREFIX: &str = "KALENDS_";
/// Variables that are no settings: they say which file to read, and what to move where.
const NOT_SETTINGS: [&str; 3] = ["KALENDS_CONFIG", "KALENDS_MOVE_FROM", "KALENDS_MOVE_TO"];

/// What the environment sets.
pub(super) struct Environment(Vec<(&'static str, Value)>);

impl Environment {
    /// Reads all variables with our prefix. Answers those that name no setting as well.
    pub(super) fn read(
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> (Self, Vec<String>) {
        let (mut set, mut unknown) = (Vec::new(), Vec::new());
        for (name, value) in variables {
            let name = name.to_string_lossy().into_owned();
            if !name.starts_with(PREFIX) || NOT_SETTINGS.contains(&name.as_str()) {
                continue;
            }
            let Some(setting) = SETTINGS.iter().find(|s| s.variable() == name) else {
                unknown.push(name);
                continue;
            };
            let text = value.to_string_lossy().into_owned();
            let value = match setting.kind {
                Kind::Text => Value::from(text),
                Kind::Scalar => scalar(text),
            };
            set.push((setting.key, value));
        }
        unknown.sort_unstable();
        (Self(set), unknown)
    }
}

fn scalar(text: String) -> Value {
    if let Ok(number) = text.parse::<u64>() {
        Value::from(number)
    } else if let Ok(flag) = text.parse::<bool>() {
        Value::from(flag)
    } else if let Some(number) = text.parse::<f64>().ok().filter(|n| n.is_finite()) {
        Value::from(number)
    } else {
        Value::from(text)
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut root = Dict::new();
        for (key, value) in &self.0 {
            let mut table = &mut root;
            let mut names = key.split('.').peekable();
            while let Some(name) = names.next() {
                if names.peek().is_none() {
                    table.insert(name.to_owned(), value.clone());
                    break;
                }
                let inner = table
                    .entry(name.to_owned())
                    .or_insert_with(|| Value::from(Dict::new()));
                let Value::Dict(_, inner) = inner else { break };
                table = inner;
            }
        }
        Ok(Profile::Default.collect(root))
    }
}

#[cfg(test)]
mod tests {
    use figment::Figment;

    use super::*;

    #[test]
    fn double_underscores_nest_and_texts_stay_texts() {
        let variables = [
            ("KALENDS_HTTP__WORKERS", "3"),
            ("KALENDS_MAIL__SMTP__PASSWORD", "00123"),
            ("KALENDS_DATABASE__MIGRATE", "false"),
            ("KALENDS_HTTP__WROKERS", "3"),
            ("KALENDS_CONFIG", "x.toml"),
            ("PATH", "/bin"),
            ("KALENDS_TELEMETRY__TRACE_SHARE", "0.25"),
        ];
        let (environment, unknown) =
            Environment::read(variables.into_iter().map(|(k, v)| (k.into(), v.into())));
        let config: super::super::Config = Figment::from(environment).extract().unwrap();
        assert_eq!(config.http.workers, 3);
        assert!(!config.database.migrate);
        assert_eq!(config.telemetry.trace_share.to_string(), "0.25");
        let password = config.mail.smtp.password.unwrap();
        assert_eq!(secrecy::ExposeSecret::expose_secret(&password), "00123");
        assert_eq!(unknown, ["KALENDS_HTTP__WROKERS"]);
    }
}
