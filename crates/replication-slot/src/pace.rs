//! Paced reading: how long the next read waits while there is a backlog.
//!
//! A walsender hands each message to its socket at once. A reader that takes each small segment at
//! once makes it walk the whole TCP path for each; one that leaves data in the socket for about a
//! millisecond gets several times as much, with less work on both sides. When little arrives, a wait
//! would only be latency, so there is none. (Measured in docs/performance.md.)

use std::time::{Duration, Instant};

/// Decides how long the next read waits. Reads no clock.
#[derive(Debug)]
pub struct Pace {
    /// When the window of the measurement began.
    window: Instant,
    /// What was read since, in bytes.
    bytes: usize,
    /// When the last read ended.
    last: Instant,
    /// Whether the last full window brought much.
    backlog: bool,
}

impl Pace {
    /// Begins without a backlog.
    pub const fn new(now: Instant) -> Self {
        Self {
            window: now,
            bytes: 0,
            last: now,
            backlog: false,
        }
    }

    /// Takes note of a read of `bytes` bytes.
    pub fn read(&mut self, bytes: usize, now: Instant) {
        self.last = now;
        self.bytes = self.bytes.saturating_add(bytes);
        let elapsed = now.saturating_duration_since(self.window);
        if elapsed >= PERIOD {
            let least = elapsed.as_micros().saturating_mul(BACKLOG_BYTES_PER_MS) / 1000;
            self.backlog = u128::try_from(self.bytes).unwrap_or(u128::MAX) >= least;
            self.window = now;
            self.bytes = 0;
        }
    }

    /// Gives how long the next read should wait, if at all.
    pub fn delay(&self, now: Instant) -> Option<Duration> {
        let wait = (self.last + PERIOD).saturating_duration_since(now);
        (self.backlog && !wait.is_zero()).then_some(wait)
    }

    /// Says whether more arrives than trickles in.
    pub const fn is_backlog(&self) -> bool {
        self.backlog
    }
}

/// The time between two reads while there is a backlog.
const PERIOD: Duration = Duration::from_millis(1);
/// From this rate on there is a backlog: some twenty small transactions a millisecond.
const BACKLOG_BYTES_PER_MS: u128 = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_is_never_delayed_and_a_flood_is() {
        let begin = test_clock();
        let mut pace = Pace::new(begin);
        let at = |micros| begin + Duration::from_micros(micros);
        for i in 1..=20 {
            pace.read(400, at(i * 1000));
            assert_eq!(
                pace.delay(at(i * 1000)),
                None,
                "a thousand small transactions a second"
            );
        }
        for i in 1..=20 {
            pace.read(400, at(20_000 + i * 20));
        }
        for i in 21..=120 {
            pace.read(400, at(20_000 + i * 20));
        }
        assert!(pace.is_backlog());
        assert_eq!(pace.delay(at(22_400)), Some(Duration::from_millis(1)));
        assert_eq!(pace.delay(at(23_400)), None, "the wait is over");
        pace.read(400, at(30_000));
        assert_eq!(pace.delay(at(30_000)), None, "caught up: read at once");
    }

    /// Gives any instant to count from.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test needs some instant to begin with"
    )]
    fn test_clock() -> Instant {
        Instant::now()
    }
}
