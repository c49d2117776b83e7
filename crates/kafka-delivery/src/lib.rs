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

mod classify;
mod config;
mod event;
mod waker;

pub use crate::classify::{Class, classify, classify_topic};
pub use crate::config::{ProducerConfig, PropertyError, TopicPolicy};
pub use crate::event::EventId;
pub use crate::waker::Waker;
