//! A backlog of events behind a slot, written as fast as PostgreSQL takes it.

use harness::Database;

/// The aggregate types, and with them the topics.
pub(crate) const TYPES: [&str; 4] = ["order", "payment", "shipment", "customer"];

/// Makes tables, publication and the base slot.
pub(crate) fn prepare(database: &Database) {
    let sql = database.sql();
    sql.batch(include_str!("../../sql/outbox.sql"));
    sql.batch("CREATE TABLE business (id bigserial PRIMARY KEY, note text NOT NULL)");
    sql.batch(&format!(
        "CREATE PUBLICATION {} FOR TABLE outbox WITH (publish = 'insert')",
        database.publication()
    ));
    database.create_slot();
}

/// Commits `events` events of some 250 bytes, `rows` a transaction, each with one business row.
pub(crate) fn fill(database: &Database, events: u32, rows: u32) {
    let transactions = events / rows;
    database.sql().batch(&format!(
        "DO $$ BEGIN
           FOR t IN 1..{transactions} LOOP
             INSERT INTO business (note) VALUES ('change ' || t);
             INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload)
               SELECT gen_random_uuid(), (ARRAY['order','payment','shipment','customer'])[n % 4 + 1],
                      (n % 5000)::text, 'Changed',
                      jsonb_build_object('n', n, 'total', n * 7 % 1000, 'currency', 'EUR', 'note', repeat('x', 180))
                 FROM generate_series((t - 1) * {rows}, t * {rows} - 1) AS n;
             COMMIT;
           END LOOP;
         END $$"
    ));
}
