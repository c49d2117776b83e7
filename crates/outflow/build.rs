//! Tells the program of its own build: the platform, the profile and, for a release, the commit.
//!
//! A packager without the repository sets `OUTFLOW_COMMIT`.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=OUTFLOW_COMMIT");
    let variable = |name| env::var(name).unwrap_or_default();
    println!("cargo::rustc-env=OUTFLOW_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=OUTFLOW_PROFILE={}", variable("PROFILE"));
    // While developing, a commit would only build the program again, and tell nothing.
    if !variable("OUTFLOW_COMMIT").is_empty() || variable("PROFILE") != "release" {
        println!("cargo::rerun-if-changed=build.rs");
        return;
    }
    if let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) {
        println!("cargo::rustc-env=OUTFLOW_COMMIT={commit}");
    }
    // This file changes with every commit and every change of branch.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]).unwrap_or_default();
    match Path::new(&log).exists() {
        true => println!("cargo::rerun-if-changed={log}"),
        false => println!("cargo::rerun-if-changed=build.rs"),
    }
}

/// Asks git, if it is there and this is a repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
