//! Messages written by `pg_logical_emit_message`.

use super::put_text;
use crate::error::{DecodeError, Problem};
use crate::lsn::Lsn;
use crate::reader::Reader;
use crate::text::Text;

/// A message in the WAL, of no table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LogicalMessage<'a> {
    /// Whether it belongs to the transaction around it; else it is sent even if that rolls back.
    pub transactional: bool,
    /// Where its record ends.
    pub lsn: Lsn,
    /// Its prefix, which says whom it is for.
    pub prefix: Text<'a>,
    /// Its content: raw bytes in the server's encoding, never converted.
    pub content: &'a [u8],
}

impl<'a> LogicalMessage<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let before = reader.clone();
        let transactional = match reader.u8("flags")? {
            0 => false,
            1 => true,
            other => return Err(before.error("flags", Problem::Unknown(other))),
        };
        let lsn = reader.lsn("message LSN")?;
        let prefix = reader.text("prefix")?;
        let length = reader.length("content length")?;
        Ok(Self {
            transactional,
            lsn,
            prefix,
            content: reader.bytes(length, "content")?,
        })
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let length = u32::try_from(self.content.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&[b'M', u8::from(self.transactional)]);
        out.extend_from_slice(&self.lsn.as_u64().to_be_bytes());
        put_text(self.prefix, out);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(self.content);
    }
}

impl std::fmt::Debug for LogicalMessage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            transactional,
            lsn,
            prefix,
            content,
        } = self;
        f.debug_struct("LogicalMessage")
            .field("transactional", transactional)
            .field("lsn", lsn)
            .field("prefix", prefix)
            .field("content_bytes", &content.len())
            .finish()
    }
}
