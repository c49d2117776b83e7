//! What can go wrong: the connection, a question, or what was found.

use std::time::Duration;

use outflow_replication_slot::catalog::CatalogError;
use outflow_replication_slot::connect::ConnectError;

use crate::exit::Failure;

/// Why a check or a creation did not succeed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// There is no connection.
    Connect(ConnectError),
    /// A question or a command failed.
    Catalog(CatalogError),
    /// The server did not answer for so long.
    Silent(Duration),
    /// What was found can't be used; the failure says what to do.
    Refused(Failure),
    /// Somebody is at it: the same question may have another answer soon.
    Busy(Failure),
}

impl From<ConnectError> for Trouble {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

impl From<CatalogError> for Trouble {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Connect(error) => error.into(),
            Trouble::Catalog(error) => error.into(),
            Trouble::Silent(time) => Self::silent_server(time),
            Trouble::Refused(failure) | Trouble::Busy(failure) => failure,
        }
    }
}
