//! The messages, and which type byte is which.

mod any;
mod logical;
mod prepared;
mod relation;
mod row;
mod stream;
mod streamed;
mod transaction;

pub use any::AnyMessage;
pub use logical::LogicalMessage;
pub use prepared::{BeginPrepare, CommitPrepared, Prepare, RollbackPrepared};
pub use relation::{Column, Columns, Relation, ReplicaIdentity, Type};
pub use row::{Delete, Insert, OldTuple, RelationIds, Truncate, Update};
pub use stream::{AbortRecord, StreamAbort, StreamCommit, StreamStart};
pub use streamed::{Change, Streamed};
pub use transaction::{Begin, Commit, Origin};

use crate::error::DecodeError;
use crate::reader::Reader;

/// A message of protocol version 1 (PostgreSQL manual, "Logical Replication Message Formats").
///
/// It borrows names and values from its frame. What versions 2 to 4 add depends on what came before
/// (between Stream Start and Stream Stop each message has a transaction id): a
/// [`Decoder`](crate::Decoder) reads that.
/// ```
/// use outflow_pgoutput::{Begin, Lsn, Message, Timestamp, Xid};
///
/// let begin = Begin {
///     final_lsn: Lsn::new(0x16_B374_D848),
///     commit_time: Timestamp::from_micros(820_454_400_000_000),
///     xid: Xid::new(740),
/// };
/// let mut frame = Vec::new();
/// Message::Begin(begin).encode(&mut frame);
/// assert_eq!(Message::decode(&frame)?, Message::Begin(begin));
/// # Ok::<(), outflow_pgoutput::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// `B`: a transaction begins; transactions come whole, in commit order.
    Begin(Begin),
    /// `C`: the transaction is complete.
    Commit(Commit),
    /// `O`: the transaction came from another server.
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
    /// `A`: belongs to streaming, but PostgreSQL 18 sends it without; of no meaning then.
    StreamAbort(StreamAbort),
}

impl<'a> Message<'a> {
    /// Decodes a frame: the payload of one `XLogData` (PostgreSQL manual, "Streaming Replication
    /// Protocol").
    ///
    /// # Errors
    /// [`DecodeError`] where the bytes are not exactly one message.
    #[inline]
    pub fn decode(frame: &'a [u8]) -> Result<Self, DecodeError> {
        let (tag, mut reader) = Reader::new(frame)?;
        let r = &mut reader;
        let message = Self::read(tag, "B, C, O, R, Y, I, U, D, T, M, A", r)?;
        reader.finish()?;
        Ok(message)
    }

    /// Reads what follows the type byte; `known` are the bytes that may stand there.
    #[inline]
    fn read(tag: u8, known: &'static str, r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        match tag {
            b'I' => Insert::decode(r).map(Self::Insert),
            b'B' => Begin::decode(r).map(Self::Begin),
            b'C' => Commit::decode(r).map(Self::Commit),
            b'R' => Relation::decode(r).map(Self::Relation),
            b'U' => Update::decode(r).map(Self::Update),
            b'D' => Delete::decode(r).map(Self::Delete),
            b'T' => Truncate::decode(r).map(Self::Truncate),
            b'O' => Origin::decode(r).map(Self::Origin),
            b'Y' => Type::decode(r).map(Self::Type),
            b'M' => LogicalMessage::decode(r).map(Self::Message),
            b'A' => StreamAbort::decode(r).map(Self::StreamAbort),
            _ => Err(DecodeError::tag_unknown("type", tag, known)),
        }
    }

    /// Appends the message as the server writes it: for tests, and for what stands in for a server.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Begin(message) => message.encode(out),
            Self::Commit(message) => message.encode(out),
            Self::Origin(message) => message.encode(out),
            Self::Relation(message) => message.encode(out),
            Self::Type(message) => message.encode(out),
            Self::Insert(message) => message.encode(out),
            Self::Update(message) => message.encode(out),
            Self::Delete(message) => message.encode(out),
            Self::Truncate(message) => message.encode(out),
            Self::Message(message) => message.encode(out),
            Self::StreamAbort(message) => message.encode(out),
        }
    }
}
