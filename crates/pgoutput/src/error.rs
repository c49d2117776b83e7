//! Why bytes are no message.

use std::fmt;

/// Bytes that are no pgoutput message: which message, which field, where, and what was wrong.
///
/// It never holds content of a row.
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
    Missing,
    /// The field has a value that the protocol does not know.
    Unknown(u8),
    /// A length is negative.
    Length(i32),
    /// The frame goes on after the message: so many bytes.
    Trailing(usize),
}

impl DecodeError {
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
        let Self {
            tag,
            field,
            offset,
            problem,
        } = self;
        match tag {
            Some(tag) => write!(
                f,
                "message {:?}, {field} at byte {offset}: ",
                char::from(*tag)
            )?,
            None => write!(f, "empty frame, {field} at byte {offset}: ")?,
        }
        match problem {
            Problem::Missing => f.write_str("the frame ends before it"),
            Problem::Unknown(value) => write!(f, "unknown value 0x{value:02x}"),
            Problem::Length(length) => write!(f, "length {length}"),
            Problem::Trailing(bytes) => write!(f, "{bytes} bytes follow the message"),
        }
    }
}

impl std::error::Error for DecodeError {}
