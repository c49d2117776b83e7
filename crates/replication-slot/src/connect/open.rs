//! From a configuration to a connected socket, with TLS if it is to be.

use tokio::time::Instant;

use crate::connect::route::Route;
use crate::connect::{ConnectConfig, ConnectError, Host, Stream};

/// A connection before its startup message.
#[derive(Debug)]
pub struct Opened {
    /// The socket.
    pub(super) stream: Stream,
    /// The server, at the address that answered.
    pub(super) host: Host,
    /// When the login must be done.
    pub(super) deadline: Option<Instant>,
}

impl Opened {
    /// Gives the server, at the address that answered.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Says whether the connection is protected by TLS.
    pub const fn is_encrypted(&self) -> bool {
        self.stream.is_encrypted()
    }
}

/// Tries every host, and every address of it, until one answers.
///
/// [`establish`] goes on to the next address also where a server answers and takes nobody in.
///
/// # Errors
/// [`ConnectError`] of the one that was tried, or [`ConnectError::Several`].
///
/// # Cancel safety
/// Cancelling it closes the socket.
///
/// [`establish`]: crate::connect::establish
pub async fn open(config: &ConnectConfig) -> Result<Opened, ConnectError> {
    let mut route = Route::new(config);
    match route.next().await {
        Some(opened) => Ok(opened),
        None => Err(route.into_error()),
    }
}
