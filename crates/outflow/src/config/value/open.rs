//! From lists and tables as written to what their settings take.

use super::read::{place, secret, text};
use super::wrong::{wrong_part, wrong_type};
use super::{Item, Located, Scalar, Value};
use crate::config::problem::Problem;
use crate::config::redact::is_secret;
use crate::config::setting::Setting;
use crate::config::tree::{Data, Entry, Node, Origin};

/// Reads a list of text; outside of the file, commas may separate it.
pub(super) fn list(setting: &Setting, node: &Node) -> Result<Value, Vec<Problem>> {
    let split = |text: &str| {
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        words
            .map(|w| Located {
                value: w.to_owned(),
                origin: node.origin.clone(),
            })
            .collect()
    };
    let items = match (&node.data, &node.raw) {
        (Data::List(items), _) => items,
        (_, Some(raw)) => return Ok(Value::List(split(text(node).unwrap_or(raw)))),
        _ => return Err(vec![wrong_type(setting, node)]),
    };
    let (mut words, mut problems) = (Vec::new(), Vec::new());
    for item in items {
        match &item.data {
            Data::Text(word) => {
                words.push(Located {
                    value: word.clone(),
                    origin: item.origin.clone(),
                });
            }
            Data::Integer(_) | Data::Flag(_) | Data::Other(..) | Data::List(_) | Data::Table(_) => {
                problems.push(wrong_part(setting.key, item, &setting.kind.takes()));
            }
        }
    }
    finish(Value::List(words), problems)
}

/// Reads a template, or a regular expression with its replacement.
pub(super) fn topic(setting: &Setting, node: &Node) -> Result<Value, Vec<Problem>> {
    let Data::Table(entries) = &node.data else {
        let template = text(node).ok_or_else(|| vec![wrong_type(setting, node)])?;
        return Ok(Value::Text(template.to_owned()));
    };
    let (mut regex, mut replacement, mut problems) = (None, None, Vec::new());
    for entry in entries {
        let key = format!("{}.{}", setting.key, entry.key);
        let value = text(&entry.node).map(|t| Located {
            value: t.to_owned(),
            origin: entry.node.origin.clone(),
        });
        match (entry.key.as_str(), value) {
            ("regex", Some(value)) => regex = Some(value),
            ("replacement", Some(value)) => replacement = Some(value),
            ("regex" | "replacement", None) => {
                problems.push(wrong_part(&key, &entry.node, "text"));
            }
            _ => problems.push(
                Problem::new(&key, format!("unknown setting `{key}`"), &entry.origin)
                    .label("no such setting")
                    .help("a topic by pattern has `regex` and `replacement`"),
            ),
        }
    }
    match (regex, replacement) {
        (Some(regex), Some(replacement)) => finish(Value::Regex { regex, replacement }, problems),
        _ if problems.is_empty() => Err(vec![
            Problem::new(
                setting.key,
                format!("`{}` is not complete", setting.key),
                &node.origin,
            )
            .label("both `regex` and `replacement` are needed"),
        ]),
        _ => Err(problems),
    }
}

/// Reads names with templates, or pairs of them.
pub(super) fn headers(setting: &Setting, node: &Node) -> Result<Value, Vec<Problem>> {
    let pairs = match &node.data {
        Data::List(pairs) => pairs,
        Data::Table(_) => return names(setting, node, false),
        Data::Text(_) | Data::Integer(_) | Data::Flag(_) | Data::Other(..) => {
            return Err(vec![wrong_type(setting, node)]);
        }
    };
    let (mut items, mut problems) = (Vec::new(), Vec::new());
    for pair in pairs {
        let texts = match &pair.data {
            Data::List(two) => match two.as_slice() {
                [name, value] => text(name).zip(text(value)).map(|texts| (texts, value)),
                _ => None,
            },
            _ => None,
        };
        match texts {
            Some(((name, value), node)) => items.push(Item {
                name: name.to_owned(),
                value: Scalar::Text(value.to_owned()),
                origin: node.origin.clone(),
            }),
            None => problems.push(
                Problem::new(
                    setting.key,
                    format!("`{}` takes pairs of text", setting.key),
                    &pair.origin,
                )
                .label("this is not a pair of text")
                .help("write [\"name\", \"{column}\"]"),
            ),
        }
    }
    finish(Value::Open { pairs: true, items }, problems)
}

