//! What PostgreSQL 18 sends of streaming although it is off.

use crate::error::DecodeError;
use crate::id::Xid;
use crate::reader::Reader;

/// A streamed transaction, or a part of it, was rolled back (PostgreSQL manual, "Logical
/// Replication Message Formats", Stream Abort, without the fields of parallel streaming).
///
/// PostgreSQL 18 sends it in protocol version 1 too, outside of any Begin and Commit, for an
/// aborted transaction that outgrew `logical_decoding_work_mem` and of which nothing was sent. It
/// is to be ignored then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamAbort {
    /// The transaction.
    pub xid: Xid,
    /// The subtransaction that was rolled back; the same as `xid` for all of it.
    pub subxid: Xid,
}

impl StreamAbort {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            xid: reader.xid("transaction id")?,
            subxid: reader.xid("subtransaction id")?,
        })
    }

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'A');
        out.extend_from_slice(&self.xid.as_u32().to_be_bytes());
        out.extend_from_slice(&self.subxid.as_u32().to_be_bytes());
    }
}
