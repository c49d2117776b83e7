//! What proves who is there: trusted authorities, the client's certificate, channel binding.

use std::path::PathBuf;

use secrecy::SecretString;

use super::resolve::Values;
use super::{SslMode, resolve};
use crate::connect::conninfo::ConnInfoError;

/// libpq's `sslrootcert`: which authorities are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connect) enum Trust {
    /// Those of a file.
    File(PathBuf),
    /// Those of the operating system.
    System,
}

/// libpq's `sslcert`, `sslkey` and `sslpassword`.
#[derive(Clone, Debug)]
pub(in crate::connect) struct ClientIdentity {
    /// The file of the certificate.
    pub(in crate::connect) certificate: PathBuf,
    /// The file of the key.
    pub(in crate::connect) key: PathBuf,
    /// What the key is encrypted with.
    pub(in crate::connect) password: Option<SecretString>,
}

/// libpq's `sslnegotiation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connect) enum Negotiation {
    /// The server is asked first.
    Postgres,
    /// The handshake comes first of all (PostgreSQL 17 and later).
    Direct,
}

/// libpq's `channel_binding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connect) enum ChannelBinding {
    /// Never.
    Disable,
    /// Where the server has it.
    Prefer,
    /// No login without it.
    Require,
}

/// Reads `sslrootcert`, and makes sure that the mode fits it.
pub(super) fn trust(
    values: &Values<'_>,
    sslmode: Option<SslMode>,
) -> Result<Option<Trust>, ConnInfoError> {
    match values.value("sslrootcert") {
        Some(value) if value != "system" => Ok(Some(Trust::File(PathBuf::from(value)))),
        Some(_) if !matches!(sslmode, None | Some(SslMode::VerifyFull)) => {
            Err(ConnInfoError::Contradiction {
                what: "sslrootcert=system goes with sslmode=verify-full alone",
                hint: "leave sslmode out, or name the file of your own authority: anybody can \
                       have a certificate of a public one",
            })
        }
        Some(_) => Ok(Some(Trust::System)),
        None => Ok(resolve::home_file(values, "root.crt").map(Trust::File)),
    }
}

/// Reads where the client's certificate is, unless it is not to be sent.
pub(super) fn client(values: &Values<'_>) -> Result<Option<ClientIdentity>, ConnInfoError> {
    let is_required = match values.value("sslcertmode").as_deref() {
        Some("disable") => return Ok(None),
        None | Some("allow") => false,
        Some("require") => true,
        Some(other) => {
            return Err(ConnInfoError::Invalid {
                name: "sslcertmode",
                value: other.to_owned(),
                expected: "disable, allow or require",
            });
        }
    };
    let file = |name, default: &str| {
        let named = values.value(name).map(PathBuf::from);
        named.or_else(|| resolve::home_file(values, default))
    };
    match (
        file("sslcert", "postgresql.crt"),
        file("sslkey", "postgresql.key"),
    ) {
        (Some(certificate), Some(key)) => Ok(Some(ClientIdentity {
            certificate,
            key,
            password: values.secret("sslpassword"),
        })),
        (Some(_), None) => Err(ConnInfoError::Contradiction {
            what: "a client certificate (sslcert) without its key",
            hint: "set sslkey to the PEM file of the key",
        }),
        (None, _) if is_required => Err(ConnInfoError::Contradiction {
            what: "sslcertmode=require without a client certificate",
            hint: "set sslcert and sslkey",
        }),
        (None, _) => Ok(None),
    }
}

impl Negotiation {
    /// Reads it, and makes sure that the mode fits it.
    pub(super) fn read(values: &Values<'_>, sslmode: SslMode) -> Result<Self, ConnInfoError> {
        match values.value("sslnegotiation").as_deref() {
            None | Some("postgres") => Ok(Self::Postgres),
            Some("direct") if sslmode.is_weak() => Err(ConnInfoError::Contradiction {
                what: "sslnegotiation=direct goes with sslmode=require, verify-ca or verify-full",
                hint: "set sslmode=verify-full, or leave sslnegotiation out",
            }),
            Some("direct") => Ok(Self::Direct),
            Some(other) => Err(ConnInfoError::Invalid {
                name: "sslnegotiation",
                value: other.to_owned(),
                expected: "postgres or direct",
            }),
        }
    }
}

impl ChannelBinding {
    /// Reads it.
    pub(super) fn read(values: &Values<'_>) -> Result<Self, ConnInfoError> {
        match values.value("channel_binding").as_deref() {
            Some("disable") => Ok(Self::Disable),
            None | Some("prefer") => Ok(Self::Prefer),
            Some("require") => Ok(Self::Require),
            Some(other) => Err(ConnInfoError::Invalid {
                name: "channel_binding",
                value: other.to_owned(),
                expected: "disable, prefer or require",
            }),
        }
    }
}
