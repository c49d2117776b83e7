//! One PostgreSQL server as a process with a folder.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Major;
use super::owner::Owner;
use super::template;
use crate::wait::try_until;
use crate::{PATIENCE, guard, ports};

/// How a server is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Waits for all clients to leave.
    Smart,
    /// Ends the sessions, writes a checkpoint, and sends all WAL to those who read it.
    Fast,
    /// Leaves at once, to recover at the next start.
    Immediate,
}

impl Stop {
    /// The signal that asks for it.
    pub(super) fn signal(self) -> Signal {
        match self {
            Self::Smart => Signal::SIGTERM,
            Self::Fast => Signal::SIGINT,
            Self::Immediate => Signal::SIGQUIT,
        }
    }
}

/// The server's folder, and its postmaster while it runs. Stopped and removed when dropped.
#[derive(Debug)]
pub(super) struct Server {
    /// Holds the data folder, the log and the Unix socket.
    folder: PathBuf,
    /// Where its programs are.
    prefix: PathBuf,
    /// Who it runs as.
    owner: Owner,
    /// Its TCP port.
    port: u16,
    /// The postmaster, once it was started, until its end was seen.
    postmaster: Mutex<Option<Child>>,
}

impl Server {
    /// Makes a data folder and starts a server on it.
    pub(super) fn create(major: Major, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let owner = Owner::of_servers()?;
        let prefix = owner.prefix(major)?;
        let folder = guard::folder(&format!("postgres-{major}"));
        owner.take(&folder)?;
        let port = ports::free()?;
        let server = Self {
            folder,
            prefix,
            owner,
            port,
            postmaster: Mutex::new(None),
        };
        template::copy(
            &server.owner,
            &server.prefix,
            major,
            &server.folder.join("data"),
        )?;
        server.configure(DEFAULTS)?;
        let sockets = server.folder.display().to_string();
        server.configure(&[
            ("port", &port.to_string()),
            ("unix_socket_directories", &sockets),
        ])?;
        server.configure(settings)?;
        server.start()?;
        Ok(server)
    }

    /// The folder of the Unix socket, above the data folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The TCP port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// What the server logged so far.
    pub(super) fn logs(&self) -> anyhow::Result<String> {
        let log = fs::read(self.folder.join(LOG)).context("cannot read the server's log")?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }

    /// Starts the postmaster and waits until it takes connections.
    pub(super) fn start(&self) -> anyhow::Result<()> {
        let mut postmaster = self.postmaster();
        if postmaster.is_some() {
            bail!("the server runs already");
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(LOG))?;
        let child = self
            .owner
            .command(&self.prefix.join("bin/postgres"))
            .arg("-D")
            .arg(self.folder.join("data"))
            .current_dir(&self.folder)
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log))
            .spawn()
            .context("cannot run postgres")?;
        let child = postmaster.insert(child);
        let pid = child.id().to_string();
        let ended = try_until(PATIENCE, "the server to be ready", || {
            match child.try_wait() {
                Ok(None) => self.is_ready(&pid).then_some(false),
                Ok(Some(_)) | Err(_) => Some(true),
            }
        });
        match ended {
            Ok(false) => Ok(()),
            Ok(true) => bail!("the server ended at once:\n{}", self.logs()?),
            Err(late) => Err(late.context(self.logs()?)),
        }
    }

    /// Whether the postmaster says in its lock file that it takes connections, which is what `pg_ctl` goes by.
    fn is_ready(&self, pid: &str) -> bool {
        let lock = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        let mut lines = lock.lines();
        lines.next() == Some(pid) && lines.nth(6).is_some_and(|status| status.trim() == "ready")
    }

    /// Sends a signal to the postmaster.
    pub(super) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let postmaster = self.postmaster();
        let child = postmaster.as_ref().context("the server is not running")?;
        kill(Pid::from_raw(i32::try_from(child.id())?), signal).context("cannot signal the server")
    }

    /// Waits for the postmaster's end.
    pub(super) fn wait_stopped(&self, deadline: Duration) -> anyhow::Result<()> {
        let mut postmaster = self.postmaster();
        let child = postmaster.as_mut().context("the server is not running")?;
        let ended = try_until(deadline, "the server to stop", || {
            child.try_wait().is_ok_and(|status| status.is_some())
        });
        ended.map_err(|late| late.context(self.logs().unwrap_or_default()))?;
        *postmaster = None;
        Ok(())
    }

    /// Kills the postmaster, and waits until its children have noticed: while one lives, no new server starts here.
    pub(super) fn kill9(&self) -> anyhow::Result<()> {
        self.signal(Signal::SIGKILL)?;
        self.wait_stopped(PATIENCE)?;
        try_until(PATIENCE, "the server's processes to end", || {
            !self.has_processes()
        })
    }

    /// Whether any process works in the data folder, as all of PostgreSQL's do.
    fn has_processes(&self) -> bool {
        let data = self.folder.join("data");
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .map(|process| process.path().join("cwd"))
            .any(|cwd| fs::read_link(cwd).is_ok_and(|folder| folder == data))
    }

    /// Adds settings to the configuration file.
    pub(super) fn configure(&self, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let mut file = OpenOptions::new()
            .append(true)
            .open(self.folder.join("data/postgresql.conf"))?;
        for (name, value) in settings {
            writeln!(file, "{name} = '{}'", value.replace('\'', "''"))?;
        }
        Ok(())
    }

    /// Writes a file into the data folder, for the server's eyes only.
    pub(super) fn write(&self, name: &str, content: &str) -> anyhow::Result<()> {
        let path = self.folder.join("data").join(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(content.as_bytes())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        self.owner.take(&path)
    }

    /// The postmaster; a test that failed while holding it leaves it as it is.
    fn postmaster(&self) -> MutexGuard<'_, Option<Child>> {
        self.postmaster
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever fails here, the guardian does again at the end of the run.
        if self.postmaster().is_some() {
            drop(self.signal(Stop::Immediate.signal()));
            drop(self.wait_stopped(PATIENCE));
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// The log's name in the folder.
const LOG: &str = "server.log";

/// Settings of every server: logical decoding, room for many tests at once, no waiting for disks.
///
/// `synchronous_commit` stays on: without it the WAL is flushed, and so decoded, up to 200 ms late.
const DEFAULTS: &[(&str, &str)] = &[
    ("wal_level", "logical"),
    ("max_replication_slots", "60"),
    ("max_wal_senders", "60"),
    ("max_connections", "200"),
    ("listen_addresses", "127.0.0.1"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("max_wal_size", "4GB"),
    ("jit", "off"),
    ("log_replication_commands", "on"),
    ("log_line_prefix", "%m [%p] %d %a "),
    // In the data folder rather than in /dev/shm, so that it is removed with it.
    ("dynamic_shared_memory_type", "mmap"),
];
