//! Why there is no connection.

mod certificate;

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::connect::{ServerError, SslMode};

pub use certificate::CertificateProblem;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A name has no address.
    #[error("cannot resolve {host:?}")]
    Resolve {
        /// The host's name.
        host: String,
        /// The resolver's error.
        #[source]
        source: io::Error,
    },
    /// Nobody listens, or the way there is blocked.
    #[error("cannot reach PostgreSQL at {address}")]
    Unreachable {
        /// Host and port, or the socket's path.
        address: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Nobody answered in time.
    #[error("PostgreSQL at {address} did not answer within {patience:?} (connect_timeout)")]
    TimedOut {
        /// Host and port, or the socket's path.
        address: String,
        /// The time that was allowed.
        patience: Duration,
    },
    /// The server has no TLS, and the mode asks for it.
    #[error("PostgreSQL at {address} does not accept TLS, which sslmode={sslmode} asks for")]
    NoTls {
        /// Host and port.
        address: String,
        /// The mode.
        sslmode: SslMode,
    },
    /// The server's certificate is not accepted.
    #[error("the certificate of PostgreSQL at {address} {problem}")]
    Certificate {
        /// Host and port.
        address: String,
        /// What is wrong with it.
        problem: CertificateProblem,
    },
    /// The TLS handshake failed for another reason.
    #[error("TLS with PostgreSQL at {address} failed")]
    Tls {
        /// Host and port.
        address: String,
        /// What rustls says.
        #[source]
        source: io::Error,
    },
    /// The file of trusted certificates cannot be used.
    #[error("the file of trusted certificates {path:?} {reason}")]
    RootCertificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no file of trusted certificates, and the mode asks for one.
    #[error("sslmode={sslmode} needs the authority's certificate, and none is configured")]
    NoRootCertificates {
        /// The mode.
        sslmode: SslMode,
    },
    /// A password is asked for and there is none.
    #[error("PostgreSQL asks {user:?} for a password, and none is configured")]
    PasswordMissing {
        /// The role.
        user: String,
    },
    /// The password cannot be read.
    #[error("the password of {user:?} cannot be read: {reason}")]
    PasswordUnreadable {
        /// The role.
        user: String,
        /// Why.
        reason: String,
    },
    /// The server asks for what this client does not have.
    #[error("PostgreSQL asks for {method} authentication, which is not supported")]
    Method {
        /// The method.
        method: String,
    },
    /// The server's proof is wrong: it does not know the password.
    #[error("the server could not prove that it knows the password of {user:?}")]
    ServerProof {
        /// The role.
        user: String,
    },
    /// The server refused.
    #[error("PostgreSQL refuses the connection")]
    Server(#[source] ServerError),
    /// The connection broke.
    #[error("the connection to PostgreSQL broke")]
    Io(#[source] io::Error),
    /// The answer cannot be understood: it may be no PostgreSQL.
    #[error("the answer is not PostgreSQL's: {0}")]
    Protocol(String),
    /// Ordinary SQL could not be set up.
    #[error("cannot log in for SQL")]
    Sql(#[source] tokio_postgres::Error),
    /// Several ways were tried: addresses, or with and without TLS.
    #[error("no way to PostgreSQL leads to a connection: {}", List(.0))]
    Several(Vec<Self>),
}

impl ConnectError {
    /// Gives what the server said, if it was the server.
    pub fn server_error(&self) -> Option<&ServerError> {
        match self {
            Self::Server(error) => Some(error),
            Self::Several(errors) => errors.iter().rev().find_map(Self::server_error),
            Self::Resolve { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::NoTls { .. }
            | Self::Certificate { .. }
            | Self::Tls { .. }
            | Self::RootCertificates { .. }
            | Self::NoRootCertificates { .. }
            | Self::PasswordMissing { .. }
            | Self::PasswordUnreadable { .. }
            | Self::Method { .. }
            | Self::ServerProof { .. }
            | Self::Io(_)
            | Self::Protocol(_)
            | Self::Sql(_) => None,
        }
    }

    /// Says what to do, where that is known.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoTls { .. } => "set ssl = on in postgresql.conf, or sslmode=prefer here",
            Self::Certificate { problem, .. } => problem.hint()?,
            Self::RootCertificates { .. } | Self::NoRootCertificates { .. } => ROOT_HINT,
            Self::PasswordMissing { .. } => {
                "set postgres.password, PGPASSWORD, or a line of ~/.pgpass (mode 0600)"
            }
            Self::Method { .. } => {
                "let pg_hba.conf ask this role for scram-sha-256, or for a password"
            }
            Self::Server(error) => return error.hint().map(str::to_owned),
            Self::Several(errors) => return errors.iter().rev().find_map(Self::hint),
            Self::Resolve { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Tls { .. }
            | Self::PasswordUnreadable { .. }
            | Self::ServerProof { .. }
            | Self::Io(_)
            | Self::Protocol(_)
            | Self::Sql(_) => return None,
        };
        Some(hint.to_owned())
    }
}

/// Shows several errors in a line, each with what caused it.
struct List<'e>(&'e [ConnectError]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
            let mut cause = error.source();
            while let Some(error) = cause {
                write!(f, ": {error}")?;
                cause = error.source();
            }
        }
        Ok(())
    }
}

/// What to do without a file of trusted certificates.
const ROOT_HINT: &str = "set sslrootcert to a PEM file with the certificate of the authority that \
                         signed the server's";
