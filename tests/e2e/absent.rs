//! What is needed is away or taken: one-shot commands say so and end; and an orderly stop at any time.

use std::time::Duration;

use harness::{Broker, Major, Outflow, PATIENCE, Postgres, Writers, check_topic, wait_until};

use crate::service::{config, deliver, insert, one_shot, service};

#[test]
fn without_postgresql_a_one_shot_ends_and_says_what_was_tried() {
    for (url, what) in [
        ("postgresql://app@127.0.0.1:1/shop", "127.0.0.1:1"),
        ("postgresql://app@nowhere.invalid/shop", "nowhere.invalid"),
        ("host=/nonexistent user=app dbname=shop", "/nonexistent"),
        (
            "postgresql://app@127.0.0.1:1,127.0.0.1:2/shop",
            "127.0.0.1:2",
        ),
    ] {
        for arguments in [
            &["slot", "list"][..],
            &["publication", "show"],
            &["run", "--sink", "stdout", "--until-caught-up"],
        ] {
            let output = Outflow::command(arguments).args(["-d", url]).run_to_end();
            assert_eq!(output.code(), Some(69), "{arguments:?}: {}", output.stderr);
            assert!(output.stderr.contains(what), "no {what}: {}", output.stderr);
            assert!(output.stderr.contains("hint:"), "{}", output.stderr);
            assert_eq!(output.stdout, "");
        }
    }
}

#[test]
fn a_service_that_waits_for_postgresql_stops_at_once() {
    let outflow = Outflow::command(["run", "--sink", "stdout"])
        .args(["-d", "postgresql://app@127.0.0.1:1/shop"])
        .start();
    outflow.wait_for_line("trying again", PATIENCE);
    outflow.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(outflow.wait_exit(Duration::from_secs(5)).success());
}

#[test]
fn without_kafka_a_one_shot_ends() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database.create_slot();
    insert(&database, &database.topic("order"), "1", "{}");
    let before = database.confirmed_flush_lsn();
    let output = Outflow::command(["run", "--until-caught-up"])
        .config(&config(&database, Broker::shared()).replace(Broker::shared().bootstrap(), AWAY))
        .run_to_end();
    assert_eq!(output.code(), Some(69), "{}", output.stderr);
    assert!(output.stderr.contains("Kafka"), "{}", output.stderr);
    assert!(output.stderr.contains(AWAY), "{}", output.stderr);
    assert!(output.stderr.contains("hint:"), "{}", output.stderr);
    assert_eq!(database.confirmed_flush_lsn(), before);
}

#[test]
fn without_kafka_the_service_stops_and_leaves_the_events_to_the_next_start() {
    let (database, broker) = (Postgres::shared(Major::V17).database(), Broker::shared());
    database.create_outbox();
    database.create_slot();
    let aggregate = database.topic("order");
    let before = database.confirmed_flush_lsn();
    insert(&database, &aggregate, "1", "{}");
    let settings = config(&database, broker).replace(broker.bootstrap(), AWAY);
    let outflow = Outflow::command(["run"])
        .config(&format!("{settings}[limits]\nshutdown = '1s'\n"))
        .start();
    outflow.wait_for_line("waiting for Kafka", PATIENCE);
    assert!(outflow.stop().success());
    assert_eq!(database.confirmed_flush_lsn(), before);
    let output = one_shot(&database, broker, "");
    assert_eq!(output.code(), Some(0), "{}", output.stderr);
    assert_eq!(broker.records(&[&format!("{aggregate}.events")]).len(), 1);
}

#[test]
fn a_taken_slot_ends_a_one_shot() {
    let (database, broker) = (Postgres::shared(Major::V17).database(), Broker::shared());
    database.create_outbox();
    database.create_slot();
    let outflow = service(&database, broker).start();
    outflow.wait_for_line("streaming", PATIENCE);
    let output = one_shot(&database, broker, "");
    assert_eq!(output.code(), Some(75), "{}", output.stderr);
    assert!(output.stderr.contains(database.slot()), "{}", output.stderr);
    assert!(output.stderr.contains("hint:"), "{}", output.stderr);
    assert!(outflow.stop().success());
    let output = one_shot(&database, broker, "");
    assert_eq!(output.code(), Some(0), "{}", output.stderr);
}

#[test]
fn a_stop_under_load_drains_and_the_next_start_repeats_nothing() {
    let (database, broker) = (Postgres::shared(Major::V17).database(), Broker::shared());
    database.create_outbox();
    database.create_slot();
    let aggregate = database.topic("order");
    let topic = format!("{aggregate}.events");
    let writers = Writers::start(&database, &aggregate, 4, 20_000);
    let mut reader = broker.reader(&[&topic]);
    for _ in 0..3 {
        let outflow = service(&database, broker).start();
        outflow.wait_for_line("streaming", PATIENCE);
        let before = reader.to_the_end(PATIENCE).len();
        reader.until(PATIENCE, |records| {
            records.len() > before || before == 20_000
        });
        assert!(outflow.stop().success(), "{}", outflow.stderr());
    }
    wait_until(PATIENCE, "the writers to end", || writers.have_ended());
    let history = writers.wait();
    let outflow = service(&database, broker).start();
    assert_eq!(
        check_topic(&database, broker, &topic, &history),
        0,
        "repeats"
    );
    assert!(outflow.stop().success());
}

#[test]
fn a_stop_within_a_transaction_takes_all_of_it() {
    let (database, broker) = (Postgres::shared(Major::V17).database(), Broker::shared());
    database.create_outbox();
    database.create_slot();
    let aggregate = database.topic("order");
    let topic = format!("{aggregate}.events");
    database.sql().batch(&format!(
        "INSERT INTO outbox (aggregate_type, aggregate_id, payload) \
         SELECT '{aggregate}', (n % 100)::text, '{{}}' FROM generate_series(1, 100000) AS n"
    ));
    let outflow = service(&database, broker).start();
    let mut reader = broker.reader(&[&topic]);
    reader.until(PATIENCE, |records| !records.is_empty());
    assert!(outflow.stop().success(), "{}", outflow.stderr());
    assert_eq!(broker.records(&[&topic]).len(), 100_000);
    assert_eq!(
        deliver(&database, broker, "", &[&topic]).len(),
        100_000,
        "repeats"
    );
}

/// Where no broker is.
const AWAY: &str = "127.0.0.1:1";
