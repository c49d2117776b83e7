//! Outbox tables of every shape, and what the settings make of their rows.

use harness::{Broker, Consumed, Database, Major, PATIENCE, Postgres};
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;

use crate::service::{config, deliver, insert, one_shot};

#[test]
fn the_usual_shapes_need_no_settings() {
    let shapes = [
        "id uuid DEFAULT gen_random_uuid(), aggregate_type text, aggregate_id text, event_type text, payload jsonb, created_at timestamp DEFAULT now()",
        "id uuid DEFAULT gen_random_uuid(), aggregatetype varchar(255), aggregateid varchar(255), type varchar(255), payload jsonb",
        "event_id uuid DEFAULT gen_random_uuid(), aggregate_type text, aggregate_id text, event_type text, event_data jsonb",
    ];
    for shape in shapes {
        let database = outbox(shape);
        let aggregate = database.topic("order");
        database.sql().batch(&format!(
            "INSERT INTO outbox VALUES ('4d47e190-0402-4048-bc2c-89dd54343cdc', '{aggregate}', '42', 'OrderPaid', '{{\"total\": 99}}')"
        ));
        let records = deliver(
            &database,
            Broker::shared(),
            "",
            &[&format!("{aggregate}.events")],
        );
        assert_eq!(records.len(), 1, "{shape}");
        let record = &records[0];
        assert_eq!(record.key_text(), "42");
        assert_eq!(record.value_text(), "{\"total\": 99}");
        assert_eq!(
            headers(record),
            [
                ("id", "4d47e190-0402-4048-bc2c-89dd54343cdc"),
                ("eventType", "OrderPaid")
            ]
        );
    }
}

#[test]
fn a_table_without_an_event_type_has_no_header_of_it_and_a_null_key_is_none() {
    let database = outbox("id bigint, aggregate_type text, aggregate_id bigint, payload text");
    let aggregate = database.topic("order");
    database.sql().batch(&format!(
        "INSERT INTO outbox VALUES (7, '{aggregate}', 42, 'x'), (8, '{aggregate}', NULL, '')"
    ));
    let mut records = deliver(
        &database,
        Broker::shared(),
        "",
        &[&format!("{aggregate}.events")],
    );
    records.sort_by_key(|record| record.header("id"));
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].key.as_deref(), Some(&b"42"[..]));
    assert_eq!(headers(&records[0]), [("id", "7")]);
    assert_eq!(records[1].key, None);
    assert_eq!(
        records[1].value.as_deref(),
        Some(&b""[..]),
        "empty, not null"
    );
}

#[test]
fn the_topic_by_a_regular_expression() {
    let database = usual();
    let name = database.name();
    insert(&database, &format!("{name}-order"), "1", "{}");
    insert(&database, &format!("{name}.other"), "2", "{}");
    let settings =
        "[outbox]\ntopic = { regex = '(?<base>.*)-(ord.*)', replacement = '${base}.outbox.$2' }\n";
    let (matched, other) = (format!("{name}.outbox.order"), format!("{name}.other"));
    let records = deliver(&database, Broker::shared(), settings, &[&matched, &other]);
    let mut found: Vec<_> = records
        .iter()
        .map(|record| (record.key_text(), record.topic.clone()))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [("1".to_owned(), matched), ("2".to_owned(), other)],
        "what does not match is taken unchanged"
    );
}

#[test]
fn topic_key_and_headers_from_any_column() {
    let database = outbox(
        "id uuid DEFAULT gen_random_uuid(), tenant text, number int, trace text, payload jsonb",
    );
    let name = database.name();
    database.sql().batch(
        "INSERT INTO outbox (tenant, number, trace, payload) VALUES ('a', 1, 't1', '{}'), ('b', 2, NULL, '{}')",
    );
    let settings = format!(
        "[outbox]\ntopic = '{name}.{{tenant}}'\nkey = '{{tenant}}/{{column:number}}'\n\
         headers = [['trace', '{{trace}}'], ['who', '{{tenant}}'], ['who', 'no {{number}}']]\n"
    );
    let (a, b) = (format!("{name}.a"), format!("{name}.b"));
    let mut records = deliver(&database, Broker::shared(), &settings, &[&a, &b]);
    records.sort_by_key(|record| record.topic.clone());
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].key_text(), "a/1");
    assert_eq!(
        headers(&records[0]),
        [("trace", "t1"), ("who", "a"), ("who", "no 1")]
    );
    assert_eq!(records[1].key_text(), "b/2");
    assert_eq!(headers(&records[1]), [("who", "b"), ("who", "no 2")]);
}

