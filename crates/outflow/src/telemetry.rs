//! Logs: to standard error, text on a terminal and JSON elsewhere.
//!
//! A log line never ends the process: where standard error is closed, it is dropped.

use std::io::{self, IsTerminal, Write};

use tracing::{Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{Log, LogFormat};
use crate::exit::colour;

/// Begins to log, as a service does.
pub(crate) fn start(log: Log) {
    let json = match log.format {
        LogFormat::Auto => !io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let colour = colour(&io::stderr());
    let subscriber = subscriber(log.level, json, colour, || Forgiving(io::stderr()));
    // Only a second start could fail, and then the first one's lines are as good.
    tracing::subscriber::set_global_default(subscriber).unwrap_or_default();
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

/// Makes what turns events into lines. What is written where is told from `debug` on.
fn subscriber(
    level: Level,
    json: bool,
    colour: bool,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) -> Box<dyn Subscriber + Send + Sync> {
    let lines = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from_level(level))
        .with_writer(writer)
        .log_internal_errors(false)
        .with_ansi(colour)
        .with_target(level >= Level::DEBUG);
    match json {
        true => Box::new(lines.json().flatten_event(true).finish()),
        false => Box::new(lines.finish()),
    }
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

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::Mutex;

    use super::*;

    /// Logs two events and gives the lines.
    fn lines(level: Level, json: bool) -> String {
        let (mut reader, writer) = io::pipe().unwrap();
        let subscriber = subscriber(level, json, false, Mutex::new(writer));
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("session", session = 3).entered();
            tracing::warn!(slot = "orders", error = %"gone", "the connection was lost");
            tracing::debug!("not at info");
        });
        let mut lines = String::new();
        reader.read_to_string(&mut lines).unwrap();
        lines
    }

    #[test]
    fn a_json_line_has_its_fields_beside_the_message() {
        let line: serde_json::Value = serde_json::from_str(&lines(Level::INFO, true)).unwrap();
        assert_eq!(line["message"], "the connection was lost");
        assert_eq!(
            (&line["slot"], &line["error"]),
            (&"orders".into(), &"gone".into())
        );
        assert_eq!(line["span"]["session"], 3);
    }

    #[test]
    fn a_text_line_is_for_people() {
        let line = lines(Level::INFO, false);
        assert!(
            line.contains("WARN session{session=3}: the connection was lost"),
            "{line}"
        );
        assert_eq!(lines(Level::DEBUG, false).lines().count(), 2);
    }

    #[test]
    fn a_closed_standard_error_is_no_failure() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        assert_eq!(Forgiving(writer).write(b"line").unwrap(), 4);
    }
}
