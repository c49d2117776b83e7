//! The producer on librdkafka's own mock of a cluster: real sockets, no Kafka.
//!
//! The mock knows no CreateTopics; creating is tested on a script of answers (`topics`), and on a
//! real Kafka (`tests/e2e`).

use std::time::{Duration, Instant};

use outflow_event_router::{Record, RecordParts, TopicId, TopicName};
use outflow_pgoutput::Lsn;
use outflow_replication_slot::{EventId, Ledger};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message, OwnedMessage};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaErrorCode as Code, RDKafkaRespErr as Broker};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{Closed, Producer};
use crate::classify::Class;
use crate::config::{ProducerConfig, TopicPolicy};
use crate::error::{DeliveryError, EnqueueError, Rejected};
use crate::link::Connectivity;
use crate::report::Settled;
use crate::topics::{TopicMemory, TopicState, TopicTrouble};
use crate::waker::Waker;

/// A cluster, a session's producer and its ledger.
struct Scene {
    cluster: MockCluster<'static, DefaultProducerContext>,
    producer: Producer,
    ledger: Ledger,
    waker: Waker,
    topic: TopicName,
    next: u64,
}

/// What a record of a test has; the rest is left out.
#[derive(Clone, Copy, Default)]
struct Parts<'a> {
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    headers: &'a [(&'a str, &'a [u8])],
    partition: Option<i32>,
    timestamp: Option<i64>,
}

impl Scene {
    /// Starts them, with a topic of that many partitions that is ready.
    fn new(partitions: i32, properties: &[(&str, &str)]) -> Self {
        Self::with_window(partitions, properties, 24 << 20)
    }

    /// The same with a window of that many bytes.
    fn with_window(partitions: i32, properties: &[(&str, &str)], in_flight_bytes: u64) -> Self {
        let cluster = MockCluster::new(1).expect("a cluster");
        cluster
            .create_topic("order.events", partitions, 1)
            .expect("a topic");
        let mut config = config(cluster.bootstrap_servers(), properties);
        config.in_flight_bytes = in_flight_bytes;
        let mut scene = Self::start(cluster, &config);
        let ready = scene.resolved();
        assert_eq!(ready, Ok(partitions.unsigned_abs()));
        scene
    }

    /// Starts a producer for a cluster.
    fn start(
        cluster: MockCluster<'static, DefaultProducerContext>,
        config: &ProducerConfig,
    ) -> Self {
        let waker = Waker::new();
        let producer = Producer::start(config, 1, waker.clone(), TopicMemory::new());
        Self {
            cluster,
            producer: producer.expect("a producer"),
            ledger: Ledger::new(1, Lsn::ZERO),
            waker,
            topic: TopicName::new("order.events").expect("a name"),
            next: 10,
        }
    }

    /// Waits until the topic is ready or in trouble.
    fn resolved(&mut self) -> Result<u32, TopicTrouble> {
        let topic = self.topic.clone();
        self.wait(
            |scene| match scene.producer.topic(TopicId::new(0), &topic) {
                TopicState::Ready { partitions } => Some(Ok(partitions)),
                TopicState::Waiting(trouble) => Some(Err(trouble.clone())),
                TopicState::Resolving => None,
            },
        )
    }

