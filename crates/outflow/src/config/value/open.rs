//! From lists and tables as written to what their settings take.

use super::read::{secret, text};
use super::wrong::{wrong_part, wrong_type};
use super::{Item, Located, Scalar, Value};
use crate::config::problem::Problem;
use crate::config::redact::is_secret;
use crate::config::setting::Setting;
use crate::config::tree::{Data, Entry, Node, Origin};

/// Reads a list of text; outside of the file, commas may separate it.
pub(super) fn list(setting: &Setting, node: &Node, problems: &mut Vec<Problem>) -> Option<Value> {
    let Data::List(items) = &node.data else {
        if node.raw.is_none() {
            problems.push(wrong_type(setting, node));
        }
        let words = text(node)?
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        return Some(Value::List(
            words.map(|word| located(word, &node.origin)).collect(),
        ));
    };
    let mut words = Vec::new();
    for item in items {
        match &item.data {
            Data::Text(word) => words.push(located(word, &item.origin)),
            Data::Integer(_) | Data::Flag(_) | Data::Other(..) | Data::List(_) | Data::Table(_) => {
                problems.push(wrong_part(setting.key, item, &setting.kind.takes()));
            }
        }
    }
    (words.len() == items.len()).then_some(Value::List(words))
}

/// Reads a template, or a regular expression with its replacement.
pub(super) fn topic(setting: &Setting, node: &Node, problems: &mut Vec<Problem>) -> Option<Value> {
    let Data::Table(entries) = &node.data else {
        if text(node).is_none() {
            problems.push(wrong_type(setting, node));
        }
        return text(node).map(|template| Value::Text(template.to_owned()));
    };
    let (mut regex, mut replacement, before) = (None, None, problems.len());
    for Entry { key, origin, node } in entries {
        let full = format!("{}.{key}", setting.key);
        let value = text(node).map(|text| located(text, &node.origin));
        match (key.as_str(), value) {
            ("regex", Some(value)) => regex = Some(value),
            ("replacement", Some(value)) => replacement = Some(value),
            ("regex" | "replacement", None) => problems.push(wrong_part(&full, node, "text")),
            _ => problems.push(
                Problem::new(&full, format!("unknown setting `{full}`"), origin)
                    .label("no such setting")
                    .help("a topic by pattern has `regex` and `replacement`"),
            ),
        }
    }
    if (regex.is_none() || replacement.is_none()) && problems.len() == before {
        let message = format!("`{}` is not complete", setting.key);
        let problem = Problem::new(setting.key, message, &node.origin);
        problems.push(problem.label("both `regex` and `replacement` are needed"));
    }
    Some(Value::Regex {
        regex: regex?,
        replacement: replacement?,
    })
}

/// Keeps a text with its place.
fn located(text: &str, origin: &Origin) -> Located<String> {
    Located {
        value: text.to_owned(),
        origin: origin.clone(),
    }
}

/// Reads names with templates, or pairs of them.
pub(super) fn headers(
    setting: &Setting,
    node: &Node,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    let Data::List(pairs) = &node.data else {
        return names(setting, node, false, problems);
    };
    let mut items = Vec::new();
    for pair in pairs {
        match two_texts(pair) {
            Some((name, value, origin)) => items.push(Item {
                name: name.to_owned(),
                value: Scalar::Text(value.to_owned()),
                origin: origin.clone(),
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
    Some(Value::Open { pairs: true, items })
}

/// Reads a pair; the place is the second one's.
fn two_texts(pair: &Node) -> Option<(&str, &str, &Origin)> {
    let Data::List(two) = &pair.data else {
        return None;
    };
    let [name, value] = two.as_slice() else {
        return None;
    };
    Some((text(name)?, text(value)?, &value.origin))
}

/// Reads names of the user's choice. A dot in a name need not be quoted.
pub(super) fn names(
    setting: &Setting,
    node: &Node,
    secrets: bool,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    let Data::Table(entries) = &node.data else {
        problems.push(wrong_type(setting, node));
        return None;
    };
    let mut reader = Names {
        setting,
        secrets,
        items: Vec::new(),
        problems,
    };
    reader.table("", entries);
    Some(Value::Open {
        pairs: false,
        items: reader.items,
    })
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
    problems: &'a mut Vec<Problem>,
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
            let below = entry.node.table().filter(|below| !below.is_empty());
            let elsewhere = self.secrets && below.is_some() && may_be_elsewhere(&name);
            if secret_here || elsewhere {
                let value = secret(&key, &entry.node).map(Scalar::Secret);
                self.push(name, &entry.origin, value);
            } else if let Some(below) = below {
                self.table(&name, below);
            } else {
                let value = scalar(&key, &entry.node).map(Scalar::Text);
                self.push(name, &entry.origin, value);
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

/// Whether a property that is no secret is often kept beside one: it may be in a file too.
fn may_be_elsewhere(name: &str) -> bool {
    ["sasl.username", "ssl.certificate.pem", "ssl.ca.pem"].contains(&name)
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

/// Writes a name as a part of a dotted key.
fn shown(name: &str) -> String {
    match name.contains('.') {
        true => format!("\"{name}\""),
        false => name.to_owned(),
    }
}
