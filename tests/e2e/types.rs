//! Columns of every kind as key, header, topic and payload: as PostgreSQL prints them, always alike.

use harness::{Broker, Consumed, Database, Major, Outflow, PATIENCE, Postgres, compat};

use crate::service::{config, deliver, one_shot};

/// Types, a value of each, and what becomes of it.
const VALUES: &[(&str, &str, &str)] = &[
    ("boolean", "true", "t"),
    ("smallint", "-32768", "-32768"),
    ("bigint", "9223372036854775807", "9223372036854775807"),
    (
        "numeric",
        "'123456789012345678901234567890.0500'",
        "123456789012345678901234567890.0500",
    ),
    ("numeric", "'NaN'", "NaN"),
    ("real", "'0.1'", "0.1"),
    (
        "float8",
        "'0.1'::float8 + '0.2'::float8",
        "0.30000000000000004",
    ),
    ("float8", "'-Infinity'", "-Infinity"),
    ("char(5)", "'ab'", "ab   "),
    ("varchar(5)", "'ab'", "ab"),
    ("name", "'A b'", "A b"),
    (
        "uuid",
        "'4D47E190-0402-4048-BC2C-89DD54343CDC'",
        "4d47e190-0402-4048-bc2c-89dd54343cdc",
    ),
    ("mood", "'very happy'", "very happy"),
    (
        "mood[]",
        "ARRAY['sad', 'very happy']::mood[]",
        "{sad,\"very happy\"}",
    ),
    ("int[]", "'{{1,NULL},{3,4}}'", "{{1,NULL},{3,4}}"),
    (
        "text[]",
        "ARRAY['a,b', '\"', '']",
        "{\"a,b\",\"\\\"\",\"\"}",
    ),
    ("pair", "ROW(1, 'a b')", "(1,\"a b\")"),
    ("positive", "7", "7"),
    ("blob", "'\\x6b2e6b'", "k.k"),
    ("bytea", "'\\x6b2e6b'", "k.k"),
    ("bytea[]", "ARRAY['\\x6b']::bytea[]", "{\"\\\\x6b\"}"),
    ("json", "'{\"b\": 1, \"a\":  2}'", "{\"b\": 1, \"a\":  2}"),
    ("jsonb", "'{\"b\": 1, \"a\":  2}'", "{\"a\": 2, \"b\": 1}"),
    ("hash", "'a'", "a"),
    ("int4range", "'[1,5]'", "[1,6)"),
    ("inet", "'10.0.0.1/8'", "10.0.0.1/8"),
    ("date", "'2026-01-02'", "2026-01-02"),
    ("date", "'infinity'", "infinity"),
    ("date", "'0044-03-15 BC'", "0044-03-15 BC"),
    ("time", "'03:04:05.678'", "03:04:05.678"),
    ("timetz", "'03:04:05+05:30'", "03:04:05+05:30"),
    (
        "timestamp",
        "'2026-01-02 03:04:05.6'",
        "2026-01-02 03:04:05.6",
    ),
    ("timestamp", "'-infinity'", "-infinity"),
    (
        "timestamptz",
        "'2026-01-02 03:04:05.6+02'",
        "2026-01-02 01:04:05.6+00",
    ),
    ("timestamptz", "'infinity'", "infinity"),
    (
        "interval",
        "'1 year 2 mons -3 days 04:05:06.7'",
        "1 year 2 mons -3 days +04:05:06.7",
    ),
];

