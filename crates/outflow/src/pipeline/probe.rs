//! Asks from time to time whether the server still takes connections.
//!
//! Behind unread rows the server's own questions are not seen, and a walsender with unsent WAL keeps
//! a fast shutdown waiting for ever. So while reading is paused, or there is a backlog, a
//! short-lived connection asks; a server that is shutting down or gone ends the session. It is never
//! a standing connection, which would hold up a smart shutdown.

use std::time::Duration;

use outflow_replication_slot::connect::{self, ConnectConfig, Probe};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Asks the server, at most once at a time.
#[derive(Debug)]
pub(crate) struct Prober {
    /// Whom to ask.
    config: ConnectConfig,
    /// The question under way.
    asking: Option<JoinHandle<Probe>>,
    /// When to ask again.
    next: Instant,
}

impl Prober {
    /// Makes a prober that asks for the first time after an interval.
    pub(crate) fn new(config: ConnectConfig) -> Self {
        Self {
            config,
            asking: None,
            next: Instant::now() + INTERVAL,
        }
    }

    /// Asks, unless it was done a moment ago.
    pub(crate) fn start_if_due(&mut self) {
        let now = Instant::now();
        if self.asking.is_none() && now >= self.next {
            let config = self.config.clone();
            self.asking = Some(tokio::spawn(async move {
                connect::probe(&config, PATIENCE).await
            }));
            self.next = now + INTERVAL;
        }
    }

    /// Waits for the answer to the question under way: for ever if there is none.
    ///
    /// # Cancel safety
    /// Safe: the question goes on.
    pub(crate) async fn server_is_leaving(&mut self) -> bool {
        let Some(asking) = &mut self.asking else {
            return std::future::pending().await;
        };
        let answer = asking.await;
        self.asking = None;
        match answer {
            Ok(Probe::ShuttingDown | Probe::Refused) => true,
            Ok(Probe::Accepting | Probe::Unknown) | Err(_) => false,
        }
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        if let Some(asking) = &self.asking {
            asking.abort();
        }
    }
}

/// The time between two questions.
const INTERVAL: Duration = Duration::from_millis(1500);
/// How long an answer may take; no answer says nothing.
const PATIENCE: Duration = Duration::from_secs(2);
