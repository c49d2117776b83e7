//! The startup message and the login.

mod password;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::time::{timeout, timeout_at};

use crate::connect::route::Route;
use crate::connect::tls::refused_identity;
use crate::connect::wire::parse;
use crate::connect::{ConnectConfig, ConnectError, Opened, ServerError, Wire, WireFailure};
use crate::excerpt::Excerpt;
use crate::wire::RawFrame;

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Logical replication: a walsender that also takes ordinary SQL.
    Replication,
    /// Ordinary SQL.
    Sql,
}

/// Connects and logs in, at the first address that takes the session.
///
/// It is [`open`] and [`login`] in one, and does what only both together can: a server that is
/// starting up or shutting down is passed over if another address is left, so is one that is not
/// as `target_session_attrs` wants it, and with `sslmode=prefer` a server that refuses the role
/// over TLS is asked once more without (with `allow`, the other way round).
///
/// # Errors
/// [`ConnectError`], with the server's own words where it refuses.
///
/// # Cancel safety
/// Cancelling it closes the connection.
///
/// [`open`]: crate::connect::open()
pub async fn establish(
    config: &ConnectConfig,
    purpose: Purpose,
    settings: &[(&str, &str)],
) -> Result<Wire, ConnectError> {
    let mut route = Route::new(config);
    while let Some(opened) = route.next().await {
        match login(opened, config, purpose, settings).await {
            Ok(wire) if route.fits(wire.info()) => return Ok(wire),
            Ok(wire) => {
                route.unfit(wire.info());
                let _closed = timeout(FAREWELL, wire.close()).await;
            }
            Err(error) => route.failed(error)?,
        }
    }
    Err(route.into_error())
}

/// Logs in; `settings` are sent as `-c name=value` with the session, after the user's `options`.
///
/// # Errors
/// [`ConnectError`], with the server's own words where it refuses.
///
/// # Cancel safety
/// Cancelling it closes the connection.
pub async fn login(
    opened: Opened,
    config: &ConnectConfig,
    purpose: Purpose,
    settings: &[(&str, &str)],
) -> Result<Wire, ConnectError> {
    let (deadline, address) = (opened.deadline, opened.host.to_string());
    let attempt = log_in(Wire::new(opened), config, purpose, settings);
    let Some(deadline) = deadline else {
        return attempt.await;
    };
    let patience = config.connect_timeout.unwrap_or_default();
    let timed_out = |_| ConnectError::TimedOut { address, patience };
    timeout_at(deadline, attempt).await.map_err(timed_out)?
}

/// Logs in, for as long as it takes.
async fn log_in(
    mut wire: Wire,
    config: &ConnectConfig,
    purpose: Purpose,
    settings: &[(&str, &str)],
) -> Result<Wire, ConnectError> {
    let sent = send_startup(&mut wire, config, purpose, settings).await;
    loop {
        // A server that has closed the connection may have said why.
        let (tag, body) = match receive(&mut wire).await {
            Err(ConnectError::Io(error)) => return Err(sort(config, error, sent)),
            received => received?,
        };
        match tag {
            b'R' => password::answer(&mut wire, config, &body).await?,
            b'Z' => return Ok(wire),
            b'K' | b'S' | b'N' | b'v' => note(&mut wire, tag, &body)?,
            other => {
                let excerpt = Excerpt::of_frame(RawFrame { tag, body: &body }, 0);
                let what = format!("message {:?} at login ({excerpt})", char::from(other));
                return Err(ConnectError::Protocol(what));
            }
        }
    }
}

/// Sorts what broke the connection: with TLS 1.3 a server says only now that it does not accept the
/// client's certificate, and by then the startup message may have failed already.
fn sort(
    config: &ConnectConfig,
    error: std::io::Error,
    sent: Result<(), ConnectError>,
) -> ConnectError {
    match (refused_identity(&error), sent) {
        (Some(alert), _) => ConnectError::ClientCertificateRefused {
            alert,
            was_sent: config.client.is_some(),
        },
        (None, Err(first)) => first,
        (None, Ok(())) => ConnectError::Io(error),
    }
}

/// Receives a message that is no error.
async fn receive(wire: &mut Wire) -> Result<(u8, BytesMut), ConnectError> {
    match wire.receive().await {
        Ok((b'E', body)) => Err(ConnectError::Server(ServerError::parse(&body))),
        Ok(message) => Ok(message),
        Err(WireFailure::Server(error)) => Err(ConnectError::Server(error)),
        Err(WireFailure::Io(error)) => Err(ConnectError::Io(error)),
        Err(WireFailure::Protocol(text)) => Err(ConnectError::Protocol(text)),
    }
}

/// Takes note of what the server says of itself.
fn note(wire: &mut Wire, tag: u8, body: &[u8]) -> Result<(), ConnectError> {
    if tag != b'K' {
        wire.note(tag, body);
        return Ok(());
    }
    match parse(RawFrame { tag, body }) {
        Ok(Some(Message::BackendKeyData(key))) => {
            wire.info.pid = key.process_id();
            Ok(())
        }
        Ok(_) | Err(_) => Err(ConnectError::Protocol("a broken BackendKeyData".to_owned())),
    }
}

/// Sends the startup message (PostgreSQL manual, "Start-up").
pub(super) async fn send_startup(
    wire: &mut Wire,
    config: &ConnectConfig,
    purpose: Purpose,
    settings: &[(&str, &str)],
) -> Result<(), ConnectError> {
    let options = config.session_options(settings);
    let mut parameters = vec![
        ("user", config.user()),
        ("database", config.dbname()),
        ("client_encoding", config.client_encoding()),
    ];
    if purpose == Purpose::Replication {
        parameters.push(("replication", "database"));
    }
    if !config.application_name().is_empty() {
        parameters.push(("application_name", config.application_name()));
    }
    if !options.is_empty() {
        parameters.push(("options", &options));
    }
    let mut message = BytesMut::new();
    frontend::startup_message(parameters, &mut message).map_err(ConnectError::Io)?;
    wire.send(&message).await.map_err(ConnectError::Io)
}

/// How long a server that is not wanted may take to close.
const FAREWELL: std::time::Duration = std::time::Duration::from_millis(100);