#[test]
fn every_type_is_printed_alike_whatever_the_database_is_set_to() {
    for major in [Major::V14, Major::V18] {
        let database = Postgres::shared(major).database();
        let (sql, name, topic) = (database.sql(), database.name(), database.topic("t"));
        sql.batch(
            "CREATE TYPE mood AS ENUM ('sad', 'very happy'); CREATE TYPE pair AS (a int, b text);
             CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE DOMAIN blob AS bytea;
             CREATE DOMAIN hash AS varchar(8)",
        );
        let columns: Vec<_> = VALUES
            .iter()
            .enumerate()
            .map(|(n, (kind, ..))| format!("c{n} {kind}"))
            .collect();
        let values: Vec<_> = VALUES.iter().map(|(_, value, _)| *value).collect();
        sql.batch(&format!(
            "CREATE TABLE outbox (id int, {}, payload text); \
             CREATE PUBLICATION {name} FOR TABLE outbox WITH (publish = 'insert')",
            columns.join(", ")
        ));
        database.create_slot();
        sql.batch(&format!(
            "INSERT INTO outbox VALUES (1, {}, 'x'); \
             ALTER DATABASE {name} SET datestyle = 'German'; ALTER DATABASE {name} SET intervalstyle = 'iso_8601'; \
             ALTER DATABASE {name} SET timezone = 'Asia/Kolkata'; ALTER DATABASE {name} SET bytea_output = 'escape'; \
             ALTER DATABASE {name} SET extra_float_digits = -15",
            values.join(", ")
        ));
        let headers: Vec<_> = (0..VALUES.len())
            .map(|n| format!("c{n} = '{{c{n}}}'"))
            .collect();
        let all: String = (0..VALUES.len()).map(|n| format!("{{c{n}}}|")).collect();
        let settings = format!(
            "[outbox]\ntopic = '{topic}'\nkey = '{all}'\nheaders = {{ {} }}\n",
            headers.join(", ")
        );
        let peeked = Outflow::command(["slot", "peek"])
            .config(&format!(
                "{}{settings}",
                config(&database, Broker::shared())
            ))
            .run_to_end();
        assert_eq!(peeked.code(), Some(0), "{}", peeked.stderr);
        let records = deliver(&database, Broker::shared(), &settings, &[&topic]);
        assert_eq!(records.len(), 1);
        for (n, (kind, value, expected)) in VALUES.iter().enumerate() {
            let header = records[0].header(&format!("c{n}"));
            assert_eq!(header.as_deref(), Some(*expected), "{kind} {value}");
        }
        let key: String = VALUES
            .iter()
            .map(|(_, _, text)| format!("{text}|"))
            .collect();
        assert_eq!(records[0].key_text(), key);
        for odd in [
            "1 year 2 mons -3 days +04:05:06.7",
            "2026-01-02 01:04:05.6+00",
            "0.30000000000000004",
            "|2026-01-02|",
        ] {
            assert!(peeked.stdout.contains(odd), "as run: {}", peeked.stdout);
        }
        compat::works("Events: columns of every type", major);
    }
}

