//! Why a question or a command failed.

use crate::connect::ServerError;

/// A question or a command that failed: what it was, on which object, and what the server says.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}{}", object.as_deref().map(|o| format!(" \"{o}\"")).unwrap_or_default())]
pub struct CatalogError {
    /// What was to be done.
    action: &'static str,
    /// On which object.
    object: Option<String>,
    /// Why it was not.
    #[source]
    cause: Cause,
}

/// Why it failed.
#[derive(Debug, thiserror::Error)]
enum Cause {
    /// The server refused.
    #[error(transparent)]
    Server(ServerError),
    /// The connection is over.
    #[error("the connection to PostgreSQL failed")]
    Connection(#[source] tokio_postgres::Error),
    /// The answer has another form.
    #[error("PostgreSQL's answer cannot be understood: {0}")]
    Answer(String),
}

impl CatalogError {
    /// Makes an error of what the driver reports.
    pub(super) fn new(action: &'static str, error: tokio_postgres::Error) -> Self {
        let cause = match error.as_db_error() {
            Some(refused) => Cause::Server(ServerError::from(refused)),
            None => Cause::Connection(error),
        };
        Self {
            action,
            object: None,
            cause,
        }
    }

    /// Makes an error on an object.
    pub(super) fn of(action: &'static str, object: &str, error: tokio_postgres::Error) -> Self {
        Self {
            object: Some(object.to_owned()),
            ..Self::new(action, error)
        }
    }

    /// Makes an error of an answer that can't be understood.
    pub(super) fn answer(action: &'static str, what: impl Into<String>) -> Self {
        Self {
            action,
            object: None,
            cause: Cause::Answer(what.into()),
        }
    }

    /// Gives the server's own error, where it refused.
    pub const fn server_error(&self) -> Option<&ServerError> {
        match &self.cause {
            Cause::Server(refused) => Some(refused),
            Cause::Connection(_) | Cause::Answer(_) => None,
        }
    }

    /// Gives the SQLSTATE, where the server refused.
    pub fn code(&self) -> Option<&str> {
        self.server_error().map(ServerError::code)
    }
}
