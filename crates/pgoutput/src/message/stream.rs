//! What stands around the segments of a streamed transaction: Stream Start, Stop, Commit and Abort.

use crate::error::DecodeError;
use crate::id::Xid;
use crate::lsn::Lsn;
use crate::reader::Reader;
use crate::time::Timestamp;

/// A segment begins: a part of a transaction that is still open (PostgreSQL manual, "Logical
/// Replication Message Formats", Stream Start).
///
/// A transaction that outgrows `logical_decoding_work_mem` comes in segments, between which other
/// transactions may stand; none of it counts before its [`StreamCommit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamStart {
    /// The transaction; its subtransactions have ids of their own.
    pub xid: Xid,
    /// Whether it is the transaction's first segment.
    pub first: bool,
}

/// A streamed transaction is complete (PostgreSQL manual, "Logical Replication Message Formats",
/// Stream Commit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamCommit {
    /// The transaction.
    pub xid: Xid,
    /// Unused so far: 0.
    pub flags: u8,
    /// Where its commit record starts. Confirming this would have the transaction sent again.
    pub commit_lsn: Lsn,
    /// Where its commit record ends: what may be confirmed once the transaction is delivered.
    pub end_lsn: Lsn,
    /// When it was committed, by the server's clock.
    pub commit_time: Timestamp,
}

/// A streamed transaction, or a part of it, was rolled back (PostgreSQL manual, "Logical
/// Replication Message Formats", Stream Abort).
///
/// PostgreSQL 18 sends it without streaming too, outside of any Begin and Commit, for an aborted
/// transaction that outgrew `logical_decoding_work_mem` and of which nothing was sent. It is to be
/// ignored then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamAbort {
    /// The transaction.
    pub xid: Xid,
    /// The subtransaction that was rolled back; the same as `xid` for all of it.
    pub subxid: Xid,
    /// The record of the rollback: with [`Streaming::Parallel`](crate::Streaming), and only then.
    pub record: Option<AbortRecord>,
}

/// Where and when a transaction was rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortRecord {
    /// The rollback's position.
    pub lsn: Lsn,
    /// The rollback's time, by the server's clock.
    pub time: Timestamp,
}

impl StreamStart {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let xid = reader.xid("transaction id")?;
        let before = reader.clone();
        let first = match reader.u8("first segment")? {
            0 => false,
            1 => true,
            other => return Err(before.unknown("first segment", other, "0, 1")),
        };
        Ok(Self { xid, first })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'S');
        out.extend_from_slice(&self.xid.as_u32().to_be_bytes());
        out.push(u8::from(self.first));
    }
}

impl StreamCommit {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            xid: reader.xid("transaction id")?,
            flags: reader.u8("flags")?,
            commit_lsn: reader.lsn("commit LSN")?,
            end_lsn: reader.lsn("end LSN")?,
            commit_time: reader.timestamp("commit time")?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'c');
        out.extend_from_slice(&self.xid.as_u32().to_be_bytes());
        out.push(self.flags);
        out.extend_from_slice(&self.commit_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.end_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.commit_time.as_micros().to_be_bytes());
    }
}

impl StreamAbort {
    /// Reads what follows the type byte, in the short form.
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            xid: reader.xid("transaction id")?,
            subxid: reader.xid("subtransaction id")?,
            record: None,
        })
    }

    /// Reads what follows the type byte, in the long form of parallel streaming.
    pub(super) fn decode_parallel(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let short = Self::decode(reader)?;
        let record = AbortRecord {
            lsn: reader.lsn("abort LSN")?,
            time: reader.timestamp("abort time")?,
        };
        Ok(Self {
            record: Some(record),
            ..short
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'A');
        out.extend_from_slice(&self.xid.as_u32().to_be_bytes());
        out.extend_from_slice(&self.subxid.as_u32().to_be_bytes());
        if let Some(record) = self.record {
            out.extend_from_slice(&record.lsn.as_u64().to_be_bytes());
            out.extend_from_slice(&record.time.as_micros().to_be_bytes());
        }
    }
}
