//! The tables that the stream described, by their numbers.

use std::collections::HashMap;

use outflow_pgoutput::Oid;

use crate::column::ColumnKind;
use crate::error::{RouteError, RouteErrorKind};
use crate::plan::Plan;

/// What was said of tables and types so far.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// Sorted by number: for a handful of tables, which is usual, a search is quicker than a hash.
    tables: Vec<(u32, Known)>,
    /// Types that are not built in and make a difference.
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
        let number = relation.as_u32();
        let known = self
            .place(relation)
            .ok()
            .and_then(|place| self.tables.get(place));
        known.map(|(_, known)| known).ok_or_else(|| {
            RouteError::new(None, RouteErrorKind::UnknownRelation { relation: number })
        })
    }

    /// Where a table stands, or where it would.
    fn place(&self, relation: Oid) -> Result<usize, usize> {
        self.tables
            .binary_search_by_key(&relation.as_u32(), |(number, _)| *number)
    }

    /// Adds a table, or replaces it.
    pub(crate) fn insert(&mut self, relation: Oid, known: Known) {
        self.forget(relation);
        let (Ok(place) | Err(place)) = self.place(relation);
        self.tables.insert(place, (relation.as_u32(), known));
    }

    /// Forgets a table.
    pub(crate) fn forget(&mut self, relation: Oid) {
        if let Ok(place) = self.place(relation) {
            self.tables.remove(place);
        }
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
