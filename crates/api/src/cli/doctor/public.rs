//! Whether guests reach this deployment by its public address, and whether the server sees who they are.

use scheduling_app::system::{SealingKey, SystemSealer, SystemSecrets};
use scheduling_core::ports::SecretSource as _;
use secrecy::ExposeSecret as _;
use thiserror::Error;
use url::Url;

use super::{Finding, PATIENCE};
use crate::config::{Config, key_file, key_of_folder};
use crate::http::problem::causes;
use crate::outgoing::{self, OutgoingError};
use crate::probe::{self, Foreign, Seen};

const CHECK: &str = "public address";

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![address(config)];
    let Some(sealer) = sealer(config) else {
        // Said where the key is looked for.
        return findings;
    };
    let here = local(config);
    let runs_here = ask(&sealer, &here).await;
    findings.push(match &runs_here {
        Ok(seen) => Finding::good("server", format!("The server runs here, at {here}, release {}.", seen.version)),
        Err(AskError::Foreign(_)) => Finding::bad(
            "server",
            format!("At {here} somebody answers who is not this deployment."),
            "Another program or a server with another sealing key listens there: stop it, or change http.listen.",
        ),
        Err(_) => Finding::note("server", format!("No server answers at {here}, where http.listen says.")),
    });
    let Some(public) = &config.http.public_url else {
        return findings;
    };
    let runs = runs_here.is_ok();
    match ask(&sealer, public.as_str()).await {
        Ok(seen) => findings.extend(reached(&seen)),
        Err(error) => findings.push(unreached(public, &error, runs)),
    }
    findings
}

fn address(config: &Config) -> Finding {
    let shown = config.public_url();
    let Some(url) = &config.http.public_url else {
        return Finding::note(
            CHECK,
            format!("Links in mails begin with {shown}. Set http.public_url before others book."),
        );
    };
    if outgoing::is_here(url) {
        Finding::note(
            CHECK,
            format!("Links in mails begin with {shown}, which only this machine can open."),
        )
    } else if url.scheme() != "https" {
        Finding::note(
            CHECK,
            format!(
                "Guests reach the server at {shown} without encryption; put a proxy with TLS in front."
            ),
        )
    } else {
        Finding::good(CHECK, format!("Guests reach the server at {shown}."))
    }
}

/// The address the server listens at, as this machine reaches it.
fn local(config: &Config) -> String {
    let listen = config.http.listen;
    match listen.ip() {
        ip if !ip.is_unspecified() => format!("http://{listen}"),
        std::net::IpAddr::V4(_) => format!("http://127.0.0.1:{}", listen.port()),
        std::net::IpAddr::V6(_) => format!("http://[::1]:{}", listen.port()),
    }
}

/// What opens the server's answers, where there is a key.
fn sealer(config: &Config) -> Option<SystemSealer> {
    let key: SealingKey = match &config.secrets.key {
        Some(key) => key.expose_secret().parse().ok()?,
        None if key_file(&config.data.folder).exists() => {
            key_of_folder(&config.data.folder, &SystemSecrets).ok()?
        }
        None => return None,
    };
    Some(SystemSealer::new(key, []))
}

