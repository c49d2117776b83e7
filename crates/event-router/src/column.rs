//! Columns of a table, as messages and catalogs describe them.

use std::borrow::Cow;

use crate::timestamp::Clock;

/// One column: its name and its type.
#[derive(Debug, Clone)]
pub(crate) struct Column<'a> {
    /// As the catalog has it.
    pub(crate) name: Cow<'a, str>,
    /// What its type means here.
    pub(crate) kind: ColumnKind,
}

/// The types that make a difference here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// `bytea`: its bytes are taken, not its text.
    Bytea,
    /// A type that can be the time of a record.
    Clock(Clock),
    /// Any other type, taken as PostgreSQL prints it.
    Other,
}

impl ColumnKind {
    /// The kind of a built-in type.
    pub(crate) fn of_type(oid: u32) -> Self {
        match oid {
            17 => Self::Bytea,
            20 => Self::Clock(Clock::Millis),
            1114 => Self::Clock(Clock::Local),
            1184 => Self::Clock(Clock::Zoned),
            _ => Self::Other,
        }
    }

    /// The kind of a domain over a type of this name; the server describes a domain so.
    pub(crate) fn of_name(name: &[u8]) -> Self {
        match name {
            b"bytea" => Self::Bytea,
            b"int8" => Self::Clock(Clock::Millis),
            b"timestamp" => Self::Clock(Clock::Local),
            b"timestamptz" => Self::Clock(Clock::Zoned),
            _ => Self::Other,
        }
    }
}