#[test]
fn a_topic_of_other_types_than_text() {
    let database = Postgres::shared(Major::V17).database();
    let name = database.name();
    database.sql().batch(&format!(
        "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN blob AS bytea; \
         CREATE TABLE outbox (id int, kind mood, day date, price numeric(5,2), raw blob, payload text); \
         CREATE PUBLICATION {name} FOR TABLE outbox WITH (publish = 'insert')"
    ));
    database.create_slot();
    database
        .sql()
        .batch("INSERT INTO outbox VALUES (1, 'happy', '2026-01-02', 1.5, '\\x6b', 'x')");
    let topic = format!("{name}.happy.2026-01-02.1.50.k");
    let settings =
        format!("[outbox]\ntopic = '{name}.{{kind}}.{{day}}.{{price}}.{{raw}}'\nkey = '{{raw}}'\n");
    let records = deliver(&database, Broker::shared(), &settings, &[&topic]);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].key_text(), "k");
    // An infinite time is no time for Kafka; a NULL has no topic.
    database
        .sql()
        .batch("INSERT INTO outbox VALUES (2, NULL, NULL, 1, '', 'x')");
    let output = one_shot(&database, Broker::shared(), &settings);
    assert_eq!(output.code(), Some(65), "{}", output.stderr);
    assert!(
        output.stderr.contains("row 2 of public.outbox"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_generated_column_is_there_where_it_is_published() {
    for (major, with, code) in [
        (Major::V18, "publish_generated_columns = stored", 0),
        (Major::V18, "publish_via_partition_root = false", 78),
        (Major::V17, "publish_via_partition_root = false", 78),
    ] {
        let database = Postgres::shared(major).database();
        let (name, topic) = (database.name(), database.topic("t"));
        database.sql().batch(&format!(
            "CREATE TABLE outbox (id int, made text GENERATED ALWAYS AS ('n' || id) STORED, payload text); \
             CREATE PUBLICATION {name} FOR TABLE outbox WITH (publish = 'insert', {with})"
        ));
        database.create_slot();
        database
            .sql()
            .batch("INSERT INTO outbox (id, payload) VALUES (7, 'x')");
        let settings = format!("[outbox]\ntopic = '{topic}'\nkey = '{{made}}'\n");
        let output = one_shot(&database, Broker::shared(), &settings);
        assert_eq!(
            output.code(),
            Some(code),
            "{major} {with}: {}",
            output.stderr
        );
        if code == 0 {
            assert_eq!(Broker::shared().records(&[&topic])[0].key_text(), "n7");
            compat::works("Events: a generated column, where it is published", major);
        } else {
            assert!(output.stderr.contains("made"), "{}", output.stderr);
        }
    }
}

#[test]
fn partitions_under_their_own_names() {
    for major in [Major::V14, Major::V18] {
        let database = Postgres::shared(major).database();
        let aggregate = database.topic("order");
        let sql = database.sql();
        sql.batch(&format!(
            "CREATE TABLE outbox (id int, aggregate_type text, aggregate_id text, payload text) PARTITION BY RANGE (id); \
             CREATE TABLE outbox_a PARTITION OF outbox FOR VALUES FROM (0) TO (10); \
             CREATE TABLE outbox_b (payload text, gone int, aggregate_id text, id int, aggregate_type text); \
             ALTER TABLE outbox_b DROP COLUMN gone; \
             ALTER TABLE outbox ATTACH PARTITION outbox_b FOR VALUES FROM (10) TO (20); \
             CREATE PUBLICATION {} FOR TABLE outbox WITH (publish = 'insert', publish_via_partition_root = false)",
            database.publication()
        ));
        database.create_slot();
        sql.batch(&format!(
            "INSERT INTO outbox VALUES (1, '{aggregate}', 'k', 'a'), (11, '{aggregate}', 'k', 'b'), (2, '{aggregate}', 'k', 'c')"
        ));
        sql.batch(&format!(
            "CREATE TABLE outbox_c PARTITION OF outbox FOR VALUES FROM (20) TO (30); \
             INSERT INTO outbox VALUES (21, '{aggregate}', 'k', 'd'); ALTER TABLE outbox DETACH PARTITION outbox_c; \
             INSERT INTO outbox VALUES (3, '{aggregate}', 'k', 'e')"
        ));
        let topic = format!("{aggregate}.events");
        let records = deliver(&database, Broker::shared(), "", &[&topic]);
        assert_eq!(values(&records), ["a", "b", "c", "d", "e"]);
    }
}

#[test]
fn columns_that_come_go_and_change_within_a_transaction() {
    for major in [Major::V14, Major::V18] {
        let (database, broker) = (Postgres::shared(major).database(), Broker::shared());
        let (sql, aggregate) = (database.sql(), database.topic("order"));
        sql.batch(&format!(
            "CREATE TABLE outbox (a int, id int, b text, aggregate_type text, aggregate_id text, payload text); \
             CREATE PUBLICATION {} FOR TABLE outbox WITH (publish = 'insert')",
            database.publication()
        ));
        database.create_slot();
        let row = |n: i32| {
            format!(
                "INSERT INTO outbox (id, aggregate_type, aggregate_id, payload) VALUES ({n}, '{aggregate}', 'k', '{n}')"
            )
        };
        sql.batch(&format!(
            "BEGIN; {}; ALTER TABLE outbox DROP COLUMN a; {}; ALTER TABLE outbox ADD COLUMN a text DEFAULT 'x'; {}; \
             SAVEPOINT s; ALTER TABLE outbox DROP COLUMN payload; ROLLBACK TO s; {}; \
             ALTER TABLE outbox DROP COLUMN b, ALTER id TYPE text; {}; \
             ALTER TABLE outbox ALTER payload TYPE bytea USING convert_to(payload, 'UTF8'); {}; COMMIT",
            row(1),
            row(2),
            row(3),
            row(4),
            row(5),
            row(6),
        ));
        sql.batch(&row(7));
        let topic = format!("{aggregate}.events");
        let records = deliver(&database, broker, "", &[&topic]);
        assert_eq!(values(&records), ["1", "2", "3", "4", "5", "6", "7"]);
        compat::works("Events: columns that change in mid-transaction", major);
    }
}

#[test]
fn publications_with_odd_names() {
    for odd in ["My Pub", "a,b", "it's \"q\".d", "back\\slash"] {
        let database = Postgres::shared(Major::V17).database();
        let aggregate = database.topic("order");
        database.sql().batch(
            "CREATE TABLE outbox (id int, aggregate_type text, aggregate_id text, payload text)",
        );
        let settings = config(&database, Broker::shared()).replace(
            "[postgres]",
            &format!("[postgres]\npublication = '''{odd}'''"),
        );
        let outflow = |arguments: &[&str]| {
            let output = Outflow::command(arguments).config(&settings).run_to_end();
            assert_eq!(output.code(), Some(0), "{odd}: {}", output.stderr);
            output.stdout
        };
        outflow(&["slot", "create", "--publication"]);
        database.sql().batch(&format!(
            "INSERT INTO outbox VALUES (1, '{aggregate}', 'k', 'v')"
        ));
        assert!(
            outflow(&["slot", "peek"]).contains("\"value\":\"v\""),
            "{odd}"
        );
        outflow(&["run", "--until-caught-up"]);
        let topic = format!("{aggregate}.events");
        assert_eq!(values(&Broker::shared().records(&[&topic])), ["v"], "{odd}");
        outflow(&["slot", "drop", "--yes"]);
        outflow(&["publication", "drop", "--yes"]);
    }
}

#[test]
#[ignore = "wide: make test-all"]
fn a_row_of_600_mb_is_received_in_bounded_memory() {
    let database: Database = Postgres::shared(Major::V17).database();
    let broker = Broker::shared();
    let (sql, aggregate) = (database.sql(), database.topic("order"));
    sql.batch(&format!(
        "CREATE TABLE outbox (id int, aggregate_type text, aggregate_id text, payload text, note text); \
         ALTER TABLE outbox ALTER payload SET STORAGE EXTERNAL, ALTER note SET STORAGE EXTERNAL; \
         CREATE PUBLICATION {} FOR TABLE outbox WITH (publish = 'insert')",
        database.publication()
    ));
    database.create_slot();
    let outflow = Outflow::command(["run"])
        .config(&config(&database, broker))
        .start();
    outflow.wait_for_line("streaming", PATIENCE);
    let idle = outflow.peak_rss_bytes();
    let size = 600_000_000_u64;
    let large = format!("repeat('0123456789', {})", size / 10);
    // Beside a small event: the row passes, in the memory that its frame takes.
    sql.batch(&format!(
        "INSERT INTO outbox VALUES (1, '{aggregate}', 'k', 'small', {large})"
    ));
    let topic = format!("{aggregate}.events");
    let records = broker.consume(&[&topic], PATIENCE * 4, |records| !records.is_empty());
    assert_eq!(values(&records), ["small"]);
    let grown = outflow.peak_rss_bytes().saturating_sub(idle);
    assert!(grown < 3 * size + (32 << 20), "{} MiB", grown >> 20);
    // As the event: over Kafka's limit, so it stops the stream, and is named.
    sql.batch(&format!(
        "INSERT INTO outbox VALUES (2, '{aggregate}', 'k', {large}, 'n')"
    ));
    let status = outflow.wait_exit(PATIENCE * 4);
    assert_eq!(status.code(), Some(65), "{}", outflow.stderr());
    assert!(
        outflow.stderr().contains("row 2 of public.outbox"),
        "{}",
        outflow.stderr()
    );
    assert!(
        !outflow.stderr().contains("trying again"),
        "the status was kept up: {}",
        outflow.stderr()
    );
    compat::works("Events: a row of 600 MB", Major::V17);
}

/// The values of records, in order.
fn values(records: &[Consumed]) -> Vec<String> {
    records.iter().map(Consumed::value_text).collect()
}
