//! How the producer's threads get a session's attention.

use std::sync::Arc;

use tokio::sync::Notify;

/// A handle that wakes the task that owns the producer; cloning it is cheap.
///
/// A wake that comes before the task waits is kept, and several are one.
#[derive(Clone, Debug, Default)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Makes a handle that nobody waits on yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits for the next wake.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a wake that was not taken stays for the next wait.
    pub async fn notified(&self) {
        self.0.notified().await;
    }

    /// Wakes the task, or lets its next wait end at once.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}
