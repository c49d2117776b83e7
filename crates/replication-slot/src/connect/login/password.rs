//! The answers to what a server asks for (PostgreSQL manual, "Authentication Methods").

use std::io;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;
use secrecy::{ExposeSecret, SecretString};

use super::receive;
use crate::connect::wire::parse;
use crate::connect::{ConnectConfig, ConnectError, Wire};
use crate::excerpt::Excerpt;
use crate::wire::RawFrame;

/// Answers one authentication request.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum holds all backend messages and is open; all others are refused"
)]
pub(super) async fn answer(
    wire: &mut Wire,
    config: &ConnectConfig,
    body: &[u8],
) -> Result<(), ConnectError> {
    match request(body)? {
        Message::AuthenticationOk => {
            wire.is_logged_in = true;
            Ok(())
        }
        Message::AuthenticationCleartextPassword => {
            let password = config.password(&wire.info.host)?;
            send_password(wire, password.expose_secret().as_bytes()).await
        }
        Message::AuthenticationMd5Password(body) => {
            let password = config.password(&wire.info.host)?;
            let secret = password.expose_secret().as_bytes();
            let hash = md5_hash(config.user().as_bytes(), secret, body.salt());
            send_password(wire, hash.as_bytes()).await
        }
        Message::AuthenticationSasl(body) => {
            choose_mechanism(&body)?;
            let password = config.password(&wire.info.host)?;
            scram(wire, &password, config.user()).await
        }
        other => Err(refusal(&other)),
    }
}

/// Reads the request.
fn request(body: &[u8]) -> Result<Message, ConnectError> {
    let frame = RawFrame { tag: b'R', body };
    let broken = || {
        let excerpt = Excerpt::of_frame(frame, CODE_BYTES);
        ConnectError::Protocol(format!("a broken authentication request ({excerpt})"))
    };
    let message = parse(frame).map_err(|_| broken())?;
    message.ok_or_else(broken)
}

/// Names a method that is not there.
fn refusal(message: &Message) -> ConnectError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the enum holds all backend messages and is open"
    )]
    let method = match message {
        Message::AuthenticationGss => "GSSAPI",
        Message::AuthenticationKerberosV5 => "Kerberos V5",
        Message::AuthenticationSspi => "SSPI",
        Message::AuthenticationScmCredential => "SCM credential",
        _ => return ConnectError::Protocol("an authentication message out of place".to_owned()),
    };
    ConnectError::Method {
        method: method.to_owned(),
    }
}

/// Makes sure that the server has SCRAM-SHA-256.
fn choose_mechanism(body: &AuthenticationSaslBody) -> Result<(), ConnectError> {
    let names = body
        .mechanisms()
        .map(|name| Ok(name.to_owned()))
        .collect::<Vec<_>>();
    let broken = |_| ConnectError::Protocol("a broken list of SASL mechanisms".to_owned());
    let names = names.map_err(broken)?;
    match names.iter().any(|name| name == SCRAM_SHA_256) {
        true => Ok(()),
        false => Err(ConnectError::Method {
            method: names.join(", "),
        }),
    }
}

/// Sends a password message.
async fn send_password(wire: &mut Wire, password: &[u8]) -> Result<(), ConnectError> {
    let mut message = BytesMut::new();
    frontend::password_message(password, &mut message).map_err(ConnectError::Io)?;
    wire.send(&message).await.map_err(ConnectError::Io)
}

/// Proves the password by SCRAM-SHA-256, and has the server prove that it knows it too.
///
/// The client says "n", that it has no channel binding; "y" would claim that it has one and the
/// server does not.
async fn scram(wire: &mut Wire, password: &SecretString, user: &str) -> Result<(), ConnectError> {
    let broken = |error: io::Error| ConnectError::Protocol(format!("SCRAM: {error}"));
    let out_of_place = || ConnectError::Protocol("SCRAM was broken off".to_owned());
    let secret = password.expose_secret().as_bytes();
    let mut scram = ScramSha256::new(secret, ChannelBinding::unsupported());

    let mut message = BytesMut::new();
    frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut message)
        .map_err(ConnectError::Io)?;
    wire.send(&message).await.map_err(ConnectError::Io)?;

    let Message::AuthenticationSaslContinue(body) = next_request(wire).await? else {
        return Err(out_of_place());
    };
    scram.update(body.data()).map_err(broken)?;
    message.clear();
    frontend::sasl_response(scram.message(), &mut message).map_err(ConnectError::Io)?;
    wire.send(&message).await.map_err(ConnectError::Io)?;

    let Message::AuthenticationSaslFinal(body) = next_request(wire).await? else {
        return Err(out_of_place());
    };
    let unproved = |_| ConnectError::ServerProof {
        user: user.to_owned(),
    };
    scram.finish(body.data()).map_err(unproved)
}

/// Receives the next authentication request.
async fn next_request(wire: &mut Wire) -> Result<Message, ConnectError> {
    loop {
        let (tag, body) = receive(wire).await?;
        match tag {
            b'R' => return request(&body),
            b'N' => wire.note(tag, &body),
            _ => return Err(ConnectError::Protocol("SCRAM was broken off".to_owned())),
        }
    }
}

/// How much of a request tells what it asks for, in bytes.
const CODE_BYTES: usize = 4;
