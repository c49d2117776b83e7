//! Certificates for the tests.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// An authority, and the file that clients trust it by.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// A server's certificate with its key.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: KeyPair,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = named("authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("root.crt"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    /// The file of the authority's certificate.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("root.crt")
    }

    /// Signs a certificate for some names.
    pub(crate) fn sign(&self, names: &[&str]) -> Identity {
        self.sign_with(names, |_| ())
    }

    /// Signs a certificate that is made to order.
    pub(crate) fn sign_with(
        &self,
        names: &[&str],
        order: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = named("server");
        order(&mut params);
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            certificate: signed.der().clone(),
            key,
            pem: signed.pem(),
        }
    }
}

impl Identity {
    /// A certificate that signs itself, as `openssl req -x509` makes it: an authority of its own.
    pub(crate) fn self_signed(names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = named("localhost");
        let key = KeyPair::generate().unwrap();
        let signed = params.self_signed(&key).unwrap();
        Self {
            certificate: signed.der().clone(),
            key,
            pem: signed.pem(),
        }
    }

    /// Writes it to a file that clients can trust it by.
    pub(crate) fn write(&self, folder: &TempDir) -> PathBuf {
        let path = folder.path().join("server.crt");
        std::fs::write(&path, &self.pem).unwrap();
        path
    }

    /// The server's side of TLS with it.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(server))
    }
}

/// A subject of one common name.
pub(crate) fn named(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

/// Makes a certificate's time one that is over.
pub(crate) fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
}

/// Makes a certificate's time one that is to come.
pub(crate) fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2500, 1, 1);
    params.not_after = date_time_ymd(2501, 1, 1);
}
