//! The producer on a real Kafka: what a mock of one cannot show. See also `crates/kafka-delivery`.

use std::time::{Duration, Instant};

use ::harness::{Broker, PATIENCE, wait_until};
use nix::sys::signal::Signal;
use outflow_event_router::{Record, RecordParts, TopicId, TopicName};
use outflow_kafka_delivery::{
    Class, Connectivity, DeliveryError, EventId, Producer, ProducerConfig, Settled, TopicMemory,
    TopicPolicy, TopicState, TopicTrouble, Waker,
};
use outflow_pgoutput::Lsn;
use outflow_replication_slot::Ledger;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode as Code;

#[test]
fn a_missing_topic_is_created_as_configured() {
    let broker = Broker::shared();
    let policy = TopicPolicy {
        partitions: Some(5),
        config: vec![("cleanup.policy".to_owned(), "compact".to_owned())],
        ..TopicPolicy::default()
    };
    let mut session = Session::new(broker, "delivery.created", policy);
    assert_eq!(session.ready(), 5);
    session.transaction(&[(Some("a key"), "a value")]);
    assert_eq!(session.drain().map(|settled| settled.records), Ok(1));
    assert_eq!(session.flushed(), 15);

    let records = broker.records(&["delivery.created"]);
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].key_text(), records[0].value_text()),
        ("a key".into(), "a value".into())
    );
    assert_eq!(
        setting(broker, "delivery.created", "cleanup.policy"),
        "compact"
    );
}

#[test]
fn a_topic_gets_the_brokers_number_of_partitions_unless_it_is_told() {
    let mut session = Session::new(Broker::shared(), "delivery.default", TopicPolicy::default());
    assert_eq!(session.ready(), 3);
}

#[test]
fn a_creation_that_the_broker_refuses_is_shown_and_waited_for() {
    let broker = Broker::shared();
    let policy = TopicPolicy {
        replication_factor: Some(3),
        ..TopicPolicy::default()
    };
    let mut session = Session::new(broker, "delivery.refused", policy);
    let trouble = session.trouble();
    assert_eq!(
        (trouble.code, trouble.class()),
        (Code::InvalidReplicationFactor, Class::Retry)
    );
    broker.create_topic("delivery.refused", 1, &[]);
    assert_eq!(session.ready(), 1);

    let config = vec![("no.such.setting".to_owned(), "1".to_owned())];
    let policy = TopicPolicy {
        config,
        ..TopicPolicy::default()
    };
    let mut session = Session::new(broker, "delivery.misconfigured", policy);
    let trouble = session.trouble();
    assert_eq!(
        (trouble.code, trouble.class()),
        (Code::InvalidConfig, Class::Fatal)
    );
}

#[test]
fn a_missing_topic_that_may_not_be_created_is_waited_for() {
    let broker = Broker::shared();
    let mut session = Session::new(broker, "delivery.by-hand", never_create());
    assert_eq!(session.trouble().code, Code::UnknownTopicOrPartition);
    broker.create_topic("delivery.by-hand", 2, &[]);
    assert_eq!(session.ready(), 2);
    session.transaction(&[(None, "late")]);
    session.drain().unwrap();
    assert_eq!(broker.records(&["delivery.by-hand"]).len(), 1);
}

#[test]
fn a_topic_that_was_deleted_is_not_created_again() {
    let broker = Broker::shared();
    let topic = "delivery.deleted";
    let mut session = Session::new(broker, topic, TopicPolicy::default());
    assert_eq!(session.ready(), 3);
    let memory = session.memory.clone();
    drop(session);
    broker.delete_topic(topic);

    let mut session = Session::with(broker, topic, TopicPolicy::default(), memory);
    assert_eq!(session.trouble().code, Code::UnknownTopicOrPartition);
    broker.create_topic(topic, 1, &[]);
    assert_eq!(session.ready(), 1);
}

#[test]
fn a_record_over_the_topics_limit_is_refused_by_name_and_nothing_after_it_is_appended() {
    let broker = Broker::shared();
    let topic = "delivery.limited";
    broker.create_topic(topic, 1, &[("max.message.bytes", "1000")]);
    let mut session = Session::new(broker, topic, never_create());
    session.ready();
    session.transaction(&[(None, "1")]);
    session.drain().unwrap();
    let large = "x".repeat(2000);
    let event = session.transaction(&[(None, large.as_str())]);
    session.transaction(&[(None, "3")]);
    let error = session.drain().unwrap_err();
    let code = Code::MessageSizeTooLarge;
    assert_eq!(
        error,
        DeliveryError::Refused {
            code,
            event,
            topic: topic.to_owned()
        }
    );
    assert_eq!(error.class(), Class::Poison);
    assert_eq!(session.flushed(), 15);
    drop(session);
    let values: Vec<String> = broker
        .records(&[topic])
        .iter()
        .map(|r| r.value_text())
        .collect();
    assert_eq!(values, ["1"]);
}

