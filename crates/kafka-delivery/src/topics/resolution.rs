//! One topic on its way to being usable: what to do with each answer.
//!
//! ```text
//!   look ──► present ─────────────────────────────────► Ready
//!     │         ├─ just created, a leader missing ──┐
//!     │         └─ a leader is not ready ───────────┤
//!     ├──► absent, may be created ──► create ───────┤
//!     ├──► absent, else ─────────────► trouble ─────┤
//!     └──► no answer ────────────────► trouble ─────┴──► look again, later
//! ```

use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode as Code;
use tracing::info;

use super::TopicTrouble;
use super::backoff::delay;
use super::memory::TopicMemory;
use crate::config::TopicPolicy;

/// What Kafka says of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// It does not exist.
    Absent,
    /// It exists, and a leader does not know yet that it leads.
    Settling,
    /// It exists.
    Present {
        /// How many partitions it has; none while it is being created.
        partitions: u32,
        /// How many of them have no leader.
        leaderless: u32,
    },
}

/// A question that was not answered as hoped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// What went wrong.
    pub(super) code: Code,
    /// The same for people.
    pub(super) text: String,
    /// What mends it, where that is known.
    pub(super) hint: Option<String>,
}

/// Kafka, as far as topics are concerned.
pub(super) trait Cluster {
    /// Looks at a topic.
    ///
    /// # Errors
    ///
    /// No answer, or one that is about neither its presence nor its absence.
    fn look(&mut self, topic: &str) -> Result<View, Failure>;

    /// Creates a topic.
    ///
    /// # Errors
    ///
    /// [`Code::TopicAlreadyExists`], or why it could not be created.
    fn create(&mut self, topic: &str, policy: &TopicPolicy) -> Result<(), Failure>;
}

/// One topic on its way.
#[derive(Debug)]
pub(super) struct Resolution {
    /// The topic's name.
    topic: String,
    /// Whether it was created by this resolution.
    created: bool,
    /// How many attempts in a row came to nothing.
    attempts: u32,
}

/// What comes after an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is done.
    Ready {
        /// How many partitions there are.
        partitions: u32,
    },
    /// Look again after that time; meanwhile the session may be shown why.
    Again {
        /// How long to wait.
        after: Duration,
        /// Why, if it is not just a matter of a moment.
        trouble: Option<TopicTrouble>,
    },
}

impl Resolution {
    /// Starts with a topic that nothing is known of.
    pub(super) const fn new(topic: String) -> Self {
        Self {
            topic,
            created: false,
            attempts: 0,
        }
    }

    /// Makes one attempt.
    pub(super) fn attempt(
        &mut self,
        cluster: &mut impl Cluster,
        policy: &TopicPolicy,
        memory: &TopicMemory,
    ) -> Next {
        match cluster.look(&self.topic) {
            Ok(View::Present {
                partitions,
                leaderless,
            }) => {
                memory.remember(&self.topic);
                if partitions > 0 && (leaderless == 0 || !self.created) {
                    return Next::Ready { partitions };
                }
                self.settling(Code::LeaderNotAvailable, "it is being created")
            }
            Ok(View::Settling) => {
                memory.remember(&self.topic);
                self.settling(Code::LeaderNotAvailable, "a leader is not ready")
            }
            Ok(View::Absent) if self.created => self.settling(
                Code::UnknownTopicOrPartition,
                "it was created and cannot be seen",
            ),
            Ok(View::Absent) if memory.knows(&self.topic) => {
                self.trouble(Code::UnknownTopicOrPartition, GONE, None)
            }
            Ok(View::Absent) if policy.create => self.create(cluster, policy, memory),
            Ok(View::Absent) => self.trouble(Code::UnknownTopicOrPartition, MISSING, None),
            Err(failure) => self.trouble(failure.code, &failure.text, failure.hint),
        }
    }

    /// Creates the topic, and looks at it again soon.
    fn create(
        &mut self,
        cluster: &mut impl Cluster,
        policy: &TopicPolicy,
        memory: &TopicMemory,
    ) -> Next {
        match cluster.create(&self.topic, policy) {
            Ok(()) => info!(topic = %self.topic, "created the topic"),
            Err(failure) if failure.code == Code::TopicAlreadyExists => {}
            Err(failure) => {
                let text = format!("it does not exist and cannot be created: {}", failure.text);
                return self.trouble(failure.code, &text, failure.hint);
            }
        }
        memory.remember(&self.topic);
        self.created = true;
        self.attempts = 0;
        Next::Again {
            after: delay(SOON, 0),
            trouble: None,
        }
    }

    /// Waits for a topic that is being created: for a moment without a word.
    fn settling(&mut self, code: Code, text: &str) -> Next {
        let after = delay(SOON, self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        let trouble = (self.attempts > PATIENCE).then(|| self.why(code, text, None));
        Next::Again { after, trouble }
    }

    /// Waits for something to change.
    fn trouble(&mut self, code: Code, text: &str, hint: Option<String>) -> Next {
        let after = delay(FIRST, self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        Next::Again {
            after,
            trouble: Some(self.why(code, text, hint)),
        }
    }

    /// Says why the topic cannot be used yet.
    fn why(&self, code: Code, text: &str, hint: Option<String>) -> TopicTrouble {
        TopicTrouble {
            topic: self.topic.clone(),
            code,
            text: text.to_owned(),
            hint,
        }
    }
}

/// What is said of a topic that is missing and may not be created.
const MISSING: &str = "it does not exist, and kafka.topics.create is false";
/// What is said of a topic that was seen and is gone.
const GONE: &str = "it was deleted; outflow does not create a topic again that it has seen";

/// The first wait after trouble.
const FIRST: Duration = Duration::from_millis(200);
/// The first wait after a creation.
const SOON: Duration = Duration::from_millis(20);
/// How many looks at a topic that is being created are not worth a word; about two seconds.
const PATIENCE: u32 = 7;

#[cfg(test)]
mod tests;
