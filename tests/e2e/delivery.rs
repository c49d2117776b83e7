//! The main job: what is committed arrives, once, in order, where it belongs.

use harness::{Broker, Major, Outflow, PATIENCE, Postgres};

#[test]
fn a_committed_insert_becomes_a_record() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database.create_slot();
    let topic = database.topic("order");
    database.sql().batch(&format!(
        "INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) VALUES ('{topic}', '42', 'OrderPaid', '{{\"total\": 99}}')"
    ));
    let output = Outflow::command([
        "run",
        "--until-caught-up",
        "-d",
        &database.url(),
        "-b",
        Broker::shared().bootstrap(),
    ])
    .args(["--set", &format!("name=\"{}\"", database.slot())])
    .run_to_end();
    println!("{}\n{}", output.stdout, output.stderr);
    assert_eq!(output.code(), Some(0));
    let topic = format!("{topic}.events");
    let records = Broker::shared().consume(&[&topic], PATIENCE, |seen| seen.len() == 1);
    println!("{records:?}");
    assert_eq!(records[0].key_text(), "42");
    assert_eq!(records[0].value_text(), "{\"total\": 99}");
    assert_eq!(records[0].header("eventType").as_deref(), Some("OrderPaid"));
}
