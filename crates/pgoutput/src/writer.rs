//! The other way round: fields as the server writes them, for tests and for what stands in for a
//! server.

use crate::text::Text;

/// Appends a name and its NUL.
pub(crate) fn put_text(text: Text<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_bytes());
    out.push(0);
}

/// Appends bytes behind their 32-bit length; those past 2 GiB, which no server can send, are left
/// out.
pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    let fitting = usize::try_from(length).unwrap_or_default();
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes.get(..fitting).unwrap_or(bytes));
}