#[test]
fn a_bytea_payload_is_its_bytes() {
    let database = outbox("id int, aggregate_type text, aggregate_id bytea, payload bytea");
    let aggregate = database.topic("order");
    database.sql().batch(&format!(
        "INSERT INTO outbox VALUES (1, '{aggregate}', '\\x6bff', '\\x00ff5c0a')"
    ));
    let records = deliver(
        &database,
        Broker::shared(),
        "",
        &[&format!("{aggregate}.events")],
    );
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].key.as_deref(), Some(&b"k\xff"[..]));
    assert_eq!(records[0].value.as_deref(), Some(&b"\x00\xff\x5c\x0a"[..]));
}

#[test]
fn a_payload_checked_to_be_json() {
    let database = outbox("id int, aggregate_type text, aggregate_id text, payload text");
    let aggregate = database.topic("order");
    let topic = format!("{aggregate}.events");
    database.sql().batch(&format!(
        "INSERT INTO outbox VALUES (1, '{aggregate}', 'k', '{{ \"a\" : 1.50,\n \"b c\": [1, 2] }}')"
    ));
    let settings = "[outbox]\npayload = 'json'\n";
    let records = deliver(&database, Broker::shared(), settings, &[&topic]);
    assert_eq!(records[0].value_text(), "{\"a\":1.50,\"b c\":[1,2]}");
    database.sql().batch(&format!(
        "INSERT INTO outbox VALUES (2, '{aggregate}', 'k', '{{ \"secret\": ')"
    ));
    let output = one_shot(&database, Broker::shared(), settings);
    assert_eq!(output.code(), Some(65), "{}", output.stderr);
    assert!(
        output.stderr.contains("row 2 of public.outbox"),
        "{}",
        output.stderr
    );
    assert!(!output.stderr.contains("secret"), "{}", output.stderr);
}

#[test]
fn a_null_payload_is_a_tombstone_or_nothing_or_an_error() {
    for (choice, code, expected) in [("null", 0, 2), ("skip", 0, 1), ("error", 65, 1)] {
        let database = usual();
        let aggregate = database.topic("order");
        database.sql().batch(&format!(
            "INSERT INTO outbox (aggregate_type, aggregate_id, payload) VALUES ('{aggregate}', 'k', '{{}}'), ('{aggregate}', 'k', NULL)"
        ));
        let settings = format!("[outbox]\non_null_payload = '{choice}'\n");
        let output = one_shot(&database, Broker::shared(), &settings);
        assert_eq!(output.code(), Some(code), "{choice}: {}", output.stderr);
        let records = Broker::shared().records(&[&format!("{aggregate}.events")]);
        assert_eq!(records.len(), expected, "{choice}");
        assert!(records[0].value.is_some());
        if let Some(tombstone) = records.get(1) {
            assert_eq!(
                (tombstone.key_text().as_str(), &tombstone.value),
                ("k", &None)
            );
        }
    }
}

#[test]
fn the_time_of_a_record_from_a_column() {
    let cases = [
        (
            "timestamptz",
            "'2026-01-02 03:04:05.678+02'",
            1_767_315_845_678,
        ),
        (
            "timestamp",
            "'2026-01-02 03:04:05.678999'",
            1_767_323_045_678,
        ),
        ("bigint", "1767323045678", 1_767_323_045_678),
    ];
    for (kind, value, expected) in cases {
        let database = outbox(&format!(
            "id int, aggregate_type text, aggregate_id text, payload text, at {kind}"
        ));
        let aggregate = database.topic("order");
        // Neither the server's zone nor its style may change what is read.
        database.sql().batch(&format!(
            "ALTER DATABASE {0} SET timezone = 'Asia/Kolkata'; ALTER DATABASE {0} SET datestyle = 'German'; \
             INSERT INTO outbox VALUES (1, '{aggregate}', 'k', 'x', {value}), (2, '{aggregate}', 'k', 'x', NULL)",
            database.name()
        ));
        let settings = "[outbox]\ncolumns = { timestamp = 'at' }\n";
        let records = deliver(
            &database,
            Broker::shared(),
            settings,
            &[&format!("{aggregate}.events")],
        );
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].timestamp, Some(expected), "{kind}");
        assert!(records[1].timestamp > Some(expected), "the time of sending");
    }
}

