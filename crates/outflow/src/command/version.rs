//! `outflow version`.

use outflow_kafka_delivery::Library;
use serde_json::json;

use crate::args::Output;
use crate::exit::Failure;
use crate::{human, output};

/// Prints what exactly this program is.
///
/// # Errors
/// [`Failure::output`].
pub(crate) fn version(form: Output) -> Result<(), Failure> {
    let kafka = Library::linked();
    let commit = COMMIT.filter(|commit| !commit.is_empty());
    match form {
        Output::Human => {
            let line = |name: &str, value: &str| vec![name.to_owned(), value.to_owned()];
            let rows = vec![
                line("version", VERSION),
                line("commit", commit.unwrap_or("unknown")),
                line("target", TARGET),
                line("profile", PROFILE),
                line("librdkafka", &kafka.version),
                line("features", &kafka.features.join(" ")),
            ];
            output::print(&human::table(&[], rows))
        }
        Output::Json => output::print_json(&json!({
            "schema": "outflow.version/v1",
            "version": VERSION,
            "commit": commit,
            "target": TARGET,
            "profile": PROFILE,
            "librdkafka": { "version": kafka.version, "features": kafka.features },
        })),
    }
}

/// The program's own version.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit it was built from, where the build knew.
const COMMIT: Option<&str> = option_env!("OUTFLOW_COMMIT");
/// The platform it was built for.
const TARGET: &str = env!("OUTFLOW_TARGET");
/// How it was built: `release` or `debug`.
const PROFILE: &str = env!("OUTFLOW_PROFILE");
