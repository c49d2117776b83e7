//! Decoder for `pgoutput`, the logical replication messages of PostgreSQL 14 to 18, in all versions of
//! the protocol (1 to 4).
//!
//! What it promises:
//! - Nothing is copied and nothing is allocated: a [`Message`] borrows its names and values from
//!   the frame it was decoded from, so that thousands of rows fit into one read buffer.
//! - A frame is checked completely when it is decoded, so reading a [`Tuple`] or [`Columns`] later
//!   cannot fail. A frame that is too short names the field it lacks; one that is too long is
//!   refused.
//! - Every byte of a frame is accounted for: [`Message::encode`] and [`AnyMessage::encode`] give the
//!   same bytes again.
//! - No input panics.
//! - `Debug` of a row shows its shape, never its values; an error never shows content.
//!
//! There is no I/O in it. A frame is the payload of one `XLogData` of a replication connection
//! (PostgreSQL manual, "Streaming Replication Protocol"), or the `data` of one row of
//! `pg_logical_slot_peek_binary_changes`.
//!
//! ```
//! use outflow_pgoutput::{Message, Value};
//!
//! let frame = b"I\0\0\x40\x01N\0\x02t\0\0\0\x0242n";
//! let Message::Insert(insert) = Message::decode(frame)? else { panic!("not an insert") };
//! assert_eq!(insert.new.get(0), Some(Value::Text(b"42")));
//! assert_eq!(insert.new.get(1), Some(Value::Null));
//! # Ok::<(), outflow_pgoutput::DecodeError>(())
//! ```
//!
//! # Which one to take
//!
//! | The stream was started with | Decode with |
//! |---|---|
//! | `proto_version '1'`, or nothing of what is below | [`Message::decode`]: no state |
//! | `streaming 'on'` (2, PostgreSQL 14) or `'parallel'` (4, PostgreSQL 16) | a [`Decoder`] for each connection, with that [`Streaming`] |
//! | `two_phase 'on'` (3, PostgreSQL 15), or a slot that has it | a [`Decoder`], also with [`Streaming::Off`] |
//!
//! What is not checked is meaning across frames, but for the places of segments: that rows stand
//! between [`Begin`] and [`Commit`] and fit a [`Relation`] seen before is the caller's to know.
//!
//! # The messages
//!
//! The layouts are those of the PostgreSQL manual, "Logical Replication Message Formats". Numbers
//! are big-endian; a name ends with a NUL; an LSN and a time have 8 bytes, the time being
//! microseconds since 2000-01-01 00:00 UTC; `xid` and `oid` have 4. `[xid]` is there in a segment
//! only.
//!
//! Transactions that come whole, and their changes:
//!
//! | Byte | Message | Since | Fields |
//! |---|---|---|---|
//! | `B` | [`Begin`] | 1 | final LSN, commit time, xid |
//! | `C` | [`Commit`] | 1 | flags (1 byte), commit LSN, end LSN, commit time |
//! | `O` | [`Origin`] | 1 | LSN there, name; never with an xid |
//! | `R` | [`Relation`] | 1 | \[xid\], oid, schema, name, replica identity (1 byte: `d`, `n`, `f`, `i`), number of columns (2 bytes), [`Columns`] |
//! | `Y` | [`Type`] | 1 | \[xid\], oid, schema, name |
//! | `I` | [`Insert`] | 1 | \[xid\], oid of the table, `N`, [`Tuple`] |
//! | `U` | [`Update`] | 1 | \[xid\], oid of the table, `K` or `O` and the old [`Tuple`] or nothing, `N`, [`Tuple`] |
//! | `D` | [`Delete`] | 1 | \[xid\], oid of the table, `K` or `O`, the old [`Tuple`] |
//! | `T` | [`Truncate`] | 1 | \[xid\], number of tables (4 bytes), flags (1 byte: 1 cascade, 2 restart identity), their oids |
//! | `M` | [`LogicalMessage`] | 1 | \[xid\], flags (1 byte: 1 transactional), LSN, prefix, length (4 bytes), content |
//!
//! Transactions that come in segments while they are open:
//!
//! | Byte | Message | Since | Fields |
//! |---|---|---|---|
//! | `S` | [`StreamStart`] | 2 | xid, whether it is the first segment (1 byte) |
//! | `E` | [`AnyMessage::StreamStop`] | 2 | none |
//! | `c` | [`StreamCommit`] | 2 | xid, flags (1 byte), commit LSN, end LSN, commit time |
//! | `A` | [`StreamAbort`] | 2 | xid, xid of the subtransaction; with `parallel` (4) also the abort's LSN and time |
//!
//! Transactions in two phases:
//!
//! | Byte | Message | Since | Fields |
//! |---|---|---|---|
//! | `b` | [`BeginPrepare`] | 3 | prepare LSN, end LSN, prepare time, xid, gid |
//! | `P` | [`Prepare`] | 3 | flags (1 byte), prepare LSN, end LSN, prepare time, xid, gid |
//! | `K` | [`CommitPrepared`] | 3 | flags (1 byte), commit LSN, end LSN, commit time, xid, gid |
//! | `r` | [`RollbackPrepared`] | 3 | flags (1 byte), end LSN of the prepare, end LSN of the rollback, prepare time, rollback time, xid, gid |
//! | `p` | [`AnyMessage::StreamPrepare`] | 3 | as [`Prepare`], of a transaction that came in segments |
//!
//! A [`Tuple`] is the number of columns (2 bytes), and for each one:
//!
//! | Byte | [`Value`] | Fields |
//! |---|---|---|
//! | `n` | [`Value::Null`] | none |
//! | `u` | [`Value::Unchanged`] | none: the value was stored out of line and is not in the stream |
//! | `t` | [`Value::Text`] | length (4 bytes), the value as PostgreSQL prints it |
//! | `b` | [`Value::Binary`] | length (4 bytes), the value as its send function writes it; with the option `binary` |
//!
//! # What is easily got wrong
//!
//! - What may be confirmed is [`Commit::end_lsn`], not `commit_lsn`, which has the transaction sent
//!   again.
//! - A [`Relation`] holds from its place on, also in the middle of a transaction: read rows by it,
//!   never by the catalog of the present.
//! - The nulls in an [`OldTuple::Key`] say nothing of the row, and [`Value::Unchanged`] is no NULL.
//! - The server sends many rows with one LSN (`COPY`), so that is no identity of a row.
//! - A message of `pg_logical_emit_message` that is not transactional comes even if its writer rolls
//!   back, and before that one's [`Begin`].
//! - A [`StreamAbort`] of a subtransaction takes back its changes, not the transaction. Messages in
//!   a segment have the whole transaction's id, so that those of a subtransaction that was rolled
//!   back cannot be told from others.
//! - PostgreSQL 18 sends a stray [`StreamAbort`] in every version of the protocol.

mod decoder;
mod error;
mod id;
mod lsn;
mod message;
mod reader;
mod text;
mod time;
mod tuple;
mod writer;

pub use decoder::{Decoder, Streaming};
pub use error::{DecodeError, Problem};
pub use id::{Oid, Xid};
pub use lsn::{Lsn, ParseLsnError};
pub use message::{
    AbortRecord, AnyMessage, Begin, BeginPrepare, Change, Column, Columns, Commit, CommitPrepared,
    Delete, Insert, LogicalMessage, Message, OldTuple, Origin, Prepare, Relation, RelationIds,
    ReplicaIdentity, RollbackPrepared, StreamAbort, StreamCommit, StreamStart, Streamed, Truncate,
    Type, Update,
};
pub use text::Text;
pub use time::Timestamp;
pub use tuple::{Tuple, Value, Values};

/// The code of the crate's README, so that it is compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
