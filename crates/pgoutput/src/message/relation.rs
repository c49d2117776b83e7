//! Relation and Type: what rows mean from here on.

use super::put_text;
use crate::error::{DecodeError, Problem};
use crate::id::Oid;
use crate::reader::Reader;
use crate::text::Text;

/// A table's published columns, valid from this place of the stream until the next such message.
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

/// The name of a type that is not built in; sent before the relation that uses it.
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
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: reader.oid("relation id")?,
            namespace: reader.text("namespace")?,
            name: reader.text("relation name")?,
            replica_identity: ReplicaIdentity::decode(reader)?,
            columns: Columns::decode(reader)?,
        })
    }

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
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let before = reader.clone();
        match reader.u8("replica identity")? {
            b'd' => Ok(Self::Default),
            b'n' => Ok(Self::Nothing),
            b'f' => Ok(Self::Full),
            b'i' => Ok(Self::Index),
            other => Err(before.error("replica identity", Problem::Unknown(other))),
        }
    }

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

    /// Writes columns as the protocol does, into memory that outlives the message made of them.
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
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let before = reader.clone();
        let key = match reader.u8("column flags")? {
            0 => false,
            1 => true,
            other => return Err(before.error("column flags", Problem::Unknown(other))),
        };
        Ok(Self {
            key,
            name: reader.text("column name")?,
            type_oid: reader.oid("column type")?,
            type_modifier: reader.i32("column type modifier")?,
        })
    }
}

impl std::fmt::Debug for Columns<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> Type<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: reader.oid("type id")?,
            namespace: reader.text("namespace")?,
            name: reader.text("type name")?,
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'Y');
        out.extend_from_slice(&self.id.as_u32().to_be_bytes());
        put_text(self.namespace, out);
        put_text(self.name, out);
    }
}
