//! The Kafka sink: the producer as the pipeline sees it.

use std::time::Duration;

use outflow_event_router::Record;
use outflow_kafka_delivery::{
    Class, Connectivity, DeliveryError, EnqueueError, Producer, ProducerConfig, StartError,
    TopicMemory, TopicState, Waker,
};
use outflow_replication_slot::{EventId, Ledger};

use crate::exit::{Exit, Failure, Hint};
use crate::pipeline::{Cause, Failed, PoisonEvent, Retry};
use crate::sink::{Parcel, Sink, Trouble};

/// Gives records to Kafka.
pub(crate) struct KafkaSink {
    /// librdkafka and what is in flight.
    producer: Producer,
    /// How the pipeline is woken.
    waker: Waker,
    /// What is said about the topic of the record that waits.
    topic_trouble: Option<TopicTrouble>,
    /// The record that was sent alone, if the last one was.
    alone: Option<Sent>,
    /// The last event that was sent.
    last: Option<EventId>,
}

/// A record that was sent.
#[derive(Debug)]
struct Sent {
    /// The id of its row.
    row_id: String,
    /// Its table.
    relation: String,
}

/// Why a topic cannot be used.
#[derive(Debug)]
struct TopicTrouble {
    /// What Kafka says.
    text: String,
    /// What mends it, where that is known.
    hint: Option<String>,
    /// Whether waiting could mend it.
    class: Class,
}

impl KafkaSink {
    /// Starts a producer for a session.
    ///
    /// # Errors
    /// [`Failed::Fatal`] where librdkafka refuses the configuration.
    pub(crate) fn start(
        config: &ProducerConfig,
        session: u64,
        topics: &TopicMemory,
    ) -> Result<Self, Failed> {
        let waker = Waker::new();
        let started = Producer::start(config, session, waker.clone(), topics.clone());
        let producer = started.map_err(|error| match error {
            StartError::Properties(_) | StartError::Configuration(_) => Failed::Fatal(
                Failure::new(Exit::Config, "the Kafka producer cannot be configured")
                    .because(error)
                    .hint(Hint::KafkaProperties),
            ),
            StartError::Thread(_) => Failed::retry(
                Cause::Other,
                Failure::new(Exit::Other, "the Kafka producer cannot be started").because(error),
            ),
        })?;
        Ok(Self {
            producer,
            waker,
            topic_trouble: None,
            alone: None,
            last: None,
        })
    }

    /// Sorts what a report said.
    fn refused(&mut self, error: DeliveryError) -> Failed {
        let class = error.class();
        if let (Class::Poison, Some(event), Some(sent)) = (class, error.event(), self.alone.take())
        {
            let Sent { row_id, relation } = sent;
            return Failed::Poison(PoisonEvent {
                row_id,
                relation,
                event,
                reason: error.into(),
            });
        }
        let message = match error.topic() {
            Some(topic) => format!("Kafka refused a record for topic \"{topic}\""),
            None => "the Kafka producer failed".to_owned(),
        };
        let hint = self.producer.hint(&error);
        let mut failure = Failure::new(Exit::Unavailable, message).because(error);
        if let Some(hint) = hint {
            failure = failure.hint(Hint::Made(hint));
        }
        match class {
            Class::Retry => Failed::retry(Cause::Other, failure),
            // A batch was refused: whose fault it was shows when its records are sent alone.
            Class::Poison => Failed::Retry(Retry {
                cause: Cause::Refused,
                failure,
                caution: self.last,
            }),
            Class::Fatal => Failed::Fatal(failure.with_exit(Exit::Other)),
        }
    }
}

impl Sink for KafkaSink {
    fn is_ready(&mut self, record: &Record<'_>) -> bool {
        let bytes = u64::try_from(record.size_bytes()).unwrap_or(u64::MAX);
        match self.producer.topic(record.topic_id(), record.topic()) {
            TopicState::Ready { .. } => {
                self.topic_trouble = None;
                self.producer.has_room(bytes)
            }
            TopicState::Resolving => false,
            TopicState::Waiting(trouble) => {
                let (text, class) = (trouble.to_string(), trouble.class());
                let hint = trouble.hint.clone();
                self.topic_trouble = Some(TopicTrouble { text, hint, class });
                // Poison is taken, so that the delivery can say so.
                class == Class::Poison
            }
        }
    }

    fn deliver(&mut self, parcel: Parcel<'_>) -> Result<(), Failed> {
        let Parcel {
            record,
            event,
            ticket,
            alone,
        } = parcel;
        let sent = || Sent {
            row_id: record.row_id().to_owned(),
            relation: record.relation().to_owned(),
        };
        let rejected = match self.producer.enqueue(record, event, ticket) {
            Ok(()) => {
                self.last = Some(event);
                self.alone = alone.then(sent);
                return Ok(());
            }
            Err(rejected) => rejected.error,
        };
        let class = match (&rejected, &self.topic_trouble) {
            (EnqueueError::TopicNotReady, Some(trouble)) => Some(trouble.class),
            (error, _) => error.class(),
        };
        let reason: Box<dyn std::error::Error + Send + Sync> = match self.topic_trouble.take() {
            Some(TopicTrouble { text, .. }) => text.into(),
            None => rejected.into(),
        };
        match class {
            Some(Class::Poison) => {
                let Sent { row_id, relation } = sent();
                Err(Failed::Poison(PoisonEvent {
                    row_id,
                    relation,
                    event,
                    reason,
                }))
            }
            Some(Class::Retry | Class::Fatal) | None => {
                let failure = Failure::new(
                    Exit::Unavailable,
                    "a record was not taken by the Kafka producer",
                );
                Err(Failed::retry(Cause::Other, failure.because(reason)))
            }
        }
    }

    fn settle(&mut self, ledger: &mut Ledger) -> Result<u64, Failed> {
        match self.producer.settle(ledger) {
            Ok(settled) => Ok(settled.records),
            Err(error) => Err(self.refused(error)),
        }
    }

    fn trouble(&mut self) -> Option<Trouble> {
        if let Some(TopicTrouble { text, hint, .. }) = &self.topic_trouble {
            return Some(Trouble {
                what: text.clone(),
                hint: hint.clone(),
            });
        }
        match self.producer.connectivity() {
            Connectivity::Down { reason, hint, .. } => Some(Trouble {
                what: format!("no broker can be reached: {reason}"),
                hint,
            }),
            Connectivity::Unknown | Connectivity::Up => None,
        }
    }

    fn waker(&self) -> Waker {
        self.waker.clone()
    }

    fn want_wake(&self) {
        self.producer.request_wake();
    }

    fn close(self, ledger: &mut Ledger, last: bool) {
        let closed = self.producer.close(ledger, CLOSE);
        if closed.unreported > 0 {
            tracing::debug!(
                records = closed.unreported,
                "records without a report are left to the next session"
            );
        }
        if last {
            // Threads that outlive main meet OpenSSL's exit handlers.
            closed.remains.wait(REMAINS);
        }
    }
}

/// How long the reports of what was purged may take.
const CLOSE: Duration = Duration::from_millis(500);
/// How long librdkafka's threads may take to end with the process.
const REMAINS: Duration = Duration::from_secs(2);