    /// Looks until there is something, at the start and after each wake.
    fn wait<T>(&mut self, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        let waker = self.waker.clone();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build();
            let woken = async { tokio::time::timeout(left, waker.notified()).await };
            runtime
                .expect("a runtime")
                .block_on(woken)
                .expect("a wake before the deadline");
        }
    }

    /// Commits a transaction with these records, and gives its first event.
    fn transaction(&mut self, records: &[Parts<'_>]) -> EventId {
        let first = EventId {
            commit_lsn: Lsn::new(self.next),
            ordinal: 0,
        };
        self.ledger.begin();
        for (ordinal, parts) in (0..).zip(records) {
            self.enqueue(*parts, EventId { ordinal, ..first })
                .expect("room for a record");
        }
        self.ledger.commit(Lsn::new(self.next + 5));
        self.next += 10;
        first
    }

    /// Enqueues one record.
    fn enqueue(&mut self, parts: Parts<'_>, event: EventId) -> Result<(), Rejected> {
        let record = Record::from(RecordParts {
            topic_id: TopicId::new(0),
            topic: &self.topic,
            key: parts.key,
            value: parts.value,
            headers: parts.headers,
            partition: parts.partition,
            timestamp: parts.timestamp,
            row_id: "1",
            relation: "public.outbox",
        });
        let ticket = self.ledger.admit().expect("an open transaction");
        self.producer.enqueue(&record, event, ticket)
    }

    /// Settles until nothing is in flight or something fails, and says how much was.
    fn drain(&mut self) -> Result<Settled, DeliveryError> {
        let mut total = Settled::default();
        self.wait(|scene| {
            match scene.producer.settle(&mut scene.ledger) {
                Ok(settled) => total += settled,
                Err(error) => return Some(Err(error)),
            }
            if scene.producer.in_flight().records == 0 {
                return Some(Ok(total));
            }
            scene.producer.request_wake();
            None
        })
    }

    /// Where the slot may move to.
    fn flushed(&self) -> u64 {
        self.ledger.flushed().as_lsn().as_u64()
    }

    /// Closes the producer, and waits for its end.
    fn close(mut self) -> (Closed, Duration) {
        let before = Instant::now();
        let mut ledger = std::mem::replace(&mut self.ledger, Ledger::new(2, Lsn::ZERO));
        let closed = self.producer.close(&mut ledger, PATIENCE);
        (closed, before.elapsed())
    }

    /// Reads that many messages from the topic.
    fn read(&self, partitions: i32, count: usize) -> Vec<OwnedMessage> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.cluster.bootstrap_servers());
        config.set("group.id", "test").set("check.crcs", "true");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            let from =
                assignment.add_partition_offset("order.events", partition, Offset::Beginning);
            from.expect("an offset");
        }
        consumer.assign(&assignment).expect("an assignment");
        let deadline = Instant::now() + PATIENCE;
        let mut messages = Vec::new();
        while messages.len() < count && Instant::now() < deadline {
            if let Some(message) = consumer.poll(Duration::from_millis(10)) {
                messages.push(message.expect("a message").detach());
            }
        }
        assert_eq!(messages.len(), count);
        messages
    }
}

/// The configuration for these brokers.
fn config(brokers: String, properties: &[(&str, &str)]) -> ProducerConfig {
    ProducerConfig {
        brokers: vec![brokers],
        name: "test".to_owned(),
        properties: properties
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
        topics: TopicPolicy {
            create: false,
            ..TopicPolicy::default()
        },
        in_flight_bytes: 24 << 20,
    }
}

/// A record with this value alone.
fn value(value: &[u8]) -> Parts<'_> {
    Parts {
        value: Some(value),
        ..Parts::default()
    }
}

#[test]
fn delivery_settles_the_ledger_across_partitions() {
    let mut scene = Scene::new(4, &[]);
    let keys: Vec<String> = (0..100).map(|key| key.to_string()).collect();
    let records: Vec<Parts<'_>> = keys
        .iter()
        .map(|key| Parts {
            key: Some(key.as_bytes()),
            ..value(b"v")
        })
        .collect();
    for _ in 0..3 {
        scene.transaction(&records);
    }
    let bytes = 3 * (10 * 2 + 90 * 3);
    assert_eq!(
        scene.drain(),
        Ok(Settled {
            records: 300,
            bytes
        })
    );
    assert_eq!(scene.flushed(), 35);
    assert_eq!(scene.ledger.unsettled(), 0);
    let (closed, _) = scene.close();
    assert_eq!((closed.failure, closed.unreported), (None, 0));
    assert!(closed.remains.wait(PATIENCE), "librdkafka is destroyed");
}

