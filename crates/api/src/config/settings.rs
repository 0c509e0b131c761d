//! The table of all settings.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use figment::Figment;
use scheduling_app::system::SealingKey;
use scheduling_core::text::{EmailAddress, PersonName};
use scheduling_mail::{DkimKey, SendGrid};
use tracing_subscriber::EnvFilter;
use url::Url;

use super::{Durability, LogFormat, LoggedRequests, MailTransports, Proxies, SmtpTls};

/// What an environment variable's text is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The text itself, even when it looks like a number.
    Text,
    /// A number or `true` and `false`.
    Scalar,
}

/// One setting.
pub(super) struct Setting {
    /// Its dotted name.
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    /// Its default, as the file would say it, or in words.
    default: &'static str,
    /// What it does.
    about: &'static str,
    /// Whether its value must never be shown.
    pub(super) secret: bool,
    /// Reads and checks the value that is set. The complaint never repeats a secret.
    pub(super) check: fn(&Figment, &str) -> Result<(), String>,
}

impl Setting {
    /// The environment variable that sets it.
    pub(super) fn variable(&self) -> String {
        format!("KALENDS_{}", self.key.replace('.', "__").to_uppercase())
    }
}

fn typed<T: serde::de::DeserializeOwned>(figment: &Figment, key: &str) -> Result<T, String> {
    figment
        .extract_inner(key)
        .map_err(|error| error.kind.to_string())
}

fn is<T: serde::de::DeserializeOwned>(figment: &Figment, key: &str) -> Result<(), String> {
    typed::<T>(figment, key).map(drop)
}

fn is_positive(figment: &Figment, key: &str) -> Result<(), String> {
    match typed::<u32>(figment, key)? {
        0 => Err("must be at least 1".to_owned()),
        _ => Ok(()),
    }
}

fn is_within<const LEAST: u32, const MOST: u32>(
    figment: &Figment,
    key: &str,
) -> Result<(), String> {
    match typed::<u32>(figment, key)? {
        number if (LEAST..=MOST).contains(&number) => Ok(()),
        _ => Err(format!("must be from {LEAST} to {MOST}")),
    }
}

fn is_web_address(figment: &Figment, key: &str) -> Result<(), String> {
    let url: Url = typed::<String>(figment, key)?
        .parse()
        .map_err(|error| format!("is no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must begin with http:// or https://".to_owned());
    }
    if !url.has_host() || url.query().is_some() || url.fragment().is_some() {
        return Err("must name a host and have no query".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not name a user".to_owned());
    }
    Ok(())
}

fn is_service_address(figment: &Figment, key: &str) -> Result<(), String> {
    is_web_address(figment, key)?;
    SendGrid::endpoint(&typed::<String>(figment, key)?)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn is_api_key(figment: &Figment, key: &str) -> Result<(), String> {
    let text = typed::<String>(figment, key)?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be a key, without spaces".to_owned());
    }
    Ok(())
}

fn is_dkim_key(figment: &Figment, key: &str) -> Result<(), String> {
    let parsed = DkimKey::from_pem(&typed::<String>(figment, key)?);
    parsed.map(drop).map_err(|error| error.to_string())
}

fn is_database_url(figment: &Figment, key: &str) -> Result<(), String> {
    let url = typed::<String>(figment, key)?;
    let known = ["sqlite:", "postgres://", "postgresql://"];
    match known.iter().find_map(|scheme| url.strip_prefix(scheme)) {
        // SQLite would take a file of its own for every connection, and keep none of them.
        Some("" | "//") => Err("must name a file or a server".to_owned()),
        Some(_) => Ok(()),
        None => Err("must begin with sqlite: or postgres://".to_owned()),
    }
}

fn is_address(figment: &Figment, key: &str) -> Result<(), String> {
    let parsed = typed::<String>(figment, key)?.parse::<EmailAddress>();
    parsed.map(drop).map_err(|error| error.to_string())
}

fn is_name(figment: &Figment, key: &str) -> Result<(), String> {
    let parsed = typed::<String>(figment, key)?.parse::<PersonName>();
    parsed.map(drop).map_err(|error| error.to_string())
}

fn is_key(figment: &Figment, key: &str) -> Result<(), String> {
    let parsed = typed::<String>(figment, key)?.parse::<SealingKey>();
    parsed.map(drop).map_err(|error| error.to_string())
}

fn is_domain(figment: &Figment, key: &str) -> Result<(), String> {
    match format!("a@{}", typed::<String>(figment, key)?).parse::<EmailAddress>() {
        Ok(_) => Ok(()),
        Err(_) => Err("must be a domain such as example.org".to_owned()),
    }
}

fn is_scrape_token(figment: &Figment, key: &str) -> Result<(), String> {
    const SHORTEST: usize = 16;
    let text = typed::<String>(figment, key)?;
    if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "must have {SHORTEST} letters, digits or signs at least, and no spaces"
        ));
    }
    Ok(())
}

