//! A server for one test: what only its owner may do with it.

use std::ops::Deref;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::{Postgres, Stop};
use crate::must::must;
use crate::{PATIENCE, wait_until};

/// A server that belongs to one test, which may stop, kill and configure it. Removed when dropped.
#[derive(Debug)]
pub struct OwnPostgres(Postgres);

impl Deref for OwnPostgres {
    type Target = Postgres;

    fn deref(&self) -> &Postgres {
        &self.0
    }
}

impl OwnPostgres {
    /// Takes over a server that was started for it.
    pub(super) fn new(server: Postgres) -> Self {
        Self(server)
    }

    /// Stops the server and waits for its end.
    #[track_caller]
    pub fn stop(&self, how: Stop) {
        self.begin_stop(how);
        self.wait_stopped(PATIENCE);
    }

    /// Asks the server to stop, and returns at once.
    #[track_caller]
    pub fn begin_stop(&self, how: Stop) {
        must(self.server().signal(how.signal()));
    }

    /// Waits for the end of the server.
    #[track_caller]
    pub fn wait_stopped(&self, deadline: Duration) {
        must(self.server().wait_stopped(deadline));
    }

    /// Kills the postmaster with SIGKILL, as a crash would, and waits for the end of its children too.
    #[track_caller]
    pub fn kill9(&self) {
        must(self.server().kill9());
    }

    /// Starts the server again, on the same port, and waits until it takes connections.
    #[track_caller]
    pub fn start(&self) {
        must(self.server().start());
    }

    /// Sends a signal to the postmaster.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        must(self.server().signal(signal));
    }

    /// Adds settings to `postgresql.conf`; they hold after [`reload`](Self::reload) or a restart.
    #[track_caller]
    pub fn configure(&self, settings: &[(&str, &str)]) {
        must(self.server().configure(settings));
    }

    /// Replaces `pg_hba.conf` and reloads. The superuser keeps a line of its own on the Unix socket, which the
    /// harness uses.
    #[track_caller]
    pub fn pg_hba(&self, lines: &str) {
        must(self.server().write(
            "pg_hba.conf",
            &format!("local all postgres trust\n{lines}\n"),
        ));
        self.reload();
    }

    /// Writes a file (a certificate, a key) into the data folder, readable by the server alone.
    #[track_caller]
    pub fn write(&self, name: &str, content: &str) {
        must(self.server().write(name, content));
    }

    /// Makes the server read its configuration files again, and waits until new connections follow them.
    #[track_caller]
    pub fn reload(&self) {
        let loaded = || self.sql().text("SELECT pg_conf_load_time()");
        let before = loaded();
        self.signal(Signal::SIGHUP);
        wait_until(PATIENCE, "the configuration to be loaded", || {
            loaded() != before
        });
    }
}