#[test]
fn a_partitioned_outbox_comes_under_its_own_name() {
    for major in [Major::V14, Major::V18] {
        let database = Postgres::shared(major).database();
        let aggregate = database.topic("order");
        database.sql().batch(&format!(
            "CREATE TABLE outbox (id int, aggregate_type text, aggregate_id text, payload text) PARTITION BY RANGE (id); \
             CREATE TABLE outbox_a PARTITION OF outbox FOR VALUES FROM (0) TO (10); \
             CREATE TABLE outbox_b (payload text, aggregate_id text, id int, aggregate_type text); \
             ALTER TABLE outbox ATTACH PARTITION outbox_b FOR VALUES FROM (10) TO (20); \
             CREATE PUBLICATION {} FOR TABLE outbox WITH (publish = 'insert', publish_via_partition_root = true)",
            database.publication()
        ));
        database.create_slot();
        database.sql().batch(&format!(
            "INSERT INTO outbox VALUES (1, '{aggregate}', 'k', 'a'), (11, '{aggregate}', 'k', 'b'), (2, '{aggregate}', 'k', 'c')"
        ));
        // A partition that is added later, and one that goes, change nothing.
        database.sql().batch(&format!(
            "CREATE TABLE outbox_c PARTITION OF outbox FOR VALUES FROM (20) TO (30); \
             INSERT INTO outbox VALUES (21, '{aggregate}', 'k', 'd'); DROP TABLE outbox_a; \
             INSERT INTO outbox_b VALUES ('e', 'k', 12, '{aggregate}')"
        ));
        let settings = "[outbox]\ntables = ['public.outbox']\n";
        let records = deliver(
            &database,
            Broker::shared(),
            settings,
            &[&format!("{aggregate}.events")],
        );
        let values: Vec<_> = records.iter().map(Consumed::value_text).collect();
        assert_eq!(values, ["a", "b", "c", "d", "e"]);
        harness::compat::works("Events: a partitioned outbox, under its own name", major);
    }
}

#[test]
fn names_with_quotes_upper_case_and_dots() {
    let database = Postgres::shared(Major::V17).database();
    let aggregate = database.topic("order");
    database.sql().batch(&format!(
        "CREATE SCHEMA \"My.Schema\"; CREATE TABLE \"My.Schema\".\"Out\"\"Box\" \
         (\"Id\" int, \"Aggregate Type\" text, \"Key.Of\" text, \"Payload\" text, \"Tenant's\" text); \
         CREATE TABLE other (id int, payload text); \
         CREATE PUBLICATION {} FOR TABLE \"My.Schema\".\"Out\"\"Box\", other WITH (publish = 'insert')",
        database.publication()
    ));
    database.create_slot();
    database.sql().batch(&format!(
        "INSERT INTO other VALUES (1, 'no outbox'); \
         INSERT INTO \"My.Schema\".\"Out\"\"Box\" VALUES (1, '{aggregate}', 'k', 'x', 't')"
    ));
    let settings = r#"
[outbox]
tables = ['"My.Schema"."Out""Box"']
columns = { id = "Id", aggregate_type = "Aggregate Type", aggregate_id = "Key.Of", payload = "Payload" }
headers = { tenant = "{Tenant's}" }
"#;
    let records = deliver(
        &database,
        Broker::shared(),
        settings,
        &[&format!("{aggregate}.events")],
    );
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].key_text(), records[0].value_text()),
        ("k".to_owned(), "x".to_owned())
    );
    assert_eq!(headers(&records[0]), [("tenant", "t")]);
}

#[test]
fn two_outboxes_of_different_shapes_in_one_publication_keep_their_common_order() {
    let database = usual();
    let aggregate = database.topic("order");
    database.sql().batch(&format!(
        "CREATE TABLE events (event_id int, event_data text, aggregateid text, aggregatetype text); \
         ALTER PUBLICATION {} ADD TABLE events",
        database.publication()
    ));
    for n in 0..3 {
        insert(&database, &aggregate, "k", &format!("{{\"n\": {}}}", 2 * n));
        database.sql().batch(&format!(
            "INSERT INTO events VALUES ({n}, '{{\"n\": {}}}', 'k', '{aggregate}')",
            2 * n + 1
        ));
    }
    let records = deliver(
        &database,
        Broker::shared(),
        "",
        &[&format!("{aggregate}.events")],
    );
    let values: Vec<_> = records.iter().map(Consumed::value_text).collect();
    let expected: Vec<_> = (0..6).map(|n| format!("{{\"n\": {n}}}")).collect();
    assert_eq!(values, expected);
}

