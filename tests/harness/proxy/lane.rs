//! One direction of one connection.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::rules::{Direction, LaneRules, Shared};

/// Reads at one end and writes at the other.
#[derive(Debug)]
pub(super) struct Lane {
    /// Which one it is.
    direction: Direction,
    /// Where it reads.
    from: Arc<TcpStream>,
    /// Where it writes.
    to: Arc<TcpStream>,
    /// How often the proxy had cut everything when the connection began.
    cuts: u64,
    /// Whether either lane was told to reset the connection.
    is_reset: Arc<AtomicBool>,
    /// What was read and is not due yet.
    pending: VecDeque<(Instant, Vec<u8>)>,
    /// How many bytes were passed on.
    passed: u64,
    /// When the rate allows the next byte.
    next: Instant,
}

/// What one round came to.
enum Round {
    /// Go on.
    On,
    /// The sender has ended.
    Ended,
    /// The connection is to be reset.
    Cut,
}

impl Lane {
    /// Makes a lane of a connection.
    pub(super) fn new(
        direction: Direction,
        from: Arc<TcpStream>,
        to: Arc<TcpStream>,
        cuts: u64,
        is_reset: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        from.set_read_timeout(Some(LOOK))?;
        to.set_nodelay(true)?;
        Ok(Self {
            direction,
            from,
            to,
            cuts,
            is_reset,
            pending: VecDeque::new(),
            passed: 0,
            next: Instant::now(),
        })
    }

    /// Passes on until an end.
    pub(super) fn run(mut self, shared: &Shared) {
        let end = loop {
            let (rules, is_cut) = shared.wait_unstalled(self.direction, self.cuts);
            if is_cut {
                break Round::Cut;
            }
            match self.round(rules, shared) {
                Ok(Round::On) => {}
                Ok(end) => break end,
                // The other lane, or one of the two ends, has closed the connection.
                Err(_) => break Round::Ended,
            }
        };
        match end {
            Round::Cut => self.reset(),
            // The other lane was told, and has ended both sides.
            Round::On | Round::Ended if self.is_reset.load(Ordering::Acquire) => {}
            Round::On | Round::Ended => {
                shared.wait_audible(self.cuts);
                self.to.shutdown(Shutdown::Write).ok();
            }
        }
    }

    /// Writes what is due, or reads what there is.
    fn round(&mut self, rules: LaneRules, shared: &Shared) -> io::Result<Round> {
        if let Some((due, _)) = self.pending.front() {
            let wait = due.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                let bytes = self.pending.pop_front().map(|(_, bytes)| bytes);
                return self.write(bytes.unwrap_or_default(), rules);
            }
            if self.pending.len() >= MOST_PENDING {
                shared.wait(wait.min(LOOK));
                return Ok(Round::On);
            }
        }
        let mut buffer = vec![0; rules.bytes_per_sec.map_or(PIECE, |_| SMALL_PIECE)];
        match (&*self.from).read(&mut buffer) {
            Ok(0) if self.pending.is_empty() => Ok(Round::Ended),
            Ok(0) => {
                shared.wait(LOOK);
                Ok(Round::On)
            }
            Ok(read) => {
                buffer.truncate(read);
                let due = (Instant::now() + rules.delay).max(self.next);
                if let Some(rate) = rules.bytes_per_sec.filter(|rate| *rate > 0) {
                    let bytes = u32::try_from(read).unwrap_or(u32::MAX);
                    self.next = due + Duration::from_secs(1) * bytes / rate;
                }
                self.pending.push_back((due, buffer));
                Ok(Round::On)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(Round::On)
            }
            Err(error) => Err(error),
        }
    }

    /// Passes bytes on, garbled or cut off as the rules say.
    fn write(&mut self, mut bytes: Vec<u8>, rules: LaneRules) -> io::Result<Round> {
        let place = |at: Option<u64>, passed: u64| {
            at.and_then(|at| at.checked_sub(passed))
                .and_then(|at| usize::try_from(at).ok())
        };
        if let Some(byte) = place(rules.flip, self.passed).and_then(|at| bytes.get_mut(at)) {
            *byte ^= 1;
        }
        let left = place(rules.cut_after, self.passed);
        let is_cut = left.is_some_and(|left| left <= bytes.len());
        if let (true, Some(left)) = (is_cut, left) {
            bytes.truncate(left);
        }
        (&*self.to).write_all(&bytes)?;
        self.passed += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(if is_cut { Round::Cut } else { Round::On })
    }

    /// Ends both sides; with this linger the close that follows sends a reset (socket(7)).
    fn reset(&self) {
        self.is_reset.store(true, Ordering::Release);
        for end in [&self.from, &self.to] {
            SockRef::from(&**end).set_linger(Some(Duration::ZERO)).ok();
        }
        // The peer's lane wakes from its read and drops its hold; the last one's close is the reset.
        self.from.shutdown(Shutdown::Read).ok();
        self.to.shutdown(Shutdown::Read).ok();
    }
}

/// How long a read waits before it looks at the rules again.
const LOOK: Duration = Duration::from_millis(10);
/// The most that is read at once.
const PIECE: usize = 64 * 1024;
/// The most that is read at once while the rate is bound.
const SMALL_PIECE: usize = 1024;
/// How many pieces may wait.
const MOST_PENDING: usize = 1024;
