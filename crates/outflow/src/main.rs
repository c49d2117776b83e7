//! `outflow` publishes a PostgreSQL outbox table to Kafka through logical replication.
//!
//! This page reads the command line and the configuration, starts the log and the runtime, and
//! turns what comes back into an exit code. [`exit`] has the codes and the words.

use std::future::Future;
use std::process::ExitCode;

use crate::args::{Args, Command, Global};
use crate::config::Config;
use crate::exit::{Exit, Failure};

mod args;
mod command;
mod config;
mod connection;
mod exit;
mod human;
mod output;
mod pipeline;
mod preflight;
mod progress;
mod setup;
mod shutdown;
mod sink;
mod supervisor;
mod telemetry;

fn main() -> ExitCode {
    exit::end_on_panic();
    match execute(Args::of_process()) {
        Ok(()) => ExitCode::from(Exit::Done.code()),
        Err(failure) => failure.print(),
    }
}

/// Carries out the command.
fn execute(args: Args) -> Result<(), Failure> {
    let global = args.global;
    match args.command {
        Command::Run(run) => {
            let config = Config::load(&global)?;
            telemetry::start(config.log);
            block_on(command::run::run(config, run))
        }
        Command::Slot { command, output } => block_on(command::slot::slot(
            quietly(&global)?,
            command,
            output.output,
        )),
        Command::Publication { command, output } => {
            let config = quietly(&global)?;
            block_on(command::publication::publication(
                config,
                command,
                output.output,
            ))
        }
        Command::Config { command, output } => {
            command::config::config(&global, command, output.output)
        }
        Command::Check(_) => Err(command::later("check")),
        Command::Explain(_) => Err(command::later("explain")),
        Command::Init(_) => Err(command::later("init")),
        Command::Outbox(_) => Err(command::later("outbox")),
        Command::Status(_) => Err(command::later("status")),
        Command::Verify(_) => Err(command::later("verify")),
        Command::Replay(_) => Err(command::later("replay")),
        Command::DeadLetter(_) => Err(command::later("dead-letter")),
        Command::Completions { shell } => command::completions::completions(shell),
        Command::Man { folder } => command::man::man(folder.as_deref()),
        Command::Version { output } => command::version::version(output.output),
    }
}

/// Reads the configuration for a command that talks by what it prints, not by its log.
fn quietly(global: &Global) -> Result<Config, Failure> {
    let config = Config::load(global)?;
    telemetry::start_quietly(config.log);
    Ok(config)
}

/// Runs a command on this thread.
fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Other, "cannot start the runtime").because(error))?
        .block_on(work)
}
