//! TLS towards upstreams: rustls with ring.
//!
//! Roots are Mozilla's, bundled (`webpki-roots`): the same on every machine and in every container, at the price of
//! renewing them with releases. A private authority is added by the endpoint's `extra_ca`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Failure, SettingsError};

/// What distinguishes one TLS configuration from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TlsSettings {
    pub(crate) extra_ca: Option<Arc<[u8]>>,
    pub(crate) verify: bool,
    pub(crate) http2: bool,
}

/// One configuration per distinct settings: they share roots (some 150 certificates) and session tickets.
#[derive(Debug, Default)]
pub(crate) struct TlsConfigs(Mutex<HashMap<TlsSettings, Arc<ClientConfig>>>);

impl TlsConfigs {
    pub(crate) fn get(&self, settings: &TlsSettings) -> Result<Arc<ClientConfig>, SettingsError> {
        let mut configs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(settings) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(build(settings)?);
        configs.insert(settings.clone(), Arc::clone(&config));
        Ok(config)
    }
}

fn build(settings: &TlsSettings) -> Result<ClientConfig, SettingsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingsError::new("tls", error.to_string()))?;
    let builder = if settings.verify {
        builder.with_root_certificates(roots(settings.extra_ca.as_deref())?)
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unverified(provider)))
    };
    let mut config = builder.with_no_client_auth();
    if settings.http2 {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    Ok(config)
}

fn roots(extra_ca: Option<&[u8]>) -> Result<RootCertStore, SettingsError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let Some(pem) = extra_ca else {
        return Ok(roots);
    };
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate =
            certificate.map_err(|_| SettingsError::new("extra_ca", "not valid PEM"))?;
        roots
            .add(certificate)
            .map_err(|_| SettingsError::new("extra_ca", "holds an unusable certificate"))?;
        added += 1;
    }
    if added == 0 {
        return Err(SettingsError::new("extra_ca", "holds no certificate"));
    }
    Ok(roots)
}

/// Shake hands over `tcp`. A failure says TLS, and nothing ever falls back to an unverified connection.
pub(crate) async fn handshake(
    config: &Arc<ClientConfig>,
    name: ServerName<'static>,
    tcp: TcpStream,
    deadline: Instant,
    limit: Duration,
) -> Result<TlsStream<TcpStream>, Failure> {
    let connecting = TlsConnector::from(Arc::clone(config)).connect(name, tcp);
    match timeout_at(deadline, connecting).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(Failure::unreachable(
            "tls",
            format!("TLS failed: {}", reason(&error)),
        )),
        Err(_) => Err(Failure::connect_timeout(
            "tls_timeout",
            "the TLS handshake",
            limit,
        )),
    }
}

/// A phrase of ours for each cause: rustls' own texts name hosts.
fn reason(error: &std::io::Error) -> String {
    let Some(error) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    else {
        return "the connection broke during the handshake".into();
    };
    match error {
        rustls::Error::InvalidCertificate(invalid) => certificate_reason(invalid).into(),
        rustls::Error::AlertReceived(alert) => format!("the upstream refused with alert {alert:?}"),
        rustls::Error::PeerIncompatible(_) => "no TLS version or cipher in common".into(),
        rustls::Error::InvalidMessage(_) => "the upstream does not speak TLS on this port".into(),
        _ => "the handshake was not valid".into(),
    }
}

fn certificate_reason(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another host name"
        }
        CertificateError::UnknownIssuer => "the certificate's issuer is not trusted",
        CertificateError::Revoked => "the certificate is revoked",
        _ => "the certificate is not acceptable",
    }
}

/// Accepts any certificate: only behind an endpoint's explicit `verify_tls = false`. Signatures are still checked, so
/// that the peer holds the key it shows.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
