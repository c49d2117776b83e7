//! How a command ends: its exit code, the error a person reads, and every hint.
//!
//! Invariants:
//! - An exit code is one of [`Exit`]; their meanings are part of the interface.
//! - An error reads `error: what failed, on which object`, then a `caused by:` line for each source,
//!   an empty line, and `hint:` with what to do.
//! - Nothing here panics where standard error is closed.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

mod managed;
mod postgres;
mod publication;
mod slot;

pub(crate) use postgres::psql;
pub(crate) use slot::invalidation;

/// Why the process ends, as its exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or stopped by a signal.
    Done,
    /// None of the others.
    Other,
    /// The command line was not understood.
    Usage,
    /// An event that can never be delivered stopped the stream.
    Undeliverable,
    /// The slot or the publication is missing, lost, or was moved by someone.
    SlotLost,
    /// PostgreSQL or Kafka can't be reached.
    Unavailable,
    /// A bug of this program.
    Bug,
    /// Someone else uses the slot.
    SlotBusy,
    /// A privilege is missing.
    Privilege,
    /// The configuration is wrong.
    Config,
}

impl Exit {
    /// Gives the number, as sysexits.h has it.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Other => 1,
            Self::Usage => 2,
            Self::Undeliverable => 65,
            Self::SlotLost => 66,
            Self::Unavailable => 69,
            Self::Bug => 70,
            Self::SlotBusy => 75,
            Self::Privilege => 77,
            Self::Config => 78,
        }
    }
}

/// What ended a command, in a person's words.
#[derive(Debug)]
pub(crate) struct Failure(Box<Parts>);

/// What a failure consists of: boxed, so that a result that may hold one stays small.
#[derive(Debug)]
struct Parts {
    /// The exit code.
    exit: Exit,
    /// What failed, on which object.
    message: String,
    /// Diagnostics that are printed first, rendered already.
    report: Option<String>,
    /// The error below it; its own sources follow.
    source: Option<Box<dyn Error + Send + Sync>>,
    /// What to do.
    hint: Option<Hint>,
    /// Whether nothing is to be said: the reader of standard output has gone.
    silent: bool,
}

