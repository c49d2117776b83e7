//! Delivery reports on their way from the delivery thread to the session.
//!
//! The lock is taken once a report on the one side and once a batch on the other, and is never
//! held for longer than a push or a swap: librdkafka's wrapper does not say where a batch of
//! reports ends, and an uncontended lock costs less than the polling that would find out.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rdkafka::error::RDKafkaErrorCode;

use crate::classify::is_consequence;
use crate::waker::Waker;

/// One delivery report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// What was given to librdkafka with the record, see [`crate::flight::Flight`].
    pub(crate) opaque: usize,
    /// Why the record was not delivered; `None` if it was.
    pub(crate) refused: Option<RDKafkaErrorCode>,
}

/// The reports that wait to be taken, and who wants to hear of them.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// What the two sides share.
    state: Mutex<State>,
    /// Signals a closing producer that a report has come.
    arrived: Condvar,
    /// Whether something failed, so that nothing more may be enqueued.
    failed: AtomicBool,
    /// How many reports have come.
    reported: AtomicUsize,
    /// Wakes the session.
    waker: Waker,
}

/// What the lock protects.
#[derive(Debug)]
struct State {
    /// The reports, in the order of arrival.
    reports: Vec<Report>,
    /// How many reports the session wants to be woken at; the maximum while it wants none.
    wake_at: usize,
    /// Whether a closing producer waits on `arrived`.
    awaited: bool,
}

impl Inbox {
    /// Makes an empty one.
    pub(crate) fn new(waker: Waker) -> Self {
        let state = State {
            reports: Vec::new(),
            wake_at: usize::MAX,
            awaited: false,
        };
        Self {
            state: Mutex::new(state),
            arrived: Condvar::new(),
            failed: AtomicBool::new(false),
            reported: AtomicUsize::new(0),
            waker,
        }
    }

    /// Adds a report; wakes the session if that was the last it waits for, or at a failure: the
    /// first, and each that is the cause of others.
    pub(crate) fn push(&self, report: Report) {
        self.reported.fetch_add(1, Ordering::Relaxed);
        let mut state = self.lock();
        state.reports.push(report);
        let wanted = state.reports.len() >= state.wake_at;
        if wanted {
            state.wake_at = usize::MAX;
        }
        let awaited = state.awaited;
        drop(state);
        if let Some(code) = report.refused {
            self.fail();
            if !is_consequence(code) {
                self.waker.wake();
            }
        }
        if wanted {
            self.waker.wake();
        }
        if awaited {
            self.arrived.notify_one();
        }
    }

    /// Counts the reports that have come so far.
    pub(crate) fn reported(&self) -> usize {
        self.reported.load(Ordering::Relaxed)
    }

    /// Notes that nothing more may be enqueued, and wakes the session the first time.
    pub(crate) fn fail(&self) {
        if !self.failed.swap(true, Ordering::Relaxed) {
            self.waker.wake();
        }
    }

    /// Wakes the session because something may have failed.
    pub(crate) fn nudge(&self) {
        self.waker.wake();
    }

    /// Says whether something failed. It may be behind by what is being pushed just now.
    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Takes all reports in exchange for an empty vector, whose capacity is used again.
    pub(crate) fn take(&self, empty: &mut Vec<Report>) {
        debug_assert!(empty.is_empty(), "reports would go back");
        mem::swap(&mut self.lock().reports, empty);
    }

    /// Asks for one wake, as soon as that many reports wait; at once if they do already.
    pub(crate) fn request_wake(&self, at: usize) {
        let mut state = self.lock();
        let here = state.reports.len() >= at;
        state.wake_at = if here { usize::MAX } else { at };
        drop(state);
        if here {
            self.waker.wake();
        }
    }

    /// Waits until a report is there; `false` if there is none at the deadline.
    pub(crate) fn wait(&self, deadline: Instant) -> bool {
        let mut state = self.lock();
        state.awaited = true;
        while state.reports.is_empty() {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                break;
            };
            let waited = self.arrived.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.awaited = false;
        !state.reports.is_empty()
    }

    /// Takes the lock; a thread that panicked leaves reports that are complete.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker as TaskWaker};
    use std::time::{Duration, Instant};

    use rdkafka::error::RDKafkaErrorCode;

    use super::{Inbox, Report};
    use crate::waker::Waker;

    /// Whether the waker was used since it was looked at last.
    fn woken(waker: &Waker) -> bool {
        let task = TaskWaker::noop();
        pin!(waker.notified()).poll(&mut Context::from_waker(task)) == Poll::Ready(())
    }

    /// The report of a success.
    fn success(opaque: usize) -> Report {
        Report {
            opaque,
            refused: None,
        }
    }

    #[test]
    fn successes_wake_nobody_who_did_not_ask() {
        let waker = Waker::new();
        let inbox = Inbox::new(waker.clone());
        inbox.push(success(1));
        assert!(!woken(&waker));
    }

    #[test]
    fn one_request_is_one_wake_at_the_number_asked_for() {
        let waker = Waker::new();
        let inbox = Inbox::new(waker.clone());
        inbox.request_wake(2);
        inbox.push(success(1));
        assert!(!woken(&waker));
        inbox.push(success(2));
        assert!(woken(&waker));
        inbox.push(success(3));
        assert!(!woken(&waker));
        inbox.request_wake(3);
        assert!(woken(&waker), "three reports wait already");
    }

    #[test]
    fn a_failure_wakes_without_being_asked_once_and_at_its_cause() {
        let waker = Waker::new();
        let inbox = Inbox::new(waker.clone());
        let purged = Some(RDKafkaErrorCode::PurgeQueue);
        inbox.push(Report {
            opaque: 1,
            refused: purged,
        });
        assert!(woken(&waker));
        assert!(inbox.failed());
        inbox.push(Report {
            opaque: 2,
            refused: purged,
        });
        assert!(!woken(&waker));
        inbox.push(Report {
            opaque: 3,
            refused: Some(RDKafkaErrorCode::InvalidRecord),
        });
        assert!(woken(&waker), "the cause is waited for");
    }

    #[test]
    fn reports_are_taken_in_order_and_once() {
        let inbox = Inbox::new(Waker::new());
        inbox.push(success(1));
        inbox.push(success(2));
        let mut reports = Vec::new();
        inbox.take(&mut reports);
        assert_eq!(reports, [success(1), success(2)]);
        reports.clear();
        inbox.take(&mut reports);
        assert_eq!(reports, []);
    }

    #[test]
    fn waiting_ends_with_a_report_or_at_the_deadline() {
        let inbox = Inbox::new(Waker::new());
        assert!(!inbox.wait(Instant::now()));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| inbox.wait(Instant::now() + Duration::from_secs(60)));
            inbox.push(success(1));
            assert!(waiting.join().expect("no panic"));
        });
    }
}
