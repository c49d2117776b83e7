//! The main job on every PostgreSQL that is supported: what is committed, and nothing else, once, in
//! the order of commits, in whatever way it was written.

use harness::{Broker, Consumed, Database, Major, PATIENCE, Postgres, compat};

use crate::service::{deliver, insert, service};

#[test]
fn postgresql_14() {
    main_job(Major::V14);
}

#[test]
fn postgresql_15() {
    main_job(Major::V15);
}

#[test]
fn postgresql_16() {
    main_job(Major::V16);
}

#[test]
fn postgresql_17() {
    main_job(Major::V17);
}

#[test]
fn postgresql_18() {
    main_job(Major::V18);
}

/// Commits rows in every way that is easily got wrong, and expects each once, in order.
fn main_job(major: Major) {
    let (database, broker) = (Postgres::shared(major).database(), Broker::shared());
    database.create_outbox();
    database.create_slot();
    let outbox = Outbox::of(&database);
    let (sql, other) = (database.sql(), database.connect());

    // Two transactions at once: the order is that of their commits.
    other.batch(&format!("BEGIN; {}", outbox.insert(&[3, 4])));
    sql.batch(&format!("BEGIN; {}", outbox.insert(&[1])));
    other.batch("SAVEPOINT s");
    sql.batch(&format!("{}; COMMIT", outbox.insert(&[2])));
    other.batch("COMMIT");

    sql.batch(&format!(
        "BEGIN; {}; SAVEPOINT s; {}; ROLLBACK TO SAVEPOINT s; {}; COMMIT",
        outbox.insert(&[5]),
        outbox.insert(&[-1]),
        outbox.insert(&[6]),
    ));
    sql.batch(&format!("BEGIN; {}; ROLLBACK", outbox.insert(&[-2])));
    outbox.copy(&[7, 8, 9]);
    sql.batch(&format!(
        "BEGIN; {}; DELETE FROM outbox; COMMIT",
        outbox.insert(&[10])
    ));
    sql.batch(&format!(
        "{0}; {0} ON CONFLICT DO NOTHING; {1} ON CONFLICT DO NOTHING",
        outbox.insert(&[11]),
        outbox.insert(&[11, 12]),
    ));
    if major == Major::V18 {
        outbox.stray_stream_abort();
    }
    sql.batch(&outbox.insert(&[13]));
    if major == Major::V18 {
        outbox.expect_stray_stream_abort();
    }

    let records = deliver(&database, broker, "", &[&outbox.topic()]);
    let numbers: Vec<_> = records.iter().map(Consumed::value_text).collect();
    let expected: Vec<_> = (1..=13).map(|n| format!("{{\"n\": {n}}}")).collect();
    assert_eq!(numbers, expected);
    // The slot has moved past all of it.
    let again = deliver(&database, broker, "", &[&outbox.topic()]);
    assert_eq!(again.len(), records.len());
    compat::works(
        "Events: what is committed, once, in the order of commits",
        major,
    );
    compat::works(
        "Events: savepoints, COPY, ON CONFLICT, deletes of the same transaction",
        major,
    );
}

#[test]
fn bytes_of_a_database_without_an_encoding_stay_as_they_are() {
    for major in [Major::V14, Major::V18] {
        let database = Postgres::shared(major).database_in("SQL_ASCII");
        let topic = text_outbox(&database);
        database.sql().batch(&format!(
            "INSERT INTO outbox VALUES (1, '{}', 'k', 'a' || chr(255) || 'b')",
            database.topic("order")
        ));
        let records = deliver(&database, Broker::shared(), "", &[&topic]);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].value.as_deref(), Some(&b"a\xffb"[..]));
        compat::works("Encodings: SQL_ASCII, bytes as they are", major);
    }
}

#[test]
fn text_of_another_encoding_arrives_as_utf_8() {
    for major in [Major::V14, Major::V18] {
        let database = Postgres::shared(major).database_in("LATIN1");
        let topic = text_outbox(&database);
        database.sql().batch(&format!(
            "INSERT INTO outbox VALUES (1, '{}', 'clé', 'é')",
            database.topic("order")
        ));
        let records = deliver(&database, Broker::shared(), "", &[&topic]);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].key_text(), "clé");
        assert_eq!(records[0].value.as_deref(), Some("é".as_bytes()));
        compat::works("Encodings: LATIN1, as UTF-8", major);
    }
}

#[test]
fn a_column_that_is_added_within_a_transaction_changes_nothing() {
    let (database, broker) = (Postgres::shared(Major::V17).database(), Broker::shared());
    database.create_outbox();
    database.create_slot();
    let outbox = Outbox::of(&database);
    let outflow = service(&database, broker).start();
    outflow.wait_for_line("streaming", PATIENCE);
    database.sql().batch(&format!(
        "BEGIN; {}; ALTER TABLE outbox ADD COLUMN note text DEFAULT 'new'; {}; COMMIT",
        outbox.insert(&[1]),
        outbox.insert(&[2])
    ));
    database.sql().batch(&outbox.insert(&[3]));
    let records = broker.consume(&[&outbox.topic()], PATIENCE, |records| records.len() >= 3);
    let numbers: Vec<_> = records.iter().map(Consumed::value_text).collect();
    assert_eq!(numbers, ["{\"n\": 1}", "{\"n\": 2}", "{\"n\": 3}"]);
    assert!(outflow.stop().success());
    assert_eq!(broker.records(&[&outbox.topic()]).len(), 3);
    compat::works("Events: a column added in mid-transaction", Major::V17);
}

