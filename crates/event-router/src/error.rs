//! Messages that contradict each other: the server or the decoder is wrong, not the row.

/// A change that does not go with what was said of its table before.
///
/// No setting mends it and no row is to blame, so the session can't go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {kind}", relation.as_deref().unwrap_or("a change can't be read"))]
pub struct RouteError {
    /// The table, if it is known.
    relation: Option<String>,
    /// What does not go together.
    kind: RouteErrorKind,
}

impl RouteError {
    /// An error on a table.
    pub(crate) fn new(relation: Option<&str>, kind: RouteErrorKind) -> Self {
        Self {
            relation: relation.map(str::to_owned),
            kind,
        }
    }

    /// The name of the table, if it is known.
    pub fn relation(&self) -> Option<&str> {
        self.relation.as_deref()
    }

    /// What does not go together.
    pub fn kind(&self) -> &RouteErrorKind {
        &self.kind
    }
}

/// What does not go together; no value of a row is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteErrorKind {
    /// A change of a table that no Relation message described, or whose plan failed.
    #[error("no table was described under the number {relation}")]
    UnknownRelation {
        /// The number of the table.
        relation: u32,
    },
    /// A row with more or fewer columns than its table.
    #[error("a row has {found} columns, and the table {expected}")]
    Columns {
        /// How many columns the table has.
        expected: usize,
        /// How many the row has.
        found: usize,
    },
    /// A value that is said to be unchanged, in a new row.
    #[error("column {column} of a new row is sent as unchanged")]
    Unchanged {
        /// The column.
        column: String,
    },
    /// A value in binary format that is no `bytea`; sessions ask for text.
    #[error("column {column} is sent in binary format")]
    Binary {
        /// The column.
        column: String,
    },
}
