//! Frames of the streaming replication protocol: what the server sends while a slot streams, and
//! the two messages that go back.
//!
//! Layouts are those of the PostgreSQL manual, "Streaming Replication Protocol" and "Message
//! Formats". No input panics; a frame that is too short or too long names what was wrong.

use outflow_pgoutput::{Lsn, Timestamp};

use crate::excerpt::Excerpt;
use crate::ledger::FlushLsn;

/// One message of the backend, as it stands in the inbox.
#[derive(Clone, Copy, Debug)]
pub struct RawFrame<'a> {
    /// The message's type byte.
    pub tag: u8,
    /// What follows the length.
    pub body: &'a [u8],
}

impl RawFrame<'_> {
    /// Gives the number of bytes the frame takes on the wire.
    pub const fn wire_len(&self) -> usize {
        self.body.len().saturating_add(HEADER_LEN)
    }
}

/// What a backend message means while a slot streams.
#[derive(Clone, Copy)]
pub(crate) enum Frame<'a> {
    /// A change, or what belongs to it: the payload is a pgoutput message.
    XLogData { payload: &'a [u8] },
    /// How far the server has read its WAL, and whether it wants an answer.
    Keepalive { wal_end: Lsn, reply_requested: bool },
    /// The server ends the stream.
    CopyDone,
    /// The command has ended; without `CopyDone` before it: an orderly shutdown.
    CommandComplete,
    /// The server takes commands again.
    ReadyForQuery,
    /// An error ends the stream.
    Error(&'a [u8]),
    /// A notice, in the order of the stream.
    Notice(&'a [u8]),
    /// A setting has changed.
    ParameterStatus,
}

/// Bytes that are no message of PostgreSQL, or none that can come here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The length field is below 4 or above what PostgreSQL can send (1 GiB).
    #[error("message {tag:?} has the impossible length {length} ({excerpt})")]
    Length {
        /// The message's type.
        tag: char,
        /// The length field, in bytes.
        length: i32,
        /// The header.
        excerpt: Excerpt,
    },
    /// A message of a type that PostgreSQL does not have, or that does not belong here.
    #[error("unexpected message {tag:?} ({excerpt})")]
    Unexpected {
        /// The message's type.
        tag: char,
        /// The header.
        excerpt: Excerpt,
    },
    /// A copy message that is too short, too long, or of an unknown type.
    #[error("copy message {kind:?} of {length} bytes: expected {expected} ({excerpt})")]
    CopyData {
        /// The copy message's type.
        kind: char,
        /// The bytes it has.
        length: usize,
        /// What it should have been.
        expected: &'static str,
        /// What it begins with.
        excerpt: Excerpt,
    },
    /// The server does not come to an end.
    #[error("more than {limit} bytes before the server takes commands")]
    Endless {
        /// How many bytes are taken.
        limit: usize,
    },
}

/// Finds the first whole frame: `Ok(Err(n))` says that it needs `n` bytes in all.
pub(crate) fn split(bytes: &[u8]) -> Result<Result<RawFrame<'_>, usize>, WireError> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_LEN>() else {
        return Ok(Err(HEADER_LEN));
    };
    let body_len = body_len(*header)?;
    let &[tag, ..] = header;
    match rest.get(..body_len) {
        Some(body) => Ok(Ok(RawFrame { tag, body })),
        None => Ok(Err(body_len.saturating_add(HEADER_LEN))),
    }
}

/// Reads a header: gives the number of bytes that follow it.
pub(crate) fn body_len(header: [u8; HEADER_LEN]) -> Result<usize, WireError> {
    let [tag, a, b, c, d] = header;
    let length = u32::from_be_bytes([a, b, c, d]);
    let excerpt = Excerpt::of(&header);
    // Strangers are told by their type, unless the length says more.
    if !(4..=MAX_LENGTH).contains(&length) {
        return Err(WireError::Length {
            tag: char::from(tag),
            length: i32::from_be_bytes([a, b, c, d]),
            excerpt,
        });
    }
    if !BACKEND_TYPES.contains(&tag) {
        return Err(WireError::Unexpected {
            tag: char::from(tag),
            excerpt,
        });
    }
    Ok(usize::try_from(length - 4).unwrap_or(usize::MAX))
}

