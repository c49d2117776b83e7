//! How a TCP connection is protected.

use std::fmt;

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::connect::conninfo::ConnInfoError;

/// libpq's `sslmode` (PostgreSQL manual, "SSL Mode Descriptions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS only where the server refuses without; nothing is verified.
    Allow,
    /// TLS if the server has it; nothing is verified.
    Prefer,
    /// TLS; nothing is verified unless there is a root certificate.
    Require,
    /// TLS with a server that a trusted authority vouches for.
    VerifyCa,
    /// The same, and the certificate is for the host's name.
    VerifyFull,
}

impl SslMode {
    /// Reads a mode's name.
    pub(super) fn parse(text: &str) -> Result<Self, ConnInfoError> {
        match text {
            "disable" => Ok(Self::Disable),
            "allow" => Ok(Self::Allow),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            other => Err(ConnInfoError::Invalid {
                name: "sslmode",
                value: other.to_owned(),
                expected: "disable, allow, prefer, require, verify-ca or verify-full",
            }),
        }
    }

    /// Gives the mode's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// Says whether a connection without TLS may come of it.
    pub(in crate::connect) const fn is_weak(self) -> bool {
        matches!(self, Self::Disable | Self::Allow | Self::Prefer)
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The TLS versions that are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connect) enum TlsVersions {
    /// 1.2 and 1.3.
    Both,
    /// 1.2 alone.
    Only12,
    /// 1.3 alone.
    Only13,
}

impl TlsVersions {
    /// Reads libpq's two bounds; a lower bound below 1.2 is met by 1.2.
    pub(super) fn parse(min: Option<&str>, max: Option<&str>) -> Result<Self, ConnInfoError> {
        let invalid = |name, value: &str| ConnInfoError::Invalid {
            name,
            value: value.to_owned(),
            expected: "TLSv1.2 or TLSv1.3",
        };
        let is = |value: Option<&str>, wanted: &str| {
            value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        let known = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
        if let Some(min) = min.filter(|_| !known.iter().any(|known| is(min, known))) {
            return Err(invalid("ssl_min_protocol_version", min));
        }
        if let Some(max) = max.filter(|_| !is(max, "TLSv1.2") && !is(max, "TLSv1.3")) {
            return Err(invalid("ssl_max_protocol_version", max));
        }
        match (is(min, "TLSv1.3"), is(max, "TLSv1.2")) {
            (true, true) => Err(invalid("ssl_max_protocol_version", max.unwrap_or_default())),
            (true, false) => Ok(Self::Only13),
            (false, true) => Ok(Self::Only12),
            (false, false) => Ok(Self::Both),
        }
    }

    /// Gives rustls's list.
    pub(in crate::connect) fn list(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::Both => vec![&TLS13, &TLS12],
            Self::Only12 => vec![&TLS12],
            Self::Only13 => vec![&TLS13],
        }
    }
}
