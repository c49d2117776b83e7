//! Transactions in two phases: what stands around their rows, and what became of them.

use crate::error::DecodeError;
use crate::id::Xid;
use crate::lsn::Lsn;
use crate::reader::Reader;
use crate::text::Text;
use crate::time::Timestamp;
use crate::writer::put_text;

/// A prepared transaction begins (PostgreSQL manual, "Logical Replication Message Formats", Begin
/// Prepare): its rows follow, then its [`Prepare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeginPrepare<'a> {
    /// Where its prepare record starts.
    pub prepare_lsn: Lsn,
    /// Where its prepare record ends.
    pub end_lsn: Lsn,
    /// When it was prepared, by the server's clock.
    pub prepare_time: Timestamp,
    /// Its id.
    pub xid: Xid,
    /// Its name, as `PREPARE TRANSACTION` gave it.
    pub gid: Text<'a>,
}

/// A transaction is complete and prepared, but not committed (PostgreSQL manual, "Logical
/// Replication Message Formats", Prepare and Stream Prepare, which are alike).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepare<'a> {
    /// Unused so far: 0.
    pub flags: u8,
    /// Where its prepare record starts.
    pub prepare_lsn: Lsn,
    /// Where its prepare record ends.
    pub end_lsn: Lsn,
    /// When it was prepared, by the server's clock.
    pub prepare_time: Timestamp,
    /// Its id.
    pub xid: Xid,
    /// Its name, as `PREPARE TRANSACTION` gave it.
    pub gid: Text<'a>,
}

/// A prepared transaction was committed (PostgreSQL manual, "Logical Replication Message Formats",
/// Commit Prepared). Its rows came before, perhaps on an earlier connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitPrepared<'a> {
    /// Unused so far: 0.
    pub flags: u8,
    /// Where its commit record starts.
    pub commit_lsn: Lsn,
    /// Where its commit record ends.
    pub end_lsn: Lsn,
    /// When it was committed, by the server's clock.
    pub commit_time: Timestamp,
    /// Its id.
    pub xid: Xid,
    /// Its name, as `PREPARE TRANSACTION` gave it.
    pub gid: Text<'a>,
}

/// A prepared transaction was rolled back (PostgreSQL manual, "Logical Replication Message
/// Formats", Rollback Prepared). After a restart it may come without the rows before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollbackPrepared<'a> {
    /// Unused so far: 0.
    pub flags: u8,
    /// Where its prepare record ends.
    pub prepare_end_lsn: Lsn,
    /// Where its rollback record ends.
    pub rollback_end_lsn: Lsn,
    /// When it was prepared, by the server's clock.
    pub prepare_time: Timestamp,
    /// When it was rolled back, by the server's clock.
    pub rollback_time: Timestamp,
    /// Its id.
    pub xid: Xid,
    /// Its name, as `PREPARE TRANSACTION` gave it.
    pub gid: Text<'a>,
}

impl<'a> BeginPrepare<'a> {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            prepare_lsn: reader.lsn("prepare LSN")?,
            end_lsn: reader.lsn("end LSN")?,
            prepare_time: reader.timestamp("prepare time")?,
            xid: reader.xid("transaction id")?,
            gid: reader.text("transaction name")?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'b');
        out.extend_from_slice(&self.prepare_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.end_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.prepare_time.as_micros().to_be_bytes());
        put_name(self.xid, self.gid, out);
    }
}

impl<'a> Prepare<'a> {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            flags: reader.u8("flags")?,
            prepare_lsn: reader.lsn("prepare LSN")?,
            end_lsn: reader.lsn("end LSN")?,
            prepare_time: reader.timestamp("prepare time")?,
            xid: reader.xid("transaction id")?,
            gid: reader.text("transaction name")?,
        })
    }

    /// Appends the message with the type byte of one of the two.
    pub(super) fn encode(&self, tag: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(&[tag, self.flags]);
        out.extend_from_slice(&self.prepare_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.end_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.prepare_time.as_micros().to_be_bytes());
        put_name(self.xid, self.gid, out);
    }
}

impl<'a> CommitPrepared<'a> {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            flags: reader.u8("flags")?,
            commit_lsn: reader.lsn("commit LSN")?,
            end_lsn: reader.lsn("end LSN")?,
            commit_time: reader.timestamp("commit time")?,
            xid: reader.xid("transaction id")?,
            gid: reader.text("transaction name")?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[b'K', self.flags]);
        out.extend_from_slice(&self.commit_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.end_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.commit_time.as_micros().to_be_bytes());
        put_name(self.xid, self.gid, out);
    }
}

impl<'a> RollbackPrepared<'a> {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            flags: reader.u8("flags")?,
            prepare_end_lsn: reader.lsn("prepare end LSN")?,
            rollback_end_lsn: reader.lsn("rollback end LSN")?,
            prepare_time: reader.timestamp("prepare time")?,
            rollback_time: reader.timestamp("rollback time")?,
            xid: reader.xid("transaction id")?,
            gid: reader.text("transaction name")?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[b'r', self.flags]);
        out.extend_from_slice(&self.prepare_end_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.rollback_end_lsn.as_u64().to_be_bytes());
        out.extend_from_slice(&self.prepare_time.as_micros().to_be_bytes());
        out.extend_from_slice(&self.rollback_time.as_micros().to_be_bytes());
        put_name(self.xid, self.gid, out);
    }
}

/// Appends the id and the name, with which each of these messages ends.
fn put_name(xid: Xid, gid: Text<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&xid.as_u32().to_be_bytes());
    put_text(gid, out);
}
