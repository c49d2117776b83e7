//! TLS by rustls, verified as libpq's `sslmode` says.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::connect::{ConnectConfig, ConnectError, SslMode, Stream};

/// Protects a connection whose server has agreed to TLS.
pub(super) async fn handshake(
    config: &ConnectConfig,
    mode: SslMode,
    name: &str,
    label: &str,
    tcp: TcpStream,
) -> Result<Stream, ConnectError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |source| ConnectError::Tls {
        address: label.to_owned(),
        source,
    };
    let verifier = verifier(config, mode, &provider)?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&config.tls_versions.list())
        .map_err(|error| failed(io::Error::other(error)))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let server = ServerName::try_from(name.to_owned())
        .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    let connected = TlsConnector::from(Arc::new(client))
        .connect(server, tcp)
        .await;
    connected
        .map(|stream| Stream::Tls(Box::new(stream)))
        .map_err(failed)
}

/// Chooses what is verified; with a root certificate `require` means `verify-ca`, as in libpq.
fn verifier(
    config: &ConnectConfig,
    mode: SslMode,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, ConnectError> {
    let checks = match (mode, &config.sslrootcert) {
        (SslMode::VerifyFull, Some(path)) => Some((path, true)),
        (SslMode::VerifyCa | SslMode::Require, Some(path)) => Some((path, false)),
        (SslMode::Disable | SslMode::Prefer, _) | (_, None) => None,
    };
    let Some((path, name_counts)) = checks else {
        return Ok(Arc::new(Unverified {
            provider: Arc::clone(provider),
        }));
    };
    let unusable = |reason: String| ConnectError::RootCertificates {
        path: path.clone(),
        reason,
    };
    let roots = Arc::new(root_certificates(path).map_err(unusable)?);
    let chain = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    Ok(match name_counts {
        true => chain,
        false => Arc::new(ChainOnly { chain }),
    })
}

/// Reads the trusted certificates.
fn root_certificates(path: &Path) -> Result<RootCertStore, String> {
    let pem = fs::read(path).map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    match roots.is_empty() {
        true => Err("it holds no certificate in PEM form".to_owned()),
        false => Ok(roots),
    }
}

/// Verifies the chain, and not the name: `verify-ca`.
#[derive(Debug)]
struct ChainOnly {
    /// Verifies both.
    chain: Arc<WebPkiServerVerifier>,
}

/// Verifies nothing but that the server has the key of its certificate: `prefer` and `require`.
#[derive(Debug)]
struct Unverified {
    /// The signature algorithms.
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ChainOnly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.chain.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

impl ServerCertVerifier for Unverified {
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
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
