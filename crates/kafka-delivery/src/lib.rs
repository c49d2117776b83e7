//! Records into Kafka: by librdkafka, idempotent and with acks=all, each settled by its report.
//!
//! What this crate promises:
//! - A record's [`Ticket`](outflow_replication_slot::Ticket) is settled by the report of its own
//!   delivery and by nothing else. There is one place that makes a
//!   [`BrokerAck`](outflow_replication_slot::BrokerAck), and it sees successes only.
//! - Nothing is appended to a partition after a record of it was refused. The first failure
//!   poisons the producer; what to do next is its owner's to decide, with a new one.
//! - It never gives up on Kafka: there is no timeout of a message. It waits.
//! - What is undelivered is bounded by a window of bytes, and a full window is back-pressure.
//! - Nothing here blocks the session's thread but [`Producer::close`], for as long as it is told.
//!   Topics are looked up and created on one thread, reports come in on another, and both are
//!   librdkafka's last holders, so that its end holds up nobody.
//!
//! A session goes about it like this:
//! ```no_run
//! use std::time::Duration;
//!
//! use outflow_event_router::{Record, RecordParts, TopicId, TopicName};
//! use outflow_kafka_delivery::{
//!     EventId, Producer, ProducerConfig, TopicMemory, TopicPolicy, TopicState, Waker,
//! };
//! use outflow_pgoutput::Lsn;
//! use outflow_replication_slot::Ledger;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ProducerConfig {
//!     brokers: vec!["127.0.0.1:9092".to_owned()],
//!     name: "outflow".to_owned(),
//!     properties: vec![("compression.type".to_owned(), "zstd".to_owned())],
//!     topics: TopicPolicy::default(),
//!     in_flight_bytes: 24 << 20,
//! };
//! let (waker, memory) = (Waker::new(), TopicMemory::new());
//! let mut producer = Producer::start(&config, 1, waker.clone(), memory)?;
//! let mut ledger = Ledger::new(1, Lsn::ZERO);
//!
//! let topic = TopicName::new("order.events")?;
//! let record = Record::from(RecordParts {
//!     topic_id: TopicId::new(0),
//!     topic: &topic,
//!     key: Some(b"42"),
//!     value: Some(b"{}"),
//!     headers: &[],
//!     partition: None,
//!     timestamp: None,
//!     row_id: "7",
//!     relation: "public.outbox",
//! });
//! ledger.begin();
//! if let TopicState::Ready { .. } = producer.topic(record.topic_id(), record.topic()) {
//!     let event = EventId { commit_lsn: Lsn::new(7), ordinal: 0 };
//!     let ticket = ledger.admit().ok_or("no transaction is open")?;
//!     producer.enqueue(&record, event, ticket)?;
//! } // Else: wait for the waker and ask again.
//! producer.request_wake(); // Then: waker.notified().await.
//! producer.settle(&mut ledger)?;
//! let closed = producer.close(&mut ledger, Duration::from_secs(1));
//! closed.remains.wait(Duration::from_secs(2));
//! # Ok(())
//! # }
//! ```

mod advice;
mod classify;
mod config;
mod context;
mod error;
mod flight;
mod inbox;
mod library;
mod link;
mod producer;
mod report;
mod topics;
mod waker;

pub use crate::classify::{Class, classify, classify_topic};
pub use crate::config::{ProducerConfig, PropertyError, TopicPolicy};
pub use crate::error::{DeliveryError, EnqueueError, Rejected, StartError};

pub use crate::flight::InFlight;
pub use crate::library::Library;
pub use crate::link::Connectivity;
pub use crate::producer::{Closed, Producer, Remains};
pub use crate::report::Settled;
pub use crate::topics::{TopicMemory, TopicState, TopicTrouble};
pub use crate::waker::Waker;
pub use outflow_replication_slot::EventId;
