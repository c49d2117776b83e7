//! A configured `outflow run`, and what the tests of it share.

use harness::{Broker, Database, Outflow, OutflowCommand};

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