#[test]
fn what_is_no_insert_makes_no_record() {
    for (choice, code, expected) in [("warn", 0, 2), ("error", 0, 2), ("stop", 65, 1)] {
        let database = usual();
        let aggregate = database.topic("order");
        database.sql().batch(&format!(
            "ALTER PUBLICATION {} SET (publish = 'insert, update, delete, truncate')",
            database.publication()
        ));
        insert(&database, &aggregate, "k", "{\"n\": 1}");
        database.sql().batch("DELETE FROM outbox");
        database.sql().batch("TRUNCATE outbox");
        insert(&database, &database.topic("other"), "k", "{}");
        database
            .sql()
            .batch("UPDATE outbox SET aggregate_id = 'changed'");
        insert(&database, &aggregate, "k", "{\"n\": 2}");
        let settings = format!("[outbox]\non_update = '{choice}'\n");
        let output = one_shot(&database, Broker::shared(), &settings);
        assert_eq!(output.code(), Some(code), "{choice}: {}", output.stderr);
        assert!(
            output.stderr.to_lowercase().contains("update"),
            "{choice}: {}",
            output.stderr
        );
        let records = Broker::shared().records(&[&format!("{aggregate}.events")]);
        assert_eq!(records.len(), expected, "{choice}");
    }
}

#[test]
fn a_publication_of_all_tables_of_some_columns_and_of_some_rows() {
    for major in [Major::V15, Major::V18] {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        let (name, sql) = (database.publication(), database.sql());
        database.create_slot();
        let aggregate = database.topic("order");
        let topic = format!("{aggregate}.events");
        let settings = "[outbox]\ntables = ['outbox']\n";
        let publish = |what: &str| {
            sql.batch(&format!(
                "DROP PUBLICATION {name}; CREATE PUBLICATION {name} {what}"
            ));
            sql.batch(&format!(
                "SELECT pg_replication_slot_advance('{name}', pg_current_wal_lsn())"
            ));
        };
        publish("FOR ALL TABLES");
        sql.batch("CREATE TABLE other (n int); INSERT INTO other VALUES (1)");
        insert(&database, &aggregate, "all", "{}");
        assert_eq!(
            deliver(&database, Broker::shared(), settings, &[&topic]).len(),
            1
        );

        publish(
            "FOR TABLE outbox (id, aggregate_type, aggregate_id, payload) WHERE (aggregate_id <> 'left out') WITH (publish = 'insert')",
        );
        insert(&database, &aggregate, "some", "{}");
        insert(&database, &aggregate, "left out", "{}");
        let records = deliver(&database, Broker::shared(), settings, &[&topic]);
        assert_eq!(records.len(), 2);
        let some = records
            .iter()
            .find(|record| record.key_text() == "some")
            .expect("it");
        assert_eq!(
            some.header("eventType"),
            None,
            "the column is not published"
        );

        publish("FOR TABLE outbox (id, aggregate_type, payload) WITH (publish = 'insert')");
        let output = one_shot(&database, Broker::shared(), settings);
        assert_eq!(output.code(), Some(78), "{}", output.stderr);
        assert!(output.stderr.contains("aggregate_id"), "{}", output.stderr);
    }
}

