//! Who verifies the server's certificate, and how much of it.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::Certificate;
use super::roots;
use crate::connect::{ConnectConfig, ConnectError, SslMode};

/// Chooses what is verified; with a root certificate `require` means `verify-ca`, as in libpq.
pub(super) fn choose(
    config: &ConnectConfig,
    mode: SslMode,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, ConnectError> {
    let (trust, checks_name) = match (mode, &config.trust) {
        (SslMode::Disable | SslMode::Allow | SslMode::Prefer, _) | (SslMode::Require, None) => {
            return Ok(Arc::new(Unverified {
                provider: Arc::clone(provider),
            }));
        }
        (SslMode::VerifyCa | SslMode::VerifyFull, None) => {
            return Err(ConnectError::NoRootCertificates { sslmode: mode });
        }
        (SslMode::Require | SslMode::VerifyCa, Some(trust)) => (trust, false),
        (SslMode::VerifyFull, Some(trust)) => (trust, true),
    };
    let roots = roots::read(trust)?;
    let unusable = |reason| ConnectError::RootCertificates {
        path: roots::label(trust),
        reason,
    };
    let store = Arc::new(roots.store);
    let chain = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(provider))
        .build()
        .map_err(|error| unusable(format!("cannot be used: {error}")))?;
    Ok(Arc::new(Verified {
        chain,
        trusted: roots.certificates,
        checks_name,
    }))
}

/// Verifies the chain, and the name if it counts: `verify-ca` and `verify-full`.
///
/// It takes two things that libpq takes and webpki does not: a certificate that names its host by
/// the common name alone, and a self-signed one that is itself in the file of trusted ones. Both
/// are what PostgreSQL's manual makes ("Creating Certificates").
#[derive(Debug)]
struct Verified {
    /// Verifies chain and name.
    chain: Arc<WebPkiServerVerifier>,
    /// The trusted certificates.
    trusted: Vec<CertificateDer<'static>>,
    /// Whether the name counts.
    checks_name: bool,
}

impl Verified {
    /// Verifies a certificate that is trusted by itself: its time, and its name.
    fn verify_trusted(
        &self,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let read = Certificate::parse(certificate).ok_or(CertificateError::BadEncoding)?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now < read.not_before {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > read.not_after {
            return Err(CertificateError::Expired.into());
        }
        let verified = verify_server_name(&ParsedCertificate::try_from(certificate)?, name);
        verified.or_else(|error| self.forgive_name(error, certificate, name))
    }

    /// Takes back an error about the name, where the name does not count or is right after all.
    fn forgive_name(
        &self,
        error: Error,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
    ) -> Result<(), Error> {
        let read = Certificate::parse(certificate);
        let is_right = || {
            read.as_ref()
                .is_some_and(|read| read.is_commonly_named(name))
        };
        let is_about_name = matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )
        );
        if is_about_name && (!self.checks_name || is_right()) {
            return Ok(());
        }
        let Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            expected,
            mut presented,
        }) = error
        else {
            return Err(error);
        };
        if presented.is_empty() {
            // What the certificate calls itself is of more use than that it names no host.
            presented.extend(read.and_then(|read| read.common_name));
        }
        let problem = CertificateError::NotValidForNameContext {
            expected,
            presented,
        };
        Err(problem.into())
    }
}

impl ServerCertVerifier for Verified {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.trusted.iter().any(|trusted| trusted == end_entity) {
            self.verify_trusted(end_entity, server_name, now)?;
            return Ok(ServerCertVerified::assertion());
        }
        // The chain is verified before the name, so an error about the name says that it is good.
        let verified = self.chain.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        verified.or_else(|error| {
            self.forgive_name(error, end_entity, server_name)?;
            Ok(ServerCertVerified::assertion())
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

/// Verifies nothing: `prefer`, and `require` without a root certificate.
///
/// Nor does it look at the handshake's signature: whoever stands in the middle could sign with a
/// certificate of their own, and webpki reads no certificate of X.509 version 1, which openssl
/// makes by default.
#[derive(Debug)]
struct Unverified {
    /// The signature algorithms.
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
