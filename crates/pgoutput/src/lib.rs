//! Decoder for `pgoutput`, the logical replication messages of PostgreSQL 14 to 18.
//!
//! What it promises:
//! - Nothing is copied and nothing is allocated: a [`Message`] borrows its names and values from
//!   the frame it was decoded from, so that thousands of rows fit into one read buffer.
//! - A frame is checked completely by [`Message::decode`], so reading a [`Tuple`] or [`Columns`]
//!   later cannot fail. A frame that is too short names the field it lacks; one that is too long is
//!   refused.
//! - Every byte of a frame is accounted for: [`Message::encode`] gives the same bytes again.
//! - No input panics.
//! - `Debug` of a row shows its shape, never its values; an error never shows content.
//!
//! The layouts are those of the PostgreSQL manual, "Logical Replication Message Formats", for
//! protocol version 1. PostgreSQL 18 sends stray [`StreamAbort`] messages in it, which are decoded
//! too. What is not checked is meaning across frames: that rows stand between [`Begin`] and
//! [`Commit`] and fit a [`Relation`] seen before is the caller's to know.
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