#[test]
fn a_record_arrives_as_it_was_given() {
    let mut scene = Scene::new(2, &[]);
    let headers: &[(&str, &[u8])] = &[
        ("id", b"7"),
        ("twice", b"1"),
        ("twice", b""),
        ("b", b"\xff"),
    ];
    scene.transaction(&[
        Parts {
            key: Some(b"k"),
            headers,
            partition: Some(1),
            ..value(b"\x00\xff")
        },
        Parts {
            partition: Some(1),
            timestamp: Some(1_700_000_000_123),
            ..Parts::default()
        },
        Parts {
            key: Some(b""),
            partition: Some(1),
            ..value(b"")
        },
    ]);
    scene.drain().expect("delivered");
    let messages = scene.read(2, 3);
    let [first, tombstone, empty] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(
        (first.key(), first.payload()),
        (Some(&b"k"[..]), Some(&b"\x00\xff"[..]))
    );
    let found = first.headers().expect("headers");
    let found: Vec<(&str, Option<&[u8]>)> = found.iter().map(|h| (h.key, h.value)).collect();
    let given: Vec<(&str, Option<&[u8]>)> = headers.iter().map(|(k, v)| (*k, Some(*v))).collect();
    assert_eq!(found, given);
    assert_eq!((tombstone.key(), tombstone.payload()), (None, None));
    assert!(tombstone.headers().is_none());
    assert_eq!(tombstone.timestamp().to_millis(), Some(1_700_000_000_123));
    assert_eq!(
        (empty.key(), empty.payload()),
        (Some(&b""[..]), Some(&b""[..]))
    );
    assert!(messages.iter().all(|message| message.partition() == 1));
}

#[test]
fn records_of_one_partition_arrive_in_order() {
    let mut scene = Scene::new(1, &[]);
    let values: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    for values in values.chunks(10) {
        let records: Vec<Parts<'_>> = values.iter().map(|v| value(v.as_bytes())).collect();
        scene.transaction(&records);
    }
    scene.drain().expect("delivered");
    let found = scene.read(1, values.len());
    let found: Vec<&[u8]> = found.iter().filter_map(Message::payload).collect();
    assert_eq!(
        found,
        values.iter().map(String::as_bytes).collect::<Vec<_>>()
    );
}

#[test]
fn a_key_goes_to_the_partition_that_java_gives_it() {
    // From Kafka's own test of murmur2 (UtilsTest.testMurmur2).
    let hashes: [(&[u8], i32); 6] = [
        (b"21", -973_932_308),
        (b"foobar", -790_332_482),
        (b"a-little-bit-long-string", -985_981_536),
        (b"a-little-bit-longer-string", -1_486_304_829),
        (
            b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
            -58_897_971,
        ),
        (b"abc", 479_470_107),
    ];
    let partitions = 13;
    let mut scene = Scene::new(partitions, &[]);
    let records: Vec<Parts<'_>> = hashes
        .iter()
        .map(|(key, _)| Parts {
            key: Some(key),
            ..value(b"v")
        })
        .collect();
    scene.transaction(&records);
    scene.drain().expect("delivered");
    for message in scene.read(partitions, hashes.len()) {
        let (_, hash) = hashes
            .iter()
            .find(|(key, _)| message.key() == Some(key))
            .expect("a key");
        assert_eq!(
            message.partition(),
            (hash & 0x7fff_ffff) % partitions,
            "{:?}",
            message.key()
        );
    }
}

