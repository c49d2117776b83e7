//! Connection parameters by name, as a URL or libpq's key=value text gives them.
//!
//! Nothing here reads the environment or knows a default: that is `ConnectConfig`'s part.
//! (PostgreSQL manual, "Connection Strings".)

mod error;
mod key_value;
mod parameter;
mod url;

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;

pub use error::ConnInfoError;
pub use key_value::quote_value;
pub(super) use parameter::{PARAMETERS, Parameter, Support};

/// The parameters that a connection text sets.
///
/// ```
/// use outflow_replication_slot::connect::ConnInfo;
///
/// let info = ConnInfo::parse("postgresql://outflow@db.example/shop?sslmode=verify-full")?;
/// assert_eq!(info.value("host"), Some("db.example"));
/// assert_eq!(info.value("sslmode"), Some("verify-full"));
/// # Ok::<(), outflow_replication_slot::connect::ConnInfoError>(())
/// ```
#[derive(Clone, Default)]
pub struct ConnInfo {
    /// Values by parameter name, without the password.
    values: BTreeMap<&'static str, String>,
    /// The password.
    password: Option<SecretString>,
    /// What the client's key is encrypted with.
    sslpassword: Option<SecretString>,
}

impl ConnInfo {
    /// Reads a URL (`postgresql://`, `postgres://`) or key=value text.
    ///
    /// # Errors
    /// [`ConnInfoError`], which never shows a value that may be secret.
    pub fn parse(text: &str) -> Result<Self, ConnInfoError> {
        let mut info = Self::default();
        let text = text.trim();
        match url::after_scheme(text) {
            Some(rest) => url::parse(rest, &mut info)?,
            None => key_value::parse(text, &mut info)?,
        }
        Ok(info)
    }

    /// Sets a parameter, in place of what it was.
    ///
    /// # Errors
    /// [`ConnInfoError::Unknown`] where libpq has no such parameter.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> Result<(), ConnInfoError> {
        let Some(parameter) = Parameter::find(name) else {
            return Err(ConnInfoError::unknown(name));
        };
        let secret = |value: String| Some(SecretString::from(value));
        match parameter.name {
            "password" => self.password = secret(value.into()),
            "sslpassword" => self.sslpassword = secret(value.into()),
            name => drop(self.values.insert(name, value.into())),
        }
        Ok(())
    }

    /// Gives what a parameter was set to; never a password.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Says whether a parameter was set, the passwords among them.
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.secret(name).is_some()
    }

    /// Gives `password` or `sslpassword`.
    pub(super) fn secret(&self, name: &str) -> Option<&SecretString> {
        match name {
            "password" => self.password.as_ref(),
            "sslpassword" => self.sslpassword.as_ref(),
            _ => None,
        }
    }
}

impl fmt::Debug for ConnInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = ["password", "sslpassword"].into_iter();
        let secrets = secrets.filter(|name| self.secret(name).is_some());
        let secrets = secrets.map(|name| (name, "[redacted]"));
        let values = self.values.iter().map(|(name, value)| {
            let shown = match Parameter::find(name) {
                Some(parameter) if parameter.is_secret() => "[redacted]",
                Some(_) | None => value.as_str(),
            };
            (*name, shown)
        });
        f.debug_map().entries(values).entries(secrets).finish()
    }
}

#[cfg(test)]
mod tests;
