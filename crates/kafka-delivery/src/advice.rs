//! What a failure of security means: which setting it is about, and a command that mends it.
//!
//! librdkafka has few codes for it and much text, so the text is looked at. What is not known is
//! passed on as it is. Nothing here holds or shows a secret.

use rdkafka::error::RDKafkaErrorCode as Code;

use crate::config::ProducerConfig;

/// Knows what is configured, as far as advice needs it.
#[derive(Clone, Debug)]
pub(crate) struct Advisor {
    /// The brokers, as `--bootstrap-server` takes them.
    brokers: String,
    /// Who we are to Kafka, as far as that is known.
    principal: String,
    /// The SASL mechanism, if there is one.
    mechanism: Option<String>,
    /// Whether missing topics are created.
    creates: bool,
}

/// What is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    /// What is wrong, with the setting that it is about.
    pub(crate) text: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

/// What was being done with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It was looked at.
    Look,
    /// It was created.
    Create,
    /// A record was written to it.
    Write,
}

impl Advisor {
    /// Reads a configuration.
    pub(crate) fn new(config: &ProducerConfig) -> Self {
        let mechanism = config.property("sasl.mechanism").map(str::to_uppercase);
        let user = config
            .property("sasl.username")
            .filter(|_| mechanism.is_some());
        Self {
            brokers: config.brokers.join(","),
            principal: user.unwrap_or("<principal>").to_owned(),
            mechanism,
            creates: config.topics.create,
        }
    }

    /// Explains why a broker could not be reached.
    pub(crate) fn connection(&self, text: &str) -> Advice {
        let known = CONNECTION
            .iter()
            .find(|known| known.marks.iter().any(|mark| text.contains(mark)));
        let (settings, hint) = match known.map(|known| known.about) {
            None => return self.plain(text),
            Some(About::Login) => self.login(),
            Some(About::Text(settings, hint)) => (settings, hint.to_owned()),
            Some(About::Certificate) => (CERTIFICATE, self.look_at_certificate(text)),
        };
        // librdkafka's own words may name it already.
        Advice {
            text: format!("{text} (see {settings})"),
            hint: Some(hint),
        }
    }

    /// Explains why a broker closed a connection instead of its first answer.
    pub(crate) fn first_answer(&self, text: &str) -> Advice {
        Advice {
            text: format!("{text} (see {PROTOCOL})"),
            hint: Some(PROTOCOL_HINT.to_owned()),
        }
    }

    /// Says who was asked, for a refusal that does not.
    pub(crate) fn at(&self, code: Code) -> String {
        format!("{code}, at {}", self.brokers)
    }

    /// Explains why a topic could not be used.
    pub(crate) fn topic(&self, code: Code, topic: &str, doing: Doing) -> Option<String> {
        let operations: &[&str] = match (code, doing) {
            (Code::TopicAuthorizationFailed, Doing::Look) if self.creates => {
                &["Describe", "Write", "Create"]
            }
            (Code::TopicAuthorizationFailed, Doing::Look) => &["Describe", "Write"],
            (Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed, Doing::Create) => {
                &["Create"]
            }
            (Code::TopicAuthorizationFailed, Doing::Write) => &["Write"],
            (Code::ClusterAuthorizationFailed, _) => return Some(self.idempotent()),
            _ => return None,
        };
        Some(self.acl(operations, &format!("--topic {}", quoted(topic))))
    }

    /// Explains why the producer as a whole was refused.
    pub(crate) fn producer(&self, code: Code) -> Option<String> {
        (code == Code::ClusterAuthorizationFailed).then(|| self.idempotent())
    }

    /// Allows an idempotent producer.
    fn idempotent(&self) -> String {
        let acl = self.acl(&["IdempotentWrite"], "--cluster");
        format!("{acl} (from Kafka 3.0 on, Write on any topic includes it)")
    }

