//! The real Kafka behind a resolution.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::{BaseProducer, Producer};

use super::resolution::{Cluster, Failure, View};
use crate::advice::{Advice, Advisor, Doing};
use crate::config::TopicPolicy;
use crate::context::{Context, LogOnly};
use crate::link::Link;

/// Kafka, seen through the producer's own connections; a client that creates topics is made when
/// it is needed first.
pub(crate) struct KafkaCluster {
    /// The producer, which thereby learns where the topic's partitions are.
    producer: Arc<BaseProducer<Context>>,
    /// Where it is noted that a broker has answered.
    link: Arc<Link>,
    /// Says what a refusal means.
    advisor: Advisor,
    /// What the client for creations is made from.
    config: ClientConfig,
    /// The client for creations.
    admin: Option<AdminClient<LogOnly>>,
}

impl KafkaCluster {
    /// Makes the view of Kafka that a producer has.
    pub(crate) const fn new(
        producer: Arc<BaseProducer<Context>>,
        link: Arc<Link>,
        advisor: Advisor,
        config: ClientConfig,
    ) -> Self {
        Self {
            producer,
            link,
            advisor,
            config,
            admin: None,
        }
    }

    /// Lets the client for creations go until it is needed again.
    pub(super) fn rest(&mut self) {
        self.admin = None;
    }

    /// Gives the client for creations.
    fn admin(&mut self) -> Result<&AdminClient<LogOnly>, KafkaError> {
        let admin = match self.admin.take() {
            Some(admin) => admin,
            None => self.config.create_with_context(LogOnly)?,
        };
        Ok(self.admin.insert(admin))
    }

    /// Makes a failure of an error, with the reason why no broker answers if that is it.
    fn failure(&self, error: &KafkaError, topic: &str, doing: Doing) -> Failure {
        // rdkafka 0.39 gives no code for this one.
        if let KafkaError::AdminOp(code) = error {
            return self.answer(*code, topic, doing);
        }
        let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
        let unanswered = matches!(code, Code::BrokerTransportFailure | Code::OperationTimedOut);
        let reason = if unanswered { self.link.down() } else { None };
        let Advice { text, hint } = reason.unwrap_or_else(|| Advice {
            text: error.to_string(),
            hint: self.advisor.topic(code, topic, doing),
        });
        Failure { code, text, hint }
    }

    /// Makes a failure of a broker's answer.
    fn answer(&self, code: Code, topic: &str, doing: Doing) -> Failure {
        let hint = self.advisor.topic(code, topic, doing);
        let text = match hint {
            Some(_) => self.advisor.at(code),
            None => code.to_string(),
        };
        Failure { code, text, hint }
    }

    /// Reads what metadata says of a topic.
    fn view(&self, topic: &MetadataTopic) -> Result<View, Failure> {
        match topic.error().map(Code::from) {
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => return Ok(View::Absent),
            Some(Code::LeaderNotAvailable) | None => {}
            Some(code) => return Err(self.answer(code, topic.name(), Doing::Look)),
        }
        let leaderless = topic
            .partitions()
            .iter()
            .filter(|partition| partition.leader() < 0)
            .count();
        Ok(View::Present {
            partitions: count(topic.partitions().len()),
            leaderless: count(leaderless),
        })
    }
}

impl KafkaCluster {
    /// Says whether a partition's leader does not know yet that it leads.
    ///
    /// For some tenths of a second after a creation or a restart a broker refuses what is produced. With several batches
    /// in flight the first could be refused and the second taken, since a broker that has no state of a producer takes
    /// any sequence number: that would be out of order.
    fn is_settling(&self, topic: &MetadataTopic) -> bool {
        let client = self.producer.client();
        topic
            .partitions()
            .iter()
            .filter(|partition| partition.leader() >= 0)
            .filter_map(|partition| {
                let asked = client.fetch_watermarks(topic.name(), partition.id(), LOOK);
                asked.err()?.rdkafka_error_code()
            })
            .any(|code| {
                matches!(
                    code,
                    Code::NotLeaderForPartition
                        | Code::LeaderNotAvailable
                        | Code::UnknownTopicOrPartition
                        | Code::ReplicaNotAvailable
                )
            })
    }
}

impl Cluster for KafkaCluster {
    fn look(&mut self, topic: &str) -> Result<View, Failure> {
        let metadata = self.producer.client().fetch_metadata(Some(topic), LOOK);
        let metadata = metadata.map_err(|error| self.failure(&error, topic, Doing::Look))?;
        self.link.answered();
        let view = match metadata.topics().first() {
            Some(topic) => self.view(topic)?,
            None => View::Absent,
        };
        let is_settling = metadata
            .topics()
            .first()
            .is_some_and(|topic| self.is_settling(topic));
        Ok(if is_settling { View::Settling } else { view })
    }

    fn create(&mut self, topic: &str, policy: &TopicPolicy) -> Result<(), Failure> {
        let replication = TopicReplication::Fixed(policy.replication_factor.unwrap_or(-1));
        let mut new = NewTopic::new(topic, policy.partitions.unwrap_or(-1), replication);
        for (name, value) in &policy.config {
            new = new.set(name, value);
        }
        let options = AdminOptions::new()
            .request_timeout(Some(REQUEST))
            .operation_timeout(Some(OPERATION));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| Failure {
            code: Code::CriticalSystemResource,
            text: error.to_string(),
            hint: None,
        })?;
        let answers = match self.admin() {
            Ok(admin) => runtime.block_on(admin.create_topics([&new], &options)),
            Err(error) => Err(error),
        };
        match answers
            .map_err(|error| self.failure(&error, topic, Doing::Create))?
            .into_iter()
            .next()
        {
            Some(Err((_, code))) => Err(self.answer(code, topic, Doing::Create)),
            Some(Ok(_)) | None => Ok(()),
        }
    }
}

/// Fits a count into 32 bits, as Kafka's counts do.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// How long one look waits for a broker's answer.
const LOOK: Duration = Duration::from_secs(3);
/// How long the controller may take to create a topic.
const OPERATION: Duration = Duration::from_secs(10);
/// How long the answer about a creation is waited for.
const REQUEST: Duration = Duration::from_secs(15);
