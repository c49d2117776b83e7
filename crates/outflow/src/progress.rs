//! What a person sees of a one-shot run: a line that moves on a terminal, a log line every ten
//! seconds elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use tokio::time::Instant;

use crate::pipeline::Progress;

/// Shows progress from time to time.
#[derive(Debug)]
pub(crate) struct Display {
    /// How it is shown.
    kind: Kind,
    /// Records that became safe.
    records: u64,
    /// When it is shown next.
    next: Option<Instant>,
    /// What it counts from.
    start: Option<(Instant, Progress)>,
}

/// Where progress is shown.
#[derive(Debug)]
enum Kind {
    /// Nowhere.
    Silent,
    /// On one line of the terminal.
    Terminal(ProgressBar),
    /// In the log.
    Log,
}

impl Display {
    /// Shows nothing.
    pub(crate) const fn silent() -> Self {
        Self {
            kind: Kind::Silent,
            records: 0,
            next: None,
            start: None,
        }
    }

    /// Shows progress on standard error: on a terminal in place, elsewhere in the log.
    pub(crate) fn new() -> Self {
        let kind = if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{spinner} {msg}");
            let bar = ProgressBar::new_spinner();
            Kind::Terminal(match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            })
        } else {
            Kind::Log
        };
        Self {
            kind,
            records: 0,
            next: None,
            start: None,
        }
    }

    /// Counts records that became safe.
    pub(crate) const fn add(&mut self, records: u64) {
        self.records = self.records.saturating_add(records);
    }

    /// Shows how far the run has come, if it is time to.
    pub(crate) fn show(&mut self, progress: impl FnOnce(u64) -> Progress) {
        let every = match self.kind {
            Kind::Silent => return,
            Kind::Terminal(_) => Duration::from_millis(100),
            Kind::Log => Duration::from_secs(10),
        };
        let now = Instant::now();
        let Some(next) = self.next else {
            self.next = Some(now + every);
            self.start = Some((now, progress(self.records)));
            return;
        };
        if now < next {
            return;
        }
        self.next = Some(now + every);
        let Some((began, from)) = self.start else {
            return;
        };
        let text = describe(began.elapsed(), from, progress(self.records));
        match &self.kind {
            Kind::Silent => {}
            Kind::Terminal(bar) => {
                bar.set_message(text);
                bar.tick();
            }
            Kind::Log => tracing::info!("catching up: {text}"),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Kind::Terminal(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}

/// Says rate, lag and time left.
fn describe(elapsed: Duration, from: Progress, now: Progress) -> String {
    let seconds = elapsed.as_secs().max(1);
    let rate = now.records / seconds;
    let mut text = format!("{} events, {}/s", HumanCount(now.records), HumanCount(rate));
    if let Some(target) = now.target {
        let left = target.distance_from(now.flushed);
        let done = now.flushed.distance_from(from.flushed);
        text.push_str(&format!(", {} of WAL left", HumanBytes(left)));
        if done > 0 {
            let secs =
                u128::from(left).saturating_mul(elapsed.as_millis()) / u128::from(done) / 1000;
            let time = Duration::from_secs(u64::try_from(secs).unwrap_or(u64::MAX));
            text.push_str(&format!(", about {} to go", HumanDuration(time)));
        }
    }
    text
}
