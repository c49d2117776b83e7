//! What is wrong with a connection text.

use std::path::PathBuf;

use super::parameter::known_names;

/// What is wrong with a connection text, or with a `PG*` variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnInfoError {
    /// The text is not well formed.
    #[error("connection text: {what} (character {at})")]
    Syntax {
        /// What was found or missed.
        what: &'static str,
        /// The place, counted in characters from 1.
        at: usize,
    },
    /// A part of the URL is not well formed; the part isn't shown, it may hold a secret.
    #[error("connection URL: {what}")]
    Url {
        /// What was found or missed.
        what: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// No such parameter.
    #[error("unknown connection parameter{}", named(.name.as_deref()))]
    Unknown {
        /// Its name, if it looks like one.
        name: Option<String>,
    },
    /// A value that the parameter cannot have.
    #[error("invalid value {value:?} of {name}: expected {expected}")]
    Invalid {
        /// The parameter, or the environment variable.
        name: &'static str,
        /// The value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A parameter, or a value of it, that this version does not have.
    #[error("{name}{} is not supported", valued(.value.as_deref()))]
    Unsupported {
        /// The parameter, or the environment variable.
        name: &'static str,
        /// The value, where it cannot be a secret.
        value: Option<String>,
        /// What to do.
        hint: &'static str,
    },
    /// Lists of hosts, addresses and ports that do not fit together.
    #[error("{found} {list} given for {hosts} hosts")]
    Count {
        /// Which list: ports or addresses.
        list: &'static str,
        /// Its length.
        found: usize,
        /// The number of hosts.
        hosts: usize,
    },
    /// Parameters that do not go together.
    #[error("{what}")]
    Contradiction {
        /// What it is about.
        what: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// A service file that cannot be used.
    #[error("the service file {path:?} {reason}")]
    ServiceFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A service that no file has.
    #[error("no service file defines {service:?}")]
    NoService {
        /// Its name.
        service: String,
    },
    /// No user is given, and the process's own has no name.
    #[error("no user name is given, and the operating system knows none for this process")]
    NoUser,
}

impl ConnInfoError {
    /// Makes the error of an unknown name; what does not look like a name is not shown.
    pub(super) fn unknown(name: &str) -> Self {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let shown = !name.is_empty() && name.len() <= 40 && name.chars().all(is_name);
        Self::Unknown {
            name: shown.then(|| name.to_owned()),
        }
    }

    /// Says what to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { .. } => Some(
                "write postgresql://user@host:5432/dbname, or host=.. port=.. user=.. dbname=.."
                    .to_owned(),
            ),
            Self::Url { hint, .. }
            | Self::Unsupported { hint, .. }
            | Self::Contradiction { hint, .. } => Some((*hint).to_owned()),
            Self::Unknown { .. } => Some(format!("known parameters: {}", known_names())),
            Self::Invalid { .. } => None,
            Self::Count { .. } => {
                Some("give one port for all hosts, or as many as there are hosts".to_owned())
            }
            Self::ServiceFile { .. } | Self::NoService { .. } => Some(
                "name the file by PGSERVICEFILE (else ~/.pg_service.conf counts, then \
                 pg_service.conf in PGSYSCONFDIR), with a section [name] and lines key=value"
                    .to_owned(),
            ),
            Self::NoUser => Some("set user in the URL, or PGUSER".to_owned()),
        }
    }
}

/// Shows a name, if it may be shown.
fn named(name: Option<&str>) -> String {
    name.map(|name| format!(" {name:?}")).unwrap_or_default()
}

/// Shows a value, if it may be shown.
fn valued(value: Option<&str>) -> String {
    value.map(|value| format!("={value}")).unwrap_or_default()
}
