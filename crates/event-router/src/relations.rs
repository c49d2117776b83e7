//! The tables that the stream described, by their numbers.

use std::collections::HashMap;

use outflow_pgoutput::Oid;

use crate::column::ColumnKind;
use crate::error::{RouteError, RouteErrorKind};
use crate::plan::Plan;

/// What was said of tables and types so far.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    tables: HashMap<u32, Known>,
    types: HashMap<u32, ColumnKind>,
}

/// A table that was described.
#[derive(Debug)]
pub(crate) enum Known {
    /// An outbox, and what is done with its rows.
    Outbox(Box<Plan>),
    /// Another table, by its name.
    Ignored(Box<str>),
}

impl Relations {
    /// The table with a number.
    pub(crate) fn find(&self, relation: Oid) -> Result<&Known, RouteError> {
        let relation = relation.as_u32();
        self.tables
            .get(&relation)
            .ok_or_else(|| RouteError::new(None, RouteErrorKind::UnknownRelation { relation }))
    }

    /// Adds a table, or replaces it.
    pub(crate) fn insert(&mut self, relation: Oid, known: Known) {
        self.tables.insert(relation.as_u32(), known);
    }

    /// Forgets a table.
    pub(crate) fn forget(&mut self, relation: Oid) {
        self.tables.remove(&relation.as_u32());
    }

    /// Adds a type that is not built in; only those that make a difference are kept.
    pub(crate) fn describe_type(&mut self, id: Oid, kind: ColumnKind) {
        match kind {
            ColumnKind::Other => self.types.remove(&id.as_u32()),
            ColumnKind::Bytea | ColumnKind::Clock(_) => self.types.insert(id.as_u32(), kind),
        };
    }

    /// The kind of a type.
    pub(crate) fn kind(&self, type_oid: Oid) -> ColumnKind {
        let oid = type_oid.as_u32();
        self.types
            .get(&oid)
            .copied()
            .unwrap_or_else(|| ColumnKind::of_type(oid))
    }
}