/// Reads names of the user's choice. A dot in a name need not be quoted.
pub(super) fn names(setting: &Setting, node: &Node, secrets: bool) -> Result<Value, Vec<Problem>> {
    let Data::Table(entries) = &node.data else {
        return Err(vec![wrong_type(setting, node)]);
    };
    let mut reader = Names {
        setting,
        secrets,
        items: Vec::new(),
        problems: Vec::new(),
    };
    reader.table("", entries);
    finish(
        Value::Open {
            pairs: false,
            items: reader.items,
        },
        reader.problems,
    )
}

/// Collects names over the tables that unquoted dots make.
struct Names<'a> {
    /// The setting that has them.
    setting: &'a Setting,
    /// Whether there may be secrets among them.
    secrets: bool,
    /// What was read.
    items: Vec<Item>,
    /// What is wrong.
    problems: Vec<Problem>,
}

impl Names<'_> {
    /// Reads one table.
    fn table(&mut self, prefix: &str, entries: &[Entry]) {
        for entry in entries {
            let name = match prefix {
                "" => entry.key.clone(),
                prefix => format!("{prefix}.{}", entry.key),
            };
            let key = format!("{}.{}", self.setting.key, shown(&name));
            let secret_here = self.secrets && is_secret(&name);
            match &entry.node.data {
                Data::Table(below) if !(secret_here && is_place(below)) && !below.is_empty() => {
                    self.table(&name, below);
                }
                _ if secret_here => {
                    let value = secret(&key, &entry.node).map(Scalar::Secret);
                    self.push(name, &entry.origin, value);
                }
                _ => {
                    let value = scalar(&key, &entry.node).map(Scalar::Text);
                    self.push(name, &entry.origin, value);
                }
            }
        }
    }

    /// Takes what was read.
    fn push(&mut self, name: String, origin: &Origin, value: Result<Scalar, Problem>) {
        let key = self.setting.key;
        match value {
            Err(problem) => self.problems.push(problem),
            Ok(_) if self.items.iter().any(|item| item.name == name) => self.problems.push(
                Problem::new(
                    key,
                    format!("`{key}.{}` is set twice", shown(&name)),
                    origin,
                )
                .label("the second time"),
            ),
            Ok(value) => self.items.push(Item {
                name,
                value,
                origin: origin.clone(),
            }),
        }
    }
}

/// Reads text, or what is written instead of it.
fn scalar(key: &str, node: &Node) -> Result<String, Problem> {
    match (&node.data, &node.raw) {
        (Data::Text(text), _) | (_, Some(text)) | (Data::Other(_, text), None) => Ok(text.clone()),
        (Data::Integer(number), None) => Ok(number.to_string()),
        (Data::Flag(flag), None) => Ok(flag.to_string()),
        (Data::List(_) | Data::Table(_), None) => {
            Err(wrong_part(key, node, "text, a number, true or false"))
        }
    }
}

/// Whether a table says where a secret is.
fn is_place(entries: &[Entry]) -> bool {
    matches!(entries, [entry] if place(&entry.key, "somewhere").is_some())
}

/// Writes a name as a part of a dotted key.
fn shown(name: &str) -> String {
    match name.contains('.') {
        true => format!("\"{name}\""),
        false => name.to_owned(),
    }
}

/// Gives the value where nothing is wrong.
fn finish(value: Value, problems: Vec<Problem>) -> Result<Value, Vec<Problem>> {
    match problems.is_empty() {
        true => Ok(value),
        false => Err(problems),
    }
}