#[test]
fn a_needed_column_that_is_dropped_ends_the_run_after_what_was_before() {
    let (database, broker) = (Postgres::shared(Major::V17).database(), Broker::shared());
    database.create_outbox();
    database.create_slot();
    let aggregate = database.topic("order");
    let outflow = service(&database, broker).start();
    outflow.wait_for_line("streaming", PATIENCE);
    insert(&database, &aggregate, "1", "{}");
    database.sql().batch(&format!(
        "BEGIN; INSERT INTO outbox (aggregate_type, aggregate_id, payload) VALUES ('{aggregate}', '2', '{{}}'); \
         ALTER TABLE outbox DROP COLUMN payload; \
         INSERT INTO outbox (aggregate_type, aggregate_id) VALUES ('{aggregate}', '3'); COMMIT"
    ));
    let status = outflow.wait_exit(PATIENCE);
    let said = outflow.stderr();
    assert_eq!(status.code(), Some(78), "{said}");
    assert!(
        said.contains("payload") && said.contains("public.outbox"),
        "{said}"
    );
    let mut records = broker.records(&[&format!("{aggregate}.events")]);
    records.sort_by_key(Consumed::key_text);
    let keys: Vec<_> = records.iter().map(Consumed::key_text).collect();
    assert_eq!(keys, ["1", "2"]);
}

/// Makes an outbox whose payload is text, its publication and slot; gives the topic of its events.
fn text_outbox(database: &Database) -> String {
    database.sql().batch(&format!(
        "CREATE TABLE outbox (id int PRIMARY KEY, aggregate_type text, aggregate_id text, payload text); \
         CREATE PUBLICATION {} FOR TABLE outbox WITH (publish = 'insert')",
        database.publication()
    ));
    database.create_slot();
    format!("{}.events", database.topic("order"))
}

/// The outbox of a database, its events numbered, all of one key.
struct Outbox<'d> {
    /// Where it is.
    database: &'d Database,
    /// The aggregate type of its events.
    aggregate: String,
}

impl<'d> Outbox<'d> {
    /// The outbox of this database.
    fn of(database: &'d Database) -> Self {
        let aggregate = database.topic("order");
        Self {
            database,
            aggregate,
        }
    }

    /// The topic of its events.
    fn topic(&self) -> String {
        format!("{}.events", self.aggregate)
    }

    /// A statement that inserts events of these numbers.
    fn insert(&self, numbers: &[i32]) -> String {
        let aggregate = &self.aggregate;
        let rows: Vec<_> = numbers
            .iter()
            .map(|n| format!("('{}', '{aggregate}', 'key', '{{\"n\": {n}}}')", id(*n)))
            .collect();
        format!(
            "INSERT INTO outbox (id, aggregate_type, aggregate_id, payload) VALUES {}",
            rows.join(", ")
        )
    }

    /// Copies events into the table: they come as one record of the WAL.
    fn copy(&self, numbers: &[i32]) {
        let rows: String = numbers
            .iter()
            .map(|n| format!("{}|{}|key|{{\"n\": {n}}}\\n", id(*n), self.aggregate))
            .collect();
        self.database.sql().batch(&format!(
            "COPY outbox (id, aggregate_type, aggregate_id, payload) FROM PROGRAM $$printf '{rows}'$$ \
             WITH (DELIMITER '|')"
        ));
    }

    /// Makes PostgreSQL 18 send a StreamAbort that has no stream: a
    /// transaction that is rolled back, larger than logical_decoding_work_mem, with subtransactions
    /// smaller than what it did itself.
    fn stray_stream_abort(&self) {
        let (name, sql) = (self.database.name(), self.database.sql());
        sql.batch(&format!(
            "ALTER DATABASE {name} SET logical_decoding_work_mem = '64kB'"
        ));
        sql.batch(&format!(
            "BEGIN; SAVEPOINT s; {}; RELEASE SAVEPOINT s; \
             INSERT INTO outbox (aggregate_type, aggregate_id, payload) \
             SELECT '{}', repeat('x', 1000), '{{}}' FROM generate_series(1, 200); ROLLBACK",
            self.insert(&[-3]),
            self.aggregate
        ));
    }

    /// Sees that the stray StreamAbort is there; only a later commit makes sure that it is in the WAL.
    fn expect_stray_stream_abort(&self) {
        let name = self.database.name();
        let strays = self.database.connect().text(&format!(
            "SELECT count(*) FROM pg_logical_slot_peek_binary_changes('{name}', NULL, NULL, \
             'proto_version', '1', 'publication_names', '{name}') WHERE get_byte(data, 0) = ascii('A')"
        ));
        assert_ne!(strays.as_deref(), Some("0"), "no stray StreamAbort");
    }
}

/// The id of the event of a number.
fn id(number: i32) -> String {
    format!(
        "00000000-0000-4000-8000-{:012x}",
        u32::from_ne_bytes(number.to_ne_bytes())
    )
}
