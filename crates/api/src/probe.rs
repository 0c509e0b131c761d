//! How doctor finds out whether an address leads to this very deployment, and how the server sees those who come by it.
//!
//! Whoever asks proves that he has the sealing key, and so does the answer: strangers learn nothing, not even that somebody
//! could ask. Nodes of one deployment share the key, so any of them may answer.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::header::HeaderName;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use scheduling_core::ports::CredentialSealer;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Kalends;
use crate::http::client;
use crate::http::problem::Problem;

/// Where it is asked.
pub(crate) const PATH: &str = "/health/self";

/// What the question comes in.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-kalends-probe");

/// What is sealed begins so: nothing else that the key seals does.
const QUESTION: &[u8] = b"kalends probe question ";
const ANSWER: &[u8] = b"kalends probe answer ";

/// What the server says of itself and of the request that asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// The question's own word.
    nonce: String,
    /// The server's release.
    pub(crate) version: String,
    /// Who connected.
    pub(crate) peer: Option<IpAddr>,
    /// Whether that is a proxy that is trusted.
    pub(crate) peer_is_trusted: bool,
    /// Whether the request says for whom it comes.
    pub(crate) is_forwarded: bool,
    /// Who the client is, by what is believed.
    pub(crate) client: Option<IpAddr>,
}

/// Why an answer is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the answer is not from a server with this key")]
pub(crate) struct Foreign;

/// Makes a question out of a word that was never used.
pub(crate) fn question(sealer: &dyn CredentialSealer, nonce: &str) -> String {
    hex::encode(sealer.seal(&[QUESTION, nonce.as_bytes()].concat()))
}

/// Reads the answer to it.
///
/// # Errors
/// [`Foreign`].
pub(crate) fn read(
    sealer: &dyn CredentialSealer,
    nonce: &str,
    answer: &[u8],
) -> Result<Seen, Foreign> {
    let bytes = hex::decode(answer.trim_ascii()).map_err(|_no_hex| Foreign)?;
    let opened = sealer.open(&bytes).map_err(|_not_ours| Foreign)?;
    let text = opened.strip_prefix(ANSWER).ok_or(Foreign)?;
    let seen: Seen = serde_json::from_slice(text).map_err(|_other_form| Foreign)?;
    if seen.nonce == nonce {
        Ok(seen)
    } else {
        Err(Foreign)
    }
}

/// Adds the route.
pub(crate) fn configure(config: &mut ServiceConfig, sealer: &Arc<dyn CredentialSealer>) {
    config
        .app_data(Data::new(Arc::clone(sealer)))
        .route(PATH, web::get().to(answer));
}

async fn answer(
    request: HttpRequest,
    kalends: Data<Kalends>,
    sealer: Data<Arc<dyn CredentialSealer>>,
) -> Result<HttpResponse, Problem> {
    let unknown = || Problem::not_found("page");
    let asked = request.headers().get(HEADER);
    let asked = asked.and_then(|asked| hex::decode(asked.as_bytes()).ok());
    let opened = asked.and_then(|asked| sealer.open(&asked).ok());
    let opened = opened.ok_or_else(unknown)?;
    let nonce = opened.strip_prefix(QUESTION).ok_or_else(unknown)?;
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let seen = Seen {
        nonce: String::from_utf8_lossy(nonce).into_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        peer,
        peer_is_trusted: peer.is_some_and(|peer| kalends.trusted_proxies.trust(peer)),
        is_forwarded: request.headers().contains_key("x-forwarded-for"),
        client: client::address(&request, &kalends.trusted_proxies),
    };
    let text = serde_json::to_vec(&seen).map_err(|_never| unknown())?;
    let bytes = sealer.seal(&[ANSWER, &text].concat());
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .content_type("text/plain")
        .body(hex::encode(bytes)))
}

#[cfg(test)]
mod tests {
    use scheduling_app::system::{SealingKey, SystemSealer};

    use super::*;

    fn sealer(byte: u8) -> SystemSealer {
        SystemSealer::new(SealingKey::from_bytes([byte; 32]), [])
    }

    fn sealed_answer(by: &SystemSealer, nonce: &str) -> String {
        let seen = format!(
            r#"{{"nonce":"{nonce}","version":"1","peer":null,"peer_is_trusted":false,"is_forwarded":false,"client":"203.0.113.9"}}"#
        );
        hex::encode(by.seal(&[ANSWER, seen.as_bytes()].concat()))
    }

    #[test]
    fn only_an_answer_to_this_question_under_this_key_counts() {
        let ours = sealer(1);
        let answer = sealed_answer(&ours, "n-1");
        let seen = read(&ours, "n-1", answer.as_bytes()).unwrap();
        assert_eq!(seen.client, "203.0.113.9".parse().ok());
        assert_eq!(read(&ours, "n-2", answer.as_bytes()), Err(Foreign));
        assert_eq!(read(&sealer(2), "n-1", answer.as_bytes()), Err(Foreign));
        for other in ["", "ok", "<html>", &question(&ours, "n-1")] {
            assert_eq!(
                read(&ours, "n-1", other.as_bytes()),
                Err(Foreign),
                "{other}"
            );
        }
    }
}
