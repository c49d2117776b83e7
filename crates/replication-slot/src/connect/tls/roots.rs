//! The trusted certificates: of a file, or of the operating system.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::connect::ConnectError;
use crate::connect::config::Trust;

/// What is trusted.
#[derive(Debug)]
pub(super) struct Roots {
    /// The authorities.
    pub(super) store: RootCertStore,
    /// The certificates themselves, for a server that presents one of them.
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

/// Reads them, anew for each connection, so that they can be replaced.
pub(super) fn read(trust: &Trust) -> Result<Roots, ConnectError> {
    match trust {
        Trust::File(path) => read_file(path),
        Trust::System => read_system(),
    }
}

/// Says where they are, for messages.
pub(super) fn label(trust: &Trust) -> PathBuf {
    match trust {
        Trust::File(path) => path.clone(),
        Trust::System => PathBuf::from("system"),
    }
}

/// Reads the operating system's; `SSL_CERT_FILE` and `SSL_CERT_DIR` count, as with OpenSSL.
fn read_system() -> Result<Roots, ConnectError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    let (added, _ignored) = store.add_parsable_certificates(found.certs);
    if added == 0 {
        let because = found.errors.first().map(|error| format!(": {error}"));
        return Err(ConnectError::RootCertificates {
            path: label(&Trust::System),
            reason: format!(
                "stands for the operating system's, of which none was found{}",
                because.unwrap_or_default()
            ),
        });
    }
    Ok(Roots {
        store,
        certificates: Vec::new(),
    })
}

/// Reads a file.
fn read_file(path: &Path) -> Result<Roots, ConnectError> {
    let unusable = |reason| ConnectError::RootCertificates {
        path: path.to_owned(),
        reason,
    };
    let pem = fs::read(path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(format!("is not well-formed PEM: {error}")))?;
    let mut store = RootCertStore::empty();
    let (added, ignored) = store.add_parsable_certificates(certificates.iter().cloned());
    if added == 0 {
        return Err(unusable(match ignored {
            0 => "holds no certificate in PEM form".to_owned(),
            _ => "holds no certificate that can be read".to_owned(),
        }));
    }
    if ignored > 0 {
        tracing::debug!("{ignored} certificates of {path:?} cannot be read and are left aside");
    }
    Ok(Roots {
        store,
        certificates,
    })
}
