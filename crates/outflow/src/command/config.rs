//! `outflow config`: what is in force, whether it is right, and what it could be.

use serde_json::{Value as Json, json};

use crate::args::{ConfigCommand, Global, Output};
use crate::config::{Reading, schema};
use crate::exit::Failure;
use crate::output::{print, print_json};

/// Carries out one verb of `outflow config`.
///
/// # Errors
/// [`Exit::Config`](crate::exit::Exit::Config) where the configuration is wrong.
pub(crate) fn config(global: &Global, args: ConfigCommand, output: Output) -> Result<(), Failure> {
    match args {
        ConfigCommand::Show => show(&Reading::of(global)?, output),
        ConfigCommand::Check => check(&Reading::of(global)?, output),
        ConfigCommand::Schema => print_json(&schema()),
        ConfigCommand::ImportDebezium(_) => Err(super::later("config import-debezium")),
    }
}

/// Prints every value and the layer that set it.
fn show(reading: &Reading, output: Output) -> Result<(), Failure> {
    reading.config()?;
    match output {
        Output::Human => print(&reading.to_toml()),
        Output::Json => print_json(&reading.to_json()),
    }
}

/// Says whether the configuration is right.
fn check(reading: &Reading, output: Output) -> Result<(), Failure> {
    let config = reading.config();
    let kafka = config
        .as_ref()
        .is_ok_and(|config| config.require_kafka().is_ok());
    match (output, config) {
        (Output::Human, Err(failure)) => Err(failure),
        (Output::Human, Ok(_)) => {
            let but = if kafka {
                ""
            } else {
                "; kafka.brokers is not set, which `run` needs"
            };
            print(&format!("no errors in {}{but}\n", reading.place()))
        }
        (Output::Json, config) => {
            print_json(&report(reading.problems(), config.is_ok(), kafka))?;
            config.map(|_| ())
        }
    }
}

/// Says it for programs.
fn report(errors: Json, ok: bool, kafka: bool) -> Json {
    json!({ "schema": "outflow.config.check/v1", "ok": ok, "kafka": kafka, "errors": errors })
}
