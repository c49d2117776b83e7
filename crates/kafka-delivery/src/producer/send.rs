//! One record into librdkafka: what is checked before, what is made for it, what a refusal means.

use outflow_event_router::{Record, TopicId};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use super::Producer;
use crate::error::EnqueueError;

impl Producer {
    /// Gives a record to librdkafka, which copies it.
    pub(super) fn send(&self, record: &Record<'_>, bytes: u64) -> Result<(), EnqueueError> {
        let opaque = self.admit(record.topic_id(), bytes)?;
        let message = BaseRecord {
            topic: record.topic().as_str(),
            partition: record.partition(),
            payload: record.value(),
            key: record.key(),
            timestamp: record.timestamp(),
            headers: headers(record),
            delivery_opaque: opaque,
        };
        self.client
            .send(message)
            .map_err(|(error, _)| self.refusal(&error, bytes))
    }

    /// Checks what can be known without librdkafka, and gives the record's opaque.
    fn admit(&self, topic: TopicId, bytes: u64) -> Result<usize, EnqueueError> {
        if self.inbox.failed() {
            return Err(EnqueueError::Poisoned);
        }
        if !self.topics.is_ready(topic) {
            return Err(EnqueueError::TopicNotReady);
        }
        if bytes > self.message_max_bytes {
            return Err(self.too_large(bytes));
        }
        if !self.flight.has_room(bytes) {
            return Err(EnqueueError::QueueFull);
        }
        self.flight.next_opaque().ok_or(EnqueueError::QueueFull)
    }

    /// Says what librdkafka's refusal of a record means.
    fn refusal(&self, error: &KafkaError, bytes: u64) -> EnqueueError {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => EnqueueError::QueueFull,
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => self.too_large(bytes),
            Some(RDKafkaErrorCode::Fatal) => EnqueueError::Poisoned,
            Some(code) => EnqueueError::Failed(code),
            None => EnqueueError::Failed(RDKafkaErrorCode::InvalidArgument),
        }
    }

    /// Says how large a record is: at least one byte too large, if librdkafka says that it is.
    fn too_large(&self, bytes: u64) -> EnqueueError {
        let limit = self.message_max_bytes;
        EnqueueError::TooLarge {
            size: bytes.max(limit.saturating_add(1)),
            limit,
        }
    }
}

/// Makes librdkafka's headers of a record's, if it has any.
fn headers(record: &Record<'_>) -> Option<OwnedHeaders> {
    let count = record.headers().count();
    (count > 0).then(|| {
        record.headers().fold(
            OwnedHeaders::new_with_capacity(count),
            |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(value),
                })
            },
        )
    })
}
