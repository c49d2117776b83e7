//! Fresh data folders: initdb runs once for each major version, and its result is copied.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::Major;
use super::owner::{Owner, copy_folder};
use crate::guard;

/// Makes a data folder, a copy of the run's first one: initdb takes a second, the copy a tenth of that.
pub(super) fn copy(owner: &Owner, prefix: &Path, major: Major, data: &Path) -> anyhow::Result<()> {
    let template = guard::once(&format!("template-{major}"), |template| {
        fs::create_dir(template)?;
        owner.take(template)?;
        initdb(owner, prefix, template)
    })?;
    copy_folder("-a", &template, data)
}

/// Runs initdb.
fn initdb(owner: &Owner, prefix: &Path, data: &Path) -> anyhow::Result<()> {
    let output = owner
        .command(&prefix.join("bin/initdb"))
        .args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "--encoding=UTF8",
            "--locale=C",
        ])
        .args(["--no-sync", "--no-instructions", "-D"])
        .arg(data)
        .current_dir(data)
        .output()
        .context("cannot run initdb")?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
