//! From the configuration to a connection to PostgreSQL.

use std::sync::Arc;

use outflow_replication_slot::connect::{
    self, ConnInfo, ConnInfoError, ConnectConfig, ConnectError, Environment, PasswordSource,
    ReceiveBuffer,
};
use tokio_postgres::Client;

use crate::config::{self, Config};
use crate::exit::{Exit, Failure};

/// Makes what is needed to connect: the url, or the PG* environment, and the password beside it,
/// which is read again at each connection.
///
/// # Errors
/// [`Failure`] with [`Exit::Config`] where the url can't be used.
pub(crate) fn connect_config(config: &Config) -> Result<ConnectConfig, Failure> {
    let postgres = &config.postgres;
    let variable = |name: &str| std::env::var(name).ok();
    let environment = Environment::with_variables(&variable);
    let mut connect = ConnectConfig::resolve(&postgres.connection, &environment)
        .map_err(|error| unusable(error, &postgres.connection, &variable))?
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

/// Says that a parameter can't be used, and where it was set: in the url or what stands beside it,
/// or in PG* variables.
pub(crate) fn unusable(
    error: ConnInfoError,
    info: &ConnInfo,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Failure {
    let named;
    let parameters = if let ConnInfoError::Invalid { name, .. }
    | ConnInfoError::Unsupported { name, .. } = &error
    {
        named = [*name];
        named.as_slice()
    } else if let ConnInfoError::Count { .. } = &error {
        &["host", "hostaddr", "port"]
    } else {
        TOGETHER
    };
    let set = |name: &String| variable(name).is_some_and(|value| !value.is_empty());
    let variables: Vec<String> = parameters
        .iter()
        .filter(|name| !info.is_set(name))
        .filter_map(|name| {
            // libpq's names: PGHOSTADDR, PGCONNECT_TIMEOUT, PGTARGETSESSIONATTRS; or it is one.
            let upper = name.to_uppercase();
            let (long, short) = (
                format!("PG{upper}"),
                format!("PG{}", upper.replace('_', "")),
            );
            [upper, long, short].into_iter().find(set)
        })
        .collect();
    let place = match variables.as_slice() {
        [] => "postgres.url".to_owned(),
        [variable] => format!("the environment variable {variable}"),
        variables => format!("the environment variables {}", variables.join(", ")),
    };
    Failure::new(Exit::Config, format!("{place} cannot be used")).because(error)
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

/// Parameters that can contradict each other, or name what is not there.
const TOGETHER: &[&str] = &[
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslcertmode",
    "channel_binding",
    "require_auth",
    "service",
    "servicefile",
];