impl Failure {
    /// Says what failed, on which object.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Parts {
            exit,
            message,
            report: None,
            source: None,
            hint: None,
            silent: false,
        }))
    }

    /// Adds the error below it.
    #[must_use]
    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: Hint) -> Self {
        self.0.hint = Some(hint);
        self
    }

    /// Adds diagnostics that are printed above the error, as they are.
    #[must_use]
    pub(crate) fn report(mut self, rendered: String) -> Self {
        self.0.report = Some(rendered);
        self
    }

    /// Turns a failed write to standard output into the end of the command: a quiet one where the
    /// reader has gone.
    pub(crate) fn output(error: io::Error) -> Self {
        let silent = error.kind() == io::ErrorKind::BrokenPipe;
        let exit = if silent { Exit::Done } else { Exit::Other };
        let mut failure = Self::new(exit, "cannot write to standard output").because(error);
        failure.0.silent = silent;
        failure
    }

    /// Ends with another exit code.
    #[must_use]
    pub(crate) const fn with_exit(mut self, exit: Exit) -> Self {
        self.0.exit = exit;
        self
    }

    /// Gives what to do, where something is known.
    pub(crate) const fn what_to_do(&self) -> Option<&Hint> {
        self.0.hint.as_ref()
    }

    /// Gives what failed and why, for a log line.
    pub(crate) fn in_one_line(&self) -> String {
        let mut text = self.0.message.clone();
        let mut source = self.0.source.as_ref().map(|e| -> &dyn Error { e.as_ref() });
        while let Some(error) = source {
            text.push_str(&format!(": {error}"));
            source = error.source();
        }
        text
    }

    /// Prints it on standard error and gives the code to end with.
    pub(crate) fn print(&self) -> ExitCode {
        if !self.0.silent {
            let shown = self.render(colour(&io::stderr()));
            // Where standard error is closed there is nobody to tell.
            io::stderr()
                .lock()
                .write_all(shown.as_bytes())
                .unwrap_or_default();
        }
        ExitCode::from(self.0.exit.code())
    }

    /// Makes the text, with a line end.
    fn render(&self, colour: bool) -> String {
        let label = |name: &str, code: &str| match colour {
            true => format!("\x1b[1;{code}m{name}\x1b[0m"),
            false => name.to_owned(),
        };
        let mut text = String::new();
        if let Some(report) = &self.0.report {
            text.push_str(report.trim_end());
            text.push_str("\n\n");
        }
        text.push_str(&format!("{}: {}\n", label("error", "91"), self.0.message));
        let mut source = self.0.source.as_ref().map(|e| -> &dyn Error { e.as_ref() });
        while let Some(error) = source {
            text.push_str(&format!("{}: {error}\n", label("caused by", "91")));
            source = error.source();
        }
        if let Some(hint) = &self.0.hint {
            text.push_str(&format!("\n{}: {hint}\n", label("hint", "96")));
        }
        text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

/// What to do about a failure; where it can be, a command that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// A command of a later version was asked for.
    LaterVersion,
    /// The configuration has errors.
    ConfigSchema,
    /// No configuration file is where one was said to be.
    ConfigFile,
    /// What talks to Kafka was asked for, and no broker is known.
    Brokers,
    /// The program met a bug.
    ReportBug,
    /// The url, or what it names, cannot be used.
    PostgresUrl,
    /// PostgreSQL cannot be reached.
    PostgresUnreachable,
    /// The password is missing or wrong.
    Password,
    /// The role may not replicate.
    Replication,
    /// The server's access list has no line for us.
    PgHba,
    /// Someone else uses the slot.
    SlotBusy,
    /// The slot does not exist.
    SlotMissing,
    /// The slot is in no state to be read.
    SlotShow,
    /// The publication is gone.
    PublicationGone,
    /// What PostgreSQL sends cannot be decoded.
    Undecodable,
    /// What is stored has no UTF-8 form, so that PostgreSQL can't send it.
    Unconvertible,
    /// A table has lost a column.
    OutboxColumns,
    /// An event can never be delivered as things are.
    Undeliverable,
    /// Kafka cannot be reached.
    KafkaUnreachable,
    /// librdkafka refuses a property.
    KafkaProperties,
    /// One that names objects: made beside its failure, in a file of this folder.
    Made(String),
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LaterVersion => f.write_str("`outflow help` lists what this version can do"),
            Self::ConfigSchema => f.write_str(
                "`outflow config schema` lists every setting; \
                 check the file again with `outflow config check`",
            ),
            Self::ConfigFile => f.write_str(
                "`-c FILE` or OUTFLOW_CONFIG names the file; \
                 without either, ./outflow.toml and /etc/outflow/outflow.toml are tried",
            ),
            Self::Brokers => f.write_str(
                "`-b HOST:9092`, or kafka.brokers in the configuration file; \
                 to see the events without Kafka: `outflow run --sink stdout`",
            ),
            Self::ReportBug => f.write_str(
                "please report it, with the lines above and what `outflow --version` prints; \
                 no event is lost by it: the slot stays where it was confirmed last",
            ),
            Self::PostgresUrl => f.write_str(
                "correct postgres.url, or the PG* environment; `outflow config show` prints what counts",
            ),
            Self::PostgresUnreachable => f.write_str(
                "see whether the server runs and listens there: `psql \"$URL\" -c 'select 1'` with the url of \
                 `outflow config show`",
            ),
            Self::Password => f.write_str(
                "set postgres.password (a text, or a file that is read again at every connection), \
                 or PGPASSWORD, or a line in ~/.pgpass",
            ),
            Self::Replication => f.write_str(
                "as a superuser: `psql -c 'ALTER ROLE \"ROLE\" REPLICATION'` with the role of postgres.url; \
                 on Amazon RDS `GRANT rds_replication TO \"ROLE\"`; on Cloud SQL, AlloyDB and Azure the instance's \
                 administrator (a member of cloudsqlsuperuser, alloydbsuperuser, azure_pg_admin) may alter the role",
            ),
            Self::PgHba => f.write_str(
                "pg_hba.conf needs a line for the role and the database itself, such as \
                 `host DATABASE ROLE ADDRESS scram-sha-256` (a line for `replication` does not match a logical \
                 slot); then `psql -c 'SELECT pg_reload_conf()'`",
            ),
            Self::SlotBusy => f.write_str("`outflow slot show` says who uses it"),
            Self::SlotMissing => f.write_str(
                "create it with `outflow slot create`, after its publication; `outflow slot list` shows which there \
                 are. A slot sends what commits after it was created",
            ),
            Self::SlotShow => f.write_str("`outflow slot show` says what became of it"),
            Self::PublicationGone => f.write_str(
                "make it again with `outflow publication create --table TABLE`. Events committed while it was \
                 missing are not in the stream; where the slot cannot pass that time, `outflow slot drop` and \
                 `outflow slot create` begin anew, and the rows that are still in the table have to be sent by hand",
            ),
            Self::Undecodable => f.write_str(
                "nothing is lost: the slot stays before it. `outflow slot peek --limit 1` reads the same change over \
                 another connection; if that fails too, please report it with the lines above",
            ),
            Self::Unconvertible => f.write_str(
                "a row, or a name, has characters of the database's encoding that PostgreSQL has no UTF-8 for: it \
                 can't send them, now or later, and the slot stays before them. The server's log names the position \
                 (`associated LSN`). Correct the writer; `outflow slot advance --to LSN`, with one behind that \
                 transaction's end, gives up what comes before, and says what is lost",
            ),
            Self::OutboxColumns => f.write_str(
                "name the columns under [outbox] columns = { .. }, or alter the table back; the slot stays before it",
            ),
            Self::Undeliverable => f.write_str(
                "what comes after it waits, and the slot stays before it. Mend the configuration (outbox.topic, \
                 kafka.properties.\"message.max.bytes\", the topic's own limits) and start again; \
                 `outflow slot peek --limit 1` shows what waits. What no setting mends, such as a message that is no \
                 event, is given up with all of its transaction by `outflow slot advance --to LSN`, one behind that commit",
            ),
            Self::KafkaUnreachable => f.write_str(
                "see whether kafka.brokers is right and the brokers' advertised.listeners can be reached from here; \
                 what was not delivered is left to the next run",
            ),
            Self::Made(hint) => f.write_str(hint),
            Self::KafkaProperties => f.write_str("correct kafka.properties; `outflow config show` prints them"),
        }
    }
}

