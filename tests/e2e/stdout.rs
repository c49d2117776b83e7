//! The stdout sink.

use std::process::{Command, Stdio};

use harness::{Major, Outflow, Postgres};

use crate::service::insert;

#[test]
fn one_json_object_a_line_and_the_slot_stays_where_it_was() {
    let database = Postgres::shared(Major::V15).database();
    database.create_outbox();
    database.create_slot();
    let before = database.confirmed_flush_lsn();
    insert(&database, "order", "42", "{\"total\": 99}");
    database.sql().batch(
        "INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload) VALUES \
         ('4d47e190-0402-4048-bc2c-89dd54343cdc', 'order', '43', 'OrderPaid', NULL)",
    );
    let config = format!(
        "name = \"{}\"\n[postgres]\nurl = \"{}\"\n",
        database.slot(),
        database.url()
    );
    let run = || {
        Outflow::command(["run", "--sink", "stdout", "--until-caught-up"])
            .config(&config)
            .run_to_end()
    };
    let first = run();
    assert_eq!(first.code(), Some(0), "{}", first.stderr);
    let lines: Vec<&str> = first.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("{\"topic\":\"order.events\",\"partition\":null,\"key\":\"42\",\"value\":\"{\\\"total\\\": 99}\",\"headers\":[[\"id\",\""), "{}", lines[0]);
    assert_eq!(
        lines[1],
        "{\"topic\":\"order.events\",\"partition\":null,\"key\":\"43\",\"value\":null,\"headers\":\
         [[\"id\",\"4d47e190-0402-4048-bc2c-89dd54343cdc\"],[\"eventType\",\"OrderPaid\"]],\"timestamp\":null}"
    );
    assert_eq!(database.confirmed_flush_lsn(), before);
    assert_eq!(run().stdout, first.stdout, "read again from the same place");

    let acked = Outflow::command(["run", "--sink", "stdout", "--until-caught-up", "--ack"])
        .config(&config)
        .run_to_end();
    assert_eq!(acked.stdout, first.stdout);
    assert_eq!(run().stdout, "", "the slot has moved");
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database.create_slot();
    database.sql().batch(
        "INSERT INTO outbox (aggregate_type, aggregate_id, payload) \
         SELECT 'order', n::text, jsonb_build_object('n', n) FROM generate_series(1, 50000) AS n",
    );
    let before = database.confirmed_flush_lsn();
    let command = Outflow::command(["run", "--sink", "stdout", "--until-caught-up", "--ack"])
        .config(&format!(
            "name = \"{}\"\n[postgres]\nurl = \"{}\"\n",
            database.slot(),
            database.url()
        ));
    let binary = command.program();
    let output = Command::new("bash")
        .args([
            "-c",
            "set -o pipefail; \"$0\" run --sink stdout --until-caught-up | head -1",
        ])
        .arg(&binary)
        .current_dir(command.folder())
        .stdin(Stdio::null())
        .output()
        .expect("bash and head");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    assert!(!errors.contains("error"), "{errors}");
    assert_eq!(database.confirmed_flush_lsn(), before);
}
