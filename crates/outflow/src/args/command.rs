//! The verbs, what each takes, and what its help says.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use clap_complete::Shell;
use outflow_pgoutput::Lsn;

use super::examples;

/// The verbs of `outflow`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Streams the outbox to Kafka: the service.
    ///
    /// Follows the replication slot and delivers every committed outbox row. It waits for
    /// PostgreSQL and Kafka for as long as either is away, and stands by while another instance
    /// holds the slot. SIGTERM and Ctrl-C end it within limits.shutdown; what was not delivered
    /// then is left to the next start.
    #[command(after_help = examples::RUN)]
    Run(RunArgs),
    /// Lists, creates, moves and drops replication slots.
    #[command(after_help = examples::SLOT, subcommand_required = true)]
    #[command(arg_required_else_help = true, subcommand_value_name = "COMMAND")]
    Slot {
        /// What to do.
        #[command(subcommand)]
        command: SlotCommand,
        /// How to print it.
        #[command(flatten)]
        output: OutputArg,
    },
    /// Shows, creates and drops publications.
    #[command(after_help = examples::PUBLICATION, subcommand_required = true)]
    #[command(arg_required_else_help = true, subcommand_value_name = "COMMAND")]
    Publication {
        /// What to do.
        #[command(subcommand)]
        command: PublicationCommand,
        /// How to print it.
        #[command(flatten)]
        output: OutputArg,
    },
    /// Shows, checks and describes the configuration.
    #[command(after_help = examples::CONFIG, subcommand_required = true)]
    #[command(arg_required_else_help = true, subcommand_value_name = "COMMAND")]
    Config {
        /// What to do.
        #[command(subcommand)]
        command: ConfigCommand,
        /// How to print it.
        #[command(flatten)]
        output: OutputArg,
    },
    /// Tests every precondition in PostgreSQL and Kafka (a later version).
    Check(Later),
    /// Explains a code that `check` prints (a later version).
    Explain(Later),
    /// Writes a configuration file and the SQL to go with it (a later version).
    Init(Later),
    /// Maintains the outbox table: ddl, stats, prune, partitions (a later version).
    Outbox(Later),
    /// Shows what a running service is doing (a later version).
    Status(Later),
    /// Compares outbox rows with the topics (a later version).
    Verify(Later),
    /// Sends rows that are still in the table again (a later version).
    Replay(Later),
    /// Lists, shows and replays dead letters (a later version).
    DeadLetter(Later),
    /// Prints the completions for a shell, to be loaded by it.
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Writes the manual pages, one for each command.
    ///
    /// Without a folder it prints the page of outflow itself.
    #[command(after_help = examples::MAN)]
    Man {
        /// The folder for all pages, which is created where it is missing.
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Prints what exactly this program is: version, commit, platform, librdkafka.
    #[command(after_help = examples::VERSION)]
    Version {
        /// How to print it.
        #[command(flatten)]
        output: OutputArg,
    },
}

/// What `outflow run` takes.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct RunArgs {
    /// Where the events go.
    #[arg(long, value_enum, default_value_t = Sink::Kafka)]
    pub(crate) sink: Sink,
    /// Moves the slot past what was written; with --sink stdout, which else leaves it as it is.
    #[arg(long)]
    pub(crate) ack: bool,
    /// Ends with 0 once all that the server had committed at the start is delivered.
    #[arg(long)]
    pub(crate) until_caught_up: bool,
    /// Creates the publication and the slot where they are missing; for trying out.
    ///
    /// A service should not run with it: a slot that was lost would be replaced by a new one,
    /// without the events in between.
    #[arg(long)]
    pub(crate) create: bool,
}

/// Where events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sink {
    /// To Kafka, with acks=all.
    Kafka,
    /// To standard output, one JSON object a line.
    Stdout,
}

