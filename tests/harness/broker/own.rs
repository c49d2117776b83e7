//! A broker for one test: what only its owner may do with it.

use std::ops::Deref;

use anyhow::Context as _;
use nix::sys::signal::Signal;

use super::Broker;
use super::server::Server;
use crate::must::must;

/// A broker that belongs to one test, which may stop and kill it. Removed when dropped.
#[derive(Debug)]
pub struct OwnBroker(Broker);

impl Deref for OwnBroker {
    type Target = Broker;

    fn deref(&self) -> &Broker {
        &self.0
    }
}

impl OwnBroker {
    /// Takes over a broker that was started for it.
    pub(super) fn new(broker: Broker) -> Self {
        Self(broker)
    }

    /// Stops the broker in good order, and waits for its end.
    #[track_caller]
    pub fn stop(&self) {
        must(self.server().end(Signal::SIGTERM));
    }

    /// Kills the broker with SIGKILL.
    #[track_caller]
    pub fn kill9(&self) {
        must(self.server().end(Signal::SIGKILL));
    }

    /// Starts the broker again, on the same port, and waits until it answers with its metadata.
    #[track_caller]
    pub fn start(&self) {
        must(self.server().start());
    }

    /// Sends a signal: SIGSTOP makes a broker that takes connections and never answers, SIGCONT ends that.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        must(self.server().signal(signal));
    }

    /// The process behind it.
    #[track_caller]
    fn server(&self) -> &Server {
        must(
            self.0
                .server
                .as_ref()
                .context("this broker can't be controlled"),
        )
    }
}
