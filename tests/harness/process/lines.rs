//! What a process prints, line by line, while it runs.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::process::{ChildStderr, ChildStdout};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A line that was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// To standard output.
    Stdout(String),
    /// To standard error.
    Stderr(String),
}

impl Line {
    /// The line without its end.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Stdout(text) | Self::Stderr(text) => text,
        }
    }

    /// Whether it was printed to standard output.
    #[must_use]
    pub fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout(_))
    }
}

/// One of the two streams.
pub(super) enum Stream {
    /// Standard output.
    Stdout(ChildStdout),
    /// Standard error.
    Stderr(ChildStderr),
}

impl From<ChildStdout> for Stream {
    fn from(stream: ChildStdout) -> Self {
        Self::Stdout(stream)
    }
}

impl From<ChildStderr> for Stream {
    fn from(stream: ChildStderr) -> Self {
        Self::Stderr(stream)
    }
}

/// Collects the lines of the streams, each read by a thread.
#[derive(Debug)]
pub(super) struct Lines(Arc<(Mutex<State>, Condvar)>);

/// What the threads share.
#[derive(Debug)]
struct State {
    /// The lines so far.
    lines: Vec<Line>,
    /// How many streams are open.
    open: usize,
}

impl Lines {
    /// Starts to collect.
    pub(super) fn of(streams: [Option<Stream>; 2]) -> Self {
        let state = State {
            lines: Vec::new(),
            open: streams.iter().flatten().count(),
        };
        let shared = Arc::new((Mutex::new(state), Condvar::new()));
        for stream in streams.into_iter().flatten() {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || collect(stream, &shared));
        }
        Self(shared)
    }

    /// The lines so far.
    pub(super) fn all(&self) -> Vec<Line> {
        self.state().lines.clone()
    }

    /// The chosen lines so far, as text.
    pub(super) fn text(&self, choose: impl Fn(&Line) -> bool) -> String {
        let state = self.state();
        let lines = state.lines.iter().filter(|line| choose(line));
        lines.fold(String::new(), |text, line| text + line.text() + "\n")
    }

    /// All lines so far, for a person to read.
    pub(super) fn transcript(&self) -> String {
        let mut text = String::new();
        for line in &self.state().lines {
            let stream = if line.is_stdout() { "out" } else { "err" };
            let _infallible = writeln!(text, "{stream}| {}", line.text());
        }
        text
    }

    /// Waits for a line with this text among those after the first `seen`; none at the deadline or the streams' end.
    pub(super) fn wait(&self, seen: usize, text: &str, deadline: Duration) -> Option<String> {
        let start = Instant::now();
        let mut looked = seen;
        let mut state = self.state();
        loop {
            let found = state
                .lines
                .iter()
                .skip(looked)
                .find(|line| line.text().contains(text));
            if let Some(line) = found {
                return Some(line.text().to_owned());
            }
            looked = looked.max(state.lines.len());
            let left = deadline.saturating_sub(start.elapsed());
            if left.is_zero() || state.open == 0 {
                return None;
            }
            let waited = self.0.1.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the end of the streams, which a process that has ended can't keep open.
    pub(super) fn wait_closed(&self) {
        let waited = self
            .0
            .1
            .wait_timeout_while(self.state(), CLOSE, |state| state.open > 0);
        drop(waited);
    }

    /// The state, also after a failure of a thread that held it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a stream to its end.
fn collect(stream: Stream, shared: &(Mutex<State>, Condvar)) {
    let (file, line): (OwnedFd, fn(String) -> Line) = match stream {
        Stream::Stdout(stream) => (stream.into(), Line::Stdout),
        Stream::Stderr(stream) => (stream.into(), Line::Stderr),
    };
    let mut reader = BufReader::new(File::from(file));
    let mut bytes = Vec::new();
    while reader
        .read_until(b'\n', &mut bytes)
        .is_ok_and(|read| read > 0)
    {
        let text = String::from_utf8_lossy(&bytes)
            .trim_end_matches('\n')
            .to_owned();
        shared
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .lines
            .push(line(text));
        shared.1.notify_all();
        bytes.clear();
    }
    shared.0.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
    shared.1.notify_all();
}

/// How long to wait for the streams of a process that has ended: a child of it may hold them.
const CLOSE: Duration = Duration::from_secs(5);
