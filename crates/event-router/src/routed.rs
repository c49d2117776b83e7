//! What becomes of a change.

use std::fmt;

use crate::poison::Poison;
use crate::record::Record;
use crate::row_id::RowId;

/// What becomes of a new row.
#[derive(Debug)]
pub enum Routed<'r> {
    /// A record.
    Record(Record<'r>),
    /// Nothing, and why.
    Skipped(Skipped<'r>),
    /// It should be a record and can never be one.
    Poison(Poison),
}

/// What becomes of an update.
#[derive(Debug, Clone)]
pub enum Change<'r> {
    /// Nothing, and why.
    Skipped(Skipped<'r>),
    /// The stream stops, whatever is configured for rows that can't be delivered.
    Stop(UpdateRefused),
}

/// A change of which no record is made.
#[derive(Debug, Clone, Copy)]
pub struct Skipped<'r> {
    /// Why no record is made.
    cause: SkipCause,
    /// The table.
    relation: &'r str,
    /// The row, if one is meant.
    row_id: RowId<'r>,
}

impl<'r> Skipped<'r> {
    /// A skipped change of a table.
    pub(crate) fn new(cause: SkipCause, relation: &'r str) -> Self {
        Self {
            cause,
            relation,
            row_id: RowId(None),
        }
    }

    /// The same, of a certain row.
    pub(crate) fn row(self, row_id: RowId<'r>) -> Self {
        Self { row_id, ..self }
    }

    /// Why no record is made.
    pub fn cause(&self) -> SkipCause {
        self.cause
    }

    /// The table.
    pub fn relation(&self) -> &'r str {
        self.relation
    }

    /// The id of the row, as [`Record::row_id`]; `(null)` also where no row is meant.
    pub fn row_id(&self) -> &'r str {
        self.row_id.as_str()
    }
}

/// Why no record is made of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipCause {
    /// The table is none of the configured ones.
    NotAnOutbox,
    /// The payload is NULL, and `on_null_payload` is `skip`.
    NullPayload,
    /// It is an update, to be logged like this.
    Update(Severity),
    /// It is a delete.
    Delete,
    /// It is a truncate.
    Truncate,
    /// It is a message with another prefix.
    OtherPrefix,
    /// It is a message outside of transactions, which is sent even if its writer rolls back.
    NotTransactional,
}

/// How a change that is left out is to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// As a warning.
    Warning,
    /// As an error.
    Error,
}

/// An update in an outbox, where `on_update` is `stop`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRefused {
    /// The row.
    row_id: String,
    /// The table.
    relation: String,
}

impl UpdateRefused {
    /// An update of a row.
    pub(crate) fn new(row_id: RowId<'_>, relation: &str) -> Self {
        Self {
            row_id: row_id.as_str().to_owned(),
            relation: relation.to_owned(),
        }
    }

    /// The id of the row, as [`Record::row_id`].
    pub fn row_id(&self) -> &str {
        &self.row_id
    }

    /// The table.
    pub fn relation(&self) -> &str {
        &self.relation
    }
}

impl std::error::Error for UpdateRefused {}

impl fmt::Display for UpdateRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "row {} of {} was updated, and outbox.on_update is \"stop\"",
            self.row_id, self.relation
        )
    }
}
