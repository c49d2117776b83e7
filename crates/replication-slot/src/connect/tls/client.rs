//! The client's certificate and its key.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, SignatureScheme};
use secrecy::{ExposeSecret, SecretString};

use crate::connect::config::ClientIdentity;
use crate::connect::{ConnectError, private_file};

/// Sends the certificate where the server asks for one, and remembers whether it did.
#[derive(Debug)]
pub(super) struct ClientCertificate {
    /// The certificate with its key, if there is one.
    identity: Option<Arc<CertifiedKey>>,
    /// Whether the server has asked.
    was_asked: AtomicBool,
}

impl ClientCertificate {
    /// Reads the files, anew for each connection, so that they can be replaced.
    pub(super) fn read(
        files: Option<&ClientIdentity>,
        provider: &CryptoProvider,
    ) -> Result<Self, ConnectError> {
        let identity = files.map(|files| load(files, provider)).transpose()?;
        Ok(Self {
            identity: identity.map(Arc::new),
            was_asked: AtomicBool::new(false),
        })
    }

    /// Says whether the server has asked for a certificate.
    pub(super) fn was_asked(&self) -> bool {
        self.was_asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.was_asked.store(true, Ordering::Relaxed);
        self.identity.clone()
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

/// Reads certificate and key, and makes sure that they belong together.
fn load(files: &ClientIdentity, provider: &CryptoProvider) -> Result<CertifiedKey, ConnectError> {
    let chain = read_chain(&files.certificate)?;
    let key = read_key(&files.key, files.password.as_ref())?;
    let unusable = |reason: String, hint| problem(&files.key, reason, hint);
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| unusable(format!("holds a key that cannot be used: {error}"), KINDS))?;
    let identity = CertifiedKey::new(chain, key);
    // A certificate of X.509 version 1 cannot be compared; the server will find out.
    match identity.keys_match() {
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(unusable(
            format!("is not the key of the certificate {:?}", files.certificate),
            "set sslcert and sslkey to files that belong together",
        )),
        Ok(()) | Err(_) => Ok(identity),
    }
}

/// Reads the certificate, and those of authorities between it and the server's trusted ones.
fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let unusable = |reason| problem(path, reason, "set sslcert to a PEM file of the certificate");
    let bytes = fs::read(path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(format!("is not well-formed PEM: {error}")))?;
    match chain.is_empty() {
        true => Err(unusable("holds no certificate in PEM form".to_owned())),
        false => Ok(chain),
    }
}

/// Reads the key: PEM of any kind, or DER, encrypted or not.
fn read_key(
    path: &Path,
    password: Option<&SecretString>,
) -> Result<PrivateKeyDer<'static>, ConnectError> {
    let unreadable = |error| {
        let reason = format!("cannot be read: {error}");
        problem(path, reason, "set sslkey to a PEM file of the key")
    };
    let about = fs::metadata(path).map_err(unreadable)?;
    if let Some(reason) = private_file::refusal(about.is_file(), about.uid(), about.mode()) {
        let hint = "chmod 0600 it; as root's it may be 0640, as Kubernetes mounts secrets";
        return Err(problem(path, format!("is not used: {reason}"), hint));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    match encrypted(&bytes) {
        Some(der) => decrypt(path, &der, password),
        None => plain(path, &bytes),
    }
}

/// Reads a key that is not encrypted.
fn plain(path: &Path, bytes: &[u8]) -> Result<PrivateKeyDer<'static>, ConnectError> {
    if contains(bytes, b"Proc-Type: 4,ENCRYPTED") {
        return Err(problem(
            path,
            "is encrypted in OpenSSL's old form".to_owned(),
            "convert it: `openssl pkcs8 -topk8 -in old.key -out new.key`",
        ));
    }
    if let Ok(key) = PrivateKeyDer::from_pem_slice(bytes) {
        return Ok(key);
    }
    PrivateKeyDer::try_from(bytes)
        .map(|key| key.clone_key())
        .map_err(|_| problem(path, "holds no private key".to_owned(), KINDS))
}

/// Finds an encrypted key: `ENCRYPTED PRIVATE KEY` in PEM, or the same in DER.
fn encrypted(bytes: &[u8]) -> Option<Vec<u8>> {
    if EncryptedPrivateKeyInfoRef::try_from(bytes).is_ok() {
        return Some(bytes.to_vec());
    }
    // pki_types knows no section of this name, so its body is decoded as that of a plain key.
    let text = std::str::from_utf8(bytes).ok()?;
    if !text.contains(ENCRYPTED_BEGIN) {
        return None;
    }
    let text = text
        .replace(ENCRYPTED_BEGIN, "-----BEGIN PRIVATE KEY-----")
        .replace(ENCRYPTED_END, "-----END PRIVATE KEY-----");
    let sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes());
    let mut keys = sections.filter_map(Result::ok);
    keys.find_map(|(kind, der)| (kind == SectionKind::PrivateKey).then_some(der))
}

/// Decrypts a key (PKCS#8 with PBES2, as OpenSSL writes it).
fn decrypt(
    path: &Path,
    der: &[u8],
    password: Option<&SecretString>,
) -> Result<PrivateKeyDer<'static>, ConnectError> {
    let Some(password) = password else {
        return Err(problem(
            path,
            "is encrypted, and no sslpassword is given".to_owned(),
            "set sslpassword in the connection text, or take the encryption off: \
             `openssl pkey -in encrypted.key -out plain.key`",
        ));
    };
    let found = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| {
        let reason = "is encrypted in a way that is not supported".to_owned();
        problem(
            path,
            reason,
            "convert it: `openssl pkcs8 -topk8 -v2 aes-256-cbc`",
        )
    })?;
    let key = found.decrypt(password.expose_secret()).map_err(|_| {
        let reason = "cannot be decrypted with sslpassword".to_owned();
        problem(path, reason, "set sslpassword to the password of this key")
    })?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

/// Says whether bytes hold some others.
fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Makes an error about a file.
fn problem(path: &Path, reason: String, hint: &'static str) -> ConnectError {
    ConnectError::ClientCertificate {
        path: path.to_owned(),
        reason,
        hint,
    }
}

/// What begins an encrypted key.
const ENCRYPTED_BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
/// What ends it.
const ENCRYPTED_END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
/// What may be there.
const KINDS: &str = "set sslkey to a PEM file of an RSA, ECDSA or Ed25519 key";
