//! Latency when caught up: from just before the commit to the record in Kafka's log.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use harness::{Broker, Database, Outflow, OwnPostgres, Sql};

use crate::{backlog, setting};

/// Measures at 1,000 events a second.
pub(crate) fn measure(postgres: &OwnPostgres, broker: &Broker) {
    let (rate, secs) = (setting("RATE", 1_000), setting("SECONDS", 60));
    let database = postgres.database();
    backlog::prepare(&database);
    let topic = "latency.order";
    broker.create_topic(topic, 3, &[("message.timestamp.type", "LogAppendTime")]);
    let config = format!(
        "name = \"latency\"\n[postgres]\nurl = \"{}?sslmode=disable\"\nslot = \"{}\"\npublication = \"{}\"\n[outbox]\n\
         topic = \"latency.{{aggregate_type}}\"\n[kafka]\nbrokers = [\"{}\"]\n",
        database.url(),
        database.slot(),
        database.publication(),
        broker.bootstrap()
    );
    let process = Outflow::command(["run"]).config(&config).start();
    process.wait_for_line("streaming", Duration::from_secs(20));
    write(&database, rate, 5, 1_000_000);
    let cpu = process.cpu_time();
    let committed = write(&database, rate, secs, 0);
    let cpu = process.cpu_time() - cpu;
    let wanted = usize::try_from(rate * (secs + 5)).unwrap_or(usize::MAX);
    let records = broker.consume(&[topic], Duration::from_secs(60), |seen| {
        seen.len() >= wanted
    });
    let rss = process.rss_bytes() >> 20;
    let mut millis: Vec<i64> = records
        .iter()
        .filter_map(|record| Some(record.timestamp? - committed.get(&record.key_text())?))
        .collect();
    millis.sort_unstable();
    let at = |thousandths: usize| {
        let index = (millis.len() * thousandths / 1000).min(millis.len().saturating_sub(1));
        millis.get(index).copied().unwrap_or(-1)
    };
    println!(
        "{rate} events a second for {secs} s, one a transaction, caught up ({} measured)",
        millis.len()
    );
    println!(
        "  commit to Kafka's log: p50 {} ms, p95 {} ms, p99 {} ms, max {} ms (by the ms, from before the commit)",
        at(500),
        at(950),
        at(990),
        at(1000)
    );
    println!(
        "  outflow: {:.1} % of one core, {rss} MiB",
        cpu.as_secs_f64() * 100.0 / f64::from(secs)
    );
}

/// Commits at a rate from four connections, and gives the time before each commit, by key.
fn write(database: &Database, rate: u32, secs: u32, first: u32) -> HashMap<String, i64> {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let sql = database.connect();
            thread::spawn(move || write_share(&sql, rate / WRITERS, secs, first + writer * 100_000))
        })
        .collect();
    writers
        .into_iter()
        .filter_map(|writer| writer.join().ok())
        .flatten()
        .collect()
}

/// Commits one connection's share, by the clock.
fn write_share(sql: &Sql, rate: u32, secs: u32, first: u32) -> Vec<(String, i64)> {
    let start = Instant::now();
    (0..rate * secs)
        .map(|n| {
            let due = start + Duration::from_secs(1) * n / rate;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let key = (first + n).to_string();
            let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            sql.batch(&format!(
                "BEGIN; INSERT INTO business (note) VALUES ('{key}'); INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) \
                 VALUES ('order', '{key}', 'Changed', jsonb_build_object('n', {n}, 'note', repeat('x', 200))); COMMIT"
            ));
            (key, i64::try_from(at).unwrap_or(i64::MAX))
        })
        .collect()
}

/// The connections that write.
const WRITERS: u32 = 4;
