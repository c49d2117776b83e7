//! The first bytes of what could not be understood, for an error.
//!
//! Never more than [`LONGEST`] bytes, and only of what cannot be a row: headers, keepalives, and
//! messages of a type that is not known.

use std::fmt;

use crate::wire::RawFrame;

/// A few bytes, shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Excerpt {
    /// The bytes, and zeros behind them.
    bytes: [u8; LONGEST],
    /// How many they are.
    len: usize,
}

impl Excerpt {
    /// Takes the first bytes.
    pub(crate) fn of(from: &[u8]) -> Self {
        let mut bytes = [0; LONGEST];
        let taken = bytes.iter_mut().zip(from);
        let len = taken.map(|(to, from)| *to = *from).count();
        Self { bytes, len }
    }

    /// Takes a frame's header, and the first bytes of its body.
    pub(crate) fn of_frame(frame: RawFrame<'_>, body_bytes: usize) -> Self {
        let length = u32::try_from(frame.body.len().saturating_add(4)).unwrap_or(u32::MAX);
        let mut bytes = vec![frame.tag];
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend(frame.body.iter().take(body_bytes.min(LONGEST)));
        Self::of(&bytes)
    }

    /// Says what else speaks like this, where that is known.
    pub(crate) fn guess(&self) -> Option<&'static str> {
        match self.bytes {
            [b'H', b'T', b'T', b'P', ..] => Some("an HTTP server speaks so"),
            [b'S', b'S', b'H', b'-', ..] => Some("an SSH server speaks so"),
            [0x15 | 0x16, 3, 0..=4, ..] => Some("a TLS server speaks so"),
            _ => None,
        }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("first bytes:")?;
        let shown = self.bytes.iter().take(self.len);
        shown
            .into_iter()
            .try_for_each(|byte| write!(f, " {byte:02x}"))?;
        match self.guess() {
            Some(guess) => write!(f, "; {guess}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The most bytes that are shown.
const LONGEST: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_bytes_are_shown() {
        assert_eq!(Excerpt::of(b"").to_string(), "first bytes:");
        assert_eq!(Excerpt::of(b"d\0\xff").to_string(), "first bytes: 64 00 ff");
        let long = Excerpt::of(&[7; 1000]).to_string();
        assert_eq!(long.matches("07").count(), LONGEST);
        let frame = RawFrame {
            tag: b'd',
            body: b"k123",
        };
        assert_eq!(
            Excerpt::of_frame(frame, 1).to_string(),
            "first bytes: 64 00 00 00 08 6b"
        );
    }

    #[test]
    fn what_answers_in_place_of_postgresql_is_named() {
        let guess = |bytes: &[u8]| Excerpt::of(bytes).to_string();
        assert!(guess(b"HTTP/1.1 400 Bad Request").ends_with("an HTTP server speaks so"));
        assert!(guess(b"\x15\x03\x01\0\x02").ends_with("a TLS server speaks so"));
        assert!(guess(b"SSH-2.0").ends_with("an SSH server speaks so"));
    }
}
