//! Large rows and large transactions, in bounded memory.

use std::time::Duration;

use harness::{Broker, Major, PATIENCE, Postgres, wait_until};

use crate::service::{config, service};

#[test]
fn a_transaction_of_a_million_rows_needs_no_more_memory() {
    let (database, broker) = (Postgres::shared(Major::V17).database(), Broker::shared());
    database.create_outbox();
    database.create_slot();
    let aggregate = database.topic("order");
    let topic = format!("{aggregate}.events");
    database.sql().batch(&format!(
        "INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) \
         SELECT '{aggregate}', (n % 100)::text, 'Tested', jsonb_build_object('n', n) FROM generate_series(1, 1000000) AS n"
    ));
    let end = database.wal_end();
    let outflow = service(&database, broker).start();
    wait_until(PATIENCE * 4, "the slot to pass the transaction", || {
        database.has_confirmed(&end)
    });
    let peak = outflow.peak_rss_bytes();
    assert!(peak < 128 << 20, "{} MiB", peak >> 20);
    assert!(
        !outflow.stderr().contains("trying again"),
        "{}",
        outflow.stderr()
    );
    assert!(outflow.stop().success());
    let records = broker.records(&[&topic]);
    assert_eq!(records.len(), 1_000_000);
}

#[test]
fn a_payload_of_a_hundred_megabytes_needs_three_times_its_size() {
    let broker = Broker::own(&[
        ("message.max.bytes", "200000000"),
        ("replica.fetch.max.bytes", "200000000"),
        ("socket.request.max.bytes", "250000000"),
    ]);
    let database = Postgres::shared(Major::V17).database();
    database.sql().batch(&format!(
        "CREATE TABLE outbox (id bigint PRIMARY KEY, tenant text, aggregate_type text, aggregate_id text, \
         event_type text, payload text, note text, created_at timestamptz DEFAULT now()); \
         ALTER TABLE outbox ALTER payload SET STORAGE EXTERNAL; \
         CREATE PUBLICATION {} FOR TABLE outbox WITH (publish = 'insert')",
        database.publication()
    ));
    database.create_slot();
    let config = format!(
        "{}[kafka.properties]\n\"message.max.bytes\" = 200000000\n[kafka.topics]\nconfig = {{ \"max.message.bytes\" = \"200000000\" }}\n",
        config(&database, &broker)
    );
    let outflow = harness::Outflow::command(["run"]).config(&config).start();
    outflow.wait_for_line("streaming", PATIENCE);
    let idle = outflow.peak_rss_bytes();
    let size = 100_000_000_u64;
    database.sql().batch(&format!(
        "INSERT INTO outbox VALUES (1, 't', 'big', 'k', 'Tested', repeat('0123456789', {}), 'n')",
        size / 10
    ));
    let end = database.wal_end();
    wait_until(
        PATIENCE * 2,
        "the row to be delivered and confirmed",
        || database.has_confirmed(&end),
    );
    let grown = outflow.peak_rss_bytes().saturating_sub(idle);
    assert!(
        grown < 3 * size + (32 << 20),
        "{} MiB for a row of {} MiB",
        grown >> 20,
        size >> 20
    );
    assert!(
        !outflow.stderr().contains("trying again"),
        "the status was not kept up: {}",
        outflow.stderr()
    );
    wait_until(
        Duration::from_secs(20),
        "the memory to be given back",
        || outflow.rss_bytes() < idle + size,
    );
    assert!(outflow.stop().success());
}