#[test]
fn a_topic_is_created_as_configured() {
    let (database, broker) = (usual(), Broker::shared());
    let aggregate = database.topic("order");
    let topic = format!("{aggregate}.events");
    insert(&database, &aggregate, "k", "{}");
    let settings = "[kafka.topics]\npartitions = 5\nreplication_factor = 1\n\
                    config = { \"retention.ms\" = \"123456\", \"cleanup.policy\" = \"compact\" }\n";
    assert_eq!(deliver(&database, broker, settings, &[&topic]).len(), 1);

    let admin: AdminClient<DefaultClientContext> =
        broker.client_config().create().expect("a client");
    let metadata = admin
        .inner()
        .fetch_metadata(Some(&topic), PATIENCE)
        .expect("metadata");
    assert_eq!(metadata.topics()[0].partitions().len(), 5);
    let options = AdminOptions::new().request_timeout(Some(PATIENCE));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let described = runtime
        .block_on(admin.describe_configs([&ResourceSpecifier::Topic(&topic)], &options))
        .expect("an answer");
    let topic = described[0].as_ref().expect("its settings");
    let value = |name| topic.get(name).and_then(|entry| entry.value.as_deref());
    assert_eq!(value("retention.ms"), Some("123456"));
    assert_eq!(value("cleanup.policy"), Some("compact"));
}

#[test]
fn a_missing_topic_that_may_not_be_created_is_waited_for() {
    let (database, broker) = (usual(), Broker::shared());
    let (aggregate, other) = (database.topic("order"), database.topic("payment"));
    let (missing, there) = (format!("{aggregate}.events"), format!("{other}.events"));
    broker.create_topic(&there, 1, &[]);
    let settings = format!(
        "{}[kafka.topics]\ncreate = false\n",
        config(&database, broker)
    );
    let outflow = harness::Outflow::command(["run"]).config(&settings).start();
    insert(&database, &other, "before", "{}");
    insert(&database, &aggregate, "1", "{}");
    insert(&database, &other, "after", "{}");
    let line = outflow.wait_for_line(&missing, PATIENCE);
    assert!(line.contains("it does not exist"), "{line}");
    broker.create_topic(&missing, 1, &[]);
    let records = broker.consume(&[&missing, &there], PATIENCE, |records| records.len() >= 3);
    assert_eq!(records.len(), 3);
    assert!(outflow.stop().success());
}

#[test]
fn a_key_goes_to_the_partition_that_java_gives_it() {
    let (database, broker) = (usual(), Broker::shared());
    let aggregate = database.topic("order");
    let topic = format!("{aggregate}.events");
    broker.create_topic(&topic, 3, &[]);
    database.sql().batch(&format!(
        "INSERT INTO outbox (aggregate_type, aggregate_id, payload) \
         SELECT '{aggregate}', repeat('é', n % 3) || n, '{{}}' FROM generate_series(0, 199) AS n"
    ));
    let records = deliver(&database, broker, "", &[&topic]);
    assert_eq!(records.len(), 200);
    for record in &records {
        let key = record.key.as_deref().expect("a key");
        assert_eq!(
            record.partition,
            java_partition(key, 3),
            "{}",
            record.key_text()
        );
    }
    // Known values, so that the reference itself is right: Kafka's own UtilsTest.
    assert_eq!(murmur2(b"21"), -973_932_308);
    assert_eq!(murmur2(b"foobar"), -790_332_482);
    assert_eq!(murmur2(b"a-little-bit-long-string"), -985_981_536);
    assert_eq!(murmur2(b"abc"), 479_470_107);
}

/// The partition of a key, as Java's default partitioner gives it.
fn java_partition(key: &[u8], partitions: i32) -> i32 {
    (murmur2(key) & i32::MAX) % partitions
}

/// `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut h = 0x9747_b28c ^ u32::try_from(data.len()).expect("a short key");
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    if !rest.is_empty() {
        for (at, byte) in rest.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * at);
        }
        h = h.wrapping_mul(M);
    }
    h = (h ^ (h >> 13)).wrapping_mul(M);
    i32::from_ne_bytes((h ^ (h >> 15)).to_ne_bytes())
}

/// A database with an outbox of these columns, its publication and its slot.
fn outbox(columns: &str) -> Database {
    let database = Postgres::shared(Major::V17).database();
    database.sql().batch(&format!(
        "CREATE TABLE outbox ({columns}); CREATE PUBLICATION {} FOR TABLE outbox WITH (publish = 'insert')",
        database.publication()
    ));
    database.create_slot();
    database
}

/// A database with the usual outbox.
fn usual() -> Database {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database.create_slot();
    database
}

/// The headers of a record as text.
fn headers(record: &Consumed) -> Vec<(&str, &str)> {
    record
        .headers
        .iter()
        .map(|(name, value)| {
            let value = value.as_deref().expect("a value");
            (name.as_str(), std::str::from_utf8(value).expect("text"))
        })
        .collect()
}