/// Whether colours may be used there: on a terminal, unless NO_COLOR says otherwise.
pub(crate) fn colour(stream: &impl IsTerminal) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// Makes every panic, on any thread, end the process with [`Exit::Bug`].
///
/// Half a process that goes on is worse than none: the next start delivers what this one left.
pub(crate) fn end_on_panic() {
    std::panic::set_hook(Box::new(|info| {
        let what = info.payload_as_str().unwrap_or("no message");
        let place = info
            .location()
            .map(|l| format!(" at {l}"))
            .unwrap_or_default();
        let failure = Failure::new(Exit::Bug, format!("a bug in outflow: {what}{place}"))
            .hint(Hint::ReportBug);
        let trace = Backtrace::capture();
        let failure = if trace.status() == BacktraceStatus::Captured {
            failure.report(trace.to_string())
        } else {
            failure
        };
        failure.print();
        std::process::exit(i32::from(Exit::Bug.code()));
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the server closed the connection")]
    struct Outer(#[source] io::Error);

    #[test]
    fn an_error_reads_as_the_interface_says() {
        let below = Outer(io::Error::other("reset by peer"));
        let failure = Failure::new(
            Exit::Unavailable,
            "cannot start replication on slot \"orders\"",
        )
        .because(below)
        .hint(Hint::Brokers);
        insta::assert_snapshot!(failure, @r#"
        error: cannot start replication on slot "orders"
        caused by: the server closed the connection
        caused by: reset by peer

        hint: `-b HOST:9092`, or kafka.brokers in the configuration file; to see the events without Kafka: `outflow run --sink stdout`
        "#);
    }

    #[test]
    fn a_closed_pipe_ends_quietly() {
        let failure = Failure::output(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(failure.0.silent);
        assert_eq!(failure.0.exit, Exit::Done);
        assert_eq!(
            Failure::output(io::Error::other("disk full")).0.exit,
            Exit::Other
        );
    }
}
