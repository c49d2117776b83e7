//! Relation and Type: what rows mean from here on.

use std::fmt;

use crate::error::DecodeError;
use crate::id::Oid;
use crate::reader::Reader;
use crate::text::Text;
use crate::writer::put_text;

/// A table's published columns (PostgreSQL manual, "Logical Replication Message Formats",
/// Relation).
///
/// It holds from this place of the stream until the next one of the same table, which may come in
/// the middle of a transaction; rows are read by it, never by the catalog of the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation<'a> {
    /// The table's object id, which rows refer to.
    pub id: Oid,
    /// Its schema; empty for `pg_catalog`.
    pub namespace: Text<'a>,
    /// Its name.
    pub name: Text<'a>,
    /// Which columns of the old row an update or delete brings.
    pub replica_identity: ReplicaIdentity,
    /// Its published columns, in the order of the rows' values.
    pub columns: Columns<'a>,
}

/// A table's `REPLICA IDENTITY` (PostgreSQL manual, "ALTER TABLE").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaIdentity {
    /// `d`: the primary key.
    Default,
    /// `n`: nothing.
    Nothing,
    /// `f`: the whole row.
    Full,
    /// `i`: the columns of an index.
    Index,
}

/// The columns of a relation, checked completely when it was decoded.
/// ```
/// use outflow_pgoutput::{Column, Columns, Oid, Text};
///
/// let (name, type_oid) = (Text::new(b"id"), Oid::new(23));
/// let id = Column { key: true, name, type_oid, type_modifier: -1 };
/// let mut memory = Vec::new();
/// let columns = Columns::encode(&[id], &mut memory);
/// assert!(columns.iter().eq([id]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Columns<'a> {
    /// The number of columns.
    count: u16,
    /// The columns, whole.
    body: &'a [u8],
}

/// One published column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    /// Whether it is part of the replica identity.
    pub key: bool,
    /// Its name.
    pub name: Text<'a>,
    /// Its type.
    pub type_oid: Oid,
    /// Its type's modifier, such as a length; -1 for none.
    pub type_modifier: i32,
}

/// The name of a type that is not built in (PostgreSQL manual, "Logical Replication Message
/// Formats", Type); it comes before the relation that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type<'a> {
    /// The type's object id. For a domain, this is the domain's, and the names are its base type's.
    pub id: Oid,
    /// Its schema; empty for `pg_catalog`.
    pub namespace: Text<'a>,
    /// Its name.
    pub name: Text<'a>,
}

impl<'a> Relation<'a> {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: reader.oid("relation id")?,
            namespace: reader.text("namespace")?,
            name: reader.text("relation name")?,
            replica_identity: ReplicaIdentity::decode(reader)?,
            columns: Columns::decode(reader)?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'R');
        out.extend_from_slice(&self.id.as_u32().to_be_bytes());
        put_text(self.namespace, out);
        put_text(self.name, out);
        out.push(self.replica_identity.as_byte());
        out.extend_from_slice(&self.columns.count.to_be_bytes());
        out.extend_from_slice(self.columns.body);
    }
}

impl ReplicaIdentity {
    /// Reads its letter.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let before = reader.clone();
        match reader.u8("replica identity")? {
            b'd' => Ok(Self::Default),
            b'n' => Ok(Self::Nothing),
            b'f' => Ok(Self::Full),
            b'i' => Ok(Self::Index),
            other => Err(before.unknown("replica identity", other, "d, n, f, i")),
        }
    }

    /// Gives its letter.
    const fn as_byte(self) -> u8 {
        match self {
            Self::Default => b'd',
            Self::Nothing => b'n',
            Self::Full => b'f',
            Self::Index => b'i',
        }
    }
}

impl<'a> Columns<'a> {
    /// Reads and checks the columns.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.u16("number of columns")?;
        let start = reader.clone();
        for _ in 0..count {
            Column::decode(reader)?;
        }
        Ok(Self {
            count,
            body: reader.since(&start),
        })
    }

    /// Writes columns as the protocol does, for tests: `out` is cleared and lent to the result. A
    /// column past the 65,535th is left out.
    pub fn encode<'b>(columns: &[Column<'_>], out: &'b mut Vec<u8>) -> Columns<'b> {
        let count = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        out.clear();
        for column in columns.iter().take(usize::from(count)) {
            out.push(u8::from(column.key));
            put_text(column.name, out);
            out.extend_from_slice(&column.type_oid.as_u32().to_be_bytes());
            out.extend_from_slice(&column.type_modifier.to_be_bytes());
        }
        Columns { count, body: out }
    }

    /// Gives the number of columns.
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Says whether there are no columns.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Gives the columns in order.
    pub fn iter(&self) -> impl Iterator<Item = Column<'a>> + use<'a> {
        let mut rest = Reader::resume(self.body);
        (0..self.count).map_while(move |_| Column::decode(&mut rest).ok())
    }
}

impl<'a> Column<'a> {
    /// Reads one column.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let before = reader.clone();
        let key = match reader.u8("column flags")? {
            0 => false,
            1 => true,
            other => return Err(before.unknown("column flags", other, "0, 1")),
        };
        Ok(Self {
            key,
            name: reader.text("column name")?,
            type_oid: reader.oid("column type")?,
            type_modifier: reader.i32("column type modifier")?,
        })
    }
}

impl fmt::Debug for Columns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> Type<'a> {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: reader.oid("type id")?,
            namespace: reader.text("namespace")?,
            name: reader.text("type name")?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'Y');
        out.extend_from_slice(&self.id.as_u32().to_be_bytes());
        put_text(self.namespace, out);
        put_text(self.name, out);
    }
}