#[test]
fn a_refused_batch_is_named_by_its_first_event_and_records_sent_alone_name_themselves() {
    let broker = Broker::shared();
    let topic = "delivery.compacted";
    broker.create_topic(topic, 1, &[("cleanup.policy", "compact")]);
    let records = [(Some("a"), "1"), (Some("b"), "2"), (None, "3")];
    let code = Code::InvalidRecord;

    // Given time, all three are in one batch, and the broker says nothing about its single records.
    let mut session = Session::configured(broker, topic, never_create(), &[("linger.ms", "2000")]);
    session.ready();
    let first = session.transaction(&records);
    let error = session.drain().unwrap_err();
    let named = |event| DeliveryError::Refused {
        code,
        event,
        topic: topic.to_owned(),
    };
    assert_eq!(error, named(first));
    assert_eq!(session.flushed(), 0);
    drop(session);
    assert_eq!(broker.records(&[topic]), []);

    let mut session = Session::new(broker, topic, never_create());
    session.ready();
    for record in &records[..2] {
        session.transaction(&[*record]);
        session.drain().unwrap();
    }
    let third = session.transaction(&records[2..]);
    assert_eq!(session.drain().unwrap_err(), named(third));
}

#[test]
fn a_broker_that_stops_is_waited_for_and_everything_arrives_once() {
    let broker = Broker::own(&[]);
    let topic = "delivery.outage";
    let mut session = Session::new(&broker, topic, TopicPolicy::default());
    session.ready();
    session.transaction(&[(Some("k"), "1")]);
    session.drain().unwrap();

    broker.stop();
    session.transaction(&[(Some("k"), "2"), (Some("k"), "3")]);
    // Which broker it is becomes known with the first attempt to reach it again.
    session.wait(|session| match session.producer.connectivity() {
        Connectivity::Down { reason, .. } => reason.contains(broker.bootstrap()).then_some(()),
        Connectivity::Up | Connectivity::Unknown => None,
    });
    assert_eq!(session.flushed(), 15);
    session.transaction(&[(Some("k"), "4")]);
    broker.start();

    assert_eq!(session.drain().map(|settled| settled.records), Ok(3));
    assert_eq!(session.flushed(), 35);
    assert_eq!(session.producer.connectivity(), Connectivity::Up);
    let values: Vec<String> = broker
        .records(&[topic])
        .iter()
        .map(|r| r.value_text())
        .collect();
    assert_eq!(values, ["1", "2", "3", "4"]);
}

#[test]
fn a_broker_that_is_back_is_noticed_without_a_record() {
    let broker = Broker::own(&[]);
    let mut session = Session::new(&broker, "delivery.idle", TopicPolicy::default());
    session.ready();
    broker.stop();
    session.wait(|session| {
        matches!(session.producer.connectivity(), Connectivity::Down { .. }).then_some(())
    });
    broker.start();
    wait_until(PATIENCE, "the broker to be noticed", || {
        session.producer.connectivity() == Connectivity::Up
    });
}

#[test]
fn closing_does_not_wait_for_a_broker_that_takes_requests_and_answers_none() {
    let broker = Broker::own(&[]);
    let mut session = Session::new(&broker, "delivery.frozen", TopicPolicy::default());
    session.ready();
    session.transaction(&[(None, "1")]);
    session.drain().unwrap();
    broker.signal(Signal::SIGSTOP);
    session.transaction(&[(None, "2")]);
    let before = Instant::now();
    let closed = session
        .producer
        .close(&mut session.ledger, Duration::from_secs(5));
    let took = before.elapsed();
    broker.signal(Signal::SIGCONT);
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!((closed.settled, closed.unreported), (Settled::default(), 0));
    assert_eq!(closed.failure, None);
    assert!(closed.remains.wait(PATIENCE), "librdkafka is destroyed");
}

/// A session's producer for one topic, with its ledger.
struct Session {
    producer: Producer,
    ledger: Ledger,
    waker: Waker,
    memory: TopicMemory,
    topic: TopicName,
    next: u64,
}

impl Session {
    /// Starts one that has seen no topic.
    fn new(broker: &Broker, topic: &str, topics: TopicPolicy) -> Self {
        Self::with(broker, topic, topics, TopicMemory::new())
    }

    /// Starts one after others.
    fn with(broker: &Broker, topic: &str, topics: TopicPolicy, memory: TopicMemory) -> Self {
        Self::start(broker, topic, topics, &[], memory)
    }

