//! The channel binding `tls-server-end-point`: a hash of the server's certificate.
//!
//! (RFC 5929, section 4.1.) The hash is that of the certificate's signature, but at least SHA-256.

use ring::digest::{self, Algorithm, SHA256, SHA384, SHA512};
use rustls::pki_types::CertificateDer;

use super::certificate::{Reader, tag};

/// Gives the binding; `None` where the signature has no hash of its own, as Ed25519's.
pub(super) fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let algorithm = signature_hash(certificate)?;
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

/// Finds the hash of a certificate's signature.
fn signature_hash(certificate: &CertificateDer<'_>) -> Option<&'static Algorithm> {
    let mut outer = Reader::new(certificate).enter(tag::SEQUENCE)?;
    let _signed = outer.take(tag::SEQUENCE)?;
    let mut algorithm = outer.enter(tag::SEQUENCE)?;
    let id = algorithm.take(tag::OBJECT_ID)?;
    match id {
        // RSASSA-PSS names its hash in the parameters; without one it is SHA-1.
        [rsa @ .., 10] if rsa == RSA => {
            let mut parameters = algorithm.enter(tag::SEQUENCE)?;
            let Some(hash) = parameters.optional(tag::CONTEXT_0) else {
                return Some(&SHA256);
            };
            let mut hash = Reader::new(hash).enter(tag::SEQUENCE)?;
            match hash.take(tag::OBJECT_ID)? {
                SHA1_ID => Some(&SHA256),
                [sha2 @ .., 1] if sha2 == SHA2 => Some(&SHA256),
                [sha2 @ .., 2] if sha2 == SHA2 => Some(&SHA384),
                [sha2 @ .., 3] if sha2 == SHA2 => Some(&SHA512),
                _ => None,
            }
        }
        // MD5 and SHA-1 give way to SHA-256.
        [rsa @ .., 4 | 5 | 11] if rsa == RSA => Some(&SHA256),
        [rsa @ .., 12] if rsa == RSA => Some(&SHA384),
        [rsa @ .., 13] if rsa == RSA => Some(&SHA512),
        [ecdsa @ .., 1] if ecdsa == ECDSA => Some(&SHA256),
        [ecdsa @ .., 3, 2] if ecdsa == ECDSA => Some(&SHA256),
        [ecdsa @ .., 3, 3] if ecdsa == ECDSA => Some(&SHA384),
        [ecdsa @ .., 3, 4] if ecdsa == ECDSA => Some(&SHA512),
        _ => None,
    }
}

/// 1.2.840.113549.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// 1.2.840.10045.4.
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
/// 2.16.840.1.101.3.4.2.
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
/// 1.3.14.3.2.26.
const SHA1_ID: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
