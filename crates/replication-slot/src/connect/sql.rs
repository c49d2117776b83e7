//! Ordinary SQL, through `tokio_postgres` over our own socket.

use secrecy::ExposeSecret;
use tokio_postgres::{Client, Config, NoTls};

use crate::connect::{ConnectConfig, ConnectError, ServerError, open};

/// Connects for ordinary SQL. The connection ends when the client is dropped.
///
/// # Errors
/// [`ConnectError`], with the server's own words where it refuses.
///
/// # Cancel safety
/// Cancelling it closes the connection.
pub async fn sql(config: &ConnectConfig) -> Result<Client, ConnectError> {
    let opened = open(config).await?;
    let mut login = Config::new();
    login
        .user(config.user())
        .dbname(config.dbname())
        .application_name(config.application_name());
    let options = config.session_options(&[]);
    if !options.is_empty() {
        login.options(&options);
    }
    match config.password(&opened.host) {
        Ok(password) => {
            login.password(password.expose_secret());
        }
        // The server may want none; if it does, it says so.
        Err(ConnectError::PasswordMissing { .. }) => {}
        Err(unreadable) => return Err(unreadable),
    }
    let (client, connection) = login
        .connect_raw(opened.stream, NoTls)
        .await
        .map_err(|error| refused(config, error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "an SQL connection ended");
        }
    });
    Ok(client)
}

/// Sorts the library's error.
fn refused(config: &ConnectConfig, error: tokio_postgres::Error) -> ConnectError {
    match error.as_db_error() {
        Some(server) => ConnectError::Server(ServerError::from(server)),
        None if error.to_string().contains("password missing") => ConnectError::PasswordMissing {
            user: config.user().to_owned(),
        },
        None => ConnectError::Sql(error),
    }
}
