//! Why bytes are no message.

use std::fmt;

/// Bytes that are no pgoutput message: which message, which field, where, and what was wrong.
///
/// It holds lengths and the one byte that a field's kind is told by, never a value.
/// ```
/// use outflow_pgoutput::{Message, Problem};
///
/// let error = Message::decode(b"I\0\0\x40\x01N\0\x01t\0\0\0\x0cshort").unwrap_err();
/// assert_eq!((error.tag(), error.field(), error.offset()), (Some(b'I'), "column value", 13));
/// assert_eq!(error.problem(), Problem::Missing { needed: 12, left: 5 });
/// assert_eq!(
///     error.to_string(),
///     "message 'I', column value at byte 13: 12 bytes needed, 5 left",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The message's type byte, if there was one.
    pub(crate) tag: Option<u8>,
    /// The field that could not be read.
    pub(crate) field: &'static str,
    /// The field's offset in the frame, in bytes.
    pub(crate) offset: usize,
    /// What was wrong.
    pub(crate) problem: Problem,
}

/// What was wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The frame ends before the field does.
    Missing {
        /// The field's size, in bytes.
        needed: usize,
        /// The bytes that are left.
        left: usize,
    },
    /// The frame ends before the NUL that ends a name.
    Unterminated,
    /// The field has a value that the protocol does not know.
    Unknown {
        /// The value.
        found: u8,
        /// The values that it knows.
        known: &'static str,
    },
    /// A length is negative.
    Length(i32),
    /// The frame goes on after the message: so many bytes.
    Trailing(usize),
}

impl DecodeError {
    /// Makes the error of a type byte that may not stand here.
    #[cold]
    pub(crate) const fn tag_unknown(field: &'static str, tag: u8, known: &'static str) -> Self {
        Self {
            tag: Some(tag),
            field,
            offset: 0,
            problem: Problem::Unknown { found: tag, known },
        }
    }

    /// Gives the message's type byte, if there was one.
    pub const fn tag(&self) -> Option<u8> {
        self.tag
    }

    /// Gives the name of the field that could not be read.
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// Gives the field's offset in the frame, in bytes.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Gives what was wrong.
    pub const fn problem(&self) -> Problem {
        self.problem
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tag {
            Some(tag) => write!(f, "message {:?}, ", char::from(tag))?,
            None => f.write_str("empty frame, ")?,
        }
        write!(
            f,
            "{} at byte {}: {}",
            self.field, self.offset, self.problem
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { needed, left } => {
                write!(f, "{} needed, {left} left", Bytes(*needed))
            }
            Self::Unterminated => f.write_str("the frame ends before its NUL"),
            Self::Unknown { found, known } => write!(f, "found 0x{found:02x}, expected {known}"),
            Self::Length(length) => write!(f, "the length is {length}"),
            Self::Trailing(bytes) => write!(f, "{} too many", Bytes(*bytes)),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A number of bytes, as it is said.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 byte"),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}
