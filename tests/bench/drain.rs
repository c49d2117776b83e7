//! Draining a backlog: outflow into Kafka against pg_recvlogical into /dev/null.

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use harness::{Broker, Consumed, Database, Outflow, OwnBroker, OwnPostgres};

use crate::{backlog, setting};

/// Whether outflow's connection is protected.
#[derive(Clone, Copy)]
enum Tls {
    Off,
    On,
}

/// What one drain by outflow took.
struct Drained {
    rate: f64,
    wall_secs: f64,
    cpu_micros: f64,
    peak_mib: f64,
}

/// Compares the two on backlogs with `rows` events a transaction.
pub(crate) fn compare(postgres: &OwnPostgres, broker: &OwnBroker, rows: u32) {
    let (events, runs) = (setting("EVENTS", 300_000), setting("RUNS", 3));
    let database = postgres.database();
    backlog::prepare(&database);
    let filling = Instant::now();
    backlog::fill(&database, events, rows);
    let end = database.wal_end();
    println!(
        "{events} events, {rows} a transaction (written in {:.0?})",
        filling.elapsed()
    );
    println!(
        "  run  pg_recvlogical   outflow          ratio   whole process   CPU/event   peak RSS   outflow, TLS   of plain   CPU/event"
    );
    let topics = topics(broker, rows);
    // A broker that has just started compiles its own code for longer than the drains take.
    for run in 1..=setting("WARM_UP", 5) {
        let slot = copy(&database, run, "warm_up");
        outflow(&database, broker, &slot, &topics, events, &end, Tls::Off);
        database
            .sql()
            .batch(&format!("SELECT pg_drop_replication_slot('{slot}')"));
    }
    let (mut ratios, mut shares) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        let plain = recvlogical(&database, &copy(&database, run, "plain"), &end, events);
        let ours = |name, tls| {
            let slot = copy(&database, run, name);
            outflow(&database, broker, &slot, &topics, events, &end, tls)
        };
        let (clear, secured) = (ours("ours", Tls::Off), ours("tls", Tls::On));
        let (ratio, share) = (clear.rate / plain, secured.rate / clear.rate);
        ratios.push(ratio);
        shares.push(share);
        println!(
            "  {run:>3}  {plain:>10.0} /s   {:>10.0} /s   {ratio:>6.2}   {:>10.2} s   {:>6.2} µs   {:>6.1} MiB   {:>9.0} /s   {:>6.0} %   {:>6.2} µs",
            clear.rate,
            clear.wall_secs,
            clear.cpu_micros,
            clear.peak_mib,
            secured.rate,
            share * 100.0,
            secured.cpu_micros
        );
    }
    println!(
        "  median ratio {:.2}; over TLS {:.0} % of the plain rate\n",
        median(ratios),
        median(shares) * 100.0
    );
}

/// Gives the one in the middle.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

/// Copies the base slot, so that another reader gets the same backlog.
fn copy(database: &Database, run: u32, name: &str) -> String {
    let (base, copy) = (database.slot(), format!("{}_{name}_{run}", database.slot()));
    database.sql().batch(&format!(
        "SELECT pg_copy_logical_replication_slot('{base}', '{copy}')"
    ));
    copy
}

/// Lets pg_recvlogical read to the end of the backlog, and gives events a second, start included.
fn recvlogical(database: &Database, slot: &str, end: &str, events: u32) -> f64 {
    let publication = format!("publication_names={}", database.publication());
    let start = Instant::now();
    let status = Command::new("pg_recvlogical")
        .args([
            "--start",
            "--no-loop",
            "-f",
            "/dev/null",
            "-o",
            "proto_version=1",
            "-o",
            &publication,
        ])
        .args(["--slot", slot, "--endpos", end, "-d"])
        .arg(format!("{}?sslmode=disable", database.url()))
        .stderr(Stdio::null())
        .status();
    let took = start.elapsed();
    assert!(
        status.is_ok_and(|status| status.success()),
        "pg_recvlogical (Debian's postgresql-client) failed"
    );
    f64::from(events) / took.as_secs_f64()
}

/// Makes the topics that all drains of one kind write to: `bench-<rows>.<type>`, three partitions each.
fn topics(broker: &Broker, rows: u32) -> Vec<String> {
    let topics: Vec<String> = backlog::TYPES
        .iter()
        .map(|kind| format!("bench-{rows}.{kind}"))
        .collect();
    for topic in &topics {
        broker.create_topic(topic, 3, &[("message.timestamp.type", "LogAppendTime")]);
    }
    topics
}

/// Lets outflow deliver the backlog, and counts what is in Kafka.
fn outflow(
    database: &Database,
    broker: &Broker,
    slot: &str,
    topics: &[String],
    events: u32,
    end: &str,
    tls: Tls,
) -> Drained {
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    let name = names
        .first()
        .and_then(|topic| topic.split('.').next())
        .unwrap_or_default();
    // What earlier drains wrote into the topics is told by its time.
    let since = Some(millis_since_epoch());
    let sslmode = match tls {
        Tls::Off => "disable",
        Tls::On => "require",
    };
    let config = format!(
        "name = \"{name}\"\n[postgres]\nurl = \"{}?sslmode={sslmode}\"\nslot = \"{slot}\"\npublication = \"{}\"\n[outbox]\n\
         topic = \"{name}.{{aggregate_type}}\"\n[kafka]\nbrokers = [\"{}\"]\n",
        database.url(),
        database.publication(),
        broker.bootstrap()
    );
    let start = Instant::now();
    // SET='kafka.properties."linger.ms"=5' tries another setting.
    let set = std::env::var("SET")
        .ok()
        .into_iter()
        .flat_map(|set| ["--set".to_owned(), set]);
    let process = Outflow::command(["run"]).args(set).config(&config).start();
    let confirmed = format!(
        "SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE slot_name = '{slot}'"
    );
    harness::wait_until(
        Duration::from_secs(120),
        "the slot to reach the end",
        || database.sql().text(&confirmed).as_deref() == Some("t"),
    );
    let wall_secs = start.elapsed().as_secs_f64();
    let (cpu, peak) = (process.cpu_time(), process.peak_rss_bytes());
    assert!(process.stop().success(), "outflow did not stop well");
    let mut reader = broker.reader(&names);
    reader.to_the_end(Duration::from_secs(300));
    let records: Vec<&Consumed> = reader
        .records()
        .iter()
        .filter(|record| record.timestamp >= since)
        .collect();
    let seen: HashSet<_> = records.iter().map(|record| record.header("id")).collect();
    assert_eq!(
        seen.len(),
        usize::try_from(events).unwrap_or(usize::MAX),
        "events are missing"
    );
    Drained {
        rate: f64::from(events) / seconds_in_log(&records),
        wall_secs,
        cpu_micros: cpu.as_secs_f64() * 1e6 / f64::from(events),
        peak_mib: f64::from(u32::try_from(peak >> 10).unwrap_or(u32::MAX)) / 1024.0,
    }
}

/// Gives the time from the first to the last record, by the broker's clock.
fn seconds_in_log(records: &[&Consumed]) -> f64 {
    let times = || records.iter().filter_map(|record| record.timestamp);
    let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    f64::from(u32::try_from(last - first).unwrap_or(u32::MAX).max(1)) / 1000.0
}

/// The time, as Kafka counts it.
fn millis_since_epoch() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