#[test]
fn a_record_over_the_limit_is_given_back_and_others_go_on() {
    let mut scene = Scene::new(1, &[("message.max.bytes", "2000")]);
    scene.ledger.begin();
    let event = EventId {
        commit_lsn: Lsn::new(1),
        ordinal: 0,
    };
    // At the limit there is no room for the record's own frame: librdkafka says so itself.
    for size in [2001, 2000] {
        let rejected = scene
            .enqueue(value(&vec![b'x'; size]), event)
            .expect_err("too large");
        assert_eq!(
            rejected.error,
            EnqueueError::TooLarge {
                size: 2001,
                limit: 2000
            }
        );
        assert_eq!(rejected.error.class(), Some(Class::Poison));
        let skipped = outflow_replication_slot::SkipReason::NullPayload;
        let how = outflow_replication_slot::Settlement::Skipped(skipped);
        scene.ledger.settle(rejected.ticket, how);
    }
    scene
        .enqueue(value(&[b'x'; 1900]), event)
        .expect("small enough");
    scene.ledger.commit(Lsn::new(5));
    scene.drain().expect("delivered");
    assert_eq!(scene.flushed(), 5);
}

/// Lets the broker refuse the second of three transactions, and gives what is made of that.
fn refused(code: Broker) -> (DeliveryError, EventId) {
    let mut scene = Scene::new(1, &[]);
    scene.transaction(&[value(b"1")]);
    scene.drain().expect("delivered");
    scene
        .cluster
        .request_errors(RDKafkaApiKey::Produce, &[code]);
    let second = scene.transaction(&[value(b"2"), value(b"2b")]);
    scene.transaction(&[value(b"3")]);
    let error = scene.drain().expect_err("refused");
    assert_eq!(
        scene.flushed(),
        15,
        "nothing past the refused record is confirmed"
    );
    assert_eq!(
        scene.producer.settle(&mut scene.ledger),
        Err(error.clone()),
        "it stays poisoned"
    );
    scene.ledger.begin();
    let rejected = scene.enqueue(value(b"4"), second).expect_err("poisoned");
    assert_eq!(rejected.error, EnqueueError::Poisoned);
    let (closed, _) = scene.close();
    assert_eq!(closed.failure.as_ref(), Some(&error));
    assert_eq!(closed.unreported, 0);
    (error, second)
}

#[test]
fn a_refusal_by_the_broker_names_the_first_event_and_confirms_nothing_past_it() {
    for (broker, code, class) in [
        (
            Broker::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
            Code::MessageSizeTooLarge,
            Class::Poison,
        ),
        (
            Broker::RD_KAFKA_RESP_ERR_INVALID_RECORD,
            Code::InvalidRecord,
            Class::Poison,
        ),
        (
            Broker::RD_KAFKA_RESP_ERR_UNKNOWN,
            Code::Unknown,
            Class::Retry,
        ),
        (
            Broker::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            Code::TopicAuthorizationFailed,
            Class::Retry,
        ),
    ] {
        let (error, event) = refused(broker);
        let topic = "order.events".to_owned();
        assert_eq!(error, DeliveryError::Refused { code, event, topic });
        assert_eq!(error.class(), class, "{code:?}");
    }
}

#[test]
fn what_a_broker_asks_to_retry_is_retried_inside() {
    let mut scene = Scene::new(1, &[]);
    scene.cluster.request_errors(
        RDKafkaApiKey::Produce,
        &[
            Broker::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            Broker::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            Broker::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
            Broker::RD_KAFKA_RESP_ERR__TRANSPORT,
        ],
    );
    scene.transaction(&[value(b"1"), value(b"2")]);
    scene.drain().expect("delivered");
    assert_eq!(scene.flushed(), 15);
}

#[test]
fn a_producer_that_may_not_be_one_fails_without_an_event() {
    let cluster = MockCluster::new(1).expect("a cluster");
    cluster.create_topic("order.events", 1, 1).expect("a topic");
    let refusal = Broker::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
    cluster.request_errors(RDKafkaApiKey::InitProducerId, &[refusal; 10]);
    let config = config(cluster.bootstrap_servers(), &[]);
    let mut scene = Scene::start(cluster, &config);
    let error = scene.wait(|scene| scene.producer.settle(&mut scene.ledger).err());
    assert_eq!(error.code(), Some(Code::ClusterAuthorizationFailed));
    assert_eq!((error.event(), error.class()), (None, Class::Retry));
}

