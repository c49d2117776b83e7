//! The command line: every verb and flag, with the words of its help.
//!
//! The options of [`Global`] may stand at every level, before or after the verb. They are added to
//! each level by hand rather than as clap's global arguments, which would silently drop the `--set`
//! before the verb where another stands after it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};

mod command;
mod examples;

pub(crate) use command::{
    AdvanceTo, Command, ConfigCommand, Output, PublicationCommand, RunArgs, Sink, SlotCommand,
};

/// Publishes a PostgreSQL outbox table to Kafka through logical replication.
///
/// Every row inserted into the outbox table becomes a Kafka record, in commit order, at least once.
/// The replication slot moves only past what Kafka has confirmed with acks=all.
#[derive(Parser)]
#[command(name = "outflow", version, max_term_width = 100, after_help = examples::TOP)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(subcommand_value_name = "COMMAND")]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The configuration's place and its topmost layers; from all levels together.
    #[arg(skip)]
    pub(crate) global: Global,
}

/// Where the configuration comes from; allowed at every level. It has no `Debug`, as a secret may
/// be in it.
#[derive(Clone, Default, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Global {
    /// Configuration file; default: $OUTFLOW_CONFIG, ./outflow.toml, /etc/outflow/outflow.toml.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Sets one value, as TOML or text; may be repeated: --set limits.in_flight=8MiB.
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<Assignment>,
    /// PostgreSQL, as a URL or key=value text; the setting postgres.url.
    #[arg(short = 'd', long, value_name = "URL")]
    pub(crate) postgres_url: Option<String>,
    /// Kafka brokers, separated by commas or repeated; the setting kafka.brokers.
    #[arg(short, long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub(crate) brokers: Vec<String>,
}

/// One `--set KEY=VALUE`, not looked into yet.
#[derive(Clone)]
pub(crate) struct Assignment {
    /// The setting's dotted name.
    pub(crate) key: String,
    /// TOML, or else text.
    pub(crate) value: String,
}

impl Args {
    /// Reads the process's own command line; ends the process where it is wrong or asks for help.
    pub(crate) fn of_process() -> Self {
        Self::read(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Reads a command line.
    ///
    /// # Errors
    /// What clap has to say, help and version included.
    pub(crate) fn read<T>(line: impl IntoIterator<Item = T>) -> Result<Self, clap::Error>
    where
        T: Into<OsString> + Clone,
    {
        let mut clap = Self::clap();
        let matches = clap.try_get_matches_from_mut(line)?;
        let mut args = Self::from_arg_matches(&matches)?;
        args.global = Global::of_all_levels(&matches)?;
        if let Command::Run(run) = &args.command
            && run.ack
            && run.sink == Sink::Kafka
        {
            return Err(clap.error(
                ErrorKind::ArgumentConflict,
                "'--ack' belongs to '--sink stdout': with Kafka the slot always follows delivery",
            ));
        }
        Ok(args)
    }

    /// Makes the whole command tree, the common options at every level.
    pub(crate) fn clap() -> clap::Command {
        with_global(Self::command())
    }
}

impl Global {
    /// Joins what stands at each level: lists grow, and of single values the innermost counts.
    fn of_all_levels(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut joined = Self::default();
        let mut level = Some(matches);
        while let Some(matches) = level {
            // Not every command has them: see `with_global`.
            if matches.try_contains_id("set").is_ok() {
                let next = Self::from_arg_matches(matches)?;
                joined.config = next.config.or(joined.config);
                joined.postgres_url = next.postgres_url.or(joined.postgres_url);
                joined.set.extend(next.set);
                joined.brokers.extend(next.brokers);
            }
            level = matches.subcommand().map(|(_, below)| below);
        }
        Ok(joined)
    }
}

/// Adds [`Global`] to a command and to all below it, but for those of a later version, and those
/// that tell of the program itself.
fn with_global(command: clap::Command) -> clap::Command {
    let later = command.get_arguments().any(|arg| arg.get_id() == "later");
    if later || ["completions", "man", "version"].contains(&command.get_name()) {
        return command;
    }
    // `augment_args` would also put the words about `Global` in place of the command's own.
    let about = command.get_about().cloned();
    let long_about = command.get_long_about().cloned();
    <Global as clap::Args>::augment_args(command)
        .about(Resettable::from(about))
        .long_about(Resettable::from(long_about))
        .mut_subcommands(with_global)
}

/// Splits `KEY=VALUE` at the first sign outside of quotes.
fn assignment(text: &str) -> Result<Assignment, String> {
    let mut quoted = None;
    for (at, c) in text.char_indices() {
        match (quoted, c) {
            (None, '=') => {
                let (key, value) = text.split_at(at);
                let value = value.strip_prefix('=').unwrap_or_default();
                return Ok(Assignment {
                    key: key.trim().to_owned(),
                    value: value.to_owned(),
                });
            }
            (None, '"' | '\'') => quoted = Some(c),
            (Some(open), close) if open == close => quoted = None,
            _ => {}
        }
    }
    Err("no `=` in it; write KEY=VALUE".to_owned())
}

#[cfg(test)]
mod tests;
