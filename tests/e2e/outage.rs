//! Kafka or PostgreSQL go away and come back.

use std::time::{Duration, Instant};

use harness::{Broker, Major, PATIENCE, Postgres, Stop, Writers, check_topic, wait_until};

use crate::service::{config, insert, service};

#[test]
fn with_kafka_down_the_slot_stays_and_postgresql_can_stop() {
    let postgres = Postgres::own(Major::V17, &[]);
    let broker = Broker::own(&[]);
    let mut database = postgres.database();
    database.create_outbox();
    database.create_slot();
    let topic = "order.events";
    broker.create_topic(topic, 3, &[]);
    let config = format!(
        "{}[limits]\nin_flight = \"1MiB\"\n",
        config(&database, &broker)
    );
    let outflow = harness::Outflow::command(["run"]).config(&config).start();
    insert(&database, "order", "first", "{}");
    let mut reader = broker.reader(&[topic]);
    reader.until(PATIENCE, |records| records.len() == 1);
    let delivered = database.wal_end();
    wait_until(PATIENCE, "the slot to follow", || {
        database.has_confirmed(&delivered)
    });

    // Given Kafka is gone, and a backlog of ten times what may be in flight.
    broker.stop();
    let before = database.wal_end();
    let writers = Writers::start(&database, "order", 4, 20_000);
    let history = writers.wait();
    outflow.wait_for_line("waiting for Kafka", PATIENCE);
    let end = database.wal_end();
    assert!(!database.has_confirmed(&end));
    assert!(
        confirmed(&database) <= parse(&before),
        "the slot passed an undelivered event"
    );

    // Then PostgreSQL stops within five seconds.
    let start = Instant::now();
    postgres.begin_stop(Stop::Fast);
    postgres.wait_stopped(Duration::from_secs(5));
    println!("PostgreSQL stopped after {:.1?}", start.elapsed());

    // And after both are back, all is delivered.
    postgres.start();
    database.reconnect();
    broker.start();
    let mut reader = broker.reader(&[topic]);
    reader.until(PATIENCE * 2, |records| records.len() > history.len());
    let all = reader.to_the_end(PATIENCE).to_vec();
    let (first, rest): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|record| record.key_text() == "first");
    assert_eq!(first.len(), 1, "it was confirmed, and is not sent again");
    history.check(&rest);
    assert!(outflow.stop().success());
}

#[test]
fn postgresql_killed_and_started_again_loses_nothing() {
    let postgres = Postgres::own(Major::V16, &[]);
    let broker = Broker::shared();
    let mut database = postgres.database();
    database.create_outbox();
    database.create_slot();
    let aggregate = database.topic("order");
    let topic = format!("{aggregate}.events");
    let outflow = service(&database, broker).start();
    let first = Writers::start(&database, &aggregate, 2, 2_000).wait();
    postgres.kill9();
    outflow.wait_for_line("trying again", PATIENCE);
    postgres.start();
    database.reconnect();
    check_topic(&database, broker, &topic, &first);
    insert(&database, &database.topic("payment"), "after", "{}");
    let payments = format!("{}.events", database.topic("payment"));
    let records = broker.consume(&[&payments], PATIENCE, |records| records.len() == 1);
    assert_eq!(records[0].key_text(), "after");
    assert!(outflow.stop().success());
}

#[test]
fn a_server_that_is_not_there_is_waited_for_and_said_once() {
    let postgres = Postgres::own(Major::V17, &[]);
    let broker = Broker::shared();
    let mut database = postgres.database();
    database.create_outbox();
    database.create_slot();
    postgres.stop(Stop::Fast);
    let outflow = service(&database, broker).start();
    outflow.wait_for_line("trying again", PATIENCE);
    postgres.start();
    database.reconnect();
    outflow.wait_for_line("streaming", PATIENCE);
    let complaints = outflow.stderr().matches("trying again").count();
    assert_eq!(complaints, 1, "{}", outflow.stderr());
    assert!(outflow.stop().success());
}

/// Gives the slot's confirmed position as a number.
fn confirmed(database: &harness::Database) -> u64 {
    parse(&database.confirmed_flush_lsn().expect("there is a slot"))
}

/// Reads an LSN.
fn parse(lsn: &str) -> u64 {
    lsn.parse::<outflow_pgoutput::Lsn>()
        .expect("an LSN")
        .as_u64()
}
