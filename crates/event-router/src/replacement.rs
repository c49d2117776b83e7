//! Replacements as Java's `Matcher.appendReplacement` reads them.

use std::iter::Peekable;
use std::str::Chars;

use regex::bytes::{Captures, Regex};

use crate::topic::{TopicNameError, check_characters};

/// A text with groups of a pattern in it, checked against that pattern.
#[derive(Debug, Clone)]
pub(crate) struct Replacement {
    /// The text that was parsed.
    source: String,
    /// Its parts, in order.
    pieces: Vec<Piece>,
}

/// One part of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Text that stands for itself.
    Literal(String),
    /// What a group of the pattern matched; nothing, if it took no part.
    Group(usize),
}

impl Replacement {
    /// Parses a replacement for a pattern, whose groups decide what is a number and which names
    /// there are.
    pub(crate) fn parse(source: &str, pattern: &Regex) -> Result<Self, ReplacementError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut chars = source.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '\\' => literal.push(chars.next().ok_or(ReplacementError::Backslash)?),
                '$' => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Group(parse_group(&mut chars, pattern)?));
                }
                _ => literal.push(char),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self {
            source: source.to_owned(),
            pieces,
        })
    }

    /// The text that was parsed.
    pub(crate) fn as_str(&self) -> &str {
        &self.source
    }

    /// Looks for text of its own that no topic name can have.
    pub(crate) fn check_literals(&self) -> Result<(), TopicNameError> {
        if self.pieces.is_empty() {
            return Err(TopicNameError::Empty);
        }
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Literal(text) => check_characters(text.as_bytes()),
            Piece::Group(_) => Ok(()),
        })
    }

    /// Appends the replacement for one match.
    pub(crate) fn expand(&self, captures: &Captures<'_>, out: &mut Vec<u8>) {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Group(group) => {
                    out.extend_from_slice(
                        captures.get(*group).map_or(b"", |found| found.as_bytes()),
                    );
                }
            }
        }
    }
}

/// Why a replacement can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplacementError {
    /// A backslash at the end.
    #[error("the replacement ends with a backslash, which stands before a character")]
    Backslash,
    /// A `$` before what is neither a digit nor a name in braces.
    #[error(
        "in the replacement, $ is followed by a number or by {{name}}; for itself it is written \\$"
    )]
    Dollar,
    /// A group by a number that the pattern does not have.
    #[error("the replacement uses group {number}, and the pattern has {groups}")]
    Number {
        /// The number used.
        number: usize,
        /// How many groups the pattern has.
        groups: usize,
    },
    /// A group by a name that the pattern does not have.
    #[error("the replacement uses group {name:?}, which the pattern does not have")]
    Name {
        /// The name used.
        name: String,
    },
}

/// Reads what follows a `$`.
fn parse_group(
    chars: &mut Peekable<Chars<'_>>,
    pattern: &Regex,
) -> Result<usize, ReplacementError> {
    if chars.next_if_eq(&'{').is_some() {
        return parse_name(chars, pattern);
    }
    let groups = pattern.captures_len() - 1;
    let mut number = next_digit(chars, |_| true).ok_or(ReplacementError::Dollar)?;
    if number > groups {
        return Err(ReplacementError::Number { number, groups });
    }
    // As in Java, further digits count as long as there is such a group.
    while let Some(digit) = next_digit(chars, |digit| number * 10 + digit <= groups) {
        number = number * 10 + digit;
    }
    Ok(number)
}

/// Takes the next character if it is a digit that is wanted.
fn next_digit(chars: &mut Peekable<Chars<'_>>, wanted: impl Fn(usize) -> bool) -> Option<usize> {
    let digit = usize::try_from(chars.peek()?.to_digit(10)?).ok()?;
    if !wanted(digit) {
        return None;
    }
    chars.next();
    Some(digit)
}

/// Reads a name up to its closing brace and finds its group.
fn parse_name(chars: &mut Peekable<Chars<'_>>, pattern: &Regex) -> Result<usize, ReplacementError> {
    let mut name = String::new();
    loop {
        match chars.next() {
            Some('}') => break,
            Some(char) => name.push(char),
            None => return Err(ReplacementError::Dollar),
        }
    }
    match pattern
        .capture_names()
        .position(|group| group == Some(name.as_str()))
    {
        Some(group) => Ok(group),
        None => Err(ReplacementError::Name { name }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(source: &str, pattern: &str) -> Result<Vec<Piece>, ReplacementError> {
        Replacement::parse(source, &Regex::new(pattern).unwrap()).map(|parsed| parsed.pieces)
    }

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.to_owned())
    }

    #[test]
    fn javas_syntax_is_read() {
        use Piece::Group;
        assert_eq!(
            parse("a$1b", "(.)"),
            Ok(vec![literal("a"), Group(1), literal("b")])
        );
        assert_eq!(parse("$0", "(.)"), Ok(vec![Group(0)]));
        assert_eq!(parse("$12", "(.)"), Ok(vec![Group(1), literal("2")]));
        assert_eq!(
            parse("$10$11", "(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)"),
            Ok(vec![Group(10), Group(1), literal("1"),])
        );
        assert_eq!(parse("${n}$1", "(?<n>.)"), Ok(vec![Group(1), Group(1)]));
        assert_eq!(parse(r"\$1\\\a", "(.)"), Ok(vec![literal(r"$1\a")]));
    }

    #[test]
    fn what_java_refuses_is_refused_at_once() {
        use ReplacementError::{Backslash, Dollar, Name, Number};
        let name = |name: &str| {
            Err(Name {
                name: name.to_owned(),
            })
        };
        assert_eq!(parse("a\\", "(.)"), Err(Backslash));
        assert_eq!(parse("a$", "(.)"), Err(Dollar));
        assert_eq!(parse("$x", "(.)"), Err(Dollar));
        assert_eq!(parse("${n", "(?<n>.)"), Err(Dollar));
        assert_eq!(
            parse("$2", "(.)"),
            Err(Number {
                number: 2,
                groups: 1
            })
        );
        assert_eq!(parse("${m}", "(?<n>.)"), name("m"));
        assert_eq!(parse("${1}", "(.)"), name("1"));
        assert_eq!(parse("${}", "(.)"), name(""));
    }

    #[test]
    fn messages_show_the_remedy() {
        insta::assert_snapshot!(parse("a$", ".").unwrap_err(), @r"in the replacement, $ is followed by a number or by {name}; for itself it is written \$");
        insta::assert_snapshot!(parse("${x}", ".").unwrap_err(), @r#"the replacement uses group "x", which the pattern does not have"#);
        insta::assert_snapshot!(parse("$3", ".").unwrap_err(), @"the replacement uses group 3, and the pattern has 0");
    }

    proptest! {
        #[test]
        fn escaped_text_stands_for_itself(text in ".{0,12}") {
            let source: String = text.chars().flat_map(|char| ['\\', char]).collect();
            let expected = if text.is_empty() { vec![] } else { vec![literal(&text)] };
            prop_assert_eq!(parse(&source, "(.)"), Ok(expected));
        }

        #[test]
        fn any_text_is_a_replacement_or_an_error(source in r"[a$\\{}1]{0,10}") {
            drop(parse(&source, "(?<a>.)"));
        }
    }
}
