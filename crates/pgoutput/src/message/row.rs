//! Insert, Update, Delete and Truncate.

use std::fmt;

use crate::error::DecodeError;
use crate::id::Oid;
use crate::reader::Reader;
use crate::tuple::Tuple;

/// A row was inserted (PostgreSQL manual, "Logical Replication Message Formats", Insert).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insert<'a> {
    /// The table.
    pub relation: Oid,
    /// The row.
    pub new: Tuple<'a>,
}

/// A row was updated (PostgreSQL manual, "Logical Replication Message Formats", Update).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update<'a> {
    /// The table.
    pub relation: Oid,
    /// The old row: all of it, or its key if that changed or was stored out of line, by the table's
    /// [`ReplicaIdentity`](crate::ReplicaIdentity).
    pub old: Option<OldTuple<'a>>,
    /// The new row.
    pub new: Tuple<'a>,
}

/// A row was deleted (PostgreSQL manual, "Logical Replication Message Formats", Delete).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delete<'a> {
    /// The table.
    pub relation: Oid,
    /// The old row, as far as it is known.
    pub old: OldTuple<'a>,
}

/// Tables were emptied, all by one command (PostgreSQL manual, "Logical Replication Message
/// Formats", Truncate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncate<'a> {
    /// Bit 0: `CASCADE`, bit 1: `RESTART IDENTITY`.
    pub flags: u8,
    /// The tables.
    pub relations: RelationIds<'a>,
}

/// What is known of an old row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldTuple<'a> {
    /// Its key; all other columns are null in it, which says nothing about their values.
    Key(Tuple<'a>),
    /// All of it (`REPLICA IDENTITY FULL`).
    Full(Tuple<'a>),
}

/// A list of tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RelationIds<'a>(&'a [u8]);

impl<'a> Insert<'a> {
    /// Reads what follows the type byte.
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            relation: reader.oid("relation id")?,
            new: new_tuple(reader, "N")?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'I');
        out.extend_from_slice(&self.relation.as_u32().to_be_bytes());
        out.push(b'N');
        self.new.put(out);
    }
}

impl<'a> Update<'a> {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let relation = reader.oid("relation id")?;
        let mut peek = reader.clone();
        let old = match peek.u8("tuple kind")? {
            b'K' | b'O' => Some(OldTuple::decode(reader)?),
            _ => None,
        };
        let known = if old.is_some() { "N" } else { "K, O, N" };
        Ok(Self {
            relation,
            old,
            new: new_tuple(reader, known)?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'U');
        out.extend_from_slice(&self.relation.as_u32().to_be_bytes());
        if let Some(old) = self.old {
            old.encode(out);
        }
        out.push(b'N');
        self.new.put(out);
    }
}

impl<'a> Delete<'a> {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            relation: reader.oid("relation id")?,
            old: OldTuple::decode(reader)?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'D');
        out.extend_from_slice(&self.relation.as_u32().to_be_bytes());
        self.old.encode(out);
    }
}

impl<'a> Truncate<'a> {
    /// Says whether tables that refer to those named were emptied with them.
    pub const fn cascade(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Says whether sequences that the tables own begin anew.
    pub const fn restart_identity(&self) -> bool {
        self.flags & 2 != 0
    }

    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.length("number of relations")?;
        let flags = reader.u8("flags")?;
        let bytes = count.saturating_mul(size_of::<u32>());
        Ok(Self {
            flags,
            relations: RelationIds(reader.bytes(bytes, "relation ids")?),
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let count = u32::try_from(self.relations.len()).unwrap_or(u32::MAX);
        out.push(b'T');
        out.extend_from_slice(&count.to_be_bytes());
        out.push(self.flags);
        out.extend_from_slice(self.relations.0);
    }
}

impl<'a> OldTuple<'a> {
    /// Reads an old row and the letter before it.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let before = reader.clone();
        match reader.u8("tuple kind")? {
            b'K' => Tuple::decode(reader).map(Self::Key),
            b'O' => Tuple::decode(reader).map(Self::Full),
            other => Err(before.unknown("tuple kind", other, "K, O")),
        }
    }

    /// Appends its letter and the row.
    fn encode(&self, out: &mut Vec<u8>) {
        let (kind, tuple) = match self {
            Self::Key(tuple) => (b'K', tuple),
            Self::Full(tuple) => (b'O', tuple),
        };
        out.push(kind);
        tuple.put(out);
    }
}

impl<'a> RelationIds<'a> {
    /// Writes a list as the protocol does, for tests: `out` is cleared and lent to the result.
    pub fn encode<'b>(relations: &[Oid], out: &'b mut Vec<u8>) -> RelationIds<'b> {
        out.clear();
        for relation in relations {
            out.extend_from_slice(&relation.as_u32().to_be_bytes());
        }
        RelationIds(out)
    }

    /// Gives the number of tables.
    pub const fn len(&self) -> usize {
        self.0.len() / size_of::<u32>()
    }

    /// Says whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives the tables in order.
    pub fn iter(&self) -> impl Iterator<Item = Oid> + use<'a> {
        let (ids, _) = self.0.as_chunks::<4>();
        ids.iter().map(|&id| Oid::new(u32::from_be_bytes(id)))
    }
}

impl fmt::Debug for RelationIds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Reads the new row and the letter before it; `known` are the letters that may stand there.
#[inline]
fn new_tuple<'a>(reader: &mut Reader<'a>, known: &'static str) -> Result<Tuple<'a>, DecodeError> {
    let before = reader.clone();
    match reader.u8("tuple kind")? {
        b'N' => Tuple::decode(reader),
        other => Err(before.unknown("tuple kind", other, known)),
    }
}
