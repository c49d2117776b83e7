//! Logs: to standard error, text on a terminal and JSON elsewhere.
//!
//! A log line never ends the process: where standard error is closed, it is dropped.

use std::io::{self, IsTerminal, Write};

use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::SubscriberBuilder;

use crate::config::{Log, LogFormat};
use crate::exit::colour;

/// Begins to log, as a service does.
pub(crate) fn start(log: Log) {
    let json = match log.format {
        LogFormat::Auto => !io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from_level(log.level))
        .with_writer(|| Forgiving(io::stderr()))
        .log_internal_errors(false)
        .with_ansi(colour(&io::stderr()))
        .with_target(log.level >= Level::DEBUG);
    // Only a second start could fail, and then the first one's lines are as good.
    match json {
        true => builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .try_init(),
        false => SubscriberBuilder::try_init(builder),
    }
    .unwrap_or_default();
}

/// Begins to log, as a command does whose result is what it prints: warnings, unless more is asked.
pub(crate) fn start_quietly(log: Log) {
    let level = if log.level == Level::INFO {
        Level::WARN
    } else {
        log.level
    };
    start(Log { level, ..log });
}

/// A writer whose failures nobody needs to hear of.
struct Forgiving<W>(W);

impl<W: Write> Write for Forgiving<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        Ok(self.0.write(line).unwrap_or(line.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
