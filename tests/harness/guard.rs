//! The run's folder, and the guardian that cleans up after it.
//!
//! Every server and program of a run works in a subfolder of one temporary folder (its current directory lies there,
//! which its children inherit). The guardian is a small shell in a process group of its own that waits for the end of
//! a pipe whose other end only this process holds. The kernel closes that end however this process ends, SIGKILL
//! included; the guardian then ends everything that works in the folder, and removes it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::Context as _;

use crate::must::must;

/// The folder of this run: each server and program gets a subfolder, see [`folder`].
#[must_use]
pub fn run_folder() -> &'static Path {
    static RUN: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let (folder, _guardian) = RUN.get_or_init(|| must(start()));
    folder
}

/// Makes a new folder for one server or program; the number makes the name unique.
///
/// # Panics
/// If it can't be made.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = run_folder().join(format!("{number}-{name}"));
    must(std::fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display())));
    folder
}

/// Makes something of this name in the run's folder when it is asked for first, and returns where it is.
pub(crate) fn once(
    name: &str,
    make: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    static MADE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let path = run_folder().join(name);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if !made.contains(&path) {
        make(&path)?;
        made.insert(path.clone());
    }
    Ok(path)
}

/// Makes the run's folder and starts its guardian.
fn start() -> anyhow::Result<(PathBuf, Child)> {
    let folder = tempfile::Builder::new()
        .prefix("outflow-")
        .tempdir()
        .context("no run folder")?;
    // Servers may run as another user, who must get through.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    let guardian = Command::new("sh")
        .args(["-c", GUARDIAN, "guardian"])
        .arg(folder.path())
        .current_dir("/")
        // Ctrl-C on the terminal ends the test process, not its guardian.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start the guardian")?;
    // From here on the folder is the guardian's to remove.
    Ok((folder.keep(), guardian))
}

/// The guardian. PostgreSQL gets its immediate shutdown first, which gives its shared memory back; what is still there
/// after that, or is no PostgreSQL, is killed until nothing works in the folder.
const GUARDIAN: &str = r#"
folder=$1
inside() {
    for process in /proc/[0-9]*; do
        case $(readlink "$process/cwd") in "$folder" | "$folder"/*) echo "${process#/proc/}" ;; esac
    done
}
read -r _
for file in "$folder"/*/data/postmaster.pid; do
    [ -f "$file" ] && kill -QUIT "$(head -n 1 "$file")"
done
for pid in $(inside); do
    [ "$(cat "/proc/$pid/comm")" = postgres ] || kill -KILL "$pid"
done
round=0
while pids=$(inside) && [ -n "$pids" ]; do
    round=$((round + 1))
    [ "$round" -le 50 ] || kill -KILL $pids
    sleep 0.1
done
for file in "$folder"/*/data/postmaster.pid; do
    [ -f "$file" ] && ipcrm -m "$(sed -n '7s/.* //p' "$file")"
done
rm -rf "$folder" || { sleep 1; rm -rf "$folder"; }
"#;
