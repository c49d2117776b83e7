//! Messages written by `pg_logical_emit_message`.

use std::fmt;

use crate::error::DecodeError;
use crate::lsn::Lsn;
use crate::reader::Reader;
use crate::text::Text;
use crate::writer::{put_bytes, put_text};

/// A message in the WAL, of no table (PostgreSQL manual, "Logical Replication Message Formats",
/// Message). It is sent only with the option `messages`, whatever the publication holds.
///
/// `Debug` shows the content's size only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LogicalMessage<'a> {
    /// Whether it belongs to the transaction around it. Otherwise it stands between transactions
    /// and before its own, and is sent even if that one rolls back.
    pub transactional: bool,
    /// Where its record ends.
    pub lsn: Lsn,
    /// Its prefix, which says whom it is for.
    pub prefix: Text<'a>,
    /// Its content: raw bytes in the server's encoding, never converted.
    pub content: &'a [u8],
}

impl<'a> LogicalMessage<'a> {
    /// Reads what follows the type byte.
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let before = reader.clone();
        let transactional = match reader.u8("flags")? {
            0 => false,
            1 => true,
            other => return Err(before.unknown("flags", other, "0, 1")),
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

    /// Appends the message.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[b'M', u8::from(self.transactional)]);
        out.extend_from_slice(&self.lsn.as_u64().to_be_bytes());
        put_text(self.prefix, out);
        put_bytes(self.content, out);
    }
}

impl fmt::Debug for LogicalMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
