//! The answers to what a server asks for (PostgreSQL manual, "Authentication Methods").

use std::io;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;
use secrecy::{ExposeSecret, SecretString};

use super::receive;
use crate::connect::config::{self, Method};
use crate::connect::wire::{Proof, parse};
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
            if wire.proof == Proof::None {
                allow(config, Method::None)?;
            }
            if config.channel_binding == config::ChannelBinding::Require
                && wire.proof != Proof::Bound
            {
                let reason = "the server lets us in without it";
                return Err(unbound(reason));
            }
            wire.is_logged_in = true;
            Ok(())
        }
        Message::AuthenticationCleartextPassword => {
            let password = password(wire, config, Method::Password)?;
            send_password(wire, password.expose_secret().as_bytes()).await
        }
        Message::AuthenticationMd5Password(body) => {
            let password = password(wire, config, Method::Md5)?;
            let secret = password.expose_secret().as_bytes();
            let hash = md5_hash(config.user().as_bytes(), secret, body.salt());
            send_password(wire, hash.as_bytes()).await
        }
        Message::AuthenticationSasl(body) => {
            allow(config, Method::Scram)?;
            let (mechanism, binding) = choose_mechanism(wire, config, &body)?;
            let password = config.password(&wire.info.host)?;
            scram(wire, &password, config.user(), mechanism, binding).await?;
            wire.proof = match mechanism {
                SCRAM_SHA_256_PLUS => Proof::Bound,
                _ => Proof::Password,
            };
            Ok(())
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

/// Gives the password to a server that asks for it in a way without channel binding.
fn password(
    wire: &mut Wire,
    config: &ConnectConfig,
    method: Method,
) -> Result<SecretString, ConnectError> {
    allow(config, method)?;
    if config.channel_binding == config::ChannelBinding::Require {
        return Err(unbound(&format!(
            "the server asks for {}, not scram-sha-256",
            method.as_str()
        )));
    }
    wire.proof = Proof::Password;
    config.password(&wire.info.host)
}

/// Makes sure that `require_auth` allows a method.
fn allow(config: &ConnectConfig, method: Method) -> Result<(), ConnectError> {
    match config.methods.allow(method) {
        true => Ok(()),
        false => Err(ConnectError::MethodRuledOut {
            user: config.user().to_owned(),
            method: method.as_str(),
        }),
    }
}

/// Makes the error of a login that is not bound to its channel.
fn unbound(reason: &str) -> ConnectError {
    ConnectError::ChannelBinding {
        reason: reason.to_owned(),
    }
}

/// Chooses the mechanism: SCRAM-SHA-256-PLUS where both sides can and want it.
///
/// Without it the client says either "y", that it could and the server offers none, by which the
/// server notices somebody in the middle who took the offer away; or "n", that it can't.
fn choose_mechanism(
    wire: &Wire,
    config: &ConnectConfig,
    body: &AuthenticationSaslBody,
) -> Result<(&'static str, ChannelBinding), ConnectError> {
    let names = body
        .mechanisms()
        .map(|name| Ok(name.to_owned()))
        .collect::<Vec<_>>();
    let broken = |_| ConnectError::Protocol("a broken list of SASL mechanisms".to_owned());
    let names = names.map_err(broken)?;
    let offers = |mechanism: &str| names.iter().any(|name| name == mechanism);
    let wanted = config.channel_binding;
    let end_point = match wanted {
        config::ChannelBinding::Disable => None,
        config::ChannelBinding::Prefer | config::ChannelBinding::Require => wire.end_point(),
    };
    match end_point {
        Some(end_point) if offers(SCRAM_SHA_256_PLUS) => Ok((
            SCRAM_SHA_256_PLUS,
            ChannelBinding::tls_server_end_point(end_point),
        )),
        end_point if wanted == config::ChannelBinding::Require => {
            Err(unbound(match (wire.info.is_encrypted(), end_point) {
                (false, _) => "the connection is without TLS",
                (true, None) => "the server's certificate has a signature that allows none",
                (true, Some(_)) => "the server does not offer it",
            }))
        }
        Some(_) if offers(SCRAM_SHA_256) => Ok((SCRAM_SHA_256, ChannelBinding::unrequested())),
        None if offers(SCRAM_SHA_256) => Ok((SCRAM_SHA_256, ChannelBinding::unsupported())),
        Some(_) | None => Err(ConnectError::Method {
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
async fn scram(
    wire: &mut Wire,
    password: &SecretString,
    user: &str,
    mechanism: &str,
    binding: ChannelBinding,
) -> Result<(), ConnectError> {
    let broken = |error: io::Error| ConnectError::Protocol(format!("SCRAM: {error}"));
    let out_of_place = || ConnectError::Protocol("SCRAM was broken off".to_owned());
    let secret = password.expose_secret().as_bytes();
    let mut scram = ScramSha256::new(secret, binding);

    let mut message = BytesMut::new();
    frontend::sasl_initial_response(mechanism, scram.message(), &mut message)
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
