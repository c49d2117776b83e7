//! The promises of `outflow`, tested on real PostgreSQL servers and a real Kafka broker.
//!
//! One executable, so that all tests share their servers.

#![cfg(test)]

mod absent;
mod cli;
mod connect_hosts;
mod connect_tls;
mod crash;
mod delivery;
mod encodings;
mod examples;
mod faults;
mod harness;
mod kafka_delivery;
mod kafka_security;
mod large;
mod login;
mod messages;
mod nonsense;
mod outage;
mod poison;
mod preflight;
mod proxy;
mod publication;
mod service;
mod shapes;
mod slot;
mod slot_create;
mod slot_follows;
mod sql;
mod stdout;
mod tls;
mod types;
mod versions;
