//! Waiting for a condition, with a deadline.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// A deadline for what takes milliseconds or a few seconds, long enough that a loaded machine does not matter.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a polled condition may answer.
pub trait Outcome {
    /// What the wait returns once the condition holds.
    type Value;

    /// The value if the condition holds, else what is known about why it does not.
    ///
    /// # Errors
    /// The condition does not hold yet; the text says why and may be empty.
    fn outcome(self) -> Result<Self::Value, String>;
}

impl Outcome for bool {
    type Value = ();

    fn outcome(self) -> Result<(), String> {
        if self { Ok(()) } else { Err(String::new()) }
    }
}

impl<T> Outcome for Option<T> {
    type Value = T;

    fn outcome(self) -> Result<T, String> {
        self.ok_or_else(String::new)
    }
}

impl<T, E: Display> Outcome for Result<T, E> {
    type Value = T;

    fn outcome(self) -> Result<T, String> {
        self.map_err(|error| format!("{error:#}"))
    }
}

/// Asks until the condition holds, and returns its value; panics at the deadline, naming what was waited for and the
/// last answer.
///
/// The only place of the harness that pauses. Servers and processes outside offer nothing to wait on for most of what
/// a test wants to know (a position in a catalog, a file in /proc), so they are asked, soon at first and then at most
/// every 50 ms. The pause bounds how often we ask; no test depends on its length.
///
/// # Panics
/// At the deadline.
#[track_caller]
pub fn wait_until<O: Outcome>(
    deadline: Duration,
    what: &str,
    mut condition: impl FnMut() -> O,
) -> O::Value {
    match try_until(deadline, what, &mut condition) {
        Ok(value) => value,
        Err(late) => panic!("{late:#}"),
    }
}

/// As [`wait_until`], but the missed deadline is an error.
pub(crate) fn try_until<O: Outcome>(
    deadline: Duration,
    what: &str,
    mut condition: impl FnMut() -> O,
) -> anyhow::Result<O::Value> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match condition().outcome() {
            Ok(value) => return Ok(value),
            Err(last) if start.elapsed() >= deadline => {
                let last = if last.is_empty() {
                    last
                } else {
                    format!(": {last}")
                };
                anyhow::bail!("waited {deadline:?} in vain for {what}{last}");
            }
            Err(_) => std::thread::sleep(pause),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The pause after the first look.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
/// The pause that the wait settles at.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
