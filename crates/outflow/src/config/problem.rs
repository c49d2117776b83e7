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
    /// Where it was set.
    pub(super) origin: Origin,
    /// What is said of it.
    said: Box<Said>,
}

/// What is said of a [`Problem`].
#[derive(Clone, Debug, Default)]
struct Said {
    /// What is wrong.
    message: String,
    /// What is said of the very place in the file.
    label: Option<String>,
    /// Why it is wrong, in the words of what refused it.
    reason: Option<String>,
    /// A second place that has to do with it.
    other: Option<(Origin, String)>,
    /// Further reasons: the errors below.
    notes: Vec<String>,
    /// What to do.
    help: Vec<String>,
}

/// The file that a configuration was read from.
#[derive(Clone, Default)]
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
        let (key, origin) = (key.to_owned(), origin.clone());
        let said = Said {
            message: message.into(),
            ..Said::default()
        };
        Self {
            key,
            origin,
            said: Box::new(said),
        }
    }

    /// Says something of the very place in the file.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.said.label = Some(label.into());
        self
    }

    /// Says why it is wrong.
    pub(super) fn reason(mut self, reason: String) -> Self {
        self.said.reason = Some(reason);
        self
    }

    /// Names a second place.
    pub(super) fn other(mut self, origin: &Origin, label: impl Into<String>) -> Self {
        self.said.other = Some((origin.clone(), label.into()));
        self
    }

    /// Adds an error as the reason, and what is below it.
    pub(super) fn because(mut self, error: &dyn std::error::Error) -> Self {
        self.said.reason = Some(error.to_string());
        let mut below = error.source();
        while let Some(error) = below {
            self.said.notes.push(error.to_string());
            below = error.source();
        }
        self
    }

    /// Says what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.said.help.push(help.into());
        self
    }

    /// Gives what is wrong.
    pub(super) fn message(&self) -> &str {
        &self.said.message
    }

    /// Gives what to do.
    pub(super) fn helps(&self) -> &[String] {
        &self.said.help
    }

    /// Gives what to sort by: the layer, and within the file the place.
    pub(super) fn place(&self) -> (u8, usize) {
        let start = self.origin.span().map_or(0, |span| span.start);
        (self.origin.rank(), start)
    }

    /// Renders it as rustc does; the excerpt shows no secret.
    pub(super) fn render(&self, file: Option<&File>, renderer: &Renderer) -> String {
        let said = &*self.said;
        let (mut places, mut notes) = (Vec::new(), Vec::new());
        match self.origin.span().filter(|_| file.is_some()) {
            Some(span) => {
                let label = said.reason.clone().or_else(|| said.label.clone());
                places.push(AnnotationKind::Primary.span(span.clone()).label(label));
            }
            None => {
                notes.extend(self.origin.words(&self.key));
                notes.extend(said.reason.clone());
            }
        }
        if let Some((origin, label)) = &said.other {
            match origin.span().filter(|_| file.is_some()) {
                Some(span) => {
                    places.push(
                        AnnotationKind::Context
                            .span(span.clone())
                            .label(label.as_str()),
                    );
                }
                None => notes.extend(origin.words(&self.key).map(|w| format!("{label}: {w}"))),
            }
        }
        notes.extend(said.notes.iter().cloned());
        let excerpt = file.filter(|_| !places.is_empty()).map(|file| {
            Snippet::source(mask(&file.text, &file.secrets))
                .path(file.path.display().to_string())
                .annotations(places)
        });
        let help = said
            .help
            .iter()
            .map(|help| Level::HELP.message(help.as_str()));
        let group = Group::with_title(Level::ERROR.primary_title(said.message.as_str()))
            .elements(excerpt)
            .elements(notes.into_iter().map(|note| Level::NOTE.message(note)))
            .elements(help);
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
