//! Names of tables, as a user writes them and as messages show them.

use std::fmt;
use std::str::FromStr;

/// The name of a table, with its schema or without.
///
/// It is read as PostgreSQL reads one: without quotes it is folded to lower case and made of
/// letters, digits, `_` and `$`; in double quotes it stands as it is, and `""` is a quote. Without
/// a schema it means the table of that name in any schema.
///
/// ```
/// use outflow_event_router::TableName;
///
/// let plain = TableName::parse("Outbox")?;
/// assert!(plain.matches("public", "outbox") && plain.matches("sales", "outbox"));
///
/// let quoted = TableName::parse(r#""My.Schema"."T""#)?;
/// assert!(quoted.matches("My.Schema", "T") && !quoted.matches("My.Schema", "t"));
/// assert_eq!(quoted.to_string(), r#""My.Schema"."T""#);
/// # Ok::<(), outflow_event_router::TableNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// The schema, if one was given.
    schema: Option<String>,
    /// The name within the schema.
    name: String,
}

impl TableName {
    /// A table of a schema, by their names as they stand in the catalog.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: Some(schema.into()),
            name: name.into(),
        }
    }

    /// Parses `name` or `schema.name`, each quoted or not.
    ///
    /// # Errors
    ///
    /// [`TableNameError`] when the text is no such name.
    pub fn parse(text: &str) -> Result<Self, TableNameError> {
        let mut chars = text.chars().peekable();
        let first = parse_part(&mut chars)?;
        let (schema, name) = match chars.next() {
            None => (None, first),
            Some('.') => (Some(first), parse_part(&mut chars)?),
            Some(found) => return Err(TableNameError::Character { found }),
        };
        match chars.next() {
            None => Ok(Self { schema, name }),
            Some('.') => Err(TableNameError::Parts),
            Some(found) => Err(TableNameError::Character { found }),
        }
    }

    /// The schema, if there is one.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The name within the schema.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this means the table with these names in the catalog.
    pub fn matches(&self, schema: &str, name: &str) -> bool {
        self.name == name && self.schema.as_deref().is_none_or(|own| own == schema)
    }
}

impl FromStr for TableName {
    type Err = TableNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for TableName {
    /// Quotes what needs it, so that the text parses to the same name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write_part(f, schema)?;
            f.write_str(".")?;
        }
        write_part(f, &self.name)
    }
}

/// Why a text names no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TableNameError {
    /// A name, or its part before or after the dot, is empty.
    #[error("a table is named \"name\" or \"schema.name\"; here a part is empty")]
    Empty,
    /// More than a schema and a name.
    #[error("a table is named \"name\" or \"schema.name\"; here are more parts")]
    Parts,
    /// A character that needs quotes, or stands where none may.
    #[error("{found:?} can't stand here; a name with such characters is written in double quotes")]
    Character {
        /// The character.
        found: char,
    },
    /// A quote that is not closed.
    #[error("a double quote is not closed")]
    Quote,
}

/// The characters of a name, one ahead.
type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Reads one part of a name, up to a dot or the end.
fn parse_part(chars: &mut Chars<'_>) -> Result<String, TableNameError> {
    let part = match chars.next_if_eq(&'"') {
        Some(_) => parse_quoted(chars)?,
        None => parse_plain(chars)?,
    };
    if part.is_empty() {
        Err(TableNameError::Empty)
    } else {
        Ok(part)
    }
}

/// Reads a part in quotes, after the opening one.
fn parse_quoted(chars: &mut Chars<'_>) -> Result<String, TableNameError> {
    let mut part = String::new();
    loop {
        match chars.next() {
            None => return Err(TableNameError::Quote),
            Some('"') if chars.next_if_eq(&'"').is_none() => return Ok(part),
            Some(char) => part.push(char),
        }
    }
}

/// Reads a part without quotes, folding it as PostgreSQL does: ASCII only.
fn parse_plain(chars: &mut Chars<'_>) -> Result<String, TableNameError> {
    let mut part = String::new();
    while let Some(found) = chars.next_if(|char| *char != '.') {
        if !is_plain(found, part.is_empty()) {
            return Err(TableNameError::Character { found });
        }
        part.push(found.to_ascii_lowercase());
    }
    Ok(part)
}

/// Whether PostgreSQL takes a character in a name without quotes.
fn is_plain(char: char, first: bool) -> bool {
    let letter = char.is_ascii_alphabetic() || char == '_' || !char.is_ascii();
    letter || (!first && (char.is_ascii_digit() || char == '$'))
}

/// Writes one part, in quotes if it would be read otherwise.
fn write_part(f: &mut fmt::Formatter<'_>, part: &str) -> fmt::Result {
    let plain = !part.is_empty()
        && part
            .char_indices()
            .all(|(at, c)| is_plain(c, at == 0) && !c.is_ascii_uppercase());
    if plain {
        f.write_str(part)
    } else {
        write!(f, "\"{}\"", part.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_folded_unless_quoted() {
        let parts = |text| {
            let name = TableName::parse(text).unwrap();
            (name.schema.clone(), name.name)
        };
        let (public, own) = (Some("public".to_owned()), |name: &str| name.to_owned());
        assert_eq!(parts("outbox"), (None, own("outbox")));
        assert_eq!(
            parts("Public.OutBox_2$"),
            (public.clone(), own("outbox_2$"))
        );
        assert_eq!(parts("public.\"Out\"\"Box\""), (public, own("Out\"Box")));
        assert_eq!(parts("\"a.b\".c"), (Some(own("a.b")), own("c")));
        assert_eq!(parts("größe"), (None, own("größe")));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        use TableNameError::{Character, Empty, Parts, Quote};
        let error = |text| TableName::parse(text).unwrap_err();
        assert_eq!(error(""), Empty);
        assert_eq!(error("a."), Empty);
        assert_eq!(error(".a"), Empty);
        assert_eq!(error("\"\""), Empty);
        assert_eq!(error("a.b.c"), Parts);
        assert_eq!(error("\"a"), Quote);
        assert_eq!(error("my-table"), Character { found: '-' });
        assert_eq!(error("1a"), Character { found: '1' });
        assert_eq!(error("a b"), Character { found: ' ' });
        assert_eq!(error("\"a\"b"), Character { found: 'b' });
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_parsed(schema in ".{1,8}", name in ".{1,8}") {
            let table = TableName::new(schema.as_str(), name.as_str());
            prop_assert_eq!(TableName::parse(&table.to_string()), Ok(table.clone()));
            prop_assert!(table.matches(&schema, &name));
        }
    }
}
