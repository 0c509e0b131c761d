//! TLS towards mail servers, with a named crypto provider and a say in which certificates are believed.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use super::{SmtpConfig, SmtpConfigError, TlsMode, Trust};

pub(super) fn connector(config: &SmtpConfig) -> Result<TlsConnector, SmtpConfigError> {
    // Named here, since a process that has two providers compiled in has no default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match &config.trust {
        // Loading the system's certificates takes time, and a bare container has none: only where TLS is used.
        _ if config.tls == TlsMode::Plain => Arc::new(TrustAnything(Arc::clone(&provider))),
        Trust::Anything => Arc::new(TrustAnything(Arc::clone(&provider))),
        Trust::System => {
            Arc::new(Verifier::new(Arc::clone(&provider)).map_err(SmtpConfigError::Tls)?)
        }
        Trust::SystemAnd(pem) => Arc::new(
            Verifier::new_with_extra_roots(certificates(pem)?, Arc::clone(&provider))
                .map_err(SmtpConfigError::Tls)?,
        ),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(SmtpConfigError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, SmtpConfigError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| SmtpConfigError::Certificates {
            reason: error.to_string(),
        })?;
    if certificates.is_empty() {
        return Err(SmtpConfigError::Certificates {
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
