//! The id of a row as messages show it.

use std::fmt;

/// The id of a row as it came; none if it is NULL.
#[derive(Clone, Copy)]
pub(crate) struct RowId<'r>(pub(crate) Option<&'r [u8]>);

impl<'r> RowId<'r> {
    /// The id, or words in its place; the start of it, if it is very long.
    pub(crate) fn as_str(self) -> &'r str {
        match self.0 {
            None => "(null)",
            Some(id) => match std::str::from_utf8(id) {
                Ok(id) => id.get(..id.floor_char_boundary(MAX_BYTES)).unwrap_or(id),
                Err(_) => "(not UTF-8)",
            },
        }
    }
}

impl fmt::Debug for RowId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// How much of an id a message shows.
const MAX_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shown_as_it_came_up_to_a_limit() {
        assert_eq!(RowId(Some(b"4d47e190")).as_str(), "4d47e190");
        assert_eq!(RowId(Some("é".as_bytes())).as_str(), "é");
        assert_eq!(RowId(None).as_str(), "(null)");
        assert_eq!(RowId(Some(b"\xff")).as_str(), "(not UTF-8)");
        let long = "é".repeat(1000) + "a";
        assert_eq!(RowId(Some(long.as_bytes())).as_str().len(), 256);
    }
}
