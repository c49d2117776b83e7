//! One thing that is wrong with the configuration, and how it is shown.

use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::redact::mask;
use super::tree::Origin;

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    /// The setting.
    pub(super) key: String,
    /// What is wrong with it.
    pub(super) message: String,
    /// Where it was set.
    pub(super) origin: Origin,
    /// What is said of the very place in the file.
    label: Option<String>,
    /// Why it is wrong, in the words of what refused it.
    reason: Option<String>,
    /// A second place that has to do with it.
    other: Option<(Origin, String)>,
    /// Why it is so: the errors below.
    notes: Vec<String>,
    /// What to do.
    pub(super) help: Vec<String>,
}

/// The file that a configuration was read from.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    /// Its name, as it was given.
    pub(super) path: PathBuf,
    /// Its text.
    pub(super) text: String,
    /// Where secrets stand in it.
    pub(super) secrets: Vec<Range<usize>>,
}

impl Problem {
    /// Says what is wrong with a setting, and where.
    pub(super) fn new(key: &str, message: impl Into<String>, origin: &Origin) -> Self {
        Self {
            key: key.to_owned(),
            message: message.into(),
            origin: origin.clone(),
            label: None,
            reason: None,
            other: None,
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Says something of the very place in the file.
    pub(super) fn label(self, label: impl Into<String>) -> Self {
        Self {
            label: Some(label.into()),
            ..self
        }
    }

    /// Says why it is wrong.
    pub(super) fn reason(self, reason: String) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    /// Names a second place.
    pub(super) fn other(self, origin: &Origin, label: impl Into<String>) -> Self {
        Self {
            other: Some((origin.clone(), label.into())),
            ..self
        }
    }

    /// Adds an error as the reason, said of the very place, and what is below it.
    pub(super) fn because(mut self, error: &dyn std::error::Error) -> Self {
        self.reason = Some(error.to_string());
        let mut below = error.source();
        while let Some(error) = below {
            self.notes.push(error.to_string());
            below = error.source();
        }
        self
    }

    /// Says what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Gives what to sort by: the layer, and within the file the place.
    pub(super) fn place(&self) -> (u8, usize) {
        match &self.origin {
            Origin::File(span) => (self.origin.rank(), span.start),
            other => (other.rank(), 0),
        }
    }

    /// Renders it as rustc does; the excerpt shows no secret.
    pub(super) fn render(&self, file: Option<&File>, renderer: &Renderer) -> String {
        let text = file
            .map(|file| mask(&file.text, &file.secrets))
            .unwrap_or_default();
        let mut group = Group::with_title(Level::ERROR.primary_title(self.message.as_str()));
        let mut notes = Vec::new();
        let mut places = Vec::new();
        let label = self.reason.clone().or_else(|| self.label.clone());
        match (&self.origin, file) {
            (Origin::File(span), Some(_)) => {
                places.push(AnnotationKind::Primary.span(span.clone()).label(label));
            }
            (origin, _) => {
                notes.extend(origin.words(&self.key));
                notes.extend(self.reason.clone());
            }
        }
        match (&self.other, file) {
            (Some((Origin::File(span), label)), Some(_)) => {
                places.push(
                    AnnotationKind::Context
                        .span(span.clone())
                        .label(label.as_str()),
                );
            }
            (Some((origin, label)), _) => {
                notes.extend(
                    origin
                        .words(&self.key)
                        .map(|words| format!("{label}: {words}")),
                );
            }
            (None, _) => {}
        }
        if let (Some(file), false) = (file, places.is_empty()) {
            let path = file.path.display().to_string();
            group = group.element(Snippet::source(text).path(path).annotations(places));
        }
        notes.extend(self.notes.iter().cloned());
        group = group.elements(notes.into_iter().map(|note| Level::NOTE.message(note)));
        group = group.elements(
            self.help
                .iter()
                .map(|help| Level::HELP.message(help.as_str())),
        );
        renderer.render(&[group])
    }
}

impl Origin {
    /// Says where it is, outside of the file.
    pub(super) fn words(&self, key: &str) -> Option<String> {
        match self {
            Self::Default => Some(format!("`{key}` has its default")),
            Self::File(_) => None,
            Self::Environment(name) => Some(format!("set by the environment variable {name}")),
            Self::Set(name) => Some(format!("set by `--set {name}=..`")),
            Self::Flag(name) => Some(format!("set by {name}")),
        }
    }
}

impl File {
    /// Gives the line and the column of a place, from 1, in characters.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |line_end| line_end + 1);
        let column = before.get(start..).map_or(0, |line| line.chars().count()) + 1;
        (before.matches('\n').count() + 1, column)
    }
}
