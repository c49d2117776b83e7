//! What is wrong with a server's certificate.

use std::fmt;
use std::io;

use rustls::CertificateError;

/// What is wrong with a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateProblem {
    /// No trusted authority has signed it.
    UnknownAuthority,
    /// It is for other names.
    WrongName {
        /// The host's name.
        expected: String,
        /// The names it is for.
        presented: Vec<String>,
    },
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It is an authority's own, as self-signed ones mostly are, and not itself trusted.
    IsAuthority,
    /// It is of X.509 version 1, which cannot be verified.
    Version1,
    /// Something else.
    Other(String),
}

impl CertificateProblem {
    /// Finds the problem in a handshake's error, if it was the certificate.
    pub(in crate::connect) fn find(error: &io::Error) -> Option<Self> {
        let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        let rustls::Error::InvalidCertificate(problem) = error else {
            return None;
        };
        Some(Self::from(problem))
    }

    /// Says what to do.
    pub(super) const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::UnknownAuthority => {
                Some("set sslrootcert to a PEM file with the certificate of its authority")
            }
            Self::WrongName { .. } => Some(
                "connect to a name that it is for, or use sslmode=verify-ca, which does not look \
                 at the name",
            ),
            Self::Expired => Some("renew it on the server, and look at both clocks"),
            Self::NotYetValid => Some("look at both clocks"),
            Self::IsAuthority => Some("put this certificate itself into the file of sslrootcert"),
            Self::Version1 => Some("issue it anew as X.509 version 3, with subjectAltName"),
            Self::Other(_) => None,
        }
    }
}

impl From<&CertificateError> for CertificateProblem {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the enum is rustls's and open; what is not named here keeps rustls's words"
    )]
    fn from(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Self::UnknownAuthority
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid
            }
            CertificateError::NotValidForNameContext {
                expected,
                presented,
            } => Self::WrongName {
                expected: expected.to_str().into_owned(),
                presented: presented.clone(),
            },
            // webpki's own errors are wrapped and not exported.
            other => match format!("{other:?}") {
                text if text.contains("UnsupportedCertVersion") => Self::Version1,
                text if text.contains("CaUsedAsEndEntity") => Self::IsAuthority,
                _ => Self::Other(other.to_string()),
            },
        }
    }
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAuthority => f.write_str("is not signed by a trusted authority"),
            Self::WrongName {
                expected,
                presented,
            } if presented.is_empty() => {
                write!(f, "is not for {expected:?}, and names no host")
            }
            Self::WrongName {
                expected,
                presented,
            } => {
                write!(
                    f,
                    "is not for {expected:?}, but for {}",
                    presented.join(", ")
                )
            }
            Self::Expired => f.write_str("has expired"),
            Self::NotYetValid => f.write_str("is not valid yet"),
            Self::IsAuthority => f.write_str("is self-signed, or an authority's, and not trusted"),
            Self::Version1 => f.write_str("is of X.509 version 1, which cannot be verified"),
            Self::Other(text) => write!(f, "cannot be verified: {text}"),
        }
    }
}
