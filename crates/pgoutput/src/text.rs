//! Names on the wire.

use std::fmt;
use std::str::Utf8Error;

/// A name as the server sends it: bytes without NUL, in the session's `client_encoding`.
///
/// It is UTF-8 unless the database is SQL_ASCII, which has no encoding at all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// Makes a name from bytes; those from the first NUL on cannot be sent and are left out.
    pub fn new(bytes: &'a [u8]) -> Self {
        let end = bytes
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(bytes.len());
        Self(bytes.get(..end).unwrap_or(bytes))
    }

    /// Wraps bytes that were read up to their NUL.
    #[inline]
    pub(crate) const fn without_nul(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Gives the bytes.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Gives the name as text.
    ///
    /// # Errors
    /// [`Utf8Error`] where it is not UTF-8.
    #[inline]
    pub const fn to_str(self) -> Result<&'a str, Utf8Error> {
        std::str::from_utf8(self.0)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(self.0))
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(self.0), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_utf8_is_printed_and_kept() {
        let name = Text::new(b"caf\xe9");
        assert!(name.to_str().is_err());
        assert_eq!(name.as_bytes(), b"caf\xe9");
        assert_eq!(name.to_string(), "caf\u{fffd}");
        assert_eq!(
            format!("{name:>6}|{name:?}"),
            "  caf\u{fffd}|\"caf\u{fffd}\""
        );
    }

    #[test]
    fn a_name_ends_at_its_first_nul() {
        assert_eq!(Text::new(b"outbox\0rest").to_str(), Ok("outbox"));
    }
}
