//! A record that owns its parts, whole or as far as it could be made.

use std::fmt;

use crate::record::{Record, RecordParts};
use crate::topic::{TopicId, TopicName};

/// A record that owns its parts; some may be missing.
///
/// `Debug` shows sizes, never contents.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The name of the topic, which may be invalid; none where the row has no route.
    pub topic: Option<Vec<u8>>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; the payload as it is stored, where it can't be read.
    pub value: Option<Vec<u8>>,
    /// The headers that the row has, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The time of the record, in milliseconds since 1970.
    pub timestamp: Option<i64>,
}

impl Draft {
    /// The headers, borrowed as a [`Record`] takes them.
    pub fn borrowed_headers(&self) -> Vec<(&str, &[u8])> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect()
    }

    /// A record of this to another topic, with these headers in place of its own.
    ///
    /// The id and the table of the row are for messages.
    pub fn to_record<'r>(
        &'r self,
        topic_id: TopicId,
        topic: &'r TopicName,
        headers: &'r [(&'r str, &'r [u8])],
        row_id: &'r str,
        relation: &'r str,
    ) -> Record<'r> {
        Record::from(RecordParts {
            topic_id,
            topic,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers,
            partition: None,
            timestamp: self.timestamp,
            row_id,
            relation,
        })
    }
}

impl From<&Record<'_>> for Draft {
    /// Copies a record, for when it is to outlive its row.
    fn from(record: &Record<'_>) -> Self {
        let headers = record
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_vec()));
        Self {
            topic: Some(record.topic().as_str().as_bytes().to_vec()),
            key: record.key().map(<[u8]>::to_vec),
            value: record.value().map(<[u8]>::to_vec),
            headers: headers.collect(),
            timestamp: record.timestamp(),
        }
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("topic_bytes", &self.topic.as_ref().map(Vec::len))
            .field("key_bytes", &self.key.as_ref().map(Vec::len))
            .field("value_bytes", &self.value.as_ref().map(Vec::len))
            .field("headers", &self.headers.len())
            .field("timestamp", &self.timestamp)
            .finish()
    }
}
