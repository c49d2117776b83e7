//! A short-lived connection that asks whether a server takes connections.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

use crate::connect::login::send_startup;
use crate::connect::{ConnectConfig, ConnectError, Purpose, ServerError, Wire, open};

/// What a server answers to a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It takes connections, or refuses this one for a reason of its own.
    Accepting,
    /// It is shutting down, starting up or in recovery (57P03).
    ShuttingDown,
    /// Nobody listens.
    Refused,
    /// There was no answer in time, or the way there is blocked: it says nothing.
    Unknown,
}

/// Asks: connects, sends the startup message, reads the first answer, and leaves.
///
/// # Cancel safety
/// Cancelling it closes the connection.
pub async fn probe(config: &ConnectConfig, patience: Duration) -> Probe {
    timeout(patience, ask(config))
        .await
        .unwrap_or(Probe::Unknown)
}

/// Asks, for as long as it takes.
async fn ask(config: &ConnectConfig) -> Probe {
    let opened = match open(config).await {
        Ok(opened) => opened,
        Err(ConnectError::Unreachable { source, .. }) if is_refusal(source.kind()) => {
            return Probe::Refused;
        }
        Err(_) => return Probe::Unknown,
    };
    let mut wire = Wire::new(opened.stream);
    if send_startup(&mut wire, config, Purpose::Sql, &[])
        .await
        .is_err()
    {
        return Probe::Unknown;
    }
    match wire.receive().await {
        Ok((b'E', body)) if ServerError::parse(&body).code() == "57P03" => Probe::ShuttingDown,
        Ok(_) => Probe::Accepting,
        Err(_) => Probe::Unknown,
    }
}

/// Says whether nobody listens: no port, or no socket.
const fn is_refusal(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
    )
}
