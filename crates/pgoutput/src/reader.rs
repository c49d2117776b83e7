//! A cursor over a frame that checks every step and names the field it lacks.
//!
//! Invariant: no step goes past the frame's end. Numbers are
//! big-endian (PostgreSQL manual, "Message Data Types").

use crate::error::{DecodeError, Problem};
use crate::id::{Oid, Xid};
use crate::lsn::Lsn;
use crate::text::Text;
use crate::time::Timestamp;

/// Reads the fields of one frame in order.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    /// What is not read yet.
    rest: &'a [u8],
    /// The frame's length, in bytes.
    len: usize,
    /// The message's type byte.
    tag: Option<u8>,
}

impl<'a> Reader<'a> {
    /// Begins with a frame and reads its type byte.
    #[inline]
    pub(crate) const fn new(frame: &'a [u8]) -> Result<(u8, Self), DecodeError> {
        match frame.split_first() {
            Some((&tag, rest)) => Ok((
                tag,
                Self {
                    rest,
                    len: frame.len(),
                    tag: Some(tag),
                },
            )),
            None => Err(DecodeError {
                tag: None,
                field: "type",
                offset: 0,
                problem: Problem::Missing { needed: 1, left: 0 },
            }),
        }
    }

    /// Goes on in bytes that were checked before.
    #[inline]
    pub(crate) const fn resume(rest: &'a [u8]) -> Self {
        Self {
            rest,
            len: rest.len(),
            tag: None,
        }
    }

    /// Gives what was read since an earlier state of this reader.
    #[inline]
    pub(crate) fn since(&self, earlier: &Self) -> &'a [u8] {
        let read = earlier.rest.len().saturating_sub(self.rest.len());
        earlier.rest.get(..read).unwrap_or_default()
    }

    /// Reads `len` bytes.
    #[inline]
    pub(crate) fn bytes(
        &mut self,
        len: usize,
        field: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.missing(field, len)),
        }
    }

    /// Reads an array of bytes.
    #[inline]
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        match self.rest.split_first_chunk::<N>() {
            Some((array, rest)) => {
                self.rest = rest;
                Ok(*array)
            }
            None => Err(self.missing(field, N)),
        }
    }

    /// Reads one byte.
    #[inline]
    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    /// Reads a 16-bit count.
    #[inline]
    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    /// Reads a 32-bit number.
    #[inline]
    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// Reads a signed 32-bit number.
    #[inline]
    pub(crate) fn i32(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        self.array(field).map(i32::from_be_bytes)
    }

    /// Reads a 32-bit length, which cannot be negative.
    #[inline]
    pub(crate) fn length(&mut self, field: &'static str) -> Result<usize, DecodeError> {
        let before = self.clone();
        let length = self.i32(field)?;
        usize::try_from(length).map_err(|_| before.error(field, Problem::Length(length)))
    }

    /// Reads a position.
    #[inline]
    pub(crate) fn lsn(&mut self, field: &'static str) -> Result<Lsn, DecodeError> {
        self.array(field)
            .map(|bytes| Lsn::new(u64::from_be_bytes(bytes)))
    }

    /// Reads a time.
    #[inline]
    pub(crate) fn timestamp(&mut self, field: &'static str) -> Result<Timestamp, DecodeError> {
        self.array(field)
            .map(|bytes| Timestamp::from_micros(i64::from_be_bytes(bytes)))
    }

    /// Reads an object id.
    #[inline]
    pub(crate) fn oid(&mut self, field: &'static str) -> Result<Oid, DecodeError> {
        self.u32(field).map(Oid::new)
    }

    /// Reads a transaction id.
    #[inline]
    pub(crate) fn xid(&mut self, field: &'static str) -> Result<Xid, DecodeError> {
        self.u32(field).map(Xid::new)
    }

    /// Reads a name up to its NUL.
    #[inline]
    pub(crate) fn text(&mut self, field: &'static str) -> Result<Text<'a>, DecodeError> {
        let end = self.rest.iter().position(|&byte| byte == 0);
        let end = end.ok_or_else(|| self.error(field, Problem::Unterminated))?;
        let name = self.bytes(end, field)?;
        self.u8(field)?;
        Ok(Text::without_nul(name))
    }

    /// Ends the message: nothing may follow.
    #[inline]
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(self.error("end", Problem::Trailing(left))),
        }
    }

    /// Makes the error of a field for which too few bytes are left.
    #[cold]
    const fn missing(&self, field: &'static str, needed: usize) -> DecodeError {
        let left = self.rest.len();
        self.error(field, Problem::Missing { needed, left })
    }

    /// Makes the error of a byte that stands here and that the protocol does not know.
    #[cold]
    pub(crate) const fn unknown(
        &self,
        field: &'static str,
        found: u8,
        known: &'static str,
    ) -> DecodeError {
        self.error(field, Problem::Unknown { found, known })
    }

    /// Makes the error of a field that begins here.
    #[cold]
    pub(crate) const fn error(&self, field: &'static str, problem: Problem) -> DecodeError {
        DecodeError {
            tag: self.tag,
            field,
            offset: self.len.saturating_sub(self.rest.len()),
            problem,
        }
    }
}