/// Why a server did not say how it sees us.
#[derive(Debug, Error)]
enum AskError {
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    #[error("nobody answers")]
    Unreached(#[source] reqwest::Error),
    #[error("it answers with {0}")]
    Status(u16),
    #[error(transparent)]
    Foreign(#[from] Foreign),
}

/// The longest answer that is read: a stranger's may be endless.
const LONGEST: usize = 16 * 1024;

async fn ask(sealer: &SystemSealer, base: &str) -> Result<Seen, AskError> {
    let url = format!("{}{}", base.trim_end_matches('/'), probe::PATH);
    let url = Url::parse(&url).map_err(|_no_address| Foreign)?;
    let client = outgoing::client(&url)?
        .timeout(PATIENCE)
        .build()
        .map_err(OutgoingError::from)?;
    let nonce = hex::encode(SystemSecrets.secret());
    let request = client
        .get(url)
        .header(probe::HEADER.as_str(), probe::question(sealer, &nonce));
    let unreached = |error: reqwest::Error| AskError::Unreached(error.without_url());
    let mut answer = request.send().await.map_err(unreached)?;
    let status = answer.status();
    // Who does not know the key says that there is nothing.
    if status == reqwest::StatusCode::NOT_FOUND {
        return Err(Foreign.into());
    }
    if !status.is_success() {
        return Err(AskError::Status(status.as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreached)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(Foreign.into());
        }
    }
    Ok(probe::read(sealer, &nonce, &body)?)
}

fn unreached(public: &Url, error: &AskError, runs: bool) -> Finding {
    let shown = public.as_str().trim_end_matches('/');
    match error {
        AskError::Foreign(_) => Finding::bad(
            CHECK,
            format!(
                "{shown} does not lead to this deployment: who answers there does not have its sealing key."
            ),
            "Check the name's address in the DNS, what the proxy passes on, and whether all nodes have the same secrets.key.",
        ),
        // As long as nobody has started it, that is no wonder.
        _ if !runs => Finding::note(
            CHECK,
            format!(
                "{shown} was not reached: {}. Start the server, and look again.",
                causes(error)
            ),
        ),
        _ => Finding::bad(
            CHECK,
            format!(
                "The server runs, but {shown} does not lead to it: {}.",
                causes(error)
            ),
            "Check the name's address in the DNS, the certificate, the proxy and the firewall. Where this machine cannot reach its own public address, ask from another one.",
        ),
    }
}

/// How the server sees who comes by the public address.
fn reached(seen: &Seen) -> Vec<Finding> {
    let mut findings = vec![Finding::good(
        CHECK,
        "The public address leads to this deployment.",
    )];
    if seen.version != env!("CARGO_PKG_VERSION") {
        let version = &seen.version;
        findings.push(Finding::note(
            "release",
            format!(
                "A server of release {version} answers there; this is {}.",
                env!("CARGO_PKG_VERSION")
            ),
        ));
    }
    findings.push(who_is_seen(seen));
    findings
}

fn who_is_seen(seen: &Seen) -> Finding {
    const CHECK: &str = "clients' addresses";
    let show = |address: Option<std::net::IpAddr>| {
        address.map_or_else(|| "nobody".to_owned(), |address| address.to_string())
    };
    let (peer, client) = (show(seen.peer), show(seen.client));
    match (seen.is_forwarded, seen.peer_is_trusted) {
        (true, false) => Finding::bad(
            CHECK,
            format!(
                "The proxy at {peer} is not trusted, so that all guests count as one: limits hold for all of them together."
            ),
            format!("Add {peer} to http.trusted_proxies, if it is your proxy."),
        ),
        (false, true) => Finding::bad(
            CHECK,
            format!(
                "The proxy at {peer} does not say for whom it asks, so that all guests count as one."
            ),
            "Have it send X-Forwarded-For.",
        ),
        (true, true) if seen.client == seen.peer => Finding::bad(
            CHECK,
            format!(
                "What the proxy at {peer} says in X-Forwarded-For is no address, so that all guests count as one."
            ),
            "Have it send the client's address in X-Forwarded-For.",
        ),
        (true, true) => Finding::good(
            CHECK,
            format!("The proxy at {peer} is trusted; this machine comes through it as {client}."),
        ),
        (false, false) => Finding::good(
            CHECK,
            format!("No proxy stands in between; this machine is seen as {client}."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn seen(is_forwarded: bool, peer_is_trusted: bool, client: &str) -> State {
        let seen = serde_json::json!({
            "nonce": "",
            "version": "1",
            "peer": "10.0.0.7",
            "peer_is_trusted": peer_is_trusted,
            "is_forwarded": is_forwarded,
            "client": client,
        });
        who_is_seen(&serde_json::from_value(seen).unwrap()).state
    }

    #[test]
    fn a_proxy_that_hides_the_guests_is_noticed() {
        assert_eq!(seen(true, false, "10.0.0.7"), State::Bad);
        assert_eq!(seen(false, true, "10.0.0.7"), State::Bad);
        assert_eq!(seen(true, true, "10.0.0.7"), State::Bad);
        assert_eq!(seen(true, true, "203.0.113.9"), State::Good);
        assert_eq!(seen(false, false, "10.0.0.7"), State::Good);
    }
}