fn is_headers(figment: &Figment, key: &str) -> Result<(), String> {
    let text = typed::<String>(figment, key)?;
    match crate::telemetry::headers(&text) {
        Some(_) => Ok(()),
        None => Err("must be name=value, with commas between".to_owned()),
    }
}

fn is_share(figment: &Figment, key: &str) -> Result<(), String> {
    match typed::<f64>(figment, key)? {
        share if (0.0..=1.0).contains(&share) => Ok(()),
        _ => Err("must be from 0 to 1".to_owned()),
    }
}

fn is_filter(figment: &Figment, key: &str) -> Result<(), String> {
    let parsed = typed::<String>(figment, key)?.parse::<EnvFilter>();
    parsed.map(drop).map_err(|error| error.to_string())
}

const fn text(
    key: &'static str,
    default: &'static str,
    about: &'static str,
    check: fn(&Figment, &str) -> Result<(), String>,
) -> Setting {
    Setting {
        key,
        kind: Kind::Text,
        default,
        about,
        secret: false,
        check,
    }
}

const fn scalar(
    key: &'static str,
    default: &'static str,
    about: &'static str,
    check: fn(&Figment, &str) -> Result<(), String>,
) -> Setting {
    Setting {
        kind: Kind::Scalar,
        ..text(key, default, about, check)
    }
}

const fn secret(
    key: &'static str,
    default: &'static str,
    about: &'static str,
    check: fn(&Figment, &str) -> Result<(), String>,
) -> Setting {
    Setting {
        secret: true,
        ..text(key, default, about, check)
    }
}

