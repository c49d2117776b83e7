//! The figures of docs/performance.md, measured anew: drain, memory, CPU, latency and start-up.
//!
//!     make bench                     all of it
//!     make bench ONLY=drain          drain | latency | start
//!     EVENTS=100000 RUNS=1 ROWS=1 WARM_UP=1 make bench
//!
//! Both programs of the comparison read copies of one slot, in turn, in the same run; outflow once more over TLS.

mod backlog;
mod drain;
mod latency;
mod start;
mod tls;

use harness::{Broker, Major, Postgres};

fn main() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let postgres = Postgres::own(
        Major::V17,
        &[("max_wal_size", "8GB"), ("shared_buffers", "512MB")],
    );
    let broker = Broker::full_speed(&[]);
    tls::enable(&postgres);
    machine();
    if only.is_empty() || only == "drain" {
        let rows = match setting("ROWS", 0) {
            0 => vec![1, 1000],
            rows => vec![rows],
        };
        for rows in rows {
            drain::compare(&postgres, &broker, rows);
        }
    }
    if only.is_empty() || only == "latency" {
        latency::measure(&postgres, &broker);
    }
    if only.is_empty() || only == "start" {
        start::measure(&postgres, &broker);
    }
}

/// Says what it was measured on.
fn machine() {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or_default();
    let cores = cpu
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let memory = read("/proc/meminfo");
    let kib = memory
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok())
        .unwrap_or(0);
    let model = model.trim_start_matches([' ', '\t', ':']);
    let kernel = read("/proc/sys/kernel/osrelease");
    println!(
        "{cores} cores of {model}, {} GiB, Linux {}",
        kib >> 20,
        kernel.trim()
    );
    println!(
        "PostgreSQL 17.11 (fsync=off), Kafka 4.3.1 (one node, acks=all), all on this machine\n"
    );
}

/// Reads a number from the environment.
fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}
