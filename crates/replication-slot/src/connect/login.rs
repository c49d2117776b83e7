//! The startup message and the login.

use std::io;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use secrecy::{ExposeSecret, SecretString};

use crate::connect::wire::parse;
use crate::connect::{ConnectConfig, ConnectError, Opened, ServerError, Wire, WireFailure};
use crate::wire::RawFrame;

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Logical replication: a walsender that also takes ordinary SQL.
    Replication,
    /// Ordinary SQL.
    Sql,
}

/// Logs in; `settings` are sent as `-c name=value` with the session.
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
    let mut wire = Wire::new(opened.stream);
    send_startup(&mut wire, config, purpose, settings).await?;
    let user = config.user();
    loop {
        let (tag, body) = wire.receive().await.map_err(broken)?;
        if tag == b'E' {
            return Err(ConnectError::Server(ServerError::parse(&body)));
        }
        let message = parse(RawFrame { tag, body: &body });
        let message = message.map_err(|error| ConnectError::Protocol(error.to_string()))?;
        match message {
            Some(Message::AuthenticationCleartextPassword) => {
                let password = config.password(&opened.host)?;
                send_password(&mut wire, password.expose_secret().as_bytes()).await?;
            }
            Some(Message::AuthenticationMd5Password(body)) => {
                let password = config.password(&opened.host)?;
                let secret = password.expose_secret().as_bytes();
                let hash = md5_hash(user.as_bytes(), secret, body.salt());
                send_password(&mut wire, hash.as_bytes()).await?;
            }
            Some(Message::AuthenticationSasl(body)) => {
                let mechanisms: Vec<String> = body
                    .mechanisms()
                    .map(|name| Ok(name.to_owned()))
                    .collect()
                    .map_err(|error| ConnectError::Protocol(error.to_string()))?;
                if !mechanisms.iter().any(|name| name == SCRAM_SHA_256) {
                    return Err(ConnectError::Method {
                        method: mechanisms.join(", "),
                    });
                }
                let password = config.password(&opened.host)?;
                scram(&mut wire, &password, user).await?;
            }
            Some(Message::AuthenticationGss | Message::AuthenticationKerberosV5) => {
                return Err(ConnectError::Method {
                    method: "GSSAPI".to_owned(),
                });
            }
            Some(Message::AuthenticationSspi) => {
                return Err(ConnectError::Method {
                    method: "SSPI".to_owned(),
                });
            }
            Some(Message::ReadyForQuery(_)) => return Ok(wire),
            Some(_) | None => {}
        }
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
        ("application_name", config.application_name()),
        ("client_encoding", config.client_encoding()),
    ];
    if purpose == Purpose::Replication {
        parameters.push(("replication", "database"));
    }
    if !options.is_empty() {
        parameters.push(("options", &options));
    }
    let mut message = BytesMut::new();
    frontend::startup_message(parameters, &mut message).map_err(ConnectError::Io)?;
    wire.send(&message).await.map_err(ConnectError::Io)
}

/// Sends a password message.
async fn send_password(wire: &mut Wire, password: &[u8]) -> Result<(), ConnectError> {
    let mut message = BytesMut::new();
    frontend::password_message(password, &mut message).map_err(ConnectError::Io)?;
    wire.send(&message).await.map_err(ConnectError::Io)
}

/// Proves the password by SCRAM-SHA-256 without channel binding, and has the server prove itself.
async fn scram(wire: &mut Wire, password: &SecretString, user: &str) -> Result<(), ConnectError> {
    let secret = password.expose_secret().as_bytes();
    let mut scram = ScramSha256::new(secret, ChannelBinding::unsupported());
    let mut message = BytesMut::new();
    frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut message)
        .map_err(ConnectError::Io)?;
    wire.send(&message).await.map_err(ConnectError::Io)?;
    let refuse = |error: io::Error| ConnectError::Protocol(format!("SCRAM: {error}"));
    loop {
        let (tag, body) = wire.receive().await.map_err(broken)?;
        if tag == b'E' {
            return Err(ConnectError::Server(ServerError::parse(&body)));
        }
        match parse(RawFrame { tag, body: &body }).map_err(refuse)? {
            Some(Message::AuthenticationSaslContinue(body)) => {
                scram.update(body.data()).map_err(refuse)?;
                let mut message = BytesMut::new();
                frontend::sasl_response(scram.message(), &mut message).map_err(ConnectError::Io)?;
                wire.send(&message).await.map_err(ConnectError::Io)?;
            }
            Some(Message::AuthenticationSaslFinal(body)) => {
                let proof = scram.finish(body.data());
                let user = user.to_owned();
                return proof.map_err(|_| ConnectError::ServerProof { user });
            }
            Some(_) | None => {
                return Err(ConnectError::Protocol("SCRAM was broken off".to_owned()));
            }
        }
    }
}

/// Sorts a failure of the connection.
fn broken(failure: WireFailure) -> ConnectError {
    match failure {
        WireFailure::Server(error) => ConnectError::Server(error),
        WireFailure::Io(error) => ConnectError::Io(error),
        WireFailure::Protocol(text) => ConnectError::Protocol(text),
    }
}
