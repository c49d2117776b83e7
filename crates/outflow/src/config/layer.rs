//! The layers, as they come: file, environment, `--set`, flags.

use std::ffi::OsString;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::problem::{File, Problem};
use super::redact::in_lines;
use super::tree::{Data, Entry, Node, Origin, from_file, insert};
use crate::args::Global;
use crate::exit::{Exit, Failure, Hint};

/// What the environment's names begin with.
const PREFIX: &str = "OUTFLOW__";

/// Where a file is looked for that nobody named.
const PLACES: [&str; 2] = ["outflow.toml", "/etc/outflow/outflow.toml"];

/// Everything that was said, unread; it has no `Debug`, as secrets may be in it.
#[derive(Default)]
pub(super) struct Sources {
    /// The file, if there is one.
    pub(super) file: Option<File>,
    /// The environment's variables that are ours.
    pub(super) environment: Vec<(String, OsString)>,
    /// The command line's.
    pub(super) global: Global,
}

/// The layers in the order of rising precedence, with what is wrong with their form.
#[derive(Default)]
pub(super) struct Layers {
    /// A table a layer.
    pub(super) tables: Vec<Vec<Entry>>,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

impl Sources {
    /// Gathers what the process was told.
    ///
    /// # Errors
    /// [`Exit::Config`] where the file can't be read.
    pub(super) fn gather(global: &Global) -> Result<Self, Failure> {
        let of_environment = || std::env::var_os("OUTFLOW_CONFIG").filter(|name| !name.is_empty());
        let named = global
            .config
            .clone()
            .or_else(|| of_environment().map(PathBuf::from));
        let file = match named {
            Some(path) => Some(read(&path).map_err(|error| unreadable(&path, error))?),
            None => PLACES
                .iter()
                .find_map(|place| found(Path::new(place)))
                .transpose()?,
        };
        let ours = |(name, value): (OsString, OsString)| {
            let name = name
                .into_string()
                .ok()
                .filter(|name| name.starts_with(PREFIX))?;
            Some((name, value))
        };
        let mut environment: Vec<_> = std::env::vars_os().filter_map(ours).collect();
        environment.sort();
        Ok(Self {
            file,
            environment,
            global: global.clone(),
        })
    }

    /// Reads the form of every layer.
    pub(super) fn layers(&mut self) -> Layers {
        let mut layers = Layers::default();
        if let Some(file) = &mut self.file {
            layers.file(file);
        }
        layers.environment(&self.environment);
        layers.set(&self.global);
        layers.flags(&self.global);
        layers
    }
}

impl Layers {
    /// Reads the file. Where a key stands twice, the first counts for what else is to be said; any
    /// other mistake in the form leaves too little certain.
    fn file(&mut self, file: &mut File) {
        let (table, errors) = DeTable::parse_recoverable(&file.text);
        let entries = from_file(table.get_ref());
        let mut certain = true;
        for error in &errors {
            let span = error.span().unwrap_or_default();
            let key = file.text.get(span.clone()).unwrap_or_default();
            let twice = error.message() == "duplicate key" && !key.is_empty();
            certain &= twice;
            self.problems.push(match twice {
                true => duplicate(key, span, &entries),
                false => {
                    let message = format!("the file is not TOML: {}", error.message());
                    Problem::new("", message, &Origin::File(span)).label("here")
                }
            });
        }
        if certain {
            self.tables.push(entries);
        } else {
            file.secrets.extend(in_lines(&file.text));
        }
    }

    /// Reads the variables: `OUTFLOW__KAFKA__BROKERS`.
    fn environment(&mut self, variables: &[(String, OsString)]) {
        let mut table = Vec::new();
        for (name, value) in variables {
            let origin = Origin::Environment(name.clone());
            let path = path_of_variable(name);
            match value.to_str() {
                Some(value) => insert(&mut table, &path, Node::from_text(value, &origin)),
                None => {
                    let message = format!("the environment variable {name} is not UTF-8");
                    self.problems
                        .push(Problem::new(&path.join("."), message, &origin));
                }
            }
        }
        self.tables.push(table);
    }

    /// Reads each `--set KEY=VALUE`; a later one counts.
    fn set(&mut self, global: &Global) {
        let mut table = Vec::new();
        for set in &global.set {
            let origin = Origin::Set(set.key.clone());
            match path_of_key(&set.key) {
                Some(path) => insert(&mut table, &path, Node::from_text(&set.value, &origin)),
                None => {
                    let message = format!("`{}` is not a setting's name", set.key);
                    self.problems.push(Problem::new(&set.key, message, &origin));
                }
            }
        }
        self.tables.push(table);
    }

