//! Prints docs/compatibility.md, of what the tests have seen since `make test-all` began.

use std::process::ExitCode;

use harness::{Major, compat, parts};

fn main() -> ExitCode {
    match page() {
        Ok(page) => {
            print!("{page}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the page.
fn page() -> anyhow::Result<String> {
    let seen = compat::Seen::read()?;
    let versions: Vec<_> = Major::ALL
        .into_iter()
        .map(|major| Ok(parts::pinned_version(major)?.trim_end_matches(".0")))
        .collect::<anyhow::Result<_>>()?;
    Ok(format!(
        "{HEAD}PostgreSQL {}; the broker is Apache Kafka {}.\n{seen}",
        versions.join(", "),
        parts::kafka_version()?
    ))
}

/// What the page begins with.
const HEAD: &str = "\
<!-- Made by `make compat` of what `make test-all` has shown; edits here are lost. -->
# Compatibility

Each mark is a test that did this on a real server of that major version, with the program as its users run it. No mark means
that no test does it there, not that it fails. The versions under test, pinned in `tests/parts.lock`:
";
