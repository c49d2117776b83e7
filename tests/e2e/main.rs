//! The promises of `outflow`, tested on real PostgreSQL servers and a real Kafka broker.
//!
//! One executable, so that all tests share their servers.

#![cfg(test)]

mod cli;
mod harness;
mod kafka_delivery;
mod preflight;
mod publication;
mod slot;
