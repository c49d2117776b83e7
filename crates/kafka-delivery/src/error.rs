//! What can go wrong between a record and its delivery.

use std::io;

use outflow_replication_slot::{EventId, Ticket};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::classify::{Class, classify};
use crate::config::PropertyError;

/// Why a producer could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Properties that are not taken; see [`crate::ProducerConfig::check`].
    #[error("{} of kafka.properties cannot be used", .0.len())]
    Properties(Vec<PropertyError>),
    /// librdkafka refuses the configuration as a whole, or what it names, such as a certificate.
    #[error("librdkafka refuses the configuration")]
    Configuration(#[source] KafkaError),
    /// A thread could not be started.
    #[error("cannot start the delivery thread")]
    Thread(#[source] io::Error),
}

/// A record that was not taken, with its ticket.
#[derive(Debug, thiserror::Error)]
#[error("the record was not enqueued")]
pub struct Rejected {
    /// The claim on the record's transaction, unsettled.
    pub ticket: Ticket,
    /// Why.
    #[source]
    pub error: EnqueueError,
}

/// Why a record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnqueueError {
    /// The window is full: try again after reports were settled. Back-pressure, not a failure.
    #[error("the window of undelivered records is full")]
    QueueFull,
    /// The topic was not resolved yet, see [`crate::Producer::topic`].
    #[error("the record's topic is not resolved")]
    TopicNotReady,
    /// The record is larger than `message.max.bytes`.
    #[error("the record has {size} bytes, and message.max.bytes is {limit}")]
    TooLarge {
        /// The record's size on the wire, in bytes.
        size: u64,
        /// The largest that is allowed.
        limit: u64,
    },
    /// A delivery has failed: this producer takes nothing more.
    #[error("an earlier delivery has failed")]
    Poisoned,
    /// librdkafka refused it.
    #[error("librdkafka refuses the record: {0}")]
    Failed(RDKafkaErrorCode),
}

impl EnqueueError {
    /// Says what has to happen; `None` where the record only has to wait.
    pub const fn class(&self) -> Option<Class> {
        match self {
            Self::QueueFull | Self::TopicNotReady => None,
            Self::TooLarge { .. } => Some(Class::Poison),
            Self::Poisoned => Some(Class::Retry),
            Self::Failed(code) => Some(classify(*code)),
        }
    }
}

/// What ended a producer. Everything that was delivered has been settled before it is returned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// A record was refused: of those that were, the first in commit order.
    ///
    /// Brokers refuse a whole batch, and seldom say because of which record: it may be one that
    /// follows. Sent alone, it names itself.
    #[error("Kafka refuses event {event} for topic {topic:?}: {code}")]
    Refused {
        /// Why.
        code: RDKafkaErrorCode,
        /// Which event.
        event: EventId,
        /// For which topic.
        topic: String,
    },
    /// The producer itself failed, and no one record is the cause.
    #[error("the Kafka producer failed: {text}")]
    Producer {
        /// Why.
        code: RDKafkaErrorCode,
        /// What librdkafka said of it.
        text: String,
    },
    /// A report names no record that is in flight: a bug, after which no report can be trusted.
    #[error("a delivery report names no record in flight ({opaque:#x})")]
    UnknownReport {
        /// What the report named.
        opaque: usize,
    },
}

impl DeliveryError {
    /// Gives the code, where librdkafka or a broker gave one.
    pub const fn code(&self) -> Option<RDKafkaErrorCode> {
        match self {
            Self::Refused { code, .. } | Self::Producer { code, .. } => Some(*code),
            Self::UnknownReport { .. } => None,
        }
    }

    /// Gives the event that was refused, where one was.
    pub const fn event(&self) -> Option<EventId> {
        match self {
            Self::Refused { event, .. } => Some(*event),
            Self::Producer { .. } | Self::UnknownReport { .. } => None,
        }
    }

    /// Gives the topic of the event that was refused, where one was.
    pub fn topic(&self) -> Option<&str> {
        match self {
            Self::Refused { topic, .. } => Some(topic),
            Self::Producer { .. } | Self::UnknownReport { .. } => None,
        }
    }

    /// Says what has to happen. Without an event nothing can be poison.
    pub const fn class(&self) -> Class {
        match self {
            Self::Refused { code, .. } => classify(*code),
            Self::Producer { code, .. } => match classify(*code) {
                Class::Fatal => Class::Fatal,
                Class::Retry | Class::Poison => Class::Retry,
            },
            Self::UnknownReport { .. } => Class::Fatal,
        }
    }
}
