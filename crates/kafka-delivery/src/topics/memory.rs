//! Which topics this process has seen.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The topics that were seen to exist since the process started, shared by its sessions.
///
/// A topic that was seen and is gone was deleted by somebody. It is not created again, because
/// what was in it would be missing without anyone being told.
#[derive(Clone, Debug, Default)]
pub struct TopicMemory(Arc<Mutex<HashSet<String>>>);

impl TopicMemory {
    /// Makes an empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says whether a topic was seen.
    pub fn knows(&self, topic: &str) -> bool {
        self.lock().contains(topic)
    }

    /// Notes that a topic was seen.
    pub fn remember(&self, topic: &str) {
        self.lock().insert(topic.to_owned());
    }

    /// Takes the lock; a set of names is whole at any moment.
    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
