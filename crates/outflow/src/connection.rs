//! From the configuration to a connection to PostgreSQL.

use std::sync::Arc;

use outflow_replication_slot::connect::{
    self, ConnectConfig, ConnectError, Environment, PasswordSource, ReceiveBuffer,
};
use tokio_postgres::Client;

use crate::config::{self, Config};
use crate::exit::Failure;

/// Makes what is needed to connect: the url, or the PG* environment, and the password beside it,
/// which is read again at each connection.
///
/// # Errors
/// [`Failure`] with [`Exit::Config`](crate::exit::Exit::Config) where the url can't be used.
pub(crate) fn connect_config(config: &Config) -> Result<ConnectConfig, Failure> {
    let postgres = &config.postgres;
    let variable = |name: &str| std::env::var(name).ok();
    let environment = Environment::with_variables(&variable);
    let mut connect = ConnectConfig::resolve(&postgres.connection, &environment)
        .map_err(|e| {
            Failure::new(crate::exit::Exit::Config, "postgres.url cannot be used").because(e)
        })?
        .with_application_name(&config.name)
        .with_tcp_user_timeout(postgres.wal_sender_timeout)
        .with_receive_buffer(match postgres.receive_buffer {
            config::ReceiveBuffer::Auto => ReceiveBuffer::Auto,
            config::ReceiveBuffer::Bytes(bytes) => ReceiveBuffer::Bytes(bytes),
        });
    if let Some(secret) = postgres.password.clone() {
        let read = move || secret.read().map_err(|error| chain(&error));
        connect = connect.with_password(PasswordSource::Read(Arc::new(read)));
    }
    Ok(connect)
}

/// Connects for ordinary SQL.
///
/// # Errors
/// [`ConnectError`], as the connection layer sorts it.
///
/// # Cancel safety
/// Cancelling it closes the connection.
pub(crate) async fn sql(connect: &ConnectConfig) -> Result<Client, ConnectError> {
    connect::sql(connect).await
}

/// Joins an error and its sources.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(below) = source {
        text.push_str(&format!(": {below}"));
        source = below.source();
    }
    text
}
