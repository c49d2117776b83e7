//! The user under which PostgreSQL runs, which refuses to run as root.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use nix::unistd::{User, geteuid};

use crate::{Major, guard, parts};

/// Who runs the server: the user of this process, or `nobody` when that is root.
#[derive(Debug)]
pub(super) struct Owner {
    /// User and group to change to.
    other: Option<(u32, u32)>,
}

impl Owner {
    /// The user for a server started by this process.
    pub(super) fn of_servers() -> anyhow::Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self { other: None });
        }
        // initdb wants a user with an entry in the user database, so the number can't be made up.
        let nobody = User::from_name("nobody")?.context("there is no user nobody")?;
        Ok(Self {
            other: Some((nobody.uid.as_raw(), nobody.gid.as_raw())),
        })
    }

    /// A program that runs as this user.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.other {
            // The standard library drops root's supplementary groups with this.
            command.uid(user).gid(group);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Gives a file or folder to this user.
    pub(super) fn take(&self, path: &Path) -> anyhow::Result<()> {
        if let Some((user, group)) = self.other {
            chown(path, Some(user), Some(group))
                .with_context(|| format!("cannot hand over {}", path.display()))?;
        }
        Ok(())
    }

    /// A prefix of this version that the user can run: the pinned one, or a copy of it in the run's folder where its
    /// folder is closed to others (as /root usually is).
    pub(super) fn prefix(&self, major: Major) -> anyhow::Result<PathBuf> {
        let prefix = parts::postgres(major)?;
        if self.can_run(&prefix) {
            return Ok(prefix);
        }
        let copy = guard::once(&format!("postgresql-{major}"), |copy| {
            // Hard links where the file system allows them.
            copy_folder("-al", &prefix, copy).or_else(|_| copy_folder("-a", &prefix, copy))
        })?;
        if !self.can_run(&copy) {
            bail!(
                "PostgreSQL {major} does not run, neither in {} nor as a copy",
                prefix.display()
            );
        }
        Ok(copy)
    }

    /// Whether the user can run the server in this prefix.
    fn can_run(&self, prefix: &Path) -> bool {
        self.command(&prefix.join("bin/postgres"))
            .arg("--version")
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// Copies a folder with the owners and modes of its files.
pub(super) fn copy_folder(how: &str, from: &Path, to: &Path) -> anyhow::Result<()> {
    let output = Command::new("cp")
        .args([how, "-T"])
        .arg(from)
        .arg(to)
        .output()?;
    if !output.status.success() {
        drop(fs::remove_dir_all(to));
        bail!(
            "cannot copy {}: {}",
            from.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
