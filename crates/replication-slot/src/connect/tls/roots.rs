//! The file of trusted certificates.

use std::fs;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::connect::ConnectError;

/// What is trusted.
#[derive(Debug)]
pub(super) struct Roots {
    /// The authorities.
    pub(super) store: RootCertStore,
    /// The certificates themselves, for a server that presents one of them.
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

/// Reads the file, anew for each connection, so that it can be replaced.
pub(super) fn read(path: &Path) -> Result<Roots, ConnectError> {
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
