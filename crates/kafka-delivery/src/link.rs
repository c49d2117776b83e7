//! Whether any broker can be reached, as far as is known.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rdkafka::error::RDKafkaErrorCode;

use crate::advice::{Advice, Advisor};
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
        /// What went wrong at last, in librdkafka's words, with the setting that it is about.
        reason: String,
        /// What mends it, where that is known.
        hint: Option<String>,
    },
}

/// Keeps what librdkafka's threads learn about the brokers.
#[derive(Debug)]
pub(crate) struct Link {
    /// What is shown, and the last error of a single broker.
    state: Mutex<State>,
    /// Whether the state is `Up`: all that the path of a delivery looks at.
    up: AtomicBool,
    /// Says what an error means.
    advisor: Advisor,
    /// Wakes the session when the state changes.
    waker: Waker,
}

/// What the lock protects.
#[derive(Debug)]
struct State {
    /// What is shown.
    connectivity: Connectivity,
    /// The last error of a single broker, which says more than "all are down".
    last_error: Option<Advice>,
}

impl State {
    /// Notes an error of a single broker.
    fn note(&mut self, advice: Advice) {
        if let Connectivity::Down { reason, hint, .. } = &mut self.connectivity {
            advice.text.clone_into(reason);
            advice.hint.clone_into(hint);
        }
        self.last_error = Some(advice);
    }
}

impl Link {
    /// Makes one that knows nothing yet.
    pub(crate) fn new(advisor: Advisor, waker: Waker) -> Self {
        let state = State {
            connectivity: Connectivity::Unknown,
            last_error: None,
        };
        Self {
            state: Mutex::new(state),
            up: AtomicBool::new(false),
            advisor,
            waker,
        }
    }

    /// Gives what is known.
    pub(crate) fn connectivity(&self) -> Connectivity {
        self.lock().connectivity.clone()
    }

    /// Gives the reason why no broker can be reached, where that is so.
    pub(crate) fn down(&self) -> Option<Advice> {
        match &self.lock().connectivity {
            Connectivity::Down { reason, hint, .. } => Some(Advice {
                text: reason.clone(),
                hint: hint.clone(),
            }),
            Connectivity::Unknown | Connectivity::Up => None,
        }
    }

    /// Says whether a broker has answered since the last failure of all.
    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
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

    /// Notes a log line about a broker that closed the connection, if that was its first answer.
    pub(crate) fn disconnected(&self, line: &str) {
        let text = line.split_once("]: ").map_or(line, |(_, text)| text);
        if let Some((reason, _)) = text.split_once(" (after ")
            && text.contains("in state APIVERSION_QUERY")
        {
            self.lock().note(self.advisor.first_answer(reason));
        }
    }

    /// Notes an error that librdkafka reported about a broker, or about all of them.
    pub(crate) fn failed(&self, code: RDKafkaErrorCode, text: &str) {
        // What librdkafka counts at the end would make each repetition look new.
        let text = text
            .split_once(" (after ")
            .map_or(text, |(reason, _)| reason);
        let advice = self.advisor.connection(text);
        let mut state = self.lock();
        if code != RDKafkaErrorCode::AllBrokersDown {
            state.note(advice);
            return;
        }
        self.up.store(false, Ordering::Relaxed);
        if !matches!(state.connectivity, Connectivity::Down { .. }) {
            let Advice { text, hint } = state.last_error.take().unwrap_or(advice);
            state.connectivity = Connectivity::Down {
                since: Instant::now(),
                reason: text,
                hint,
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
    use crate::advice::Advisor;
    use crate::config::{ProducerConfig, TopicPolicy};
    use crate::waker::Waker;

    /// An advisor that has no advice for what is said here.
    fn advisor() -> Advisor {
        Advisor::new(&ProducerConfig {
            brokers: Vec::new(),
            name: String::new(),
            properties: Vec::new(),
            topics: TopicPolicy::default(),
            in_flight_bytes: 0,
        })
    }

    #[test]
    fn all_brokers_down_is_shown_with_the_reason_of_one_until_one_answers() {
        let link = Link::new(advisor(), Waker::new());
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
        assert_eq!(
            link.down().map(|down| down.text).as_deref(),
            Some("a:9092: connection refused")
        );
        link.failed(Code::Authentication, "a:9092: wrong password");
        assert_eq!(
            link.down().map(|down| down.text).as_deref(),
            Some("a:9092: wrong password")
        );
        link.answered();
        assert_eq!(link.connectivity(), Connectivity::Up);
    }
}
