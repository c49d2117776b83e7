//! Which `outflow` is tested.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs};

use anyhow::{Context as _, bail};

/// The program that is tested: `OUTFLOW_BIN`, or the one that Cargo built beside this executable.
///
/// Cargo does not build it for the tests of another package. One that is older than its sources is used, but said so
/// in the test's output.
pub(super) fn binary() -> anyhow::Result<PathBuf> {
    if let Some(binary) = env::var_os("OUTFLOW_BIN").filter(|value| !value.is_empty()) {
        return fs::canonicalize(&binary).context("OUTFLOW_BIN names no file");
    }
    let own = env::current_exe().context("cannot find this executable")?;
    // This is target/debug/deps/e2e-0123, or target/debug/demo.
    let folders = own.ancestors().skip(1).take(2);
    let Some(binary) = folders
        .map(|folder| folder.join("outflow"))
        .find(|path| path.is_file())
    else {
        bail!(
            "outflow is not built beside {}: run `make build`",
            own.display()
        );
    };
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let built = modified(&binary);
    if let Some(newer) = sources(&crates).find(|source| modified(source) > built) {
        eprintln!(
            "warning: outflow is older than {}: run `make build`",
            newer.display()
        );
    }
    Ok(binary)
}

/// The product's source files.
fn sources(folder: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    Box::new(entries.flat_map(|entry| {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path)
        } else {
            Box::new(Some(path).into_iter())
        }
    }))
}

/// When a file was written last; none if it is not there, which is before everything.
fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}
