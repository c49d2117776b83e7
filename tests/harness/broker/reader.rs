//! Reading topics back, without a consumer group.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::Consumed;
use crate::must::must;

/// Reads topics from their beginning and keeps what it has read, so that a test can go on with it.
pub struct Reader {
    /// The client; dropped with the reader.
    consumer: BaseConsumer,
    /// The topics to read.
    topics: Vec<String>,
    /// Which partitions are read, each with the offset after the last record that was taken.
    partitions: HashMap<(String, i32), i64>,
    /// When metadata were asked for last.
    asked: Option<Instant>,
    /// What was read so far.
    records: Vec<Consumed>,
}

impl Reader {
    /// A reader that has read nothing yet.
    pub(super) fn new(config: &ClientConfig, topics: &[&str]) -> anyhow::Result<Self> {
        let consumer = config
            .clone()
            .set("group.id", "outflow-tests")
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            // Requests for metadata wait behind the fetch on the connection, 500 ms by default.
            .set("fetch.wait.max.ms", "20")
            .set("fetch.error.backoff.ms", "20")
            .set("topic.metadata.refresh.fast.interval.ms", "50")
            .create()?;
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Ok(Self {
            consumer,
            topics,
            partitions: HashMap::new(),
            asked: None,
            records: Vec::new(),
        })
    }

    /// What was read so far.
    #[must_use]
    pub fn records(&self) -> &[Consumed] {
        &self.records
    }

    /// What was read, for good.
    #[must_use]
    pub fn into_records(self) -> Vec<Consumed> {
        self.records
    }

    /// Reads on until the condition holds for all that was read so far.
    ///
    /// # Panics
    /// At the deadline.
    #[track_caller]
    pub fn until(
        &mut self,
        deadline: Duration,
        mut condition: impl FnMut(&[Consumed]) -> bool,
    ) -> &[Consumed] {
        let start = Instant::now();
        while !condition(&self.records) {
            if start.elapsed() >= deadline {
                let (number, topics) = (self.records.len(), &self.topics);
                panic!("waited {deadline:?} in vain for records of {topics:?}; {number} are there");
            }
            must(self.step());
        }
        &self.records
    }

    /// Reads on to where the topics end now.
    ///
    /// # Panics
    /// At the deadline.
    #[track_caller]
    pub fn to_the_end(&mut self, deadline: Duration) -> &[Consumed] {
        let ends = must(self.ends());
        let start = Instant::now();
        while ends
            .iter()
            .any(|(partition, end)| self.partitions.get(partition) < Some(end))
        {
            let number = self.records.len();
            assert!(
                start.elapsed() < deadline,
                "the end was not reached after {number} records"
            );
            must(self.step());
        }
        &self.records
    }

    /// The end of each partition now; partitions that were not known are read from here on.
    fn ends(&mut self) -> anyhow::Result<Vec<((String, i32), i64)>> {
        self.assign_new()?;
        self.partitions
            .keys()
            .map(|(topic, partition)| {
                let (_, end) = self.consumer.fetch_watermarks(topic, *partition, REQUEST)?;
                Ok(((topic.clone(), *partition), end))
            })
            .collect()
    }

    /// Waits a moment for one record and takes it.
    fn step(&mut self) -> anyhow::Result<()> {
        if self
            .asked
            .is_none_or(|asked| asked.elapsed() >= METADATA_AGE)
        {
            // While the broker is away there are no metadata, and the deadline decides.
            drop(self.assign_new());
        }
        let record = match self.consumer.poll(MOMENT) {
            None => return Ok(()),
            Some(Ok(message)) => Consumed::of(&message),
            // An end may lie behind the last record, after the marker of a transaction.
            Some(Err(KafkaError::PartitionEOF(_))) => return self.note_positions(),
            Some(Err(error)) if is_passing(&error) => return Ok(()),
            Some(Err(error)) => return Err(error).context("cannot read"),
        };
        self.partitions
            .insert((record.topic.clone(), record.partition), record.offset + 1);
        self.records.push(record);
        Ok(())
    }

    /// Takes over the client's positions, which may be past the last record.
    fn note_positions(&mut self) -> anyhow::Result<()> {
        for element in self.consumer.position()?.elements() {
            if let Offset::Offset(offset) = element.offset() {
                let key = (element.topic().to_owned(), element.partition());
                let position = self.partitions.entry(key).or_insert(offset);
                *position = (*position).max(offset);
            }
        }
        Ok(())
    }

    /// Looks for partitions that are not read yet, and reads them from their beginning.
    fn assign_new(&mut self) -> anyhow::Result<()> {
        let mut new = TopicPartitionList::new();
        // All topics are asked for: to ask for one that does not exist is an error that stays for a while.
        let metadata = self.consumer.fetch_metadata(None, REQUEST);
        self.asked = Some(Instant::now());
        let metadata = metadata?;
        let wanted = metadata
            .topics()
            .iter()
            .filter(|topic| self.topics.iter().any(|name| name == topic.name()));
        for topic in wanted {
            for partition in topic.partitions() {
                let key = (topic.name().to_owned(), partition.id());
                if let Entry::Vacant(place) = self.partitions.entry(key) {
                    new.add_partition_offset(topic.name(), partition.id(), Offset::Beginning)?;
                    place.insert(0);
                }
            }
        }
        if new.count() > 0 {
            self.consumer.incremental_assign(&new)?;
        }
        Ok(())
    }
}

/// Whether the client gets over this by itself, while a broker restarts or a topic is young.
fn is_passing(error: &KafkaError) -> bool {
    use rdkafka::types::RDKafkaErrorCode as Code;
    error.rdkafka_error_code().is_some_and(|code| {
        [
            Code::BrokerTransportFailure,
            Code::AllBrokersDown,
            Code::OperationTimedOut,
            Code::Resolve,
            Code::UnknownTopicOrPartition,
            Code::UnknownTopic,
            Code::UnknownPartition,
            Code::NotLeaderForPartition,
            Code::LeaderNotAvailable,
        ]
        .contains(&code)
    })
}

/// How long one poll waits at most: it ends early when a record comes.
const MOMENT: Duration = Duration::from_millis(50);
/// How old metadata get while topics or partitions may still appear.
const METADATA_AGE: Duration = Duration::from_millis(100);
/// How long a single request may take.
const REQUEST: Duration = Duration::from_secs(10);
