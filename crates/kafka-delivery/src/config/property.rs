//! Which librdkafka properties are outflow's own, and why; and what is wrong with the others.

use std::fmt;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

/// One property that is not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kafka.properties.\"{property}\": {reason}")]
pub struct PropertyError {
    /// The property's name as it was given.
    pub property: String,
    /// Why, in a sentence that does not repeat a value.
    pub reason: String,
}

impl PropertyError {
    /// Makes the error of a property.
    pub(super) fn new(property: &str, reason: impl fmt::Display) -> Self {
        Self {
            property: property.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Finds what is wrong with one property, looked at by itself.
pub(super) fn refusal(name: &str, value: &str) -> Option<PropertyError> {
    if let Some(reason) = owned(name) {
        return Some(PropertyError::new(name, reason));
    }
    if let Some(reason) = super::security::unsupported(name, value) {
        return Some(PropertyError::new(name, reason));
    }
    if CONSUMER.contains(&name) {
        return Some(PropertyError::new(
            name,
            "is a consumer's property; a producer ignores it",
        ));
    }
    let mut config = ClientConfig::new();
    let native = match config.set(name, value).create_native_config() {
        Ok(native) => native,
        Err(error) => return Some(PropertyError::new(name, said(error))),
    };
    if canonical(name) == IN_FLIGHT && value.trim().parse().is_ok_and(|count: u32| count > 5) {
        return Some(PropertyError::new(
            name,
            "is at most 5: an idempotent producer allows no more",
        ));
    }
    let taken = native.get(name).unwrap_or_default();
    misread(value, &taken)
        .then(|| PropertyError::new(name, format_args!("would be read as {taken}")))
}

/// Finds a property that was given before under this name or the other one.
pub(super) fn repeated(name: &str, before: &[(String, String)]) -> Option<PropertyError> {
    let (first, _) = before
        .iter()
        .find(|(other, _)| canonical(other) == canonical(name))?;
    Some(PropertyError::new(
        name,
        format_args!("is set already, as \"{first}\""),
    ))
}

/// Gives the name that librdkafka's aliases of a producer's property stand for.
pub(super) fn canonical(name: &str) -> &str {
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map_or(name, |(_, name)| name)
}

/// Gives what librdkafka itself said.
fn said(error: KafkaError) -> String {
    if let KafkaError::ClientConfig(_, text, _, _) = &error {
        return text.trim().to_owned();
    }
    if matches!(error, KafkaError::Nul(_)) {
        "holds a NUL byte".to_owned()
    } else {
        error.to_string()
    }
}

/// Says whether librdkafka took the front of a value as its number and dropped the rest, as in
/// `10s`.
fn misread(value: &str, taken: &str) -> bool {
    let value = value.trim();
    let hexadecimal = value.trim_start_matches(['+', '-']).starts_with("0x");
    taken.parse::<f64>().is_ok() && value.parse::<f64>().is_err() && !hexadecimal && {
        value
            .trim_start_matches(['+', '-'])
            .starts_with(|first: char| first.is_ascii_digit())
    }
}

/// Gives why a property is outflow's own, if it is.
fn owned(name: &str) -> Option<&'static str> {
    if name.ends_with("_cb") {
        return Some("is a callback, which no file can set");
    }
    if name.starts_with("test.") || name.starts_with("ut_") {
        return Some("is for librdkafka's own tests");
    }
    OWNED
        .iter()
        .find(|(owned, _)| *owned == name)
        .map(|(_, reason)| *reason)
}

/// The canonical name of the limit on requests in flight.
const IN_FLIGHT: &str = "max.in.flight.requests.per.connection";

/// librdkafka's aliases of properties that a producer has.
const ALIASES: &[(&str, &str)] = &[
    ("max.in.flight", IN_FLIGHT),
    ("linger.ms", "queue.buffering.max.ms"),
    ("compression.type", "compression.codec"),
    ("sasl.mechanism", "sasl.mechanisms"),
    (
        "sasl.oauthbearer.client.credentials.client.id",
        "sasl.oauthbearer.client.id",
    ),
    (
        "sasl.oauthbearer.client.credentials.client.secret",
        "sasl.oauthbearer.client.secret",
    ),
];

/// Why an acknowledgement setting is no setting.
const ACKS: &str = "is always all: the slot moves only past what every in-sync replica has";
/// Why a setting of the idempotent producer is no setting.
const IDEMPOTENCE: &str = "is always true: without it a retry could repeat or reorder records";
/// Why a limit on retries is no setting.
const RETRIES: &str = "has no limit: outflow never gives up on Kafka, it waits";
/// Why a timeout of a message is no setting.
const TIMEOUT: &str = "is always 0, which means none: outflow never gives up on Kafka, it waits";
/// Why the producer's own limits are no settings.
const WINDOW: &str = "follows limits.in_flight, which bounds the undelivered records";
/// Why the list of brokers is no property.
const BROKERS: &str = "is kafka.brokers";
/// Why transactions are no property.
const DELIVERY: &str = "follows kafka.delivery and name";
/// Why the log's level is no property.
const LOG: &str = "follows log.level";
/// Why a wire of librdkafka's C interface is no property.
const INTERFACE: &str = "belongs to outflow's use of librdkafka";

/// The properties that are outflow's own, by every name they have, each with the reason.
const OWNED: &[(&str, &str)] = &[
    ("acks", ACKS),
    ("request.required.acks", ACKS),
    ("enable.idempotence", IDEMPOTENCE),
    (
        "enable.gapless.guarantee",
        "is always true: after a refused record nothing later may be appended",
    ),
    ("retries", RETRIES),
    ("message.send.max.retries", RETRIES),
    ("message.timeout.ms", TIMEOUT),
    ("delivery.timeout.ms", TIMEOUT),
    (
        "partitioner",
        "is always murmur2_random, as Java clients place keys, so that each key stays where it is",
    ),
    (
        "queuing.strategy",
        "is always fifo: records are delivered in commit order",
    ),
    ("msg_order_cmp", INTERFACE),
    (
        "delivery.report.only.error",
        "is always false: a record is settled by the report of its delivery",
    ),
    ("queue.buffering.max.messages", WINDOW),
    ("queue.buffering.max.kbytes", WINDOW),
    ("bootstrap.servers", BROKERS),
    ("metadata.broker.list", BROKERS),
    ("client.id", "is name"),
    ("client.software.name", INTERFACE),
    ("client.software.version", INTERFACE),
    ("transactional.id", DELIVERY),
    ("transaction.timeout.ms", DELIVERY),
    (
        "allow.auto.create.topics",
        "is always false: topics are created explicitly, see kafka.topics",
    ),
    (
        "plugin.library.paths",
        "is not taken: outflow loads no code from a configuration",
    ),
    ("log_level", LOG),
    ("log.queue", INTERFACE),
    ("enabled_events", INTERFACE),
    ("opaque", INTERFACE),
    ("default_topic_conf", INTERFACE),
    ("interceptors", INTERFACE),
    (
        "internal.termination.signal",
        "is not taken: signals are handled by outflow",
    ),
];

/// The properties that only a consumer has.
const CONSUMER: &[&str] = &[
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "check.crcs",
    "consume.callback.max.messages",
    "coordinator.query.interval.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.protocol.type",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "isolation.level",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "offset.store.method",
    "offset.store.path",
    "offset.store.sync.interval.ms",
    "partition.assignment.strategy",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "session.timeout.ms",
];