impl<'a> Frame<'a> {
    /// Reads a frame's meaning.
    pub(crate) fn parse(raw: RawFrame<'a>) -> Result<Self, WireError> {
        match raw.tag {
            b'd' => Self::parse_copy_data(raw.body),
            b'c' => Ok(Self::CopyDone),
            b'C' => Ok(Self::CommandComplete),
            b'Z' => Ok(Self::ReadyForQuery),
            b'E' => Ok(Self::Error(raw.body)),
            b'N' => Ok(Self::Notice(raw.body)),
            b'S' => Ok(Self::ParameterStatus),
            // It may be a row of an answer: nothing is shown but its header.
            tag => Err(WireError::Unexpected {
                tag: char::from(tag),
                excerpt: Excerpt::of_frame(raw, 0),
            }),
        }
    }

    /// Reads `XLogData` and keepalives.
    fn parse_copy_data(body: &'a [u8]) -> Result<Self, WireError> {
        // What is shown is no row: a header that is cut short, a keepalive, or nothing known.
        let error = |kind: u8, expected| WireError::CopyData {
            kind: char::from(kind),
            length: body.len(),
            expected,
            excerpt: Excerpt::of_frame(RawFrame { tag: b'd', body }, KEEPALIVE_LEN),
        };
        let Some((&kind, rest)) = body.split_first() else {
            return Err(error(b'?', "a type byte"));
        };
        match kind {
            b'w' => match rest.get(XLOG_HEADER_LEN..) {
                Some(payload) => Ok(Self::XLogData { payload }),
                None => Err(error(kind, "dataStart, walEnd and sendTime")),
            },
            b'k' => {
                let Some((wal_end, rest)) = rest.split_first_chunk::<8>() else {
                    return Err(error(kind, "walEnd"));
                };
                let &[.., reply] = rest else {
                    return Err(error(kind, "replyRequested"));
                };
                if rest.len() != 9 {
                    return Err(error(kind, "18 bytes"));
                }
                Ok(Self::Keepalive {
                    wal_end: Lsn::new(u64::from_be_bytes(*wal_end)),
                    reply_requested: reply != 0,
                })
            }
            _ => Err(error(kind, "XLogData or a keepalive")),
        }
    }
}

/// A standby status update: what the client has, and how far the slot may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusUpdate {
    /// The highest safe position received.
    write: Lsn,
    /// What the slot may move to; `None` is "no news", which confirms nothing.
    flush: Option<FlushLsn>,
    /// Whether the server is asked to answer at once.
    reply_requested: bool,
}

impl StatusUpdate {
    /// Confirms everything before `flush`.
    pub const fn confirming(write: Lsn, flush: FlushLsn) -> Self {
        Self {
            write,
            flush: Some(flush),
            reply_requested: false,
        }
    }

    /// Confirms nothing: the slot stays, and a server that shuts down need not wait.
    pub const fn no_news(write: Lsn) -> Self {
        Self {
            write,
            flush: None,
            reply_requested: false,
        }
    }

    /// Asks the server to answer with a keepalive, which also tells how far it has read.
    #[must_use]
    pub const fn asking(self) -> Self {
        Self {
            reply_requested: true,
            ..self
        }
    }

    /// Gives what the update confirms, if anything.
    pub const fn flush(&self) -> Option<FlushLsn> {
        self.flush
    }

    /// Appends the message, `CopyData` included, as sent at `at`.
    pub fn encode(&self, at: Timestamp, out: &mut Vec<u8>) {
        let flush = self.flush.map_or(0, |flush| flush.as_lsn().as_u64());
        out.push(b'd');
        out.extend_from_slice(&STATUS_LENGTH.to_be_bytes());
        out.push(b'r');
        out.extend_from_slice(&self.write.as_u64().to_be_bytes());
        out.extend_from_slice(&flush.to_be_bytes());
        out.extend_from_slice(&flush.to_be_bytes());
        out.extend_from_slice(&at.as_micros().to_be_bytes());
        out.push(u8::from(self.reply_requested));
    }
}

/// Appends `CopyDone`: the client ends the stream.
pub(crate) fn copy_done(out: &mut Vec<u8>) {
    out.extend_from_slice(b"c\0\0\0\x04");
}

/// Appends `Terminate`: the client leaves.
pub(crate) fn terminate(out: &mut Vec<u8>) {
    out.extend_from_slice(b"X\0\0\0\x04");
}