/// The verbs of `outflow slot`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum SlotCommand {
    /// Lists all logical slots: who uses them, how far behind they are, what WAL they retain.
    #[command(after_help = examples::SLOT_LIST)]
    List,
    /// Shows one slot.
    #[command(after_help = examples::SLOT_SHOW)]
    Show {
        /// The slot; default: postgres.slot.
        slot: Option<String>,
    },
    /// Creates the slot; ends with 0 where the very slot exists already.
    ///
    /// Events that commit from here on are delivered. It says how many rows the table holds
    /// already, which are not sent.
    #[command(after_help = examples::SLOT_CREATE)]
    Create {
        /// The slot; default: postgres.slot.
        slot: Option<String>,
        /// Creates the publication postgres.publication first.
        #[arg(long)]
        publication: bool,
        /// A table for that publication; may be repeated; default: outbox.tables.
        #[arg(long, value_name = "TABLE", requires = "publication")]
        table: Vec<String>,
        /// Prints the SQL and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Drops a slot that nobody uses, after saying what is lost.
    #[command(after_help = examples::SLOT_DROP)]
    Drop {
        /// The slot; default: postgres.slot.
        slot: Option<String>,
        /// Does not ask.
        #[arg(short, long)]
        yes: bool,
        /// Prints the SQL and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Moves a slot that nobody uses forward: what it passes is never delivered.
    #[command(after_help = examples::SLOT_ADVANCE)]
    Advance {
        /// The slot; default: postgres.slot.
        slot: Option<String>,
        /// How far: a position such as 16/B374D848, or `now`.
        #[arg(long, value_name = "LSN|now", value_parser = AdvanceTo::parse)]
        to: AdvanceTo,
        /// Does not ask.
        #[arg(short, long)]
        yes: bool,
        /// Prints the SQL and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Prints waiting events as `run --sink stdout` would, and consumes nothing.
    #[command(after_help = examples::SLOT_PEEK)]
    Peek {
        /// The slot; default: postgres.slot.
        slot: Option<String>,
        /// How many events at most.
        #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
        limit: u64,
    },
}

/// How far `slot advance` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdvanceTo {
    /// To a position.
    Lsn(Lsn),
    /// To where the server is now.
    Now,
}

impl AdvanceTo {
    /// Reads `16/B374D848` or `now`.
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "now" => Ok(Self::Now),
            text => text
                .parse()
                .map(Self::Lsn)
                .map_err(|_| "neither a position such as 16/B374D848 nor `now`".to_owned()),
        }
    }
}

/// The verbs of `outflow publication`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum PublicationCommand {
    /// Shows what a publication publishes.
    #[command(after_help = examples::PUBLICATION_SHOW)]
    Show {
        /// The publication; default: postgres.publication.
        publication: Option<String>,
    },
    /// Creates the publication: inserts only, partitions through their root.
    #[command(after_help = examples::PUBLICATION_CREATE)]
    Create {
        /// The publication; default: postgres.publication.
        publication: Option<String>,
        /// A table to publish; may be repeated; default: outbox.tables.
        #[arg(long, value_name = "TABLE")]
        table: Vec<String>,
        /// Prints the SQL and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Drops a publication.
    #[command(after_help = examples::PUBLICATION_DROP)]
    Drop {
        /// The publication; default: postgres.publication.
        publication: Option<String>,
        /// Does not ask.
        #[arg(short, long)]
        yes: bool,
        /// Prints the SQL and changes nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// The verbs of `outflow config`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Prints every value and the layer that set it; secrets redacted.
    #[command(after_help = examples::CONFIG_SHOW)]
    Show,
    /// Checks the configuration without connecting; lists all errors at once.
    #[command(after_help = examples::CONFIG_CHECK)]
    Check,
    /// Prints the JSON Schema of the configuration file.
    #[command(after_help = examples::CONFIG_SCHEMA)]
    Schema,
    /// Translates a Debezium configuration (a later version).
    ImportDebezium(Later),
}

/// The arguments of a command that a later version brings: taken as they are.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Later {
    /// Whatever was written.
    #[arg(
        hide = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        id = "later"
    )]
    pub(crate) rest: Vec<OsString>,
}

/// How data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct OutputArg {
    /// For people, or as JSON with a versioned "schema".
    #[arg(short, long, value_enum, global = true, default_value_t = Output::Human)]
    pub(crate) output: Output,
}

/// A format of printed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text for people.
    Human,
    /// One JSON document.
    Json,
}