    /// Starts one with further properties.
    fn configured(
        broker: &Broker,
        topic: &str,
        topics: TopicPolicy,
        properties: &[(&str, &str)],
    ) -> Self {
        Self::start(broker, topic, topics, properties, TopicMemory::new())
    }

    /// Starts one.
    fn start(
        broker: &Broker,
        topic: &str,
        topics: TopicPolicy,
        properties: &[(&str, &str)],
        memory: TopicMemory,
    ) -> Self {
        let quick = [
            ("reconnect.backoff.ms", "20"),
            ("reconnect.backoff.max.ms", "200"),
        ];
        let properties = quick.iter().chain(properties);
        let config = ProducerConfig {
            brokers: vec![broker.bootstrap().to_owned()],
            name: topic.to_owned(),
            properties: properties
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            topics,
            in_flight_bytes: 24 << 20,
        };
        let waker = Waker::new();
        Self {
            producer: Producer::start(&config, 1, waker.clone(), memory.clone()).unwrap(),
            ledger: Ledger::new(1, Lsn::ZERO),
            waker,
            memory,
            topic: TopicName::new(topic).unwrap(),
            next: 10,
        }
    }

    /// Waits until the topic is ready, and gives its partitions.
    fn ready(&mut self) -> u32 {
        let topic = self.topic.clone();
        self.wait(
            |session| match session.producer.topic(TopicId::new(0), &topic) {
                TopicState::Ready { partitions } => Some(partitions),
                TopicState::Resolving | TopicState::Waiting(_) => None,
            },
        )
    }

    /// Waits until the topic is in trouble.
    fn trouble(&mut self) -> TopicTrouble {
        let topic = self.topic.clone();
        self.wait(
            |session| match session.producer.topic(TopicId::new(0), &topic) {
                TopicState::Waiting(trouble) => Some(trouble.clone()),
                TopicState::Ready { .. } => panic!("the topic is ready"),
                TopicState::Resolving => None,
            },
        )
    }

    /// Looks until there is something, at the start and after each wake.
    fn wait<T>(&mut self, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        let waker = self.waker.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let found = async {
            loop {
                match look(self) {
                    Some(found) => return found,
                    None => waker.notified().await,
                }
            }
        };
        let found = async { tokio::time::timeout(PATIENCE, found).await };
        runtime
            .block_on(found)
            .expect("what is waited for comes with a wake")
    }

    /// Commits a transaction of these records, each a key and a value, and gives its first event.
    fn transaction(&mut self, records: &[(Option<&str>, &str)]) -> EventId {
        let first = EventId {
            commit_lsn: Lsn::new(self.next),
            ordinal: 0,
        };
        self.ledger.begin();
        for (ordinal, (key, value)) in (0..).zip(records) {
            let record = Record::from(RecordParts {
                topic_id: TopicId::new(0),
                topic: &self.topic,
                key: key.map(str::as_bytes),
                value: Some(value.as_bytes()),
                headers: &[("id", b"1")],
                partition: None,
                timestamp: None,
                row_id: "1",
                relation: "public.outbox",
            });
            let ticket = self.ledger.admit().unwrap();
            self.producer
                .enqueue(&record, EventId { ordinal, ..first }, ticket)
                .unwrap();
        }
        self.ledger.commit(Lsn::new(self.next + 5));
        self.next += 10;
        first
    }

    /// Settles until nothing is in flight or something fails, and says how much was.
    fn drain(&mut self) -> Result<Settled, DeliveryError> {
        let mut total = Settled::default();
        self.wait(|session| {
            match session.producer.settle(&mut session.ledger) {
                Ok(settled) => total += settled,
                Err(error) => return Some(Err(error)),
            }
            session.producer.request_wake();
            (session.producer.in_flight().records == 0).then_some(Ok(total))
        })
    }

    /// Where the slot may move to.
    fn flushed(&self) -> u64 {
        self.ledger.flushed().as_lsn().as_u64()
    }
}

/// The default policy, but creating nothing.
fn never_create() -> TopicPolicy {
    TopicPolicy {
        create: false,
        ..TopicPolicy::default()
    }
}

/// A setting that a topic has.
fn setting(broker: &Broker, topic: &str, name: &str) -> String {
    let admin: AdminClient<DefaultClientContext> = broker.client_config().create().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let topic = ResourceSpecifier::Topic(topic);
    let described = runtime.block_on(admin.describe_configs([&topic], &AdminOptions::new()));
    let described = described.unwrap().remove(0).unwrap();
    described
        .get(name)
        .and_then(|entry| entry.value.clone())
        .unwrap_or_default()
}
