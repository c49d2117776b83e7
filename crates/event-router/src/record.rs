//! A record for Kafka, borrowed from the row it was made of.

use std::fmt;

use crate::plan::HeaderPlan;
use crate::row_id::RowId;
use crate::scratch::Span;
use crate::topic::{TopicId, TopicName};

/// A record for Kafka: topic, key, value and headers.
///
/// It borrows the row's frame and the router's scratch, so it is gone with the next row; a
/// [`Draft`](crate::Draft) is a copy that stays. `Debug` shows sizes, never contents.
#[derive(Clone, Copy)]
pub struct Record<'r> {
    /// The number of the topic.
    pub(crate) topic_id: TopicId,
    /// The name of the topic.
    pub(crate) topic: &'r TopicName,
    /// The key.
    pub(crate) key: Option<&'r [u8]>,
    /// The value.
    pub(crate) value: Option<&'r [u8]>,
    /// Where the headers stand.
    pub(crate) headers: Source<'r>,
    /// The partition, where it is decided.
    pub(crate) partition: Option<i32>,
    /// The time, in milliseconds since 1970.
    pub(crate) timestamp: Option<i64>,
    /// For messages.
    pub(crate) row_id: RowId<'r>,
    /// For messages.
    pub(crate) relation: &'r str,
}

impl<'r> Record<'r> {
    /// The number of the topic in its router's table.
    pub fn topic_id(&self) -> TopicId {
        self.topic_id
    }

    /// The name of the topic.
    pub fn topic(&self) -> &'r TopicName {
        self.topic
    }

    /// The key; without one a record has no order and goes to any partition.
    pub fn key(&self) -> Option<&'r [u8]> {
        self.key
    }

    /// The value; none is a tombstone in a compacted topic.
    pub fn value(&self) -> Option<&'r [u8]> {
        self.value
    }

    /// The headers in order, without those whose value is NULL in the row.
    pub fn headers(&self) -> Headers<'r> {
        Headers(self.headers)
    }

    /// The partition, where the configuration decides it.
    pub fn partition(&self) -> Option<i32> {
        self.partition
    }

    /// The time of the record in milliseconds since 1970, where a column is named for it and is
    /// not NULL. It is never negative; librdkafka takes 0 for the time of sending.
    pub fn timestamp(&self) -> Option<i64> {
        self.timestamp
    }

    /// The bytes of the key, the value, and the headers with their names.
    pub fn size_bytes(&self) -> usize {
        let headers: usize = self
            .headers()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len) + headers
    }

    /// The id of the row, for messages: as PostgreSQL prints it, or `(null)`, or `(not UTF-8)`.
    pub fn row_id(&self) -> &'r str {
        self.row_id.as_str()
    }

    /// The table of the row, for messages.
    pub fn relation(&self) -> &'r str {
        self.relation
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("topic", self.topic)
            .field("key_bytes", &self.key.map(<[u8]>::len))
            .field("value_bytes", &self.value.map(<[u8]>::len))
            .field("headers", &self.headers().count())
            .field("row_id", &self.row_id())
            .finish_non_exhaustive()
    }
}

/// The parts of a record that was not made by a router: a dead letter, or one for a test.
///
/// ```
/// use outflow_event_router::{Record, RecordParts, TopicId, TopicName};
///
/// let topic = TopicName::new("outflow.dead-letter")?;
/// let record = Record::from(RecordParts {
///     topic_id: TopicId::new(0),
///     topic: &topic,
///     key: Some(b"42"),
///     value: None,
///     headers: &[("reason", b"no-route")],
///     partition: None,
///     timestamp: None,
///     row_id: "7",
///     relation: "public.outbox",
/// });
/// assert_eq!(record.headers().count(), 1);
/// assert_eq!(record.size_bytes(), 16);
/// # Ok::<(), outflow_event_router::TopicNameError>(())
/// ```
#[derive(Clone, Copy)]
pub struct RecordParts<'r> {
    /// The number of the topic, from [`Router::intern`](crate::Router::intern).
    pub topic_id: TopicId,
    /// The name of the topic.
    pub topic: &'r TopicName,
    /// The key.
    pub key: Option<&'r [u8]>,
    /// The value.
    pub value: Option<&'r [u8]>,
    /// The headers in order.
    pub headers: &'r [(&'r str, &'r [u8])],
    /// The partition, if it is not to come from the key.
    pub partition: Option<i32>,
    /// The time in milliseconds since 1970, if it is not to be that of sending.
    pub timestamp: Option<i64>,
    /// The id of the row, for messages.
    pub row_id: &'r str,
    /// The table of the row, for messages.
    pub relation: &'r str,
}

impl<'r> From<RecordParts<'r>> for Record<'r> {
    fn from(parts: RecordParts<'r>) -> Self {
        Self {
            topic_id: parts.topic_id,
            topic: parts.topic,
            key: parts.key,
            value: parts.value,
            headers: Source::Listed(parts.headers),
            partition: parts.partition,
            timestamp: parts.timestamp,
            row_id: RowId(Some(parts.row_id.as_bytes())),
            relation: parts.relation,
        }
    }
}

/// Where the headers of a record stand.
#[derive(Clone, Copy)]
pub(crate) enum Source<'r> {
    /// In a router's plan and scratch.
    Planned {
        /// Their names.
        plans: &'r [HeaderPlan],
        /// The places of their values.
        values: &'r [Option<Span>],
        /// The places of names and values of those that a message brought along.
        own: &'r [(Span, Span)],
        /// What is there.
        bytes: &'r [u8],
    },
    /// In a list of their own.
    Listed(&'r [(&'r str, &'r [u8])]),
}

/// The headers of a record, in order.
#[derive(Clone)]
pub struct Headers<'r>(pub(crate) Source<'r>);

impl<'r> Iterator for Headers<'r> {
    type Item = (&'r str, &'r [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Listed(list) => {
                let (first, rest) = list.split_first()?;
                *list = rest;
                Some(*first)
            }
            Source::Planned {
                plans,
                values,
                own,
                bytes,
            } => loop {
                let Some((plan, rest)) = plans.split_first() else {
                    let ((name, value), rest) = own.split_first()?;
                    *own = rest;
                    let name = std::str::from_utf8(name.of(bytes)).unwrap_or_default();
                    return Some((name, value.of(bytes)));
                };
                let (value, others) = values.split_first()?;
                (*plans, *values) = (rest, others);
                if let Some(value) = value {
                    return Some((&plan.name, value.of(bytes)));
                }
            },
        }
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.clone().map(|(name, _)| name))
            .finish()
    }
}
