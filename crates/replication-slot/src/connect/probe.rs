//! A short-lived connection that asks whether a server takes connections.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

use crate::connect::login::send_startup;
use crate::connect::route::Route;
use crate::connect::{
    ConnectConfig, ConnectError, Opened, Purpose, ReceiveBuffer, ServerError, Wire,
};

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
/// Of several servers the best answer counts; to ask one alone, narrow the configuration to
/// [`ServerInfo::host`] by [`ConnectConfig::with_host`]. It logs in nowhere and leaves no line in
/// the server's log unless that logs every connection.
///
/// # Cancel safety
/// Cancelling it closes the connection.
///
/// [`ServerInfo::host`]: crate::connect::ServerInfo::host
pub async fn probe(config: &ConnectConfig, patience: Duration) -> Probe {
    let config = config.clone().with_receive_buffer(ReceiveBuffer::System);
    timeout(patience, ask(&config))
        .await
        .unwrap_or(Probe::Unknown)
}

/// Asks one server after the other, for as long as it takes.
async fn ask(config: &ConnectConfig) -> Probe {
    let mut route = Route::new(config);
    let mut found = None;
    while let Some(opened) = route.next().await {
        match ask_one(opened, config).await {
            Probe::Accepting => return Probe::Accepting,
            Probe::ShuttingDown => found = Some(Probe::ShuttingDown),
            answer @ (Probe::Refused | Probe::Unknown) => found = found.or(Some(answer)),
        }
    }
    found.unwrap_or_else(|| match is_refusal(&route.into_error()) {
        true => Probe::Refused,
        false => Probe::Unknown,
    })
}

/// Asks over a connection.
async fn ask_one(opened: Opened, config: &ConnectConfig) -> Probe {
    let mut wire = Wire::new(opened);
    if send_startup(&mut wire, config, Purpose::Sql, &[])
        .await
        .is_err()
    {
        return Probe::Unknown;
    }
    let answer = match wire.receive().await {
        Ok((b'E', body)) if ServerError::parse(&body).code() == "57P03" => Probe::ShuttingDown,
        Ok((tag, body)) => {
            wire.is_logged_in = tag == b'R' && body.as_ref() == AUTHENTICATION_OK;
            Probe::Accepting
        }
        Err(_) => return Probe::Unknown,
    };
    // The answer is there; a server that does not close in turn must not turn it into another.
    let _closed = timeout(FAREWELL, wire.close()).await;
    answer
}

/// Says whether nobody listens anywhere: no port, or no socket.
fn is_refusal(error: &ConnectError) -> bool {
    if let ConnectError::Several(errors) = error {
        return errors.iter().all(is_refusal);
    }
    let ConnectError::Unreachable { source, .. } = error else {
        return false;
    };
    matches!(
        source.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
    )
}

/// The body of the message that lets us in without a password.
const AUTHENTICATION_OK: [u8; 4] = [0; 4];
/// How long the server may take to close.
const FAREWELL: Duration = Duration::from_millis(100);
