//! The configuration as it was read: what counts, from where, and what is wrong with it.

use annotate_snippets::Renderer;
use serde_json::{Value as Json, json};

use super::Config;
use super::layer::Sources;
use super::problem::Problem;
use super::resolve::resolve;
use super::setting::{ALL, Default, Kind, Setting};
use super::tree::Origin;
use super::value::{Item, Located, Value};
use super::walk::Values;
use crate::args::Global;
use crate::exit::{Exit, Failure, Hint};

/// A line of `config show`.
struct Line {
    /// The section that it belongs to.
    section: &'static str,
    /// The setting, as TOML.
    text: String,
    /// Where it was set.
    from: String,
}

/// All layers, read.
pub(crate) struct Reading {
    /// Where it all is from.
    pub(super) sources: Sources,
    /// What counts.
    values: Values,
    /// What comes of it.
    pub(super) config: Result<Config, Vec<Problem>>,
}

impl Reading {
    /// Reads all layers.
    ///
    /// # Errors
    /// [`Exit::Config`] where the file can't be read at all.
    pub(crate) fn of(global: &Global) -> Result<Self, Failure> {
        Ok(Self::new(Sources::gather(global)?))
    }

    /// Reads what was gathered.
    pub(super) fn new(mut sources: Sources) -> Self {
        let mut values = Values::read(&mut sources);
        let config = resolve(&mut values);
        Self {
            sources,
            values,
            config,
        }
    }

    /// Gives the configuration.
    ///
    /// # Errors
    /// [`Exit::Config`] with everything that is wrong.
    pub(crate) fn config(&self) -> Result<&Config, Failure> {
        self.config
            .as_ref()
            .map_err(|problems| self.failure(problems))
    }

    /// Says where the configuration is from, as one would after "in".
    pub(crate) fn place(&self) -> String {
        match &self.sources.file {
            Some(file) => file.path.display().to_string(),
            None => "the configuration".to_owned(),
        }
    }

    /// Gives everything that is wrong, for programs.
    pub(crate) fn problems(&self) -> Json {
        let problems = self
            .config
            .as_ref()
            .err()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let json = |problem: &Problem| {
            json!({
                "key": problem.key,
                "message": problem.message(),
                "origin": self.origin_json(&problem.origin),
                "help": problem.helps(),
            })
        };
        problems.iter().map(json).collect()
    }

    /// Gives every value and the layer that set it, for programs.
    pub(crate) fn to_json(&self) -> Json {
        let settings = ALL.iter().map(|setting| {
            let (value, origin) = match self.values.set.get(setting.key) {
                Some(Located { value, origin }) => (value.to_json(), self.origin_json(origin)),
                None => (Json::Null, self.origin_json(&Origin::Default)),
            };
            (
                setting.key.to_owned(),
                json!({ "value": value, "origin": origin }),
            )
        });
        let file = self
            .sources
            .file
            .as_ref()
            .map(|file| file.path.display().to_string());
        json!({
            "schema": "outflow.config.show/v1",
            "file": file,
            "settings": Json::Object(settings.collect()),
        })
    }

    /// Writes every value and the layer that set it, as a file that could be used.
    pub(crate) fn to_toml(&self) -> String {
        let lines: Vec<_> = ALL.iter().flat_map(|setting| self.lines(setting)).collect();
        let widths = lines.iter().map(|line| line.text.chars().count());
        let width = widths
            .filter(|width| *width <= 60)
            .max()
            .unwrap_or_default();
        let (mut text, mut section) = (String::new(), "");
        for line in &lines {
            if line.section != section {
                text.push_str(&format!("\n[{}]\n", line.section));
                section = line.section;
            }
            text.push_str(&format!("{:width$}  # {}\n", line.text, line.from));
        }
        text
    }

    /// Writes one setting; one with names of the user's choice as a section of its own.
    fn lines(&self, setting: &'static Setting) -> Vec<Line> {
        let (section, name) = setting.key.rsplit_once('.').unwrap_or(("", setting.key));
        let line = |text, from| Line {
            section,
            text,
            from,
        };
        let Some(Located { value, origin }) = self.values.set.get(setting.key) else {
            return vec![line(format!("# {name}"), "not set".to_owned())];
        };
        match (setting.kind, value) {
            (Kind::Map | Kind::Properties, Value::Open { items, .. }) if !items.is_empty() => {
                let section = setting.key;
                let from = |item: &Item| self.origin(&item.origin);
                items
                    .iter()
                    .map(|i| Line {
                        section,
                        text: i.to_toml(),
                        from: from(i),
                    })
                    .collect()
            }
            _ => {
                let from = match (setting.default, origin) {
                    (Default::Derived(how), Origin::Default) => format!("default: {how}"),
                    _ => self.origin(origin),
                };
                vec![line(format!("{name} = {}", value.to_toml()), from)]
            }
        }
    }

    /// Says in short where a value was set.
    fn origin(&self, origin: &Origin) -> String {
        match origin {
            Origin::Default => "default".to_owned(),
            Origin::File(span) => match &self.sources.file {
                Some(file) => format!("{}:{}", file.path.display(), file.position(span.start).0),
                None => "file".to_owned(),
            },
            Origin::Environment(name) => format!("env {name}"),
            Origin::Set(key) => format!("--set {key}"),
            Origin::Flag(name) => (*name).to_owned(),
        }
    }

    /// Says where a value was set, for programs.
    fn origin_json(&self, origin: &Origin) -> Json {
        match origin {
            Origin::Default => json!({ "layer": "default" }),
            Origin::File(span) => match &self.sources.file {
                Some(file) => {
                    let (line, column) = file.position(span.start);
                    let path = file.path.display().to_string();
                    json!({ "layer": "file", "file": path, "line": line, "column": column })
                }
                None => json!({ "layer": "file" }),
            },
            Origin::Environment(name) => json!({ "layer": "environment", "variable": name }),
            Origin::Set(key) => json!({ "layer": "set", "key": key }),
            Origin::Flag(name) => json!({ "layer": "flag", "flag": name }),
        }
    }

    /// Shows everything that is wrong.
    pub(super) fn failure(&self, problems: &[Problem]) -> Failure {
        let renderer = match crate::exit::colour(&std::io::stderr()) {
            true => Renderer::styled(),
            false => Renderer::plain(),
        };
        let file = self.sources.file.as_ref();
        let shown: Vec<_> = problems
            .iter()
            .map(|problem| problem.render(file, &renderer))
            .collect();
        let in_file = problems.iter().all(|p| matches!(p.origin, Origin::File(_)));
        let place = match in_file {
            true => self.place(),
            false => "the configuration".to_owned(),
        };
        let errors = match problems.len() {
            1 => "an error".to_owned(),
            count => format!("{count} errors"),
        };
        Failure::new(Exit::Config, format!("{errors} in {}", place))
            .report(shown.join("\n\n"))
            .hint(Hint::ConfigSchema)
    }
}
