//! Rows: columns borrowed from the frame.
//!
//! Invariant: a [`Tuple`]'s bytes hold exactly its columns, each complete. It is made by
//! [`Tuple::decode`], which checks that, and by [`Tuple::encode`], which writes them.

use std::fmt;

use crate::error::DecodeError;
use crate::reader::Reader;
use crate::writer::put_bytes;

/// A row (PostgreSQL manual, "Logical Replication Message Formats", TupleData), checked completely
/// when its message was decoded.
///
/// `Debug` shows its shape, never its values:
/// ```
/// use outflow_pgoutput::{Tuple, Value};
///
/// let values = [Value::Text(b"secret"), Value::Null, Value::Unchanged];
/// let mut memory = Vec::new();
/// let row = Tuple::encode(&values, &mut memory);
/// assert!(row.iter().eq(values));
/// assert_eq!(format!("{row:?}"), "[text(6 bytes), null, unchanged]");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tuple<'a> {
    /// The number of columns.
    count: u16,
    /// The columns, whole.
    body: &'a [u8],
}

/// One column's value. `Debug` shows its kind and length only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// NULL; in an old key, also any column that is no part of the key.
    Null,
    /// A TOASTed value that was not changed, and is not in the stream.
    Unchanged,
    /// The value as PostgreSQL prints it, in the session's `client_encoding`.
    Text(&'a [u8]),
    /// The value as its type's send function writes it.
    Binary(&'a [u8]),
}

/// The values of a row, in the order of the relation's columns.
#[derive(Clone)]
pub struct Values<'a> {
    /// The columns that are left.
    left: u16,
    /// Their bytes.
    body: &'a [u8],
}

impl<'a> Tuple<'a> {
    /// Reads and checks a row.
    #[inline]
    pub(crate) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.u16("number of columns")?;
        let start = reader.clone();
        for _ in 0..count {
            let before = reader.clone();
            match reader.u8("column kind")? {
                b'n' | b'u' => {}
                b't' | b'b' => {
                    let length = reader.length("column length")?;
                    reader.bytes(length, "column value")?;
                }
                kind => return Err(before.unknown("column kind", kind, "n, u, t, b")),
            }
        }
        Ok(Self {
            count,
            body: reader.since(&start),
        })
    }

    /// Appends the row, its number of columns first.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.count.to_be_bytes());
        out.extend_from_slice(self.body);
    }

    /// Writes a row as the protocol does, for tests: `out` is cleared and lent to the result. A
    /// value past the 65,535th and bytes of one past 2 GiB, neither of which a server can send, are
    /// left out.
    pub fn encode<'b>(values: &[Value<'_>], out: &'b mut Vec<u8>) -> Tuple<'b> {
        let count = u16::try_from(values.len()).unwrap_or(u16::MAX);
        out.clear();
        for value in values.iter().take(usize::from(count)) {
            value.put(out);
        }
        Tuple { count, body: out }
    }

    /// Gives the number of columns.
    #[inline]
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Says whether there are no columns.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Gives the values in order.
    #[inline]
    pub const fn iter(&self) -> Values<'a> {
        Values {
            left: self.count,
            body: self.body,
        }
    }

    /// Gives one column's value, from 0; it walks over those before.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        self.iter().nth(index)
    }
}

impl<'a> IntoIterator for &Tuple<'a> {
    type Item = Value<'a>;
    type IntoIter = Values<'a>;

    #[inline]
    fn into_iter(self) -> Values<'a> {
        self.iter()
    }
}

impl Value<'_> {
    /// Appends the value, its kind first.
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(b'n'),
            Self::Unchanged => out.push(b'u'),
            Self::Text(value) => {
                out.push(b't');
                put_bytes(value, out);
            }
            Self::Binary(value) => {
                out.push(b'b');
                put_bytes(value, out);
            }
        }
    }
}

impl<'a> Values<'a> {
    /// Splits a length-prefixed value off.
    #[inline]
    fn value(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.body.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        self.body = rest;
        Some(value)
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (&kind, rest) = self.body.split_first()?;
        self.body = rest;
        match kind {
            b'n' => Some(Value::Null),
            b'u' => Some(Value::Unchanged),
            b't' => self.value().map(Value::Text),
            _ => self.value().map(Value::Binary),
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.left), Some(usize::from(self.left)))
    }
}

impl ExactSizeIterator for Values<'_> {}

impl fmt::Debug for Tuple<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Unchanged => f.write_str("unchanged"),
            Self::Text(value) => write!(f, "text({} bytes)", value.len()),
            Self::Binary(value) => write!(f, "binary({} bytes)", value.len()),
        }
    }
}
