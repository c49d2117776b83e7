//! Paced reading: how long the next read waits while there is a backlog.
//!
//! A walsender hands each message to its socket at once. While every message is taken at once, each
//! walks the whole TCP path alone, and the walsender spends its time there. What it cannot send, for
//! the receive window is full, joins in its socket, and then goes in segments of 64 KiB.
//!
//! On one machine ([`Distance::SameMachine`]) the window is small, so a backlog is read in turns: the
//! walsender is left alone for a while, then all that has joined is read without a wait. Over a
//! network a small window would limit the rate, so there a read only waits a millisecond after the
//! last one. When little arrives a wait would only be latency, so there is none. (Measured in
//! docs/performance.md.)

use std::time::{Duration, Instant};

/// How far away the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distance {
    /// On this machine, with a small receive window.
    SameMachine,
    /// Behind a network, or a socket without a window.
    Network,
}

/// Decides how long the next read waits. Reads no clock.
///
/// It is a bucket that leaks: what is read fills it, time empties it. There is a backlog from when it
/// holds `BEGIN_BYTES` until it is empty, so that a server that gets no processor for some
/// milliseconds does not end it.
#[derive(Debug)]
pub(crate) struct Pace {
    /// How far away the server is.
    distance: Distance,
    /// What is in the bucket, in bytes.
    level: u64,
    /// When the last read ended.
    last: Instant,
    /// Whether there is a backlog.
    backlog: bool,
    /// Whether the last read found so much that more has joined behind it.
    more: bool,
}

impl Pace {
    /// Begins without a backlog.
    pub(crate) const fn new(distance: Distance, now: Instant) -> Self {
        Self {
            distance,
            level: 0,
            last: now,
            backlog: false,
            more: false,
        }
    }

    /// Takes note of a read of `bytes` bytes.
    pub(crate) fn read(&mut self, bytes: usize, now: Instant) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let elapsed = now.saturating_duration_since(self.last).as_micros();
        let leaked = u64::try_from(elapsed)
            .unwrap_or(u64::MAX)
            .saturating_mul(LEAK_BYTES_PER_MS)
            / 1000;
        let rest = self.level.saturating_sub(leaked);
        self.backlog &= rest > 0;
        self.level = rest.saturating_add(bytes).min(MOST_BYTES);
        self.backlog |= self.level >= BEGIN_BYTES;
        self.more = self.distance == Distance::SameMachine && bytes >= JOINED_BYTES;
        self.last = now;
    }

    /// Gives how long the next read should wait, if at all.
    pub(crate) fn delay(&self, now: Instant) -> Option<Duration> {
        let period = match self.distance {
            Distance::SameMachine => TURN,
            Distance::Network => PERIOD,
        };
        let wait = (self.last + period).saturating_duration_since(now);
        (self.backlog && !self.more && !wait.is_zero()).then_some(wait)
    }

    /// Says whether more arrives than trickles in.
    pub(crate) const fn is_backlog(&self) -> bool {
        self.backlog
    }
}

/// How long a walsender on this machine is left alone.
const TURN: Duration = Duration::from_millis(10);
/// With so much found, more has joined: about a third of the window.
const JOINED_BYTES: u64 = 24 * 1024;
/// The time between two reads over a network.
const PERIOD: Duration = Duration::from_millis(1);
/// What leaks: a rate of some sixteen small transactions a millisecond, which a walsender sends one
/// by one without effort.
const LEAK_BYTES_PER_MS: u64 = 8 * 1024;
/// With so much in the bucket a backlog begins: more than a hiccup lets gather.
const BEGIN_BYTES: u64 = 64 * 1024;
/// The bucket's size: without reads it is empty after 64 ms.
const MOST_BYTES: u64 = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_is_never_delayed_and_a_flood_is() {
        let begin = test_clock();
        let mut pace = Pace::new(Distance::Network, begin);
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
        for i in 1..=200 {
            pace.read(490, at(start + i * 10));
        }
        assert!(pace.is_backlog(), "a hundred a millisecond");
        assert_eq!(
            pace.delay(at(start + 2_000)),
            Some(Duration::from_millis(1))
        );
        assert_eq!(pace.delay(at(start + 3_000)), None, "the wait is over");
        pace.read(490, at(start + 4_000));
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

    #[test]
    fn a_backlog_on_one_machine_is_read_in_turns() {
        let begin = test_clock();
        let mut pace = Pace::new(Distance::SameMachine, begin);
        pace.read(70_000, begin);
        assert_eq!(pace.delay(begin), None, "more has joined behind it");
        pace.read(60_000, begin);
        pace.read(3_000, begin);
        assert_eq!(
            pace.delay(begin),
            Some(TURN),
            "all is read: now the walsender is left alone"
        );
        assert_eq!(pace.delay(begin + TURN), None);
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