/// All settings, in the order of the reference.
pub(super) const SETTINGS: &[Setting] = &[
    text(
        "data.folder",
        r#""kalends-data""#,
        "The folder for the SQLite file, the mails and the generated key, unless they are set otherwise. It is made when it is missing.",
        is::<PathBuf>,
    ),
    text(
        "http.listen",
        r#""127.0.0.1:8000""#,
        "The address and port the server listens at. `0.0.0.0:8000` is every interface.",
        is::<SocketAddr>,
    ),
    text(
        "http.public_url",
        "made of `http.listen`",
        "How guests reach the server. Links in mails begin with it, so set it as soon as anybody but you books.",
        is_web_address,
    ),
    scalar(
        "http.workers",
        "2",
        "Threads that answer requests.",
        is_positive,
    ),
    scalar(
        "http.max_body_bytes",
        "65536",
        "The largest request body that is read.",
        is_positive,
    ),
    scalar(
        "http.request_seconds",
        "10",
        "How long a client may take to send a request's headers, and then its body.",
        is_positive,
    ),
    scalar(
        "http.max_connections",
        "4096",
        "Connections that each thread keeps open at once; more wait.",
        is_positive,
    ),
    scalar(
        "http.drain_seconds",
        "0",
        "How long the server goes on answering after it was asked to stop, while `/ready` says 503. With several servers behind a proxy that asks for `/ready`, make it a little longer than the proxy takes to notice.",
        is_within::<0, 600>,
    ),
    scalar(
        "http.shutdown_seconds",
        "20",
        "How long open requests may take to finish after that, and messages that are being sent. What is not sent by then is handed back, for another worker or the next start.",
        is_within::<1, 600>,
    ),
    scalar(
        "http.bookings_at_once",
        "4",
        "Bookings that are worked on at once. More wait in line, so that a rush on one slot leaves other pages quick.",
        is_positive,
    ),
    scalar(
        "http.booking_wait_seconds",
        "10",
        "How long a booking, or another change, waits in line before it is answered with 503 and `Retry-After`.",
        is_positive,
    ),
    scalar(
        "http.changes_at_once",
        "64",
        "Requests that change something, bookings among them, that are let in at once. More wait in line.",
        is_positive,
    ),
    scalar(
        "http.reads_at_once",
        "64",
        "Requests that only read, those for slots and pages among them, that are let in at once. More wait in line.",
        is_positive,
    ),
    scalar(
        "http.read_wait_seconds",
        "2",
        "How long a request that only reads waits in line before it is answered with 503 and `Retry-After`.",
        is_positive,
    ),
    scalar(
        "http.waiting",
        "512",
        "How many requests wait in each of the lines. Whoever comes after them is answered with 503 and `Retry-After` at once, so that those who are let in are answered soon. `/health`, `/ready`, `/metrics` and static files never wait.",
        is::<u32>,
    ),
    scalar(
        "http.memory_mb",
        "36",
        "Mebibytes of answers about slots that are kept in memory, at most about. They are given again while nothing has changed, on whatever server. 0 keeps none.",
        is::<u16>,
    ),
    scalar(
        "http.answer_seconds",
        "30",
        "How long a request may be worked on once it is let in. Then it is given up, what it was about to change is taken back, and it is answered with 503.",
        is_positive,
    ),
    scalar(
        "http.reading_seconds",
        "60",
        "How long a client may take to read an answer. A connection on which nothing happens for that long, and for `http.request_seconds` besides, is closed.",
        is_positive,
    ),
    text(
        "http.trusted_proxies",
        "none",
        "The proxies in front of the server, as addresses or networks: `[\"10.0.0.7\", \"fd00::/8\"]`, in the environment with commas between. Only their `X-Forwarded-For` is believed (`Forwarded` is not read); without it, all who come through a proxy count as one. See [Behind a proxy](../guides/reverse-proxy.md).",
        is::<Proxies>,
    ),
    scalar(
        "limits.guests_per_minute",
        "30",
        "How often guests of one network (an IPv4 address, or the /64 of an IPv6 one) may book, hold, move or cancel. They may do so all at once; then one comes back at a time. Servers on one PostgreSQL database count together. 0 is no limit.",
        is::<u32>,
    ),
    scalar(
        "limits.holds_in_five_minutes",
        "10",
        "How many times guests of one network may keep for themselves while they fill in forms, in the five minutes that it lasts. The page still books who is beyond that; a program is answered with 429. Servers on one PostgreSQL database count together. 0 is no limit.",
        is::<u32>,
    ),
    scalar(
        "limits.sign_in_per_minute",
        "20",
        "How often one network may sign in, ask for a password or use a link that sets one. Each server counts for itself; wrong passwords are counted besides, in the database, by all servers together. 0 is no limit.",
        is::<u32>,
    ),
    scalar(
        "limits.requests_per_minute",
        "600",
        "How often one API token or one session may ask, of each server. 0 is no limit.",
        is::<u32>,
    ),
    scalar(
        "limits.link_per_minute",
        "120",
        "How many bookings and holds guests of all networks together may make with one link, so that nobody with many addresses fills a host's calendar. What does not succeed is not counted, and neither is what members and API tokens book. 0 is no limit.",
        is::<u32>,
    ),
    scalar(
        "limits.address_per_hour",
        "20",
        "How many bookings by guests may name one mail address, as the invitee's or a guest's, so that nobody fills a stranger's mailbox. 0 is no limit.",
        is::<u32>,
    ),
    secret(
        "database.url",
        "`sqlite:` and `kalends.db` in the data folder",
        "The database: `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`.",
        is_database_url,
    ),
    scalar(
        "database.migrate",
        "true",
        "Whether `kalends serve` brings the schema up to date before it starts. Otherwise run `kalends migrate`.",
        is::<bool>,
    ),
    scalar(
        "database.connections",
        "8",
        "Connections for reading at most, and on PostgreSQL as many for writing. SQLite has one for writing.",
        is_positive,
    ),
    scalar(
        "database.statement_seconds",
        "30",
        "How long PostgreSQL may work on one statement of a server or a worker before it gives it up. 0 is no limit. Other commands have none.",
        is::<u32>,
    ),
    text(
        "database.durability",
        r#""power_cut""#,
        "What an answered booking survives on SQLite: `power_cut` is everything, `process_end` is the end of the process at any moment, which makes booking quicker on slow disks.",
        is::<Durability>,
    ),
    scalar(
        "worker.at_once",
        "8",
        "Messages that a worker sends at once, at most.",
        is_within::<1, 64>,
    ),
    scalar(
        "worker.lease_seconds",
        "60",
        "How long a worker has a message for itself. What takes three quarters of that is given up and tried again, and what a worker had that died is taken over by another one when it is over.",
        is_within::<5, 3600>,
    ),
    scalar(
        "worker.poll_milliseconds",
        "1000",
        "How often a worker looks whether something is due. What is booked on the same server is sent at once in any case.",
        is_within::<100, 60_000>,
    ),
    text(
        "mail.transport",
        r#""folder""#,
        "`folder` writes each mail as an `.eml` file, which is meant for trying things out. `smtp` and `sendgrid` send it. Both, in the order in which they are tried, is a list: `[\"sendgrid\", \"smtp\"]`, in the environment `sendgrid,smtp`. What the first cannot take goes to the next, and a way that does not work is left alone for a while.",
        is::<MailTransports>,
    ),
    text(
        "mail.from_name",
        "none",
        "The name that mails come from. Without it, a mail comes in the name of the host and the workspace.",
        is_name,
    ),
    text(
        "mail.from_address",
        r#""kalends@localhost.localdomain""#,
        "The address that mails come from. Your SMTP server and SendGrid must accept it.",
        is_address,
    ),
    text(
        "mail.domain",
        "made of `mail.from_address`",
        "What stands behind the `@` of Message-IDs and calendar UIDs. Keep it once meetings are booked: another domain makes other entries of meetings that calendars know.",
        is_domain,
    ),
    text(
        "mail.folder",
        "`mails` in the data folder",
        "Where `.eml` files go.",
        is::<PathBuf>,
    ),
    text(
        "mail.templates",
        "none",
        "A folder whose templates replace the built-in ones, file by file.",
        is::<PathBuf>,
    ),
    text(
        "mail.smtp.host",
        r#""localhost""#,
        "The SMTP server.",
        is::<String>,
    ),
    scalar("mail.smtp.port", "587", "Its port.", is_port),
    text(
        "mail.smtp.tls",
        r#""starttls""#,
        "`implicit` encrypts from the first byte (port 465), `starttls` after a greeting (port 587), `opportunistic` where the server offers it, `none` not at all (a relay on the same machine).",
        is::<SmtpTls>,
    ),
    text(
        "mail.smtp.username",
        "none",
        "The account, where the server asks for one.",
        is::<String>,
    ),
    secret(
        "mail.smtp.password",
        "none",
        "The account's password. Better set in the environment than in the file.",
        is::<String>,
    ),
    text(
        "mail.smtp.ca_file",
        "none",
        "A file of certificates (PEM) that are believed beside those that the system trusts.",
        is::<PathBuf>,
    ),
    secret(
        "mail.sendgrid.api_key",
        "none",
        "A key of your SendGrid account that may send mails. Better set in the environment than in the file.",
        is_api_key,
    ),
    text(
        "mail.sendgrid.base_url",
        r#""https://api.sendgrid.com""#,
        "Where SendGrid's interface is. Accounts in the European Union have `https://api.eu.sendgrid.com`.",
        is_service_address,
    ),
    text(
        "mail.dkim.domain",
        "the domain of `mail.from_address`",
        "The domain that signs mails. It must be the sender's, or one above it: mailboxes disregard others.",
        is_domain,
    ),
    text(
        "mail.dkim.selector",
        "none",
        "The name under which you publish the public half of the key, such as `kalends` for the TXT record `kalends._domainkey.example.org`. Setting it signs mails that go over SMTP or into a folder; SendGrid signs its own. `kalends doctor` prints the record.",
        is::<String>,
    ),
    secret(
        "mail.dkim.key",
        "none",
        "The private key as PEM: RSA of 2048 to 4096 bits, or Ed25519. Made with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`.",
        is_dkim_key,
    ),
    text(
        "mail.dkim.key_file",
        "none",
        "A file with the private key, in place of `mail.dkim.key`.",
        is::<PathBuf>,
    ),
    secret(
        "secrets.key",
        "`secret.key` in the data folder, made once",
        "64 hexadecimal digits that seal the links in mails. Several servers on one database need the same one.",
        is_key,
    ),
    text(
        "log.filter",
        r#""info,actix_http=off,actix_server=warn,sqlx=warn,sea_orm=warn,sea_orm_migration=warn""#,
        "Which log lines are written: a level, or `target=level` pairs with commas between.",
        is_filter,
    ),
    text(
        "log.format",
        r#""text""#,
        "`text` for people, `json` for one object a line.",
        is::<LogFormat>,
    ),
    text(
        "log.requests",
        r#""all""#,
        "Which requests are written a line about: `all`, `slow_and_failed` or `none`. A proxy in front often writes one as well. Those that the server failed at or took long for are written as warnings, the others at `info`.",
        is::<LoggedRequests>,
    ),
    scalar(
        "log.slow_request_ms",
        "1000",
        "From how many milliseconds on a request took long.",
        is::<u64>,
    ),
    text(
        "telemetry.metrics_listen",
        "none",
        "An address and port for `/metrics` alone, such as `10.0.0.5:9100`: for scrapers in a private network. `kalends worker` listens there too.",
        is::<SocketAddr>,
    ),
    secret(
        "telemetry.metrics_token",
        "none",
        "What scrapers must show as a bearer token, 16 letters or more. With it, `/metrics` is also answered where the pages are. Without it and without `telemetry.metrics_listen`, there is no `/metrics`, and nothing is counted.",
        is_scrape_token,
    ),
    text(
        "telemetry.otlp_endpoint",
        "none",
        "Where traces are sent by OTLP over HTTP, such as `http://127.0.0.1:4318`. `/v1/traces` is added where the address has no path. Without it, nothing is traced.",
        is_web_address,
    ),
    secret(
        "telemetry.otlp_headers",
        "none",
        "What is sent along with traces: `name=value`, with commas between.",
        is_headers,
    ),
    scalar(
        "telemetry.trace_share",
        "1.0",
        "Which share of the requests is traced, from 0 to 1.",
        is_share,
    ),
];