#[test]
fn a_full_window_is_back_pressure_while_kafka_is_away_and_opens_again() {
    let mut scene = Scene::with_window(1, &[], 3 * 600);
    scene.cluster.broker_down(-1).expect("down");
    scene.ledger.begin();
    let event = EventId {
        commit_lsn: Lsn::new(10),
        ordinal: 0,
    };
    for _ in 0..3 {
        assert!(scene.producer.has_room(88));
        scene.enqueue(value(&[0; 88]), event).expect("room");
    }
    assert!(!scene.producer.has_room(0));
    let rejected = scene.enqueue(value(b"x"), event).expect_err("no room");
    assert_eq!(
        (rejected.error, rejected.error.class()),
        (EnqueueError::QueueFull, None)
    );
    let down = scene.wait(|scene| match scene.producer.connectivity() {
        Connectivity::Down { reason, .. } => Some(reason),
        Connectivity::Up | Connectivity::Unknown => None,
    });
    assert!(!down.is_empty());
    scene.cluster.broker_up(-1).expect("up");
    assert_eq!(
        scene.drain(),
        Ok(Settled {
            records: 3,
            bytes: 264
        })
    );
    assert_eq!(scene.producer.connectivity(), Connectivity::Up);
    assert!(scene.producer.has_room(1 << 40), "nothing is in flight");
}

#[test]
fn a_topic_that_appears_becomes_ready() {
    let cluster = MockCluster::new(1).expect("a cluster");
    let config = config(cluster.bootstrap_servers(), &[]);
    let mut scene = Scene::start(cluster, &config);
    let trouble = scene.resolved().expect_err("it is missing");
    assert_eq!(trouble.code, Code::UnknownTopicOrPartition);
    scene.ledger.begin();
    let event = EventId {
        commit_lsn: Lsn::new(10),
        ordinal: 0,
    };
    let rejected = scene
        .enqueue(value(b"early"), event)
        .expect_err("not ready");
    assert_eq!(rejected.error, EnqueueError::TopicNotReady);
    scene.ledger = Ledger::new(1, Lsn::ZERO);

    scene
        .cluster
        .create_topic("order.events", 2, 1)
        .expect("a topic");
    let topic = scene.topic.clone();
    scene.wait(|scene| {
        let state = scene.producer.topic(TopicId::new(0), &topic);
        (state == TopicState::Ready { partitions: 2 }).then_some(())
    });
    scene.transaction(&[value(b"1")]);
    scene.drain().expect("delivered");
}

#[test]
fn closing_does_not_wait_for_a_kafka_that_is_away() {
    let mut scene = Scene::new(1, &[]);
    scene.cluster.broker_down(-1).expect("down");
    scene.transaction(&[value(b"1"), value(b"2")]);
    let (closed, took) = scene.close();
    assert_eq!((closed.settled, closed.unreported), (Settled::default(), 0));
    assert_eq!(
        closed.failure, None,
        "what we purge ourselves is no failure"
    );
    assert!(took < PATIENCE / 2, "{took:?}");
    assert!(closed.remains.wait(PATIENCE), "librdkafka is destroyed");
}

#[test]
fn a_kafka_that_was_never_there_is_shown_and_left() {
    let cluster = MockCluster::new(1).expect("a cluster");
    let mut scene = Scene::start(cluster, &config("127.0.0.1:1".to_owned(), &[]));
    let trouble = scene.resolved().expect_err("nobody answers");
    assert_eq!(trouble.class(), Class::Retry);
    assert!(trouble.text.contains("127.0.0.1:1"), "{trouble}");
    let state = scene.producer.connectivity();
    assert!(matches!(state, Connectivity::Down { .. }), "{state:?}");
    let (closed, _) = scene.close();
    assert!(closed.remains.wait(PATIENCE), "librdkafka is destroyed");
}

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);
