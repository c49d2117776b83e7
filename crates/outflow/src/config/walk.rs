//! From the layers as written to the values that count.

use std::collections::BTreeMap;
use std::ops::Range;

use super::layer::{Layers, Sources};
use super::nearest;
use super::problem::{File, Problem};
use super::redact::{is_secret, passwords};
use super::setting::{ALL, Default, Kind, Setting, find, is_section};
use super::tree::{Data, Entry, Node, Origin};
use super::value::{Located, Value, join, read};

/// The values that count, each by its setting's name.
#[derive(Clone, Debug, std::default::Default)]
pub(super) struct Values {
    /// What is set, defaults included.
    pub(super) set: BTreeMap<&'static str, Located<Value>>,
    /// What is wrong so far.
    pub(super) problems: Vec<Problem>,
}

impl Values {
    /// Reads all layers; marks the secrets in the file.
    pub(super) fn read(sources: &mut Sources) -> Self {
        let Layers { tables, problems } = sources.layers();
        let mut values = Self {
            problems,
            ..Self::defaults()
        };
        for table in &tables {
            values.table("", table);
        }
        if let Some(file) = &mut sources.file {
            let mut secrets = Vec::new();
            for table in &tables {
                mark("", table, file, &mut secrets);
            }
            file.secrets.extend(secrets);
        }
        values
    }

    /// Gives what counts where no layer says anything.
    fn defaults() -> Self {
        let mut values = Self::default();
        for setting in ALL {
            if let Default::Toml(text) = setting.default {
                let mut node = Node::from_text(text, &Origin::Default);
                node.raw = None;
                values.take(setting, &node);
            }
        }
        values
    }

    /// Reads a section of a layer.
    fn table(&mut self, section: &str, entries: &[Entry]) {
        for entry in entries {
            let key = dotted(section, &entry.key);
            match (&entry.node.data, find(&key)) {
                _ if entry.key.contains('.') => self.unknown(&key, entry),
                (_, Some(setting)) => self.take(setting, &entry.node),
                (Data::Table(below), None) if is_section(&key) => self.table(&key, below),
                (_, None) if is_section(&key) => self.problems.push(
                    Problem::new(
                        &key,
                        format!("`{key}` is a section, not {}", entry.node.is()),
                        &entry.node.origin,
                    )
                    .label("this should be a table"),
                ),
                _ => self.unknown(&key, entry),
            }
        }
    }

    /// Takes a value for a setting, over what a lower layer has said.
    fn take(&mut self, setting: &'static Setting, node: &Node) {
        let Some(value) = read(setting, node, &mut self.problems) else {
            return;
        };
        let above = Located {
            value,
            origin: node.origin.clone(),
        };
        let joined = join(self.set.remove(setting.key), above);
        self.set.insert(setting.key, joined);
    }

    /// Refuses a key that does not exist.
    fn unknown(&mut self, key: &str, entry: &Entry) {
        let problem = Problem::new(key, format!("unknown setting `{key}`"), &entry.origin)
            .label("no such setting");
        let section = entry.node.table().and_then(|_| nearest::section(key));
        let problem = match (section, nearest::setting(key)) {
            (Some(near), _) => problem.help(format!("did you mean [{near}]?")),
            (None, Some(near)) => problem.help(format!("did you mean `{}`?", near.key)),
            (None, None) if key.starts_with("kafka.") => {
                problem.help("a property of librdkafka belongs into [kafka.properties]")
            }
            (None, None) => problem.help("`outflow config schema` lists every setting"),
        };
        self.problems.push(problem);
    }
}

/// Finds what must not be shown of the file.
fn mark(section: &str, entries: &[Entry], file: &File, secrets: &mut Vec<Range<usize>>) {
    for entry in entries {
        let key = dotted(section, &entry.key);
        let kind = find(&key)
            .or_else(|| nearest::setting(&key))
            .map(|setting| setting.kind);
        match (&entry.node.data, kind) {
            (_, Some(Kind::Secret)) => leaves(&entry.node, file, &|_| None, secrets),
            _ if is_secret(&entry.key) || meant_secret(&entry.key) => {
                leaves(&entry.node, file, &|_| None, secrets)
            }
            (Data::Table(below), _) => mark(&key, below, file, secrets),
            // A connection may also stand at a wrong place.
            _ => leaves(&entry.node, file, &|text| Some(passwords(text)), secrets),
        }
    }
}

/// Whether a name may be a mistyped one of a secret.
fn meant_secret(name: &str) -> bool {
    let last = name.rsplit(['.', '_', '-']).next().unwrap_or_default();
    nearest::nearest(last, ["password", "passphrase", "secret"].into_iter()).is_some()
}

/// Marks the texts and numbers of a value: what `parts` finds in each, or all of it.
fn leaves(
    node: &Node,
    file: &File,
    parts: &impl Fn(&str) -> Option<Vec<Range<usize>>>,
    secrets: &mut Vec<Range<usize>>,
) {
    match &node.data {
        Data::List(items) => items
            .iter()
            .for_each(|item| leaves(item, file, parts, secrets)),
        Data::Table(below) => below
            .iter()
            .for_each(|e| leaves(&e.node, file, parts, secrets)),
        Data::Text(_) | Data::Integer(_) | Data::Flag(_) | Data::Other(..) => {
            let Origin::File(span) = &node.origin else {
                return;
            };
            let text = file.text.get(span.clone()).unwrap_or_default();
            let inner = text.trim_matches(['"', '\'']);
            let start = span.start + (text.len() - text.trim_start_matches(['"', '\'']).len());
            match parts(inner) {
                Some(parts) => secrets.extend(parts.iter().map(|p| start + p.start..start + p.end)),
                None => secrets.push(start..start + inner.len()),
            }
        }
    }
}

/// Joins a section's name and a key.
fn dotted(section: &str, key: &str) -> String {
    match section {
        "" => key.to_owned(),
        section => format!("{section}.{key}"),
    }
}
