//! Templates: text with fields that are filled from a row.

use std::fmt;
use std::iter::Peekable;
use std::str::{CharIndices, FromStr};

use crate::Role;

/// A text with fields, such as `{aggregate_type}.events`.
///
/// `{x}` is a role (`id`, `aggregate_type`, `aggregate_id` or `event_type`) and else a column of
/// that name; `{column:x}` is always a column. `{{` and `}}` stand for a brace. Names are taken as
/// they stand, blanks and upper case included; a column whose name has a brace can't be used.
///
/// ```
/// use outflow_event_router::{Field, Role, Template};
///
/// let key = Template::parse("{tenant}/{aggregate_id}")?;
/// let fields: Vec<_> = key.fields().cloned().collect();
/// assert_eq!(fields, [Field::Column("tenant".into()), Field::Role(Role::AggregateId)]);
///
/// assert_eq!(Template::parse("a {{brace}}")?.fields().count(), 0);
/// # Ok::<(), outflow_event_router::TemplateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The text that was parsed.
    source: String,
    /// Its parts, in order.
    pieces: Vec<Piece>,
}

/// One part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text that stands for itself.
    Literal(String),
    /// A place for a value of the row.
    Field(Field),
}

/// What a field of a template stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The column that plays a role, named or detected.
    Role(Role),
    /// The column of exactly this name.
    Column(String),
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which says where a brace is open, stray or empty.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut chars = source.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            match char {
                '{' | '}' if chars.next_if(|(_, next)| *next == char).is_some() => {
                    literal.push(char);
                }
                '{' => {
                    flush(&mut literal, &mut pieces);
                    pieces.push(Piece::Field(parse_field(&mut chars, at)?));
                }
                '}' => return Err(TemplateError::Stray { at }),
                _ => literal.push(char),
            }
        }
        flush(&mut literal, &mut pieces);
        Ok(Self {
            source: source.to_owned(),
            pieces,
        })
    }

    /// The template that is one role alone.
    pub(crate) fn role(role: Role) -> Self {
        let source = format!("{{{role}}}");
        Self {
            source,
            pieces: vec![Piece::Field(Field::Role(role))],
        }
    }

    /// The template with a text after it, which has no braces.
    pub(crate) fn then(mut self, text: &str) -> Self {
        self.source.push_str(text);
        self.pieces.push(Piece::Literal(text.to_owned()));
        self
    }

    /// The text that was parsed.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The fields, in order, as often as they stand there.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Field(field) => Some(field),
            Piece::Literal(_) => None,
        })
    }

    /// The parts, in order; no two literals stand side by side.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(source: &str) -> Result<Self, Self::Err> {
        Self::parse(source)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "{{{role}}}"),
            Self::Column(name) => write!(f, "{{{name}}}"),
        }
    }
}

/// Why a text is no template; places are offsets in bytes, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A `{` without its `}`.
    #[error("a field begins at offset {at} and does not end; a brace for itself is written {{{{")]
    Unclosed {
        /// Where the brace stands.
        at: usize,
    },
    /// A `}` without its `{`.
    #[error("a stray closing brace at offset {at}; a brace for itself is written }}}}")]
    Stray {
        /// Where the brace stands.
        at: usize,
    },
    /// A field without a name.
    #[error("the field at offset {at} has no name")]
    Unnamed {
        /// Where its opening brace stands.
        at: usize,
    },
}

impl TemplateError {
    /// The offset in bytes of the brace that is wrong, for pointing at it.
    pub fn offset(self) -> usize {
        match self {
            Self::Unclosed { at } | Self::Stray { at } | Self::Unnamed { at } => at,
        }
    }
}

/// Moves what was collected of a literal into the pieces.
fn flush(literal: &mut String, pieces: &mut Vec<Piece>) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
}