    /// Reads the flags that are settings.
    fn flags(&mut self, global: &Global) {
        let mut table = Vec::new();
        let text = |text: &str, origin: &Origin| Node {
            origin: origin.clone(),
            raw: Some(text.to_owned()),
            data: Data::Text(text.to_owned()),
        };
        let mut flag =
            |key: [&str; 2], node: Node| insert(&mut table, &key.map(str::to_owned), node);
        if let Some(url) = &global.postgres_url {
            flag(
                ["postgres", "url"],
                text(url, &Origin::Flag("-d/--postgres-url")),
            );
        }
        if !global.brokers.is_empty() {
            let origin = Origin::Flag("-b/--brokers");
            let brokers = global
                .brokers
                .iter()
                .map(|broker| text(broker, &origin))
                .collect();
            flag(
                ["kafka", "brokers"],
                Node {
                    origin,
                    raw: None,
                    data: Data::List(brokers),
                },
            );
        }
        self.tables.push(table);
    }
}

/// Says that a key stands twice.
fn duplicate(key: &str, span: Range<usize>, entries: &[Entry]) -> Problem {
    let start = span.start;
    let problem = Problem::new(key, format!("`{key}` is set twice"), &Origin::File(span))
        .label("the second time");
    let name = key.trim_matches(['"', '\'']);
    match last_before(entries, name, start) {
        Some(first) => problem.other(&Origin::File(first), "the first time"),
        None => problem,
    }
}

/// Finds where a key stands last before a place.
fn last_before(entries: &[Entry], name: &str, place: usize) -> Option<Range<usize>> {
    let here = |entry: &Entry| {
        let span = entry.origin.span()?;
        (entry.key == name && span.end <= place).then(|| span.clone())
    };
    let below = |entry: &Entry| last_before(entry.node.table()?, name, place);
    let found = entries
        .iter()
        .flat_map(|entry| [here(entry), below(entry)])
        .flatten();
    found.max_by_key(|span| span.start)
}

/// Splits a variable's name. A name within librdkafka's and topics' properties has dots, for which
/// underscores stand: `OUTFLOW__KAFKA__PROPERTIES__SASL_PASSWORD`.
fn path_of_variable(name: &str) -> Vec<String> {
    let name = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase();
    let mut path: Vec<String> = name.split("__").map(str::to_owned).collect();
    let dotted = [&["kafka", "properties"][..], &["kafka", "topics", "config"]];
    for section in dotted {
        if path.len() > section.len() && path.iter().zip(section).all(|(own, other)| own == other) {
            for part in path.iter_mut().skip(section.len()) {
                *part = part.replace('_', ".");
            }
        }
    }
    path
}

/// Splits a dotted key as TOML does.
fn path_of_key(key: &str) -> Option<Vec<String>> {
    let text = format!("{key} = 0");
    let table = DeTable::parse(&text).ok()?;
    let mut path = Vec::new();
    let mut level = Some(table.get_ref());
    while let Some(table) = level {
        let mut keys = table.iter();
        let (key, value) = keys.next()?;
        if keys.next().is_some() {
            return None;
        }
        path.push(key.get_ref().clone().into_owned());
        level = value.get_ref().as_table();
    }
    Some(path)
}

/// Reads a file if it is there.
fn found(path: &Path) -> Option<Result<File, Failure>> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        read => Some(read.map_err(|error| unreadable(path, error))),
    }
}

/// Reads a file.
fn read(path: &Path) -> io::Result<File> {
    let text = std::fs::read_to_string(path)?;
    Ok(File {
        path: path.to_owned(),
        text,
        secrets: Vec::new(),
    })
}

/// Says that a file can't be read.
fn unreadable(path: &Path, error: io::Error) -> Failure {
    let message = format!("cannot read the configuration file {}", path.display());
    Failure::new(Exit::Config, message)
        .because(error)
        .hint(Hint::ConfigFile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_paths() {
        assert_eq!(
            path_of_variable("OUTFLOW__LIMITS__IN_FLIGHT"),
            ["limits", "in_flight"]
        );
        assert_eq!(
            path_of_variable("OUTFLOW__KAFKA__PROPERTIES__SASL_PASSWORD__FILE"),
            ["kafka", "properties", "sasl.password", "file"]
        );
        assert_eq!(
            path_of_key("kafka.properties.\"linger.ms\"").unwrap(),
            ["kafka", "properties", "linger.ms"]
        );
        assert_eq!(path_of_key("a = 1\nb"), None);
        assert_eq!(path_of_key(""), None);
    }
}
