//! Ordinary SQL, through `tokio_postgres` over our own socket.

use std::error::Error;
use std::io;

use secrecy::ExposeSecret;
use tokio::time::timeout_at;
use tokio_postgres::{Client, Config, NoTls};

use crate::connect::guard::Guarded;
use crate::connect::route::Route;
use crate::connect::{ConnectConfig, ConnectError, Opened, ReceiveBuffer, ServerError};
use crate::wire::WireError;

/// Connects for ordinary SQL, by the same rules as [`establish`].
///
/// The connection's task runs on the current runtime and ends when the client is dropped.
///
/// # Errors
/// [`ConnectError`], with the server's own words where it refuses.
///
/// # Cancel safety
/// Cancelling it closes the connection.
///
/// [`establish`]: crate::connect::establish
pub async fn sql(config: &ConnectConfig) -> Result<Client, ConnectError> {
    let config = config.clone().with_receive_buffer(ReceiveBuffer::System);
    let mut route = Route::new(&config);
    while let Some(opened) = route.next().await {
        match log_in(opened, &config).await {
            Ok(client) => return Ok(client),
            Err(error) => route.failed(error)?,
        }
    }
    Err(route.into_error())
}

/// Logs in over a connection.
async fn log_in(opened: Opened, config: &ConnectConfig) -> Result<Client, ConnectError> {
    let mut login = Config::new();
    login.user(config.user()).dbname(config.dbname());
    if !config.application_name().is_empty() {
        login.application_name(config.application_name());
    }
    let options = config.session_options(&[]);
    if !options.is_empty() {
        login.options(&options);
    }
    // The server may want no password, so one that is missing is an error only if it does.
    let mut missing = None;
    match config.password(&opened.host) {
        Ok(password) => {
            login.password(password.expose_secret());
        }
        Err(error) => missing = Some(error),
    }
    let (deadline, address) = (opened.deadline, opened.host.to_string());
    let attempt = login.connect_raw(Guarded::new(opened.stream), NoTls);
    let connected = match deadline {
        None => attempt.await,
        Some(deadline) => {
            let patience = config.connect_timeout.unwrap_or_default();
            let timed_out = |_| ConnectError::TimedOut { address, patience };
            timeout_at(deadline, attempt).await.map_err(timed_out)?
        }
    };
    let (client, connection) = connected.map_err(|error| sort(config, error, missing))?;
    let _detached = tokio::spawn(async move {
        let Err(error) = connection.await else {
            return;
        };
        match nonsense(&error) {
            // Whoever waits for an answer is only told that the connection is closed.
            Some(nonsense) => tracing::warn!(error = %nonsense, "an answer is not PostgreSQL's"),
            None => tracing::debug!(error = %error, "an SQL connection broke"),
        }
    });
    Ok(client)
}

/// Sorts the library's error; it says some things in text alone.
fn sort(
    config: &ConnectConfig,
    error: tokio_postgres::Error,
    missing: Option<ConnectError>,
) -> ConnectError {
    if let Some(server) = error.as_db_error() {
        return ConnectError::Server(ServerError::from(server));
    }
    if let Some(nonsense) = nonsense(&error) {
        return ConnectError::Protocol(nonsense.to_string());
    }
    if error.is_closed() {
        return ConnectError::Io(io::ErrorKind::UnexpectedEof.into());
    }
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    let is_about_login = error.to_string().starts_with("authentication error");
    let method = |name: &str| ConnectError::Method {
        method: name.to_owned(),
    };
    match (cause.as_str(), missing) {
        ("password missing", Some(missing)) => return missing,
        ("unsupported authentication method", _) => return method("GSSAPI or SSPI"),
        ("unsupported SASL mechanism", _) => return method("SASL"),
        ("SCRAM verification error", _) => {
            return ConnectError::ServerProof {
                user: config.user().to_owned(),
            };
        }
        _ if is_about_login => return ConnectError::Protocol(cause),
        _ => {}
    }
    let socket = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    match socket.map(io::Error::kind) {
        Some(kind) => ConnectError::Io(io::Error::new(kind, error)),
        None => ConnectError::Sql(error),
    }
}

/// Finds what the guard of the stream has to say.
fn nonsense(error: &tokio_postgres::Error) -> Option<&WireError> {
    let socket = error.source()?.downcast_ref::<io::Error>()?;
    socket.get_ref()?.downcast_ref()
}