/// Reads a field to its closing brace; its opening one, at `at`, is read already.
fn parse_field(chars: &mut Peekable<CharIndices<'_>>, at: usize) -> Result<Field, TemplateError> {
    let mut name = String::new();
    loop {
        match chars.next() {
            Some((_, '}')) => break,
            Some((_, '{')) | None => return Err(TemplateError::Unclosed { at }),
            Some((_, char)) => name.push(char),
        }
    }
    let field = match name.strip_prefix("column:") {
        Some(column) => Field::Column(column.to_owned()),
        None => match Role::in_templates(&name) {
            Some(role) => Field::Role(role),
            None => Field::Column(name),
        },
    };
    match &field {
        Field::Column(name) if name.is_empty() => Err(TemplateError::Unnamed { at }),
        Field::Column(_) | Field::Role(_) => Ok(field),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(source: &str) -> Vec<Piece> {
        Template::parse(source).unwrap().pieces
    }

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.to_owned())
    }

    fn column(name: &str) -> Piece {
        Piece::Field(Field::Column(name.to_owned()))
    }

    #[test]
    fn roles_columns_and_text_are_told_apart() {
        let role = |role| Piece::Field(Field::Role(role));
        assert_eq!(
            pieces("{aggregate_type}.events"),
            [role(Role::AggregateType), literal(".events")]
        );
        assert_eq!(
            pieces("{id}{event_type}"),
            [role(Role::Id), role(Role::EventType)]
        );
        assert_eq!(pieces("{aggregate_id}"), [role(Role::AggregateId)]);
        assert_eq!(pieces("{column:id}"), [column("id")]);
        assert_eq!(pieces("{payload}"), [column("payload")]);
        assert_eq!(pieces("{timestamp}"), [column("timestamp")]);
        assert_eq!(pieces("{Id}{ id}"), [column("Id"), column(" id")]);
        assert_eq!(pieces("{column:column:x}"), [column("column:x")]);
        assert_eq!(pieces(""), []);
    }

    #[test]
    fn doubled_braces_are_braces() {
        assert_eq!(pieces("{{id}}"), [literal("{id}")]);
        assert_eq!(
            pieces("a{{{x}}}b"),
            [literal("a{"), column("x"), literal("}b")]
        );
    }

    #[test]
    fn a_wrong_brace_is_shown_with_its_place() {
        use TemplateError::{Stray, Unclosed, Unnamed};
        assert_eq!(Template::parse("a{id"), Err(Unclosed { at: 1 }));
        assert_eq!(Template::parse("{a{b}}"), Err(Unclosed { at: 0 }));
        assert_eq!(Template::parse("é}"), Err(Stray { at: 2 }));
        assert_eq!(Template::parse("x{}"), Err(Unnamed { at: 1 }));
        assert_eq!(Template::parse("x{column:}"), Err(Unnamed { at: 1 }));
        assert_eq!(Unclosed { at: 1 }.offset(), 1);
    }

    #[test]
    fn messages_show_the_remedy() {
        insta::assert_snapshot!(Template::parse("{id").unwrap_err(), @"a field begins at offset 0 and does not end; a brace for itself is written {{");
        insta::assert_snapshot!(Template::parse("id}").unwrap_err(), @"a stray closing brace at offset 2; a brace for itself is written }}");
        insta::assert_snapshot!(Template::parse("{}").unwrap_err(), @"the field at offset 0 has no name");
    }

    proptest! {
        /// What is written by the rules is read back as it was meant.
        #[test]
        fn written_templates_are_read_back(parts in prop::collection::vec(
            ("[a-z{}é. ]{1,6}", "[a-zA-Z_ ]{1,6}"), 0..5,
        )) {
            let mut source = String::new();
            let mut expected = Vec::new();
            for (text, name) in &parts {
                source.push_str(&text.replace('{', "{{").replace('}', "}}"));
                source.push_str(&format!("{{column:{name}}}"));
                expected.extend([literal(text), column(name)]);
            }
            prop_assert_eq!(pieces(&source), expected);
        }

        #[test]
        fn any_text_is_a_template_or_an_error(source in "[a-z{}:é]{0,12}") {
            if let Ok(template) = Template::parse(&source) {
                prop_assert_eq!(template.as_str(), source);
            }
        }
    }
}
