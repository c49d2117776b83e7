//! What stands in a segment of a streamed transaction.

use crate::error::DecodeError;
use crate::id::Xid;
use crate::message::{
    Delete, Insert, LogicalMessage, Message, Origin, Relation, Truncate, Type, Update,
};
use crate::reader::Reader;

/// A message between Stream Start and Stream Stop, where each has a transaction's id before its
/// other fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streamed<'a> {
    /// The transaction or subtransaction that the change belongs to, which
    /// [`StreamAbort`](crate::StreamAbort) may take back. A [`LogicalMessage`] has the whole
    /// transaction's, whichever subtransaction wrote it. An [`Origin`] has none on the wire; this
    /// is its segment's then.
    pub xid: Xid,
    /// The message.
    pub change: Change<'a>,
}

/// What may stand in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// `O`: the transaction came from another server; in the first segment only.
    Origin(Origin<'a>),
    /// `R`: a table's columns, as they are from here on.
    Relation(Relation<'a>),
    /// `Y`: the name of a type that is not built in.
    Type(Type<'a>),
    /// `I`: a row was inserted.
    Insert(Insert<'a>),
    /// `U`: a row was updated.
    Update(Update<'a>),
    /// `D`: a row was deleted.
    Delete(Delete<'a>),
    /// `T`: tables were emptied.
    Truncate(Truncate<'a>),
    /// `M`: written by `pg_logical_emit_message`.
    Message(LogicalMessage<'a>),
}

impl<'a> Streamed<'a> {
    /// Reads what follows the type byte, in a segment of the transaction `top`.
    pub(super) fn decode(tag: u8, top: Xid, r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let xid = match tag {
            b'R' | b'Y' | b'I' | b'U' | b'D' | b'T' | b'M' => r.xid("transaction id")?,
            _ => top,
        };
        let change = match tag {
            b'I' => Change::Insert(Insert::decode(r)?),
            b'U' => Change::Update(Update::decode(r)?),
            b'D' => Change::Delete(Delete::decode(r)?),
            b'T' => Change::Truncate(Truncate::decode(r)?),
            b'R' => Change::Relation(Relation::decode(r)?),
            b'Y' => Change::Type(Type::decode(r)?),
            b'M' => Change::Message(LogicalMessage::decode(r)?),
            b'O' => Change::Origin(Origin::decode(r)?),
            _ => {
                let known = "E, O, R, Y, I, U, D, T, M";
                return Err(DecodeError::tag_unknown("type in a segment", tag, known));
            }
        };
        Ok(Self { xid, change })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let after_tag = out.len().saturating_add(1);
        Message::from(self.change).encode(out);
        if !matches!(self.change, Change::Origin(_)) {
            out.splice(after_tag..after_tag, self.xid.as_u32().to_be_bytes());
        }
    }
}

impl<'a> From<Change<'a>> for Message<'a> {
    /// Gives the message as it would stand in a transaction that comes whole.
    fn from(change: Change<'a>) -> Self {
        match change {
            Change::Origin(message) => Self::Origin(message),
            Change::Relation(message) => Self::Relation(message),
            Change::Type(message) => Self::Type(message),
            Change::Insert(message) => Self::Insert(message),
            Change::Update(message) => Self::Update(message),
            Change::Delete(message) => Self::Delete(message),
            Change::Truncate(message) => Self::Truncate(message),
            Change::Message(message) => Self::Message(message),
        }
    }
}
