//! Why there is no connection.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::connect::ServerError;

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
        sslmode: &'static str,
    },
    /// The TLS handshake failed; the source says why.
    #[error("TLS with PostgreSQL at {address} failed")]
    Tls {
        /// Host and port.
        address: String,
        /// What rustls says.
        #[source]
        source: io::Error,
    },
    /// The file of trusted certificates cannot be used.
    #[error("sslrootcert {path:?} cannot be used: {reason}")]
    RootCertificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
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
}

impl ConnectError {
    /// Gives what the server said, if it was the server.
    pub const fn server_error(&self) -> Option<&ServerError> {
        match self {
            Self::Server(error) => Some(error),
            Self::Resolve { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::NoTls { .. }
            | Self::Tls { .. }
            | Self::RootCertificates { .. }
            | Self::PasswordMissing { .. }
            | Self::PasswordUnreadable { .. }
            | Self::Method { .. }
            | Self::ServerProof { .. }
            | Self::Io(_)
            | Self::Protocol(_)
            | Self::Sql(_) => None,
        }
    }
}
