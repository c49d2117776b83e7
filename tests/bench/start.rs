//! Start-up: from the start of the process to its first event in Kafka's log.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use harness::{Broker, Outflow, OwnPostgres};

use crate::{backlog, setting};

/// Starts the program again and again, each time with one event that waits and a topic that exists.
///
/// `OUTFLOW_BIN` names another build of it.
pub(crate) fn measure(postgres: &OwnPostgres, broker: &Broker) {
    let runs = setting("RUNS", 20);
    let database = postgres.database();
    backlog::prepare(&database);
    let topic = "start.order";
    broker.create_topic(topic, 3, &[("message.timestamp.type", "LogAppendTime")]);
    let config = format!(
        "name = \"start\"\n[postgres]\nurl = \"{}\"\nslot = \"{}\"\npublication = \"{}\"\n[outbox]\n\
         topic = \"start.{{aggregate_type}}\"\n[kafka]\nbrokers = [\"{}\"]\n",
        database.url(),
        database.slot(),
        database.publication(),
        broker.bootstrap()
    );
    let mut millis: Vec<i64> = (0..=runs)
        .map(|run| {
            database.sql().batch(&format!(
                "INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) \
                 VALUES ('order', '{run}', 'Changed', '{{}}')"
            ));
            let command = Outflow::command(["run"]).config(&config);
            let start = millis_since_epoch();
            let process = command.start();
            let key = run.to_string();
            let records = broker.consume(&[topic], Duration::from_secs(30), |seen| {
                seen.iter().any(|record| record.key_text() == key)
            });
            assert!(process.stop().success(), "outflow did not stop well");
            let arrived = records
                .iter()
                .find(|record| record.key_text() == key)
                .and_then(|record| record.timestamp);
            arrived.map_or(-1, |arrived| arrived - start)
        })
        // The first run warms the caches of the system and of both servers.
        .skip(1)
        .collect();
    millis.sort_unstable();
    let at = |index: usize| millis.get(index).copied().unwrap_or(-1);
    println!("{runs} starts, each with an event that waits and a topic that exists");
    println!(
        "  process start to Kafka's log: least {} ms, median {} ms, most {} ms\n",
        at(0),
        at(millis.len() / 2),
        at(millis.len().saturating_sub(1))
    );
}

/// The time, as Kafka counts it.
fn millis_since_epoch() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
