//! The promises of `outflow`, tested on real PostgreSQL servers and a real Kafka broker.
//!
//! One executable, so that all tests share their servers.

#![cfg(test)]

mod absent;
mod cli;
mod crash;
mod delivery;
mod harness;
mod history;
mod kafka_delivery;
mod large;
mod login;
mod outage;
mod poison;
mod preflight;
mod publication;
mod service;
mod shapes;
mod slot;
mod slot_follows;
mod sql;
mod stdout;
mod tls;
mod versions;
