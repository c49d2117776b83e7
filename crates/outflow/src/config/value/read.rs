//! From a value as written to one that its setting takes.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::Value;
use super::open::{headers, list, names, topic};
use super::wrong::{malformed, no_secret, not_one_of, not_yet, out_of_range, wrong_type};
use crate::config::Secret;
use crate::config::problem::Problem;
use crate::config::setting::{Kind, Setting, duration, size};
use crate::config::tree::{Data, Node};

/// Reads a value as its setting takes it: none where too little of it is right.
pub(in crate::config) fn read(
    setting: &Setting,
    node: &Node,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    let value = match setting.kind {
        Kind::List => return list(setting, node, problems),
        Kind::Topic => return topic(setting, node, problems),
        Kind::Headers => return headers(setting, node, problems),
        Kind::Map => return names(setting, node, false, problems),
        Kind::Properties => return names(setting, node, true, problems),
        Kind::Text => word(setting, node).map(|text| Value::Text(text.to_owned())),
        Kind::Connection => word(setting, node).map(|t| Value::Connection(SecretString::from(t))),
        Kind::Flag => flag(setting, node),
        Kind::Count(max) => count(setting, node, max),
        Kind::Duration(min, max) => time(setting, node, min, max),
        Kind::AutoSize(..) if text(node) == Some("auto") => Ok(Value::Auto),
        Kind::Size(min, max) | Kind::AutoSize(min, max) => bytes(setting, node, min, max),
        Kind::Choice(now, later) => choice(setting, node, now, later),
        Kind::Only(only) => choice(setting, node, &[only], &[]),
        Kind::Secret => secret(setting.key, node).map(Value::Secret),
    };
    value.map_err(|problem| problems.push(problem)).ok()
}

/// Gives the value as text, if it can be text: outside of the file anything can.
pub(super) fn text(node: &Node) -> Option<&str> {
    match (&node.data, &node.raw) {
        (Data::Text(text), _) | (_, Some(text)) => Some(text),
        (
            Data::Integer(_) | Data::Flag(_) | Data::Other(..) | Data::List(_) | Data::Table(_),
            None,
        ) => None,
    }
}

/// Reads text.
fn word<'n>(setting: &Setting, node: &'n Node) -> Result<&'n str, Problem> {
    text(node).ok_or_else(|| wrong_type(setting, node))
}

/// Reads true or false.
fn flag(setting: &Setting, node: &Node) -> Result<Value, Problem> {
    match node.data {
        Data::Flag(flag) => Ok(Value::Flag(flag)),
        Data::Text(_) | Data::Integer(_) | Data::Other(..) | Data::List(_) | Data::Table(_) => {
            Err(wrong_type(setting, node))
        }
    }
}

/// Reads -1 or a number of things.
fn count(setting: &Setting, node: &Node, max: i64) -> Result<Value, Problem> {
    match node.data {
        Data::Integer(n) if n == -1 || (1..=max).contains(&n) => Ok(Value::Count(n)),
        Data::Integer(n) => Err(out_of_range(setting, node, &n.to_string())),
        Data::Text(_) | Data::Flag(_) | Data::Other(..) | Data::List(_) | Data::Table(_) => {
            Err(wrong_type(setting, node))
        }
    }
}

/// Reads a duration.
fn time(setting: &Setting, node: &Node, min: Duration, max: Duration) -> Result<Value, Problem> {
    let text = word(setting, node)?;
    let like = "write a number with its unit, such as \"250ms\", \"30s\" or \"5m\"";
    let span: jiff::SignedDuration = text
        .trim()
        .parse()
        .map_err(|_| malformed(setting, node, "a duration", like))?;
    match Duration::try_from(span) {
        Ok(span) if (min..=max).contains(&span) => Ok(Value::Duration(span)),
        Ok(span) => Err(out_of_range(setting, node, &duration(span))),
        Err(_) => Err(out_of_range(setting, node, text)),
    }
}

/// Reads a number of bytes.
fn bytes(setting: &Setting, node: &Node, min: u64, max: u64) -> Result<Value, Problem> {
    let text = word(setting, node)?;
    let like = "write a number with its unit, such as \"64KiB\", \"24MiB\" or \"1GiB\"";
    let bytes: bytesize::ByteSize = text
        .trim()
        .parse()
        .map_err(|_| malformed(setting, node, "a size", like))?;
    match bytes.as_u64() {
        bytes if (min..=max).contains(&bytes) => Ok(Value::Size(bytes)),
        bytes => Err(out_of_range(setting, node, &size(bytes))),
    }
}

/// Reads one of some words.
fn choice(setting: &Setting, node: &Node, now: &[&str], later: &[&str]) -> Result<Value, Problem> {
    let word = word(setting, node)?;
    let only = matches!(setting.kind, Kind::Only(_));
    match now.contains(&word) {
        true => Ok(Value::Text(word.to_owned())),
        false if only || later.contains(&word) => Err(not_yet(setting, node, word)),
        false => Err(not_one_of(setting, node, word, now)),
    }
}

/// Reads a secret, or where it is.
pub(super) fn secret(key: &str, node: &Node) -> Result<Secret, Problem> {
    let place = match &node.data {
        Data::Table(entries) => match entries.as_slice() {
            [entry] => place(&entry.key, text(&entry.node).unwrap_or_default()),
            _ => None,
        },
        Data::Text(_) | Data::Integer(_) | Data::Flag(_) | Data::Other(..) | Data::List(_) => {
            text(node).map(|text| Secret::Text(SecretString::from(text)))
        }
    };
    place.ok_or_else(|| no_secret(key, node))
}

/// Reads `file = ".."` and its kin.
fn place(kind: &str, value: &str) -> Option<Secret> {
    match (kind, value) {
        (_, "") => None,
        ("file", path) => Some(Secret::File(PathBuf::from(path))),
        ("env", name) => Some(Secret::Env(name.to_owned())),
        ("credential", name) => Some(Secret::Credential(name.to_owned())),
        _ => None,
    }
}