fn is_port(figment: &Figment, key: &str) -> Result<(), String> {
    match typed::<u16>(figment, key)? {
        0 => Err("must be a port from 1 to 65535".to_owned()),
        _ => Ok(()),
    }
}

/// The reference page, as Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         <!-- Written by `kalends config reference`; a test holds it in step. -->\n\n\
         Kalends runs without any configuration. What you set is read in this order, the later winning: the file\n\
         `kalends.toml` in the working directory (or the one that `--config` or `KALENDS_CONFIG` names), the environment,\n\
         the command line.\n\n\
         In the file, `http.listen` is the key `listen` in the table `[http]`. In the environment it is\n\
         `KALENDS_HTTP__LISTEN`: two underscores stand for the dot. A key that does not exist is an error, so that a\n\
         misspelt one is noticed. `kalends config check` names every mistake; secrets are never printed.\n\n\
         ```toml\n\
         [http]\n\
         listen = \"0.0.0.0:8000\"\n\
         public_url = \"https://meet.example.org\"\n\n\
         [mail]\n\
         transport = \"smtp\"\n\
         from_address = \"meet@example.org\"\n\n\
         [mail.smtp]\n\
         host = \"smtp.example.org\"\n\
         username = \"meet@example.org\"\n\
         ```\n",
    );
    let mut table = "";
    for setting in SETTINGS {
        let (of, _) = setting.key.rsplit_once('.').unwrap_or(("", setting.key));
        if of != table {
            table = of;
            // Writing to a String cannot fail.
            let _ = write!(page, "\n## `[{table}]`\n");
        }
        let _ = write!(
            page,
            "\n### `{}`\n\n{}\n\n- Default: {}\n- Environment: `{}`\n",
            setting.key,
            setting.about,
            if setting.default.contains('`') || setting.default == "none" {
                setting.default.to_owned()
            } else {
                format!("`{}`", setting.default)
            },
            setting.variable(),
        );
        if setting.secret {
            page.push_str("- Secret: it is never printed or logged.\n");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use figment::providers::{Format, Toml};

    use super::super::Config;
    use super::*;

    #[test]
    fn the_reference_page_is_in_step() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/reference/configuration.md"
        );
        let written = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            written,
            reference(),
            "write it anew: cargo run -- config reference > docs/reference/configuration.md"
        );
    }

    #[test]
    fn every_default_that_is_a_value_passes_its_check_and_is_the_type_s_default() {
        let mut file = String::new();
        for setting in SETTINGS
            .iter()
            .filter(|s| !s.default.contains('`') && s.default != "none")
        {
            let _ = writeln!(file, "{} = {}", setting.key, setting.default);
        }
        let figment = Figment::from(Toml::string(&file));
        let set: Config = figment.extract().unwrap();
        assert_eq!(format!("{set:?}"), format!("{:?}", Config::default()));
        for setting in SETTINGS {
            if figment.find_value(setting.key).is_ok() {
                assert_eq!(
                    (setting.check)(&figment, setting.key),
                    Ok(()),
                    "{}",
                    setting.key
                );
            }
        }
    }

    #[test]
    fn the_table_and_the_type_know_the_same_settings() {
        // Each key of the table is a field: one that is none would be refused as unknown, whatever its value.
        for setting in SETTINGS {
            let figment = Figment::from(Toml::string(&format!(
                "{} = {{ no_such = 1 }}",
                setting.key
            )));
            let error = figment.extract::<Config>().unwrap_err().to_string();
            assert!(!error.contains("unknown field"), "{}: {error}", setting.key);
        }
        // And each field is in the table: the Debug form names them all.
        let fields = format!("{:?}", Config::default()).matches(": ").count();
        let tables = [
            "data",
            "http",
            "limits",
            "database",
            "mail",
            "smtp",
            "sendgrid",
            "dkim",
            "secrets",
            "worker",
            "log",
            "telemetry",
        ]
        .len();
        assert_eq!(fields, SETTINGS.len() + tables);
    }
}
