//! A broker with every way in that Kafka has, and access lists.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Deref;

use anyhow::{Context as _, bail};

use super::Broker;
use crate::must::must;

/// How to start a [`SecuredBroker`].
#[derive(Clone, Debug)]
pub struct Security {
    /// The broker's certificate and the authorities above it, in PEM.
    pub certificate: String,
    /// Its key, PKCS#8 in PEM.
    pub key: String,
    /// The authority that clients' certificates are signed by, in PEM.
    pub client_authority: String,
    /// Users with their passwords, for PLAIN and SCRAM.
    pub users: Vec<(String, String)>,
}

/// A broker with listeners of every kind on `localhost`; nobody may do anything but by an access list.
///
/// Its plain listener, which the harness itself uses, is the administrator's.
#[derive(Debug)]
pub struct SecuredBroker {
    /// The broker.
    broker: Broker,
}

/// A listener of a [`SecuredBroker`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// TLS, with client certificates.
    Ssl,
    /// A login without TLS.
    SaslPlaintext,
    /// A login within TLS.
    SaslSsl,
}

impl Deref for SecuredBroker {
    type Target = Broker;

    fn deref(&self) -> &Broker {
        &self.broker
    }
}

impl SecuredBroker {
    /// Starts one.
    #[must_use]
    pub fn start(security: &Security) -> Self {
        let settings = settings(security);
        let settings: Vec<(&str, &str)> = settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let mut format = Vec::new();
        for (user, password) in &security.users {
            for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
                format.push("--add-scram".to_owned());
                format.push(format!("{mechanism}=[name={user},password={password}]"));
            }
        }
        let names = [Listener::Ssl, Listener::SaslPlaintext, Listener::SaslSsl].map(Listener::name);
        Self {
            broker: must(Broker::listening(&settings, &names, &format)),
        }
    }

    /// The port of a listener.
    #[must_use]
    pub fn port(&self, listener: Listener) -> u16 {
        must(
            self.broker
                .server
                .as_ref()
                .and_then(|server| server.port_of(listener.name()))
                .context("this broker has no such listener"),
        )
    }

    /// Allows an operation on a topic or (with none) the cluster.
    #[track_caller]
    pub fn allow(&self, principal: &str, operation: Operation, topic: Option<&str>) {
        must(
            self.create_acl(principal, operation, topic)
                .context("cannot allow it"),
        );
    }

    /// Sends CreateAcls, version 1: no client at hand knows how to.
    fn create_acl(
        &self,
        principal: &str,
        operation: Operation,
        topic: Option<&str>,
    ) -> anyhow::Result<()> {
        let mut body = Vec::new();
        body.extend(30_i16.to_be_bytes());
        body.extend(1_i16.to_be_bytes());
        body.extend(7_i32.to_be_bytes());
        text(&mut body, "harness")?;
        body.extend(1_i32.to_be_bytes());
        let (kind, name) = topic.map_or((4, "kafka-cluster"), |topic| (2, topic));
        body.push(kind);
        text(&mut body, name)?;
        // Literal pattern, any host, allowed.
        body.push(3);
        text(&mut body, principal)?;
        text(&mut body, "*")?;
        body.push(operation.number());
        body.push(3);
        let mut stream = TcpStream::connect(self.broker.bootstrap())?;
        stream.write_all(&i32::try_from(body.len())?.to_be_bytes())?;
        stream.write_all(&body)?;
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length))?];
        stream.read_exact(&mut answer)?;
        // The correlation, the throttling, the number of results, and the first one's code.
        match answer.get(12..14) {
            Some([0, 0]) => Ok(()),
            other => bail!("the broker answers {other:?}: {answer:?}"),
        }
    }
}

/// What an access list allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// To write records.
    Write,
    /// To make the topic.
    Create,
    /// To see that the topic is there.
    Describe,
    /// To have a producer id.
    IdempotentWrite,
}

impl Operation {
    /// Its number in the protocol.
    const fn number(self) -> u8 {
        match self {
            Self::Write => 4,
            Self::Create => 5,
            Self::Describe => 8,
            Self::IdempotentWrite => 12,
        }
    }
}

impl Listener {
    /// Its name in the broker's settings.
    const fn name(self) -> &'static str {
        match self {
            Self::Ssl => "TLS",
            Self::SaslPlaintext => "LOGIN",
            Self::SaslSsl => "TLSLOGIN",
        }
    }
}

/// Writes a text of the protocol.
fn text(body: &mut Vec<u8>, text: &str) -> anyhow::Result<()> {
    body.extend(i16::try_from(text.len())?.to_be_bytes());
    body.extend(text.as_bytes());
    Ok(())
}

/// The broker's settings.
fn settings(security: &Security) -> Vec<(String, String)> {
    let pem = |text: &str| text.trim().replace('\n', "\\n");
    let users: String = security
        .users
        .iter()
        .map(|(user, password)| format!(" user_{user}=\"{password}\""))
        .collect();
    let mut settings = vec![
        (
            "listener.security.protocol.map",
            "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,LOGIN:SASL_PLAINTEXT,TLSLOGIN:SASL_SSL".to_owned(),
        ),
        ("ssl.keystore.type", "PEM".to_owned()),
        ("ssl.keystore.certificate.chain", pem(&security.certificate)),
        ("ssl.keystore.key", pem(&security.key)),
        ("ssl.truststore.type", "PEM".to_owned()),
        ("ssl.truststore.certificates", pem(&security.client_authority)),
        ("listener.name.tls.ssl.client.auth", "required".to_owned()),
        (
            "sasl.enabled.mechanisms",
            "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512".to_owned(),
        ),
        (
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
        ),
        ("super.users", "User:ANONYMOUS".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect::<Vec<_>>();
    for listener in ["login", "tlslogin"] {
        for (mechanism, module, rest) in [
            ("plain", "plain.PlainLoginModule", users.as_str()),
            ("scram-sha-256", "scram.ScramLoginModule", ""),
            ("scram-sha-512", "scram.ScramLoginModule", ""),
        ] {
            settings.push((
                format!("listener.name.{listener}.{mechanism}.sasl.jaas.config"),
                format!("org.apache.kafka.common.security.{module} required{rest};"),
            ));
        }
    }
    settings
}
