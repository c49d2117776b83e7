//! What a server says of itself at login.

use std::collections::BTreeMap;
use std::fmt;

use crate::connect::Host;

/// What a server says of itself at login.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The server, at the address that answered.
    pub(super) host: Host,
    /// Whether TLS protects the connection.
    pub(super) encrypted: bool,
    /// The process that serves the session.
    pub(super) pid: i32,
    /// The settings that it reports.
    pub(super) parameters: BTreeMap<String, String>,
}

impl ServerInfo {
    /// Begins with nothing said.
    pub(super) const fn new(host: Host, encrypted: bool) -> Self {
        Self {
            host,
            encrypted,
            pid: 0,
            parameters: BTreeMap::new(),
        }
    }

    /// Gives the server, at the address that answered: [`ConnectConfig::with_host`] leads there.
    ///
    /// [`ConnectConfig::with_host`]: crate::connect::ConnectConfig::with_host
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Says whether TLS protects the connection.
    pub const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Gives the process that serves the session, as `pg_stat_activity` numbers it.
    pub const fn pid(&self) -> i32 {
        self.pid
    }

    /// Gives a setting that the server reports, such as `server_encoding`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Gives the server's version as `server_version_num` writes it: 170011 for 17.11; 0 if the
    /// server does not say it in a form that is known.
    pub fn version(&self) -> u32 {
        self.parameter("server_version")
            .and_then(version_number)
            .unwrap_or_default()
    }
}

impl fmt::Debug for ServerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerInfo")
            .field("host", &self.host.to_string())
            .field("encrypted", &self.encrypted)
            .field("pid", &self.pid)
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

/// Reads `17.11 (Debian 17.11-1)`, `18beta2`, `9.6.24`.
fn version_number(text: &str) -> Option<u32> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (numbers, _) = text.split_at_checked(end)?;
    let mut numbers = numbers.split('.').map(|number| number.parse::<u32>().ok());
    let major = numbers.next()??;
    let mut next = || {
        numbers
            .next()
            .flatten()
            .filter(|&number| number < 100)
            .unwrap_or_default()
    };
    match major {
        0..10 => Some(major * 10_000 + next() * 100 + next()),
        10..1000 => Some(major * 10_000 + next()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbered_as_the_server_numbers_them() {
        let cases = [
            ("17.11 (Debian 17.11-1.pgdg12+1)", Some(170_011)),
            ("15.18", Some(150_018)),
            ("18beta2", Some(180_000)),
            ("19devel", Some(190_000)),
            ("9.6.24", Some(90_624)),
            ("", None),
            ("PostgreSQL", None),
            ("99999999999", None),
        ];
        for (text, expected) in cases {
            assert_eq!(version_number(text), expected, "{text}");
        }
    }
}
