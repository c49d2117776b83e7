//! Memory that one record after the other is made in.

use std::fmt;

/// A place in the scratch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its first byte.
    start: usize,
    /// The byte after its last.
    end: usize,
}

impl Span {
    /// What stands at this place.
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }
}

/// Buffers that are used again for every record, so that making one does not allocate.
///
/// `Debug` shows sizes only.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Values as they are put together.
    bytes: Vec<u8>,
    /// The value of each field; none where it is NULL.
    fields: Vec<Option<Span>>,
    /// The value of each planned header.
    headers: Vec<Option<Span>>,
    /// Name and value of each header that a message brings along.
    own_headers: Vec<(Span, Span)>,
}

impl Scratch {
    /// Makes ready for a row with so many fields; what was there is gone.
    ///
    /// The memory that a large row took is given back with the next one, so that the scratch does
    /// not stay as large as the largest row ever seen.
    pub(crate) fn begin(&mut self, fields: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.fields.clear();
        self.fields.resize(fields, None);
        self.headers.clear();
        self.own_headers.clear();
    }

    /// All bytes, of which spans are places.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The values of the planned headers, in their order.
    pub(crate) fn headers(&self) -> &[Option<Span>] {
        &self.headers
    }

    /// Adds the value of the next header.
    pub(crate) fn push_header(&mut self, value: Option<Span>) {
        self.headers.push(value);
    }

    /// Names and values of the headers that a message brought along.
    pub(crate) fn own_headers(&self) -> &[(Span, Span)] {
        &self.own_headers
    }

    /// Adds a header that a message brings along.
    pub(crate) fn push_own_header(&mut self, name: Span, value: Span) {
        self.own_headers.push((name, value));
    }

    /// The value of a field; none where it is NULL.
    pub(crate) fn field(&self, slot: usize) -> Option<Span> {
        self.fields.get(slot).copied().flatten()
    }

    /// Sets the value of a field.
    pub(crate) fn set_field(&mut self, slot: usize, value: Span) {
        if let Some(field) = self.fields.get_mut(slot) {
            *field = Some(value);
        }
    }

    /// Appends bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        Span {
            start,
            end: self.bytes.len(),
        }
    }

    /// Appends what stands at a place already.
    pub(crate) fn push_again(&mut self, span: Span) {
        if span.end <= self.bytes.len() && span.start <= span.end {
            self.bytes.extend_from_within(span.start..span.end);
        }
    }

    /// Appends by a function.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.since(start)
    }

    /// Appends by a function that may fail; then nothing is appended.
    pub(crate) fn write<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Span, E> {
        let start = self.bytes.len();
        match write(&mut self.bytes) {
            Ok(()) => Ok(Span {
                start,
                end: self.bytes.len(),
            }),
            Err(error) => {
                self.bytes.truncate(start);
                Err(error)
            }
        }
    }

    /// Everything appended since a place that [`Scratch::len`] named.
    pub(crate) fn since(&self, start: usize) -> Span {
        Span {
            start,
            end: self.bytes.len(),
        }
    }

    /// How many bytes are in use.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch")
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// How much memory the scratch keeps for the next row.
const KEPT_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_small_rows_is_kept_and_that_of_large_ones_given_back() {
        let mut scratch = Scratch::default();
        scratch.begin(2);
        let span = scratch.push(&[7; 1000]);
        assert_eq!(span.of(scratch.bytes()), [7; 1000]);
        let (place, capacity) = (scratch.bytes.as_ptr(), scratch.bytes.capacity());
        scratch.begin(2);
        scratch.push(b"x");
        assert_eq!(
            (scratch.bytes.as_ptr(), scratch.bytes.capacity()),
            (place, capacity)
        );

        scratch.push(&vec![0; 4 * KEPT_BYTES]);
        scratch.begin(2);
        assert!(scratch.bytes.capacity() <= 2 * KEPT_BYTES);
    }

    #[test]
    fn a_write_that_fails_leaves_nothing() {
        let mut scratch = Scratch::default();
        let before = scratch.push(b"before");
        let failed = scratch.write(|out| {
            out.extend_from_slice(b"half");
            Err(())
        });
        assert_eq!((failed, scratch.len()), (Err(()), 6));
        assert_eq!(before.of(scratch.bytes()), b"before");
    }
}
