//! A layer as written: a tree of TOML values, each with the place where it stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nowhere: the default counts.
    Default,
    /// In the configuration file, at these bytes.
    File(Range<usize>),
    /// In an environment variable.
    Environment(String),
    /// In a `--set`, by this name.
    Set(String),
    /// In a flag of its own.
    Flag(&'static str),
}

impl Origin {
    /// Gives the place in the file, if it is there.
    pub(super) const fn span(&self) -> Option<&Range<usize>> {
        if let Self::File(span) = self {
            Some(span)
        } else {
            None
        }
    }

    /// Gives the layer's place in the order of precedence.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Environment(_) => 2,
            Self::Set(_) => 3,
            Self::Flag(_) => 4,
        }
    }
}

/// A value, not looked into yet; it has no `Debug`, as it may be a secret.
#[derive(Clone)]
pub(super) struct Node {
    /// Where it stands.
    pub(super) origin: Origin,
    /// The text that it was read from, where that need not be TOML.
    pub(super) raw: Option<String>,
    /// What it is.
    pub(super) data: Data,
}

/// What a value is.
#[derive(Clone)]
pub(super) enum Data {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Flag(bool),
    /// Anything else that is written without brackets: what it is called, and as written.
    Other(&'static str, String),
    /// A list.
    List(Vec<Node>),
    /// Names with values.
    Table(Vec<Entry>),
}

/// A name with its value.
#[derive(Clone)]
pub(super) struct Entry {
    /// The name, which may hold dots.
    pub(super) key: String,
    /// Where the name stands.
    pub(super) origin: Origin,
    /// The value.
    pub(super) node: Node,
}

impl Node {
    /// Reads a value that came as text: TOML, or else the text itself.
    pub(super) fn from_text(text: &str, origin: &Origin) -> Self {
        let raw = Some(text.to_owned());
        match DeValue::parse(text) {
            Ok(value) => Self {
                raw,
                ..Self::from_toml(&value, &|_| origin.clone())
            },
            Err(_) => Self {
                origin: origin.clone(),
                raw,
                data: Data::Text(text.to_owned()),
            },
        }
    }

    /// Copies a parsed value; `origin` says what bytes of the parsed text are.
    fn from_toml(value: &Spanned<DeValue<'_>>, origin: &impl Fn(Range<usize>) -> Origin) -> Self {
        let data = match value.get_ref() {
            DeValue::String(text) => Data::Text(text.clone().into_owned()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(
                    |_| Data::Other("a number without bounds", number.to_string()),
                    Data::Integer,
                ),
            DeValue::Boolean(flag) => Data::Flag(*flag),
            DeValue::Float(number) => Data::Other("a fraction", number.to_string()),
            DeValue::Datetime(date) => Data::Other("a date", date.to_string()),
            DeValue::Array(list) => Data::List(
                list.iter()
                    .map(|item| Self::from_toml(item, origin))
                    .collect(),
            ),
            DeValue::Table(table) => Data::Table(entries(table, origin)),
        };
        Self {
            origin: origin(value.span()),
            raw: None,
            data,
        }
    }

    /// Gives the table, if it is one.
    pub(super) fn table(&self) -> Option<&[Entry]> {
        if let Data::Table(entries) = &self.data {
            Some(entries)
        } else {
            None
        }
    }

    /// Says what it is, to come after "not".
    pub(super) const fn is(&self) -> &'static str {
        match &self.data {
            Data::Text(_) => "text",
            Data::Integer(_) => "a number",
            Data::Flag(_) => "true or false",
            Data::Other(what, _) => what,
            Data::List(_) => "a list",
            Data::Table(_) => "a table",
        }
    }
}

/// Copies the file's table.
pub(super) fn from_file(table: &DeTable<'_>) -> Vec<Entry> {
    entries(table, &Origin::File)
}

/// Puts a value at a path; tables there are joined with it, anything else gives way.
pub(super) fn insert(into: &mut Vec<Entry>, path: &[String], node: Node) {
    let Some((key, rest)) = path.split_first() else {
        return;
    };
    let origin = node.origin.clone();
    let at = into.iter().position(|entry| entry.key == *key);
    let mut entry = match at {
        Some(at) => into.remove(at),
        None => {
            let data = Data::Table(Vec::new());
            let node = Node {
                origin: origin.clone(),
                raw: None,
                data,
            };
            Entry {
                key: key.clone(),
                origin: origin.clone(),
                node,
            }
        }
    };
    match (rest, node.data) {
        ([], Data::Table(new)) if matches!(entry.node.data, Data::Table(_)) => {
            for child in new {
                insert_below(&mut entry, std::slice::from_ref(&child.key), child.node);
            }
        }
        ([], data) => {
            entry = Entry {
                key: key.clone(),
                origin,
                node: Node { data, ..node },
            };
        }
        (rest, data) => insert_below(&mut entry, rest, Node { data, ..node }),
    }
    into.push(entry);
}

/// Puts a value below an entry, which becomes a table if it was none.
fn insert_below(entry: &mut Entry, path: &[String], node: Node) {
    if !matches!(entry.node.data, Data::Table(_)) {
        entry.node.data = Data::Table(Vec::new());
    }
    if let Data::Table(children) = &mut entry.node.data {
        insert(children, path, node);
    }
}

/// Copies a table, in the order in which it is written.
fn entries(table: &DeTable<'_>, origin: &impl Fn(Range<usize>) -> Origin) -> Vec<Entry> {
    let mut parts: Vec<_> = table.iter().collect();
    parts.sort_by_key(|(key, _)| key.span().start);
    let entry = |(key, value): (&Spanned<_>, &_)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        Entry {
            key: name.clone().into_owned(),
            origin: origin(key.span()),
            node: Node::from_toml(value, origin),
        }
    };
    parts.into_iter().map(entry).collect()
}
