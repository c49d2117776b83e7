//! An event that can never be delivered stops the stream, and the slot stays before it.

use harness::{Broker, Database, Major, PATIENCE, Postgres};

use crate::service::{insert, service};

/// Delivers one good event, then the bad row, then another good one, and gives what the stop said.
fn stop_at(database: &Database, bad: &str) -> String {
    let broker = Broker::shared();
    database.create_slot();
    let aggregate = database.topic("order");
    insert(database, &aggregate, "before", "{}");
    database.sql().batch(bad);
    insert(database, &aggregate, "after", "{}");
    let outflow = service(database, broker).start();
    let status = outflow.wait_exit(PATIENCE);
    let said = outflow.stderr();
    assert_eq!(status.code(), Some(65), "{said}");
    let records = broker.consume(&[&format!("{aggregate}.events")], PATIENCE, |records| {
        !records.is_empty()
    });
    let keys: Vec<_> = records.iter().map(harness::Consumed::key_text).collect();
    assert_eq!(keys, ["before"], "nothing after it is enqueued");
    // A second start stops at the same event, and repeats nothing that was delivered.
    let again = service(database, broker).run_to_end();
    assert_eq!(again.code(), Some(65), "{}", again.stderr);
    assert_eq!(broker.records(&[&format!("{aggregate}.events")]).len(), 1);
    said
}

#[test]
fn a_topic_name_that_kafka_does_not_allow() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    let said = stop_at(
        &database,
        "INSERT INTO outbox (id, aggregate_type, aggregate_id, payload) \
         VALUES ('4d47e190-0402-4048-bc2c-89dd54343cdc', 'no spaces', '1', '{\"secret\": 1}')",
    );
    assert!(
        said.contains("row 4d47e190-0402-4048-bc2c-89dd54343cdc of public.outbox"),
        "{said}"
    );
    assert!(said.contains("hint:"), "{said}");
    assert!(!said.contains("secret"), "a payload in an error: {said}");
}

#[test]
fn a_null_aggregate_type() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database
        .sql()
        .batch("ALTER TABLE outbox ALTER aggregate_type DROP NOT NULL");
    let said = stop_at(
        &database,
        "INSERT INTO outbox (id, aggregate_id, payload) VALUES ('4d47e190-0402-4048-bc2c-89dd54343cdc', '1', '{}')",
    );
    assert!(
        said.contains("4d47e190-0402-4048-bc2c-89dd54343cdc"),
        "{said}"
    );
}

#[test]
fn a_payload_over_the_limit() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    let aggregate = database.topic("order");
    let said = stop_at(
        &database,
        &format!(
            "INSERT INTO outbox (id, aggregate_type, aggregate_id, payload) \
             VALUES ('4d47e190-0402-4048-bc2c-89dd54343cdc', '{aggregate}', '1', to_jsonb(repeat('x', 1500000)))"
        ),
    );
    assert!(
        said.contains("4d47e190-0402-4048-bc2c-89dd54343cdc"),
        "{said}"
    );
    assert!(said.contains("message.max.bytes"), "{said}");
}

#[test]
fn a_record_over_the_topics_own_limit_is_found_by_sending_it_alone() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    let aggregate = database.topic("order");
    Broker::shared().create_topic(
        &format!("{aggregate}.events"),
        1,
        &[("max.message.bytes", "10000")],
    );
    let said = stop_at(
        &database,
        &format!(
            "INSERT INTO outbox (id, aggregate_type, aggregate_id, payload) \
             VALUES ('4d47e190-0402-4048-bc2c-89dd54343cdc', '{aggregate}', '1', to_jsonb(repeat('x', 20000)))"
        ),
    );
    assert!(
        said.contains("4d47e190-0402-4048-bc2c-89dd54343cdc"),
        "{said}"
    );
}