    /// Writes the command that allows something.
    fn acl(&self, operations: &[&str], resource: &str) -> String {
        let operations: String = operations
            .iter()
            .map(|o| format!(" --operation {o}"))
            .collect();
        format!(
            "kafka-acls.sh --bootstrap-server {} --add --allow-principal {}{operations} {resource}",
            self.brokers,
            quoted(&format!("User:{}", self.principal))
        )
    }

    /// Says what a login depends on.
    fn login(&self) -> (&'static str, String) {
        match self.mechanism.as_deref() {
            Some(mechanism @ ("SCRAM-SHA-256" | "SCRAM-SHA-512")) => (
                PASSWORD,
                format!(
                    "see which passwords the user has: kafka-configs.sh --bootstrap-server {} \
                     --describe --entity-type users --entity-name {}; {mechanism} must be among them",
                    self.brokers,
                    quoted(&self.principal)
                ),
            ),
            _ => (
                PASSWORD,
                "correct them; a password that is { file = \"..\" } is read again at every attempt"
                    .to_owned(),
            ),
        }
    }

    /// Writes the command that shows what a broker's certificate is.
    fn look_at_certificate(&self, text: &str) -> String {
        let broker = broker_of(text).unwrap_or(&self.brokers);
        let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
        format!(
            "see who signed it, and for which names: openssl s_client -connect {broker} \
             -CAfile CA.pem -verify_hostname {host} </dev/null"
        )
    }

    /// Passes a text on.
    fn plain(&self, text: &str) -> Advice {
        Advice {
            text: text.to_owned(),
            hint: None,
        }
    }
}

/// A text of librdkafka, and what it is about.
struct Known {
    /// Any of these is in it.
    marks: &'static [&'static str],
    /// What that means.
    about: About,
}

/// What a text is about.
#[derive(Clone, Copy)]
enum About {
    /// The password.
    Login,
    /// The broker's certificate.
    Certificate,
    /// Some settings, and what to do about them.
    Text(&'static str, &'static str),
}

/// Finds the broker's address in a text such as `sasl_ssl://b:9093/1: ..`.
fn broker_of(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let (broker, _) = rest.split_once('/')?;
    Some(broker)
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// What a password is.
const PASSWORD: &str = "kafka.properties.\"sasl.username\" and \"sasl.password\"";
/// What trust in a broker depends on.
const CERTIFICATE: &str = "kafka.properties.\"ssl.ca.location\" for its authority, and \
    \"ssl.endpoint.identification.algorithm\" for its name";

/// What a listener wants.
const PROTOCOL: &str = "kafka.properties.\"security.protocol\"";
/// What to do where it wants something else.
const PROTOCOL_HINT: &str = "set it to what the listener has: PLAINTEXT, SSL, SASL_PLAINTEXT or \
    SASL_SSL; listener.security.protocol.map in the broker's server.properties says which";

/// The texts that are known, the more special ones first.
const CONNECTION: &[Known] = &[
    Known {
        marks: &["mechanism handshake failed"],
        about: About::Text(
            "kafka.properties.\"sasl.mechanism\"",
            "set it to one that the broker supports on this listener",
        ),
    },
    Known {
        marks: &["SASL authentication error", "authentication failed"],
        about: About::Login,
    },
    Known {
        marks: &[
            "certificate verify failed",
            "certificate could not be verified",
        ],
        about: About::Certificate,
    },
    Known {
        marks: &[
            "client SSL authentication might be required",
            "certificate required",
            "bad certificate",
            "alert number",
        ],
        about: About::Text(
            "kafka.properties.\"ssl.certificate.location\" and \"ssl.key.location\"",
            "the broker wants a certificate of ours that an authority of its truststore has signed: \
             set both, to files in PEM",
        ),
    },
    Known {
        marks: &[
            "SSL handshake failed",
            "ApiVersion",
            "require SASL authentication",
        ],
        about: About::Text(PROTOCOL, PROTOCOL_HINT),
    },
];

#[cfg(test)]
mod tests;
