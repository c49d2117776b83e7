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
    /// The client's certificate or its key cannot be used.
    #[error("the file {path:?} of the client certificate {reason}")]
    ClientCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// The server broke off TLS because of the client's certificate.
    #[error("PostgreSQL does not accept {} (TLS alert {alert})", sent(*.was_sent))]
    ClientCertificateRefused {
        /// The alert's name.
        alert: String,
        /// Whether there was one to send.
        was_sent: bool,
    },
    /// The login cannot be bound to the TLS channel, and must be.
    #[error("channel_binding=require cannot be met: {reason}")]
    ChannelBinding {
        /// Why.
        reason: String,
    },
    /// The server lets us in by a method that is not allowed.
    #[error("PostgreSQL asks {user:?} for {method}, which require_auth rules out")]
    MethodRuledOut {
        /// The role.
        user: String,
        /// The method.
        method: &'static str,
    },
    /// The server is not of the kind that is wanted.
    #[error("PostgreSQL at {address} is not what target_session_attrs={wanted} asks for")]
    SessionAttrs {
        /// Host and port, or the socket's path.
        address: String,
        /// What is wanted.
        wanted: &'static str,
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
            | Self::ClientCertificate { .. }
            | Self::ClientCertificateRefused { .. }
            | Self::ChannelBinding { .. }
            | Self::MethodRuledOut { .. }
            | Self::SessionAttrs { .. }
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
            Self::ClientCertificate { hint, .. } => hint,
            Self::ClientCertificateRefused { was_sent: true, .. } => {
                "let an authority of the server's ssl_ca_file sign the certificate of sslcert, and \
                 look at its time"
            }
            Self::ClientCertificateRefused { .. } => CLIENT_HINT,
            Self::ChannelBinding { .. } => {
                "use TLS (sslmode=require or more) and let pg_hba.conf ask this role for \
                 scram-sha-256, or set channel_binding=prefer"
            }
            Self::MethodRuledOut { .. } => {
                "let pg_hba.conf ask this role for a method of require_auth, or change require_auth"
            }
            Self::SessionAttrs { .. } => {
                "name more hosts, host=a,b, or another target_session_attrs (read-write, \
                 read-only, primary, standby, prefer-standby, any)"
            }
            Self::Server(error) => return server_hint(error),
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

/// Says what the server does not accept.
const fn sent(was_sent: bool) -> &'static str {
    match was_sent {
        true => "the client certificate",
        false => "a connection without a client certificate",
    }
}

/// Says what to do about a refusal, where the server does not.
fn server_hint(error: &ServerError) -> Option<String> {
    let message = error.message();
    let hint = match error.code() {
        "28000" if message.contains("requires a valid client certificate") => CLIENT_HINT,
        "28000" if message.contains("certificate authentication failed") => {
            "the certificate's common name must be the role's name, or be mapped to it in \
             pg_ident.conf"
        }
        _ => return error.hint().map(str::to_owned),
    };
    Some(hint.to_owned())
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
/// What to do without a client certificate.
const CLIENT_HINT: &str = "set sslcert and sslkey to a certificate for this role and its key";
