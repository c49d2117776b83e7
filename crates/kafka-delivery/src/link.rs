//! Whether any broker can be reached, as far as is known.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rdkafka::error::RDKafkaErrorCode;

use crate::waker::Waker;

/// What is known of the way to Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connectivity {
    /// No broker has answered or failed yet.
    Unknown,
    /// A broker has answered since the last failure of all.
    Up,
    /// No broker can be reached.
    Down {
        /// Since when.
        since: Instant,
        /// What went wrong at last, in librdkafka's words.
        reason: String,
    },
}

/// Keeps what librdkafka's threads learn about the brokers.
#[derive(Debug)]
pub(crate) struct Link {
    /// What is shown, and the last error of a single broker.
    state: Mutex<State>,
    /// Whether the state is `Up`: all that the path of a delivery looks at.
    up: AtomicBool,
    /// Wakes the session when the state changes.
    waker: Waker,
}

/// What the lock protects.
#[derive(Debug)]
struct State {
    /// What is shown.
    connectivity: Connectivity,
    /// The last error of a single broker, which says more than "all are down".
    last_error: Option<String>,
}

impl Link {
    /// Makes one that knows nothing yet.
    pub(crate) fn new(waker: Waker) -> Self {
        let state = State {
            connectivity: Connectivity::Unknown,
            last_error: None,
        };
        Self {
            state: Mutex::new(state),
            up: AtomicBool::new(false),
            waker,
        }
    }

    /// Gives what is known.
    pub(crate) fn connectivity(&self) -> Connectivity {
        self.lock().connectivity.clone()
    }

    /// Gives the reason why no broker can be reached, where that is so.
    pub(crate) fn down(&self) -> Option<String> {
        match &self.lock().connectivity {
            Connectivity::Down { reason, .. } => Some(reason.clone()),
            Connectivity::Unknown | Connectivity::Up => None,
        }
    }

    /// Notes that a broker has answered.
    pub(crate) fn answered(&self) {
        if !self.up.load(Ordering::Relaxed) {
            let mut state = self.lock();
            self.up.store(true, Ordering::Relaxed);
            state.last_error = None;
            state.connectivity = Connectivity::Up;
            drop(state);
            self.waker.wake();
        }
    }

    /// Notes an error that librdkafka reported about a broker, or about all of them.
    pub(crate) fn failed(&self, code: RDKafkaErrorCode, text: &str) {
        // What librdkafka counts at the end would make each repetition look new.
        let text = text
            .split_once(" (after ")
            .map_or(text, |(reason, _)| reason);
        let mut state = self.lock();
        if code != RDKafkaErrorCode::AllBrokersDown {
            state.last_error = Some(text.to_owned());
            if let Connectivity::Down { reason, .. } = &mut state.connectivity {
                text.clone_into(reason);
            }
            return;
        }
        self.up.store(false, Ordering::Relaxed);
        if !matches!(state.connectivity, Connectivity::Down { .. }) {
            let reason = state.last_error.take().unwrap_or_else(|| text.to_owned());
            state.connectivity = Connectivity::Down {
                since: Instant::now(),
                reason,
            };
            drop(state);
            self.waker.wake();
        }
    }

    /// Takes the lock; what is behind it is text to show, whole at any moment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::error::RDKafkaErrorCode as Code;

    use super::{Connectivity, Link};
    use crate::waker::Waker;

    #[test]
    fn all_brokers_down_is_shown_with_the_reason_of_one_until_one_answers() {
        let link = Link::new(Waker::new());
        assert_eq!(link.connectivity(), Connectivity::Unknown);
        link.failed(
            Code::BrokerTransportFailure,
            "a:9092: connection refused (after 1ms in ..)",
        );
        assert_eq!(
            link.connectivity(),
            Connectivity::Unknown,
            "others may be there"
        );
        link.failed(Code::AllBrokersDown, "1/1 brokers are down");
        assert_eq!(link.down().as_deref(), Some("a:9092: connection refused"));
        link.failed(Code::Authentication, "a:9092: wrong password");
        assert_eq!(link.down().as_deref(), Some("a:9092: wrong password"));
        link.answered();
        assert_eq!(link.connectivity(), Connectivity::Up);
    }
}
