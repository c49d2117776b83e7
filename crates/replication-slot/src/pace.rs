//! Paced reading: how long the next read waits while there is a backlog.
//!
//! A walsender hands each message to its socket at once. A reader that takes each small segment at
//! once makes it walk the whole TCP path for each; one that leaves data in the socket for about a
//! millisecond gets several times as much, with less work on both sides. When little arrives, a wait
//! would only be latency, so there is none. (Measured in docs/performance.md.)

use std::time::{Duration, Instant};

/// Decides how long the next read waits. Reads no clock.
///
/// It is a bucket that leaks: what is read fills it, time empties it. There is a backlog from when it
/// holds `BEGIN_BYTES` until it is empty, so that a server that gets no processor for some
/// milliseconds does not end it.
#[derive(Debug)]
pub struct Pace {
    /// What is in the bucket, in bytes.
    level: u64,
    /// When the last read ended.
    last: Instant,
    /// Whether there is a backlog.
    backlog: bool,
}

impl Pace {
    /// Begins without a backlog.
    pub const fn new(now: Instant) -> Self {
        Self {
            level: 0,
            last: now,
            backlog: false,
        }
    }

    /// Takes note of a read of `bytes` bytes.
    pub fn read(&mut self, bytes: usize, now: Instant) {
        let elapsed = now.saturating_duration_since(self.last).as_micros();
        let leaked = u64::try_from(elapsed)
            .unwrap_or(u64::MAX)
            .saturating_mul(LEAK_BYTES_PER_MS)
            / 1000;
        let rest = self.level.saturating_sub(leaked);
        self.backlog &= rest > 0;
        self.level = rest
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX))
            .min(MOST_BYTES);
        self.backlog |= self.level >= BEGIN_BYTES;
        self.last = now;
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
/// What leaks: a rate of some ten small transactions a millisecond.
const LEAK_BYTES_PER_MS: u64 = 4 * 1024;
/// With so much in the bucket a backlog begins.
const BEGIN_BYTES: u64 = 16 * 1024;
/// The bucket's size: without reads it is empty after 64 ms.
const MOST_BYTES: u64 = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_is_never_delayed_and_a_flood_is() {
        let begin = test_clock();
        let mut pace = Pace::new(begin);
        let at = |micros| begin + Duration::from_micros(micros);
        for i in 1..=2_000 {
            pace.read(490, at(i * 1000));
            assert_eq!(
                pace.delay(at(i * 1000)),
                None,
                "a thousand small transactions a second"
            );
        }
        let start = 2_000_000;
        for i in 1..=100 {
            pace.read(490, at(start + i * 20));
        }
        assert!(pace.is_backlog(), "fifty a millisecond");
        assert_eq!(
            pace.delay(at(start + 2_000)),
            Some(Duration::from_millis(1))
        );
        assert_eq!(pace.delay(at(start + 3_000)), None, "the wait is over");
        pace.read(490, at(start + 8_000));
        assert!(
            pace.is_backlog(),
            "the server was without a processor for some milliseconds"
        );
        pace.read(490, at(start + 90_000));
        assert_eq!(
            pace.delay(at(start + 90_000)),
            None,
            "caught up: read at once"
        );
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
