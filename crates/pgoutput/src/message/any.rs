//! The messages of all versions of the protocol.

use crate::decoder::Streaming;
use crate::error::DecodeError;
use crate::id::Xid;
use crate::message::{
    BeginPrepare, CommitPrepared, Message, Prepare, RollbackPrepared, StreamAbort, StreamCommit,
    StreamStart, Streamed,
};
use crate::reader::Reader;

/// A message of protocol versions 1 to 4 (PostgreSQL manual, "Logical Replication Message
/// Formats"), as a [`Decoder`](crate::Decoder) gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyMessage<'a> {
    /// One of a transaction that comes whole. [`Message::StreamAbort`] is not among them.
    Whole(Message<'a>),
    /// One of a segment.
    Streamed(Streamed<'a>),
    /// `S`: a segment begins.
    StreamStart(StreamStart),
    /// `E`: the segment ends.
    StreamStop,
    /// `c`: a streamed transaction is complete.
    StreamCommit(StreamCommit),
    /// `A`: a streamed transaction, or a part of it, was rolled back.
    StreamAbort(StreamAbort),
    /// `b`: a prepared transaction begins, in place of a Begin.
    BeginPrepare(BeginPrepare<'a>),
    /// `P`: it is complete and prepared, in place of a Commit.
    Prepare(Prepare<'a>),
    /// `K`: a prepared transaction was committed.
    CommitPrepared(CommitPrepared<'a>),
    /// `r`: a prepared transaction was rolled back.
    RollbackPrepared(RollbackPrepared<'a>),
    /// `p`: a streamed transaction is complete and prepared.
    StreamPrepare(Prepare<'a>),
}

impl<'a> AnyMessage<'a> {
    /// Decodes a frame that stands in no segment.
    #[inline]
    pub(crate) fn decode_outside(
        frame: &'a [u8],
        streaming: Streaming,
    ) -> Result<Self, DecodeError> {
        let (tag, mut reader) = Reader::new(frame)?;
        let r = &mut reader;
        let (streams, known) = match streaming {
            Streaming::Off => (false, "B, C, O, R, Y, I, U, D, T, M, A, b, P, K, r"),
            Streaming::On | Streaming::Parallel => {
                (true, "B, C, O, R, Y, I, U, D, T, M, S, c, A, b, P, K, r, p")
            }
        };
        let message = match tag {
            b'S' if streams => Self::StreamStart(StreamStart::decode(r)?),
            b'c' if streams => Self::StreamCommit(StreamCommit::decode(r)?),
            b'p' if streams => Self::StreamPrepare(Prepare::decode(r)?),
            b'A' if streaming == Streaming::Parallel => {
                Self::StreamAbort(StreamAbort::decode_parallel(r)?)
            }
            b'A' => Self::StreamAbort(StreamAbort::decode(r)?),
            b'b' => Self::BeginPrepare(BeginPrepare::decode(r)?),
            b'P' => Self::Prepare(Prepare::decode(r)?),
            b'K' => Self::CommitPrepared(CommitPrepared::decode(r)?),
            b'r' => Self::RollbackPrepared(RollbackPrepared::decode(r)?),
            _ => Self::Whole(Message::read(tag, known, r)?),
        };
        reader.finish()?;
        Ok(message)
    }

    /// Decodes a frame that stands in a segment of the transaction `top`.
    pub(crate) fn decode_inside(frame: &'a [u8], top: Xid) -> Result<Self, DecodeError> {
        let (tag, mut reader) = Reader::new(frame)?;
        let message = match tag {
            b'E' => Self::StreamStop,
            _ => Self::Streamed(Streamed::decode(tag, top, &mut reader)?),
        };
        reader.finish()?;
        Ok(message)
    }

    /// Appends the message as the server writes it: for tests, and for what stands in for a server.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Whole(message) => message.encode(out),
            Self::Streamed(message) => message.encode(out),
            Self::StreamStart(message) => message.encode(out),
            Self::StreamStop => out.push(b'E'),
            Self::StreamCommit(message) => message.encode(out),
            Self::StreamAbort(message) => message.encode(out),
            Self::BeginPrepare(message) => message.encode(out),
            Self::Prepare(message) => message.encode(b'P', out),
            Self::CommitPrepared(message) => message.encode(out),
            Self::RollbackPrepared(message) => message.encode(out),
            Self::StreamPrepare(message) => message.encode(b'p', out),
        }
    }
}
