//! What was seen to work with which PostgreSQL: the source of docs/compatibility.md.
//!
//! A test that has passed a point says so by [`works`]; `make compat` makes the table of what was said
//! since `make test-all` began. So the table holds nothing that no test has shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fmt};

use anyhow::{Context as _, bail};

use crate::Major;
use crate::must::must;

/// Takes note that a point works with this version: to be called after the last assertion on it.
///
/// What stands before a first `": "` is the table's heading, as in `"TLS: sslmode=require"`; without one it is
/// "Features".
///
/// # Panics
/// If it can't be written down.
#[track_caller]
pub fn works(point: &str, major: Major) {
    must(append(&format!("{major}\t{point}\n")));
}

/// Takes note that a point works with the Kafka broker, as [`works`] does.
///
/// # Panics
/// If it can't be written down.
#[track_caller]
pub fn works_with_kafka(point: &str) {
    must(append(&format!("{KAFKA}\t{point}\n")));
}

/// What was seen to work.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// With PostgreSQL: headings, their points, and the versions of each.
    postgres: BTreeMap<String, BTreeMap<String, BTreeSet<Major>>>,
    /// With Kafka: points.
    kafka: BTreeSet<String>,
}

impl Seen {
    /// Reads what the tests have taken note of.
    ///
    /// # Errors
    /// Nothing was taken note of, or it can't be read.
    pub fn read() -> anyhow::Result<Self> {
        let file = file();
        match fs::read_to_string(&file) {
            Ok(lines) => Self::parse(&lines),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("no test has taken note of anything: run `make test-all`")
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Reads the lines of the file.
    fn parse(lines: &str) -> anyhow::Result<Self> {
        let mut seen = Self::default();
        for line in lines.lines() {
            let (number, point) = line.split_once('\t').context("a line without a tab")?;
            if number == KAFKA {
                seen.kafka.insert(point.to_owned());
                continue;
            }
            let major = Major::ALL
                .into_iter()
                .find(|major| major.to_string() == number)
                .with_context(|| format!("no version {number:?}"))?;
            let (heading, point) = point.split_once(": ").unwrap_or(("Features", point));
            let points = seen.postgres.entry(heading.to_owned()).or_default();
            points.entry(point.to_owned()).or_default().insert(major);
        }
        Ok(seen)
    }
}

impl fmt::Display for Seen {
    /// Writes a table in Markdown for each heading, and a list for Kafka.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (heading, points) in &self.postgres {
            write!(f, "\n## {heading}\n\n| |")?;
            for major in Major::ALL {
                write!(f, " {major} |")?;
            }
            writeln!(f, "\n|---|{}", ":-:|".repeat(Major::ALL.len()))?;
            for (point, majors) in points {
                write!(f, "| {} |", point.replace('|', "\\|"))?;
                for major in Major::ALL {
                    write!(f, " {} |", if majors.contains(&major) { "✓" } else { "" })?;
                }
                writeln!(f)?;
            }
        }
        if !self.kafka.is_empty() {
            writeln!(f, "\n## Kafka\n")?;
        }
        self.kafka
            .iter()
            .try_for_each(|point| writeln!(f, "- {point}"))
    }
}

/// Appends a line; one write, so that the lines of several processes don't mix.
fn append(line: &str) -> anyhow::Result<()> {
    let file = file();
    let failed = || format!("cannot write {}", file.display());
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    let mut open = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .with_context(failed)?;
    open.write_all(line.as_bytes()).with_context(failed)
}

/// Where it is written down.
fn file() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    target.join("compat/points.tsv")
}

/// What stands in place of a version for the broker.
const KAFKA: &str = "kafka";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_what_was_said_once_and_under_its_heading() {
        let seen =
            Seen::parse("17\tTLS: 1.3\n14\tTLS: 1.3\n17\tTLS: 1.3\n18\ta|b\nkafka\tSSL\n").unwrap();
        assert_eq!(
            seen.to_string(),
            "\n## Features\n\n| | 14 | 15 | 16 | 17 | 18 |\n|---|:-:|:-:|:-:|:-:|:-:|\n\
             | a\\|b |  |  |  |  | ✓ |\n\
             \n## TLS\n\n| | 14 | 15 | 16 | 17 | 18 |\n|---|:-:|:-:|:-:|:-:|:-:|\n\
             | 1.3 | ✓ |  |  | ✓ |  |\n\
             \n## Kafka\n\n- SSL\n"
        );
        assert!(Seen::parse("13\tTLS: 1.3\n").is_err());
    }
}
