//! A stream's messages in order, of whichever version.

use crate::error::DecodeError;
use crate::id::Xid;
use crate::message::AnyMessage;

/// Decodes the messages of one connection in order, of protocol versions 1 to 4.
///
/// What version 2 adds cannot be read frame by frame: between Stream Start and Stream Stop each
/// message has a transaction's id in front of its fields. The decoder knows where it is:
/// ```text
///            S                         E, or one of R Y I U D T M O
///   outside ───▶ inside a segment ───┐ (the latter with a transaction id)
///      ▲                             │
///      └──────────── E ──────────────┘
/// ```
/// A frame that may not stand where it does is refused. Where nothing was asked for but version 1,
/// [`Message::decode`](crate::Message::decode) does the same without a state.
///
/// ```
/// use outflow_pgoutput::{AnyMessage, Change, Decoder, Streaming, Value, Xid};
///
/// let mut decoder = Decoder::new(Streaming::On);
/// decoder.decode(b"S\0\0\x02\xe4\x01")?;
/// assert_eq!(decoder.segment(), Some(Xid::new(740)));
/// let row = decoder.decode(b"I\0\0\x02\xe5\0\0\x40\x01N\0\x01t\0\0\0\x0242")?;
/// let AnyMessage::Streamed(row) = row else { panic!("no part of a segment") };
/// assert_eq!(row.xid, Xid::new(741), "a subtransaction");
/// let Change::Insert(insert) = row.change else { panic!("not an insert") };
/// assert_eq!(insert.new.get(0), Some(Value::Text(b"42")));
/// assert_eq!(decoder.decode(b"E")?, AnyMessage::StreamStop);
/// # Ok::<(), outflow_pgoutput::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    /// What the server was asked for.
    streaming: Streaming,
    /// Where the next frame stands.
    place: Place,
}

/// The option `streaming` with which the server was asked (PostgreSQL manual, "Logical Streaming
/// Replication Parameters").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Streaming {
    /// `off`: every transaction comes whole, once it is committed.
    #[default]
    Off,
    /// `on`, from version 2: a transaction may come in segments while it is open.
    On,
    /// `parallel`, from version 4: the same, and an abort says where and when it was.
    Parallel,
}

/// Where a frame stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In no segment.
    Outside,
    /// In a segment of this transaction.
    Inside(Xid),
}

impl Decoder {
    /// Begins with a connection; after another one was made, a new decoder is needed.
    pub const fn new(streaming: Streaming) -> Self {
        Self {
            streaming,
            place: Place::Outside,
        }
    }

    /// Gives the transaction in a segment of which the next frame stands, if it does in one.
    #[inline]
    pub const fn segment(&self) -> Option<Xid> {
        match self.place {
            Place::Outside => None,
            Place::Inside(xid) => Some(xid),
        }
    }

    /// Decodes the next frame: the payload of one `XLogData` (PostgreSQL manual, "Streaming
    /// Replication Protocol"). It borrows from the frame, not from the decoder.
    ///
    /// # Errors
    /// [`DecodeError`] where the bytes are not exactly one message that may stand here; the decoder
    /// is as before then.
    #[inline]
    pub fn decode<'a>(&mut self, frame: &'a [u8]) -> Result<AnyMessage<'a>, DecodeError> {
        match self.place {
            Place::Outside => {
                let message = AnyMessage::decode_outside(frame, self.streaming)?;
                if let AnyMessage::StreamStart(start) = message {
                    self.place = Place::Inside(start.xid);
                }
                Ok(message)
            }
            Place::Inside(top) => {
                let message = AnyMessage::decode_inside(frame, top)?;
                if message == AnyMessage::StreamStop {
                    self.place = Place::Outside;
                }
                Ok(message)
            }
        }
    }
}
