//! Signals: the first asks for an orderly end, the second for an end at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for SIGTERM and SIGINT.
#[derive(Debug)]
pub(crate) struct Shutdown {
    /// `kill`, systemd, Kubernetes.
    terminate: Signal,
    /// Ctrl-C.
    interrupt: Signal,
}

impl Shutdown {
    /// Begins to listen; from here on these signals no longer end the process by themselves.
    ///
    /// # Errors
    /// The system's error where it refuses the handlers.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    /// Safe: a signal that comes meanwhile is reported by the next call.
    pub(crate) async fn signalled(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
