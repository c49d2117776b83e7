//! Where the password comes from.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

use crate::connect::{ConnectConfig, ConnectError, Host, passfile};

/// Where the password comes from.
#[derive(Clone, Default)]
pub enum PasswordSource {
    /// From nowhere but the passfile.
    #[default]
    None,
    /// It is known.
    Known(SecretString),
    /// It is read anew at every login, so that it can be rotated; an error is text for a person.
    Read(Arc<dyn Fn() -> Result<SecretString, String> + Send + Sync>),
}

impl PasswordSource {
    /// Reads a file anew at every login; one line break at its end is not part of the password.
    pub fn file(path: std::path::PathBuf) -> Self {
        Self::Read(Arc::new(move || {
            let read = std::fs::read_to_string(&path);
            let text = read.map_err(|error| format!("{}: {error}", path.display()))?;
            let line = text.strip_suffix('\n').unwrap_or(&text);
            Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line)))
        }))
    }

    /// Says whether it was in the connection string or in `PGPASSWORD`.
    pub(super) const fn is_from_text(&self) -> bool {
        matches!(self, Self::Known(_))
    }
}

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Known(_) => "Known([redacted])",
            Self::Read(_) => "Read",
        })
    }
}

impl ConnectConfig {
    /// Gives the password for a host.
    pub(in crate::connect) fn password(&self, host: &Host) -> Result<SecretString, ConnectError> {
        let user = self.user();
        let unreadable = |reason| ConnectError::PasswordUnreadable {
            user: user.to_owned(),
            reason,
        };
        match &self.password {
            PasswordSource::Known(password) => return Ok(password.clone()),
            PasswordSource::Read(read) => return read().map_err(unreadable),
            PasswordSource::None => {}
        }
        let passfile = self.passfile.as_ref();
        let found = passfile.and_then(|path| passfile::find(path, host, self.dbname(), user));
        found.ok_or_else(|| ConnectError::PasswordMissing {
            user: user.to_owned(),
        })
    }
}
