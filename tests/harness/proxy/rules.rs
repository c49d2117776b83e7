//! What is to go wrong, and how the lanes learn of it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// One of the two ways of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What the client sends.
    ToServer,
    /// What the server sends.
    ToClient,
}

/// What is to go wrong in one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LaneRules {
    /// Nothing is taken.
    pub(super) stalled: bool,
    /// How much later each piece is passed on.
    pub(super) delay: Duration,
    /// How much passes in a second.
    pub(super) bytes_per_sec: Option<u32>,
    /// After how many bytes of a connection it is reset.
    pub(super) cut_after: Option<u64>,
    /// Which byte of a connection is garbled.
    pub(super) flip: Option<u64>,
}

/// What is to go wrong.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// What the client sends.
    to_server: LaneRules,
    /// What the server sends.
    to_client: LaneRules,
    /// Not even the end of a connection is passed on.
    pub(super) silent: bool,
    /// How often all connections were cut.
    pub(super) cuts: u64,
    /// How many connections there were.
    pub(super) connections: usize,
    /// The proxy is dropped.
    pub(super) is_over: bool,
}

impl Rules {
    /// Gives the rules of a direction.
    pub(super) fn lane(&mut self, direction: Direction) -> &mut LaneRules {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    /// Forgets what was to go wrong.
    pub(super) fn heal(&mut self) {
        self.to_server = LaneRules::default();
        self.to_client = LaneRules::default();
        self.silent = false;
    }
}

/// The rules, and a bell that rings when they change.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The rules.
    rules: Mutex<Rules>,
    /// The bell.
    changed: Condvar,
}

impl Shared {
    /// Looks at the rules.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Rules) -> T) -> T {
        look(&self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes them, and rings.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Rules) -> T) -> T {
        let changed = change(&mut self.rules.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
        changed
    }

    /// Gives a direction's rules, once nothing stalls it or it is cut, and whether it is cut.
    pub(super) fn wait_unstalled(&self, direction: Direction, cuts: u64) -> (LaneRules, bool) {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rules = self
            .changed
            .wait_while(rules, |rules| {
                rules.cuts == cuts && rules.lane(direction).stalled
            })
            .unwrap_or_else(PoisonError::into_inner);
        (*rules.lane(direction), rules.cuts != cuts)
    }

    /// Waits until the rules change, for at most that long.
    pub(super) fn wait(&self, at_most: Duration) {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_timeout(rules, at_most));
    }

    /// Waits while not even the end of a connection is passed on.
    pub(super) fn wait_audible(&self, cuts: u64) {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.changed
                .wait_while(rules, |rules| rules.silent && rules.cuts == cuts),
        );
    }
}
