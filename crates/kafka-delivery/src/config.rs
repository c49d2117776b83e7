//! What a producer is made from: the user's settings, and the ones that are not theirs to make.

mod property;
mod security;

use std::fmt;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaResult;

pub use self::property::PropertyError;

/// The settings of a producer.
#[derive(Clone)]
pub struct ProducerConfig {
    /// Where Kafka is, `host:port` each.
    pub brokers: Vec<String>,
    /// The pipeline's name, by which brokers know it (`client.id`).
    pub name: String,
    /// Further librdkafka properties; secrets may be among them.
    pub properties: Vec<(String, String)>,
    /// What to do about a topic that does not exist.
    pub topics: TopicPolicy,
    /// How many bytes may be undelivered at a time; a record counts 512 bytes more than it has.
    pub in_flight_bytes: u64,
}

/// What to do about a topic that does not exist, and how to make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPolicy {
    /// Create it; otherwise wait until somebody has.
    pub create: bool,
    /// How many partitions it gets; `None` for the broker's default.
    pub partitions: Option<i32>,
    /// How many replicas each partition gets; `None` for the broker's default.
    pub replication_factor: Option<i32>,
    /// Its further settings.
    pub config: Vec<(String, String)>,
}

impl Default for TopicPolicy {
    fn default() -> Self {
        Self {
            create: true,
            partitions: None,
            replication_factor: None,
            config: Vec::new(),
        }
    }
}

/// Names the properties without their values, which may be secret.
impl fmt::Debug for ProducerConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .properties
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        out.debug_struct("ProducerConfig")
            .field("brokers", &self.brokers)
            .field("name", &self.name)
            .field("properties", &names)
            .field("topics", &self.topics)
            .field("in_flight_bytes", &self.in_flight_bytes)
            .finish()
    }
}

impl ProducerConfig {
    /// Checks every property, without connecting to anything.
    ///
    /// # Errors
    ///
    /// All that is wrong, in the order of the properties: those that are outflow's own, those of
    /// consumers, those set twice, and what librdkafka itself says of a name or a value. Where
    /// each is right by itself: what of security contradicts itself.
    pub fn check(&self) -> Result<(), Vec<PropertyError>> {
        let mut errors: Vec<PropertyError> = self
            .properties
            .iter()
            .enumerate()
            .filter_map(|(index, (name, value))| {
                let before = self.properties.get(..index).unwrap_or_default();
                property::refusal(name, value).or_else(|| property::repeated(name, before))
            })
            .collect();
        if errors.is_empty() {
            errors.extend(security::contradiction(self));
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// Makes the configuration of the producer: the user's properties, then what is fixed.
    pub(crate) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        for (name, value) in DEFAULTS {
            if !self.sets(name) {
                config.set(*name, *value);
            }
        }
        for (name, value) in FIXED {
            config.set(*name, *value);
        }
        config
    }

    /// Makes the configuration of a client that asks about topics and creates them.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in &self.properties {
            config.set(name.as_str(), value.as_str());
        }
        config.set("bootstrap.servers", self.brokers.join(","));
        config.set("client.id", self.name.as_str());
        config.set("allow.auto.create.topics", "false");
        if security::is_probed(self) {
            config.set("ssl.ca.location", "probe");
        }
        let verbose = self.sets("debug");
        config.set_log_level(if verbose {
            RDKafkaLogLevel::Debug
        } else {
            RDKafkaLogLevel::Info
        });
        config
    }

    /// Says whether the user has set a property, under any of its names.
    fn sets(&self, name: &str) -> bool {
        self.property(name).is_some()
    }

    /// Gives what the user has set a property to, under any of its names.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|(set, _)| property::canonical(set) == property::canonical(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Gives the largest record that librdkafka will take.
pub(crate) fn message_max_bytes(config: &ClientConfig) -> KafkaResult<u64> {
    let limit = config.create_native_config()?.get("message.max.bytes")?;
    Ok(limit.parse().unwrap_or(u64::MAX))
}

/// What holds unless the user sets it.
const DEFAULTS: &[(&str, &str)] = &[
    // A millisecond gathers what a burst commits, and is all the latency that is added.
    ("linger.ms", "1"),
    // Nothing but records is sent to the brokers unless it is asked for.
    ("enable.metrics.push", "false"),
];

/// What always holds; see architecture.md, "Sessions and failures".
const FIXED: &[(&str, &str)] = &[
    ("enable.idempotence", "true"),
    ("acks", "all"),
    ("enable.gapless.guarantee", "true"),
    ("message.timeout.ms", "0"),
    ("partitioner", "murmur2_random"),
    ("delivery.report.only.error", "false"),
    // No limit and the largest one: the window of this crate is the one that binds.
    ("queue.buffering.max.messages", "0"),
    ("queue.buffering.max.kbytes", "2147483647"),
];

#[cfg(test)]
mod tests;
