//! Names of Kafka topics: checked once, then known by a number.

use std::collections::HashMap;
use std::fmt;

/// The name of a Kafka topic, checked by Kafka's rule.
///
/// One to 249 of the characters `a-z`, `A-Z`, `0-9`, `.`, `_` and `-`, and neither `.` nor `..`.
///
/// ```
/// use outflow_event_router::{TopicName, TopicNameError};
///
/// assert_eq!(TopicName::new("order.events")?.as_str(), "order.events");
/// assert_eq!(
///     TopicName::new("order events"),
///     Err(TopicNameError::Character { position: 6, found: ' ' })
/// );
/// # Ok::<(), TopicNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Box<str>);

impl TopicName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`TopicNameError`] says which part of Kafka's rule the name breaks.
    pub fn new(name: &str) -> Result<Self, TopicNameError> {
        Self::from_bytes(name.as_bytes())
    }

    /// Checks a name that comes as bytes, as the columns of a row do.
    ///
    /// # Errors
    ///
    /// As [`TopicName::new`]; bytes that are not UTF-8 are characters that no topic name has.
    pub fn from_bytes(name: &[u8]) -> Result<Self, TopicNameError> {
        match name {
            b"" => return Err(TopicNameError::Empty),
            b"." | b".." => return Err(TopicNameError::Dots),
            _ => {}
        }
        check_characters(name)?;
        if name.len() > MAX_BYTES {
            return Err(TopicNameError::TooLong { bytes: name.len() });
        }
        Ok(Self(name.iter().copied().map(char::from).collect()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// What is wrong with the name of a topic; it shows one character of the name at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopicNameError {
    /// The name is empty.
    #[error("a topic name can't be empty")]
    Empty,
    /// The name is `.` or `..`, which would be a directory of the broker's.
    #[error("a topic can't be named \".\" or \"..\"")]
    Dots,
    /// The name is longer than Kafka allows.
    #[error("a topic name has 249 characters at most, and this one has {bytes}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A character that no topic name has.
    #[error(
        "character {position} of the topic name, {found:?}, is none of a-z, A-Z, 0-9, '.', '_', '-'"
    )]
    Character {
        /// The place of the character, counted from 1.
        position: usize,
        /// The character; U+FFFD stands for a byte that is not UTF-8.
        found: char,
    },
}

/// The number of a topic in its router's table of names: 0, 1, 2 and so on, in the order seen.
///
/// It stands for the same name as long as the [`Router`](crate::Router) lives, so whoever takes
/// records from one router can keep an array with an entry a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(u32);

impl TopicId {
    /// Makes a number; for fakes and tests, as a router gives its own.
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The number, as a place in an array.
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// The table of a router's topics: name to number and back.
#[derive(Default)]
pub(crate) struct Topics {
    /// Names by number.
    names: Vec<TopicName>,
    /// Numbers by name.
    ids: HashMap<Box<[u8]>, TopicId>,
}

impl Topics {
    /// The number of a name that is known already; it does not allocate.
    pub(crate) fn find(&self, name: &[u8]) -> Option<TopicId> {
        self.ids.get(name).copied()
    }

    /// The number of a name, a new one if the name is new.
    pub(crate) fn intern(&mut self, name: TopicName) -> TopicId {
        if let Some(id) = self.find(name.as_str().as_bytes()) {
            return id;
        }
        let id = TopicId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        self.ids.insert(name.as_str().as_bytes().into(), id);
        self.names.push(name);
        id
    }

    /// The name that a number stands for.
    pub(crate) fn name(&self, id: TopicId) -> Option<&TopicName> {
        self.names.get(id.index())
    }

    /// The name that a number of this table stands for.
    #[expect(
        clippy::expect_used,
        reason = "a number is only given out with its name"
    )]
    pub(crate) fn known(&self, id: TopicId) -> &TopicName {
        self.name(id).expect("a number of this table has a name")
    }
}

impl fmt::Debug for Topics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.names).finish()
    }
}

/// Whether a topic name may have this byte.
pub(crate) fn is_topic_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// Finds the first character that no topic name has.
pub(crate) fn check_characters(name: &[u8]) -> Result<(), TopicNameError> {
    let Some(at) = name.iter().position(|byte| !is_topic_byte(*byte)) else {
        return Ok(());
    };
    // All before it is ASCII, so the place in bytes is the place in characters.
    let rest: Vec<u8> = name.iter().copied().skip(at).take(4).collect();
    let found = String::from_utf8_lossy(&rest).chars().next();
    Err(TopicNameError::Character {
        position: at + 1,
        found: found.unwrap_or(char::REPLACEMENT_CHARACTER),
    })
}

/// Kafka's limit, which leaves room for a directory name's suffix.
const MAX_BYTES: usize = 249;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_kafka_is_kept() {
        for good in ["a", "...", "Order.events", "x_-9", &"a".repeat(249)] {
            assert_eq!(TopicName::new(good).unwrap().as_str(), good);
        }
        assert_eq!(TopicName::new(""), Err(TopicNameError::Empty));
        assert_eq!(TopicName::new("."), Err(TopicNameError::Dots));
        assert_eq!(TopicName::new(".."), Err(TopicNameError::Dots));
        let long = "a".repeat(250);
        assert_eq!(
            TopicName::new(&long),
            Err(TopicNameError::TooLong { bytes: 250 })
        );
    }

    #[test]
    fn a_bad_character_is_shown_with_its_place() {
        let bad = |position, found| Err(TopicNameError::Character { position, found });
        assert_eq!(TopicName::new("a b"), bad(2, ' '));
        assert_eq!(TopicName::new("Bestellungé"), bad(11, 'é'));
        assert_eq!(TopicName::new("/"), bad(1, '/'));
        assert_eq!(TopicName::new("a\u{1F600}"), bad(2, '\u{1F600}'));
        assert_eq!(TopicName::from_bytes(b"ab\xff"), bad(3, '\u{fffd}'));
        assert_eq!(TopicName::from_bytes(b"\xc3"), bad(1, '\u{fffd}'));
    }

    #[test]
    fn a_number_stands_for_one_name_for_good() {
        let mut topics = Topics::default();
        let a = topics.intern(TopicName::new("a").unwrap());
        let b = topics.intern(TopicName::new("b").unwrap());
        assert_eq!((a.index(), b.index()), (0, 1));
        assert_eq!(topics.intern(TopicName::new("a").unwrap()), a);
        assert_eq!(topics.find(b"b"), Some(b));
        assert_eq!(topics.find(b"c"), None);
        assert_eq!(topics.name(a).unwrap().as_str(), "a");
        assert_eq!(topics.name(TopicId::new(2)), None);
    }
}