/// Type byte and length, in bytes.
pub(crate) const HEADER_LEN: usize = 5;
/// A keepalive, in bytes.
const KEEPALIVE_LEN: usize = 18;
/// dataStart, walEnd and sendTime, in bytes.
const XLOG_HEADER_LEN: usize = 24;
/// The length field of a status update: itself and 34 bytes.
const STATUS_LENGTH: u32 = 38;
/// The longest message PostgreSQL sends, in bytes (`MaxAllocSize`), with room for its header.
const MAX_LENGTH: u32 = 0x4000_0100;
/// Every message type that a server can send (PostgreSQL manual, "Message Formats").
const BACKEND_TYPES: &[u8] = b"RKSNEZTDCI123sntAdcGHWVv";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;

    #[test]
    fn a_status_update_has_the_manuals_layout() {
        let flush = Ledger::new(1, Lsn::new(0x0102)).flushed();
        let mut out = Vec::new();
        StatusUpdate::confirming(Lsn::new(0x0304), flush)
            .asking()
            .encode(Timestamp::from_micros(5), &mut out);
        let mut expected = vec![b'd', 0, 0, 0, 38, b'r'];
        for number in [0x0304_u64, 0x0102, 0x0102, 5] {
            expected.extend_from_slice(&number.to_be_bytes());
        }
        expected.push(1);
        assert_eq!(out, expected);
    }

    #[test]
    fn no_news_confirms_nothing() {
        let mut out = Vec::new();
        StatusUpdate::no_news(Lsn::new(9)).encode(Timestamp::from_micros(0), &mut out);
        assert_eq!(&out[14..30], &[0; 16]);
    }

    #[test]
    fn every_truncated_copy_message_is_refused_or_incomplete() {
        let keepalive = [b'k', 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        for end in 0..keepalive.len() {
            let raw = RawFrame {
                tag: b'd',
                body: &keepalive[..end],
            };
            assert!(Frame::parse(raw).is_err(), "{end} bytes were taken");
        }
        let raw = RawFrame {
            tag: b'd',
            body: &keepalive,
        };
        assert!(matches!(
            Frame::parse(raw),
            Ok(Frame::Keepalive { reply_requested: true, wal_end }) if wal_end == Lsn::new(9)
        ));
    }

    #[test]
    fn split_says_how_much_is_needed() {
        assert_eq!(split(b"d\0\0").unwrap().unwrap_err(), 5);
        assert_eq!(split(b"d\0\0\0\x08abc").unwrap().unwrap_err(), 9);
        assert_eq!(split(b"d\0\0\0\x08abcdZ").unwrap().unwrap().body, b"abcd");
        assert!(matches!(
            split(b"d\0\0\0\x03"),
            Err(WireError::Length { .. })
        ));
        assert!(matches!(
            split(b"d\xff\0\0\0"),
            Err(WireError::Length { .. })
        ));
    }

    /// What is said of these bytes, which are no frame.
    fn said(bytes: &[u8]) -> String {
        match split(bytes) {
            Err(error) => error.to_string(),
            Ok(Err(needed)) => panic!("{needed} bytes are waited for"),
            Ok(Ok(raw)) => match Frame::parse(raw) {
                Err(error) => error.to_string(),
                Ok(_) => panic!("it is taken"),
            },
        }
    }

    #[test]
    fn nonsense_is_named_and_its_header_is_shown() {
        for (bytes, expected) in [
            (
                &b"d\xff\xff\xff\xff"[..],
                "message 'd' has the impossible length -1 (first bytes: 64 ff ff ff ff)",
            ),
            (
                b"d\0\0\0\0",
                "message 'd' has the impossible length 0 (first bytes: 64 00 00 00 00)",
            ),
            (
                b"d\x7f\xff\xff\xff",
                "message 'd' has the impossible length 2147483647 (first bytes: 64 7f ff ff ff)",
            ),
            (
                b"HTTP/1.1 400 Bad Request",
                "message 'H' has the impossible length 1414811695 (first bytes: 48 54 54 50 2f; an HTTP server speaks so)",
            ),
            (
                b"\x15\x03\x01\0\x02\x02",
                "unexpected message '\\u{15}' (first bytes: 15 03 01 00 02; a TLS server speaks so)",
            ),
            (
                b"d\0\0\0\x07q\x01\x02",
                "copy message 'q' of 3 bytes: expected XLogData or a keepalive (first bytes: 64 00 00 00 07 71 01 02)",
            ),
            (
                b"d\0\0\0\x06k\0",
                "copy message 'k' of 2 bytes: expected walEnd (first bytes: 64 00 00 00 06 6b 00)",
            ),
        ] {
            assert_eq!(said(bytes), expected);
        }
    }

    #[test]
    fn a_row_is_never_shown() {
        assert_eq!(
            said(b"D\0\0\0\x0csecrets!"),
            "unexpected message 'D' (first bytes: 44 00 00 00 0c)"
        );
    }
}
