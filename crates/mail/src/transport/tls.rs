//! TLS towards mail servers and services, with a named crypto provider and a say in which certificates are believed.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;
use thiserror::Error;

/// Which certificates of a mail server are believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    /// Those that this system trusts.
    #[default]
    System,
    /// Those that this system trusts, and those signed by one of these certificates (PEM).
    SystemAnd(Vec<u8>),
    /// Any certificate at all. Whoever can redirect the connection can read the mails and the password: for trying
    /// things out only.
    Anything,
}

/// Why TLS cannot be set up.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The extra certificates cannot be read.
    #[error("the certificates to trust cannot be read: {reason}")]
    Certificates {
        /// What the parser said.
        reason: String,
    },
    /// This system's certificates cannot be loaded.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

pub(super) fn client_config(trust: &Trust) -> Result<ClientConfig, TrustError> {
    // Named here, since a process that has two providers compiled in has no default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::Anything => Arc::new(TrustAnything(Arc::clone(&provider))),
        Trust::System => Arc::new(Verifier::new(Arc::clone(&provider)).map_err(TrustError::Tls)?),
        Trust::SystemAnd(pem) => Arc::new(
            Verifier::new_with_extra_roots(certificates(pem)?, Arc::clone(&provider))
                .map_err(TrustError::Tls)?,
        ),
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TrustError::Certificates {
            reason: error.to_string(),
        })?;
    if certificates.is_empty() {
        return Err(TrustError::Certificates {
            reason: "there is none in the file".to_owned(),
        });
    }
    Ok(certificates)
}

/// Believes any certificate, but still checks that the server holds its key.
#[derive(Debug)]
struct TrustAnything(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAnything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
