//! Rows that can never become a record, and why.

use std::fmt;

use crate::draft::Draft;
use crate::timestamp::TimestampFault;
use crate::topic::TopicNameError;

/// A row that can't become a record.
///
/// `Display` and `Debug` show the row's id, its table and the reason, and never the payload. What
/// there is of the record is kept in a [`Draft`], for the dead-letter topic.
#[derive(Clone, PartialEq, Eq)]
pub struct Poison {
    /// Why there is no record.
    pub(crate) reason: PoisonReason,
    /// For messages.
    pub(crate) row_id: String,
    /// For messages.
    pub(crate) relation: String,
    /// For the dead-letter topic.
    pub(crate) draft: Box<Draft>,
}

impl Poison {
    /// Why the row can't become a record.
    pub fn reason(&self) -> &PoisonReason {
        &self.reason
    }

    /// The id of the row, as [`Record::row_id`](crate::Record::row_id).
    pub fn row_id(&self) -> &str {
        &self.row_id
    }

    /// The table of the row.
    pub fn relation(&self) -> &str {
        &self.relation
    }

    /// The record as far as it could be made.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// Takes the record as far as it could be made.
    pub fn into_draft(self) -> Draft {
        *self.draft
    }
}

impl std::error::Error for Poison {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.reason)
    }
}

impl fmt::Display for Poison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "row {} of {} can't become a record",
            self.row_id, self.relation
        )
    }
}

impl fmt::Debug for Poison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poison")
            .field("reason", &self.reason)
            .field("row_id", &self.row_id)
            .field("relation", &self.relation)
            .finish_non_exhaustive()
    }
}

/// Why a row can't become a record; no value of the row is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoisonReason {
    /// The topic needs a column that is NULL.
    #[error("the topic is made of column {column}, which is NULL")]
    NoRoute {
        /// The column.
        column: String,
    },
    /// The topic would have a name that Kafka refuses.
    #[error("{0}")]
    InvalidTopic(TopicNameError),
    /// One part of a key that has several is NULL.
    #[error("a part of the key, column {column}, is NULL")]
    NullInKey {
        /// The column.
        column: String,
    },
    /// The payload is NULL, and `on_null_payload` is `error`.
    #[error("the payload is NULL")]
    NullPayload,
    /// The payload is not JSON, and `payload` is `json`.
    #[error("the payload stops being JSON at line {line}, column {column}")]
    InvalidJson {
        /// The line, from 1.
        line: usize,
        /// The place in the line, from 1; 0 is before its start.
        column: usize,
    },
    /// The column for the time of the record has none that Kafka knows.
    #[error("column {column} can't be the time of a record: {fault}")]
    Timestamp {
        /// The column.
        column: String,
        /// What is wrong with it.
        fault: TimestampFault,
    },
    /// A message that is no UTF-8: PostgreSQL passes its bytes on unchanged.
    #[error("the message is not UTF-8, which the content of a message has to be in any database")]
    NotUtf8,
    /// A message that is no JSON object.
    #[error("the message stops being a JSON object at line {line}, column {column}")]
    InvalidMessage {
        /// The line, from 1.
        line: usize,
        /// The place in the line, from 1; 0 is before its start.
        column: usize,
    },
    /// A message without a field that it needs.
    #[error("the message has no field {names}")]
    MissingField {
        /// What the field may be called.
        names: String,
    },
    /// A field of a message that is a string with an escape that stands for no character.
    #[error("field {field} of the message has an escape that stands for no character")]
    InvalidField {
        /// The field.
        field: String,
    },
    /// The headers of a message are no object, or have a name that no header can have.
    #[error("the headers of the message are no JSON object of names and values")]
    InvalidHeaders,
    /// A `bytea` that is neither in hexadecimal nor in escape format.
    #[error("column {column} is a bytea whose text can't be read")]
    Bytea {
        /// The column.
        column: String,
    },
}

impl PoisonReason {
    /// A word for the reason, which stays the same: for metrics and for headers of dead letters.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRoute { .. } => "no-route",
            Self::InvalidTopic(_) => "invalid-topic",
            Self::NullInKey { .. } => "null-in-key",
            Self::NullPayload => "null-payload",
            Self::InvalidJson { .. } => "invalid-json",
            Self::Timestamp { .. } => "invalid-timestamp",
            Self::Bytea { .. } => "invalid-bytea",
            Self::NotUtf8 => "not-utf8",
            Self::InvalidMessage { .. } => "invalid-message",
            Self::MissingField { .. } => "missing-field",
            Self::InvalidField { .. } => "invalid-field",
            Self::InvalidHeaders => "invalid-headers",
        }
    }
}
