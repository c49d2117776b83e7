//! Names of slots and publications, checked by PostgreSQL's rules, and quoting in SQL.

use std::fmt;

/// The name of a replication slot: 1 to 63 of `a-z`, `0-9` and `_` (PostgreSQL manual,
/// "Replication Slots": "Slot names may contain lower-case letters, numbers, and underscores").
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SlotName(String);

/// The name of a publication: any SQL identifier of 1 to 63 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PublicationName(String);

/// Why a text is no such name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing.
    #[error("a name cannot be empty")]
    Empty,
    /// PostgreSQL would cut it off (`NAMEDATALEN`).
    #[error("{0:?} has {1} bytes; a name has at most 63")]
    TooLong(String, usize),
    /// A slot cannot have this character in its name.
    #[error("{0:?} contains {1:?}; a slot's name consists of a-z, 0-9 and _")]
    Character(String, char),
}

impl SlotName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`NameError`] where PostgreSQL would refuse it.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = checked(name.into())?;
        match name
            .chars()
            .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_'))
        {
            Some(wrong) => Err(NameError::Character(name, wrong)),
            None => Ok(Self(name)),
        }
    }

    /// Gives the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PublicationName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`NameError`] where it is empty, or longer than PostgreSQL keeps.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        checked(name.into()).map(Self)
    }

    /// Gives the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SlotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PublicationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Quotes an identifier for SQL: `a"b` becomes `"a""b"`.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a string for SQL: `it's` becomes `'it''s'` (with `standard_conforming_strings`).
pub fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Refuses what PostgreSQL would cut off or not take.
fn checked(name: String) -> Result<String, NameError> {
    match name.len() {
        0 => Err(NameError::Empty),
        1..=63 => Ok(name),
        len => Err(NameError::TooLong(name, len)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_names_follow_postgresqls_rule() {
        assert_eq!(SlotName::new("orders_2").unwrap().as_str(), "orders_2");
        assert_eq!(SlotName::new(""), Err(NameError::Empty));
        assert_eq!(
            SlotName::new("Orders"),
            Err(NameError::Character("Orders".into(), 'O'))
        );
        assert_eq!(
            SlotName::new("a".repeat(64)),
            Err(NameError::TooLong("a".repeat(64), 64))
        );
    }

    #[test]
    fn quoting_doubles_the_quote() {
        assert_eq!(quote_ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_literal("it's"), "'it''s'");
    }
}
