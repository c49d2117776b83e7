//! The configuration: layers in, one checked [`Config`] out.
//!
//! Invariants:
//! - A [`Config`] is right: who holds one checks nothing again.
//! - All errors are reported at once, each where its value was set.
//! - No secret shows in `Debug`, in an error's excerpt, or in what is printed.
//!
//! The way of a value: [`layer`] reads the form of file, environment, `--set` and flags into the
//! trees of [`tree`]; [`walk`] holds them against the table of [`setting`] and keeps the topmost
//! [`value`] of each; [`resolve`] makes the types that the rest of the program uses. What goes wrong
//! on the way is a [`problem`].

use std::time::Duration;

use outflow_event_router::OutboxConfig;
use outflow_kafka_delivery::TopicPolicy;
use outflow_replication_slot::connect::ConnInfo;
use outflow_replication_slot::{PublicationName, SlotName};
use secrecy::ExposeSecret;

use crate::args::Global;
use crate::exit::{Exit, Failure, Hint};

#[cfg(test)]
mod fuzz;
mod layer;
mod nearest;
mod problem;
mod reading;
mod redact;
mod resolve;
mod schema;
mod secret;
mod setting;
mod tree;
mod value;
mod walk;

pub(crate) use reading::Reading;
pub(crate) use schema::schema;
pub(crate) use secret::{Secret, SecretError};

/// Everything `outflow` was told, checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The pipeline's id: application_name, client.id.
    pub(crate) name: String,
    /// Where the events come from.
    pub(crate) postgres: Postgres,
    /// How a row becomes a record.
    pub(crate) outbox: OutboxConfig,
    /// Where the events go; see [`Config::require_kafka`].
    kafka: Option<Kafka>,
    /// What is logged, and how.
    pub(crate) log: Log,
    /// What bounds memory and time.
    pub(crate) limits: Limits,
}

/// The `[postgres]` section.
#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    /// What the url says, with what stands beside it; the PG* environment fills in the rest.
    pub(crate) connection: ConnInfo,
    /// The password, where the connection holds none.
    pub(crate) password: Option<Secret>,
    /// The slot to read.
    pub(crate) slot: SlotName,
    /// What the slot is read through.
    pub(crate) publication: PublicationName,
    /// How often the server hears of our position.
    pub(crate) status_interval: Duration,
    /// After how long the server gives up on a silent client.
    pub(crate) wal_sender_timeout: Duration,
    /// SO_RCVBUF of the replication connection.
    pub(crate) receive_buffer: ReceiveBuffer,
}

/// The receive buffer of the replication connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiveBuffer {
    /// 64 KiB on one machine, 1 MiB where the server is less than 1 ms away, else the system's own tuning.
    Auto,
    /// As many bytes.
    Bytes(u32),
}

/// The `[kafka]` section.
#[derive(Clone, Debug)]
pub(crate) struct Kafka {
    /// `host:port` of some brokers, at least one.
    pub(crate) brokers: Vec<String>,
    /// librdkafka's properties, in the order of writing.
    pub(crate) properties: Vec<(String, Property)>,
    /// What is done about topics that do not exist.
    pub(crate) topics: TopicPolicy,
}

/// The value of one of librdkafka's properties.
#[derive(Clone, Debug)]
pub(crate) enum Property {
    /// A plain one.
    Text(String),
    /// A secret, to be read at every start of a producer.
    Secret(Secret),
}

/// The `[log]` section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// The least important level that is logged.
    pub(crate) level: tracing::Level,
    /// The form of a line.
    pub(crate) format: LogFormat,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// The `[limits]` section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes read and not yet delivered at which reading pauses.
    pub(crate) in_flight_bytes: u64,
    /// How long a stop waits for what is in flight.
    pub(crate) shutdown: Duration,
}

impl Config {
    /// Reads all layers and checks them.
    ///
    /// # Errors
    /// [`Exit::Config`] with everything that is wrong.
    pub(crate) fn load(global: &Global) -> Result<Self, Failure> {
        Reading::of(global)?.config().cloned()
    }

    /// Gives the `[kafka]` section to what talks to Kafka.
    ///
    /// # Errors
    /// [`Exit::Config`] where no broker is known.
    pub(crate) fn require_kafka(&self) -> Result<&Kafka, Failure> {
        let missing = || Failure::new(Exit::Config, "kafka.brokers is not set").hint(Hint::Brokers);
        self.kafka.as_ref().ok_or_else(missing)
    }
}

impl Kafka {
    /// Gives librdkafka's properties, the secrets among them as they are now.
    ///
    /// # Errors
    /// [`SecretError`] where a secret isn't there.
    pub(crate) fn read_properties(&self) -> Result<Vec<(String, String)>, SecretError> {
        let read = |(name, property): &(String, Property)| {
            let value = match property {
                Property::Text(text) => text.clone(),
                Property::Secret(secret) => secret.read()?.expose_secret().to_owned(),
            };
            Ok((name.clone(), value))
        };
        self.properties.iter().map(read).collect()
    }
}
