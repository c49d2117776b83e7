//! Begin, Commit and Origin: what stands around a transaction's rows.

use crate::error::DecodeError;
use crate::id::Xid;
use crate::lsn::Lsn;
use crate::reader::Reader;
use crate::text::Text;
use crate::time::Timestamp;
use crate::writer::put_text;

/// A transaction begins (PostgreSQL manual, "Logical Replication Message Formats", Begin).
///
/// Transactions come whole, one after the other, in the order of their commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Where its commit record starts: equal to the Commit's `commit_lsn`.
    pub final_lsn: Lsn,
    /// When it was committed, by the server's clock.
    pub commit_time: Timestamp,
    /// Its id.
    pub xid: Xid,
}

/// A transaction is complete (PostgreSQL manual, "Logical Replication Message Formats", Commit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Unused so far: 0.
    pub flags: u8,
    /// Where its commit record starts. Confirming this would have the transaction sent again.
    pub commit_lsn: Lsn,
    /// Where its commit record ends: what may be confirmed once the transaction is delivered.
    pub end_lsn: Lsn,
    /// When it was committed, by the server's clock.
    pub commit_time: Timestamp,
}

/// The transaction was replicated here from another server (PostgreSQL manual, "Logical Replication
/// Message Formats", Origin); it follows the Begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The commit's position on that server.
    pub lsn: Lsn,
    /// The replication origin's name.
    pub name: Text<'a>,
}

impl Begin {
    /// Reads what follows the type byte.
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            final_lsn: reader.lsn("final LSN")?,
            commit_time: reader.timestamp("commit time")?,
            xid: reader.xid("transaction id")?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'B');
        out.extend_from_slice(&self.final_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.commit_time.as_micros().to_be_bytes());
        out.extend_from_slice(&self.xid.as_u32().to_be_bytes());
    }
}

impl Commit {
    /// Reads what follows the type byte.
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            flags: reader.u8("flags")?,
            commit_lsn: reader.lsn("commit LSN")?,
            end_lsn: reader.lsn("end LSN")?,
            commit_time: reader.timestamp("commit time")?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[b'C', self.flags]);
        out.extend_from_slice(&self.commit_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.end_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.commit_time.as_micros().to_be_bytes());
    }
}

impl<'a> Origin<'a> {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            lsn: reader.lsn("origin LSN")?,
            name: reader.text("origin name")?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'O');
        out.extend_from_slice(&self.lsn.as_u64().to_be_bytes());
        put_text(self.name, out);
    }
}
