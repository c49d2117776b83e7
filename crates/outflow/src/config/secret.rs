//! Secrets: written down, or in a file, an environment variable, or a systemd credential.
//!
//! Invariants: a secret never shows in `Debug`, in an error, or in `config show`; and it is read
//! again at each use, so that a rotated password needs no restart.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// A secret, or where it is.
#[derive(Clone)]
pub(crate) enum Secret {
    /// The secret itself.
    Text(SecretString),
    /// A file's content, without the line end.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A file of that name in the directory that systemd names.
    Credential(String),
}

/// Why a secret can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The file can't be read.
    #[error("cannot read the secret file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The variable is not there, or no text.
    #[error("the environment variable {0} holds no secret")]
    Env(String, #[source] std::env::VarError),
    /// systemd has passed no credentials.
    #[error("no credential {0:?}: CREDENTIALS_DIRECTORY is not set")]
    NoCredentials(String),
}

impl Secret {
    /// Reads it, as it is now.
    ///
    /// # Errors
    /// [`SecretError`] where it isn't there.
    pub(crate) fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => file(path),
            Self::Env(name) => std::env::var(name)
                .map(SecretString::from)
                .map_err(|source| SecretError::Env(name.clone(), source)),
            Self::Credential(name) => match std::env::var_os("CREDENTIALS_DIRECTORY") {
                Some(directory) => file(&Path::new(&directory).join(name)),
                None => Err(SecretError::NoCredentials(name.clone())),
            },
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Reads a file's text without its trailing line end.
fn file(path: &Path) -> Result<SecretString, SecretError> {
    let text = std::fs::read_to_string(path).map_err(|source| SecretError::File {
        path: path.to_owned(),
        source,
    })?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(SecretString::from(text.strip_suffix('\r').unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_file_is_read_again_and_loses_its_line_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        let secret = Secret::File(path.clone());
        assert!(matches!(secret.read(), Err(SecretError::File { .. })));
        std::fs::write(&path, "first\n").unwrap();
        assert_eq!(secret.read().unwrap().expose_secret(), "first");
        std::fs::write(&path, "second \r\n").unwrap();
        assert_eq!(secret.read().unwrap().expose_secret(), "second ");
    }

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::Text(SecretString::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "[redacted]");
    }
}
