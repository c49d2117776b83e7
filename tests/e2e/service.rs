//! A configured `outflow run`, and what the tests of it share.

use harness::{Broker, Consumed, Database, Outflow, OutflowCommand, Output};

/// Gives the configuration for a test's database and a broker.
pub(crate) fn config(database: &Database, broker: &Broker) -> String {
    format!(
        "name = \"{}\"\n[postgres]\nurl = \"{}\"\n[kafka]\nbrokers = [\"{}\"]\n",
        database.slot(),
        database.url(),
        broker.bootstrap()
    )
}

/// Gives the service, to be started.
pub(crate) fn service(database: &Database, broker: &Broker) -> OutflowCommand {
    Outflow::command(["run"]).config(&config(database, broker))
}

/// Commits one event.
pub(crate) fn insert(database: &Database, aggregate: &str, key: &str, payload: &str) {
    database.sql().batch(&format!(
        "INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) \
         VALUES ('{aggregate}', '{key}', 'Tested', '{payload}')"
    ));
}

/// Delivers all that is committed in one shot, with further settings, and gives how it ended.
pub(crate) fn one_shot(database: &Database, broker: &Broker, settings: &str) -> Output {
    Outflow::command(["run", "--until-caught-up"])
        .config(&format!("{}{settings}", config(database, broker)))
        .run_to_end()
}

/// Delivers all that is committed, which must succeed, and gives all that is in the topics then.
#[track_caller]
pub(crate) fn deliver(
    database: &Database,
    broker: &Broker,
    settings: &str,
    topics: &[&str],
) -> Vec<Consumed> {
    let output = one_shot(database, broker, settings);
    assert_eq!(output.code(), Some(0), "{}", output.stderr);
    broker.records(topics)
}
