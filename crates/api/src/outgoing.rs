//! HTTP from the server to others: doctor's look at the public address, and traces.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use thiserror::Error;
use url::{Host, Url};

/// Whether an address is this machine's own.
pub(crate) fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        None => true,
    }
}

/// Why nothing can be asked over HTTP.
#[derive(Debug, Error)]
pub enum OutgoingError {
    /// This system's certificates cannot be loaded.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The client cannot be made.
    #[error("HTTP cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// A client for an address. It believes the certificates that this system trusts, and follows no redirect.
///
/// # Errors
/// [`OutgoingError::Tls`].
pub(crate) fn client(to: &Url) -> Result<reqwest::ClientBuilder, OutgoingError> {
    // Named here, since a process that has two providers compiled in has no default.
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let tls = if to.scheme() == "https" {
        tls.with_platform_verifier()?
    } else {
        // A small container may have no certificates, and none are needed here.
        tls.with_root_certificates(RootCertStore::empty())
    };
    let mut client = reqwest::Client::builder();
    if is_here(to) {
        client = client.no_proxy();
    }
    Ok(client
        .use_preconfigured_tls(tls.with_no_client_auth())
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(2))
        .user_agent(concat!("kalends/", env!("CARGO_PKG_VERSION"))))
}
