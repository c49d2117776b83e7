//! The program as its users run it: a process with arguments, an environment, two streams and an exit code.

mod binary;
mod command;
mod lines;
mod usage;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use self::binary::binary;
pub use self::command::{OutflowCommand, Output};
pub use self::lines::Line;
use self::lines::Lines;
use crate::PATIENCE;
use crate::must::must;
use crate::wait::try_until;

/// A running `outflow`. Killed when dropped.
#[derive(Debug)]
pub struct Outflow {
    /// Its process id.
    pid: u32,
    /// Its working folder.
    folder: PathBuf,
    /// The process.
    child: Mutex<Child>,
    /// What it has printed.
    lines: Lines,
}

impl Outflow {
    /// The program, to be given more arguments and started.
    #[must_use]
    pub fn command(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> OutflowCommand {
        Self::program(&must(binary())).args(arguments)
    }

    /// Another program in its place, run and watched in the same way: a rival in a benchmark.
    #[must_use]
    pub fn program(program: &Path) -> OutflowCommand {
        OutflowCommand::new(program)
    }

    /// Takes over a process that was started in this folder, and listens to it.
    fn of(mut child: Child, folder: PathBuf) -> Self {
        let stdout = child.stdout.take().map(Into::into);
        let stderr = child.stderr.take().map(Into::into);
        Self {
            pid: child.id(),
            folder,
            child: Mutex::new(child),
            lines: Lines::of([stdout, stderr]),
        }
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The working folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits for a line, of standard output or error, that contains this text, and returns it; lines from before the
    /// call count.
    ///
    /// # Panics
    /// At the deadline, or when the program ends without it, with all that it has printed.
    #[track_caller]
    pub fn wait_for_line(&self, text: &str, deadline: Duration) -> String {
        self.wait_for_line_after(0, text, deadline)
    }

    /// As [`wait_for_line`](Self::wait_for_line), among the lines after the first `seen`.
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn wait_for_line_after(&self, seen: usize, text: &str, deadline: Duration) -> String {
        match self.lines.wait(seen, text, deadline) {
            Some(line) => line,
            None => panic!("no line with {text:?}:\n{}", self.lines.transcript()),
        }
    }

    /// How many lines it has printed so far: a mark for [`wait_for_line_after`](Self::wait_for_line_after), to be
    /// taken before the act.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.lines.all().len()
    }

    /// The lines that it has printed so far, in the order in which they were read.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.lines.all()
    }

    /// Standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.lines.text(Line::is_stdout)
    }

    /// Standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.lines.text(|line| !line.is_stdout())
    }

    /// Sends a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let child = self.child();
        let sent = i32::try_from(child.id())
            .context("no process id")
            .and_then(|pid| kill(Pid::from_raw(pid), signal).context("cannot signal outflow"));
        must(sent);
    }

    /// Kills it with SIGKILL and waits for its end.
    #[track_caller]
    pub fn kill9(&self) {
        self.signal(Signal::SIGKILL);
        self.wait_exit(PATIENCE);
    }

    /// Asks it to stop with SIGTERM and waits for its end.
    #[track_caller]
    pub fn stop(&self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.wait_exit(PATIENCE)
    }

    /// Waits for its end; afterwards all that it printed is there.
    ///
    /// # Panics
    /// At the deadline, with all that it has printed.
    #[track_caller]
    pub fn wait_exit(&self, deadline: Duration) -> ExitStatus {
        let mut child = self.child();
        let ended = try_until(deadline, "outflow to end", || {
            child.try_wait().ok().flatten()
        });
        let status = must(ended.map_err(|late| late.context(self.lines.transcript())));
        self.lines.wait_closed();
        status
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn exited(&self) -> Option<ExitStatus> {
        self.child().try_wait().ok().flatten()
    }

    /// The process; a test that failed while holding it leaves it as it is.
    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Outflow {
    fn drop(&mut self) {
        let mut child = self.child();
        if !matches!(child.try_wait(), Ok(Some(_))) {
            drop(child.kill());
            drop(child.wait());
        }
        if std::thread::panicking() {
            eprintln!(
                "--- outflow {} printed:\n{}",
                self.pid,
                self.lines.transcript()
            );
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}
