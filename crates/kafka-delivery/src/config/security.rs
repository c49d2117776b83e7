//! What of Kafka's security is supported, what contradicts itself, and where trust is found.

use std::env;

use super::ProducerConfig;
use super::property::{PropertyError, canonical};

/// Gives why a property is about something that is not supported, if it is.
pub(super) fn unsupported(name: &str, value: &str) -> Option<&'static str> {
    if name.starts_with("sasl.kerberos.") {
        return Some(GSSAPI);
    }
    if canonical(name) == MECHANISM && value.trim().eq_ignore_ascii_case("GSSAPI") {
        return Some(GSSAPI);
    }
    let is_oauth = canonical(name) == MECHANISM && value.trim().eq_ignore_ascii_case("OAUTHBEARER");
    if is_oauth || name.contains("sasl.oauthbearer.") || name.starts_with("https.ca.") {
        return Some(OAUTHBEARER);
    }
    None
}

/// Finds what can't be meant, where each property is right by itself.
pub(super) fn contradiction(config: &ProducerConfig) -> Option<PropertyError> {
    let given = |name: &str| {
        let given = |(set, _): &&(String, String)| canonical(set) == canonical(name);
        config.properties.iter().find(given)
    };
    let is = |name, value: &str| {
        given(name).is_some_and(|(_, set)| set.trim().eq_ignore_ascii_case(value))
    };
    let is_sasl = is(PROTOCOL, "SASL_SSL") || is(PROTOCOL, "SASL_PLAINTEXT");
    match (given(PROTOCOL), given(MECHANISM)) {
        (Some((name, _)), None) if is_sasl => Some(PropertyError::new(name, NO_MECHANISM)),
        (_, Some((name, _))) if !is_sasl => Some(PropertyError::new(name, NO_SASL)),
        _ => None,
    }
}

/// Says whether the system's certificates have to be looked for.
///
/// The OpenSSL that is built in has no place of its own for them. Where `SSL_CERT_FILE` or
/// `SSL_CERT_DIR` names one, it finds that by itself.
pub(super) fn is_probed(config: &ProducerConfig) -> bool {
    let named = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let tls = config
        .property(PROTOCOL)
        .is_some_and(|protocol| protocol.trim().to_ascii_uppercase().ends_with("SSL"));
    let chosen = ["ssl.ca.location", "ssl.ca.pem"]
        .into_iter()
        .any(|name| config.sets(name));
    tls && !chosen && !["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(named)
}

/// How a connection is secured.
const PROTOCOL: &str = "security.protocol";
/// How to log in.
const MECHANISM: &str = "sasl.mechanisms";

/// Why Kerberos is refused.
const GSSAPI: &str = "is for GSSAPI (Kerberos), which is not supported: it needs libraries of the \
    system that this program does without; PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and client \
    certificates are";
/// Why tokens are refused.
const OAUTHBEARER: &str = "is for OAUTHBEARER, which this version does not have yet; PLAIN, \
    SCRAM-SHA-256, SCRAM-SHA-512 and client certificates are supported";
/// What is said where nothing says how to log in.
const NO_MECHANISM: &str = "needs \"sasl.mechanism\" beside it: PLAIN, SCRAM-SHA-256 or \
    SCRAM-SHA-512";
/// What is said where a login would not take place.
const NO_SASL: &str = "has no effect unless \"security.protocol\" is SASL_SSL or SASL_PLAINTEXT";
