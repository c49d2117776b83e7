//! Events that `pg_logical_emit_message` writes into the WAL, without a table.

use harness::{Broker, Consumed, Database, Major, Outflow, PATIENCE, Postgres, compat, wait_until};

use crate::service::{config, deliver, insert, one_shot};

#[test]
fn events_without_a_table() {
    for major in Major::ALL {
        let database = without_table(Postgres::shared(major).database());
        let (sql, aggregate) = (database.sql(), database.topic("order"));
        let emit = |n: i32| format!("SELECT outbox_emit('{aggregate}', 'k', 'E', '{n}')");
        sql.batch(&format!(
            "BEGIN; {}; SAVEPOINT s; {}; ROLLBACK TO s; {}; COMMIT; BEGIN; {}; ROLLBACK",
            emit(1),
            emit(-1),
            emit(2),
            emit(-2),
        ));
        // Of another prefix, and outside of transactions, which is sent even if its writer rolls back.
        sql.batch(
            "SELECT pg_logical_emit_message(true, 'outbox.other', 'not for us');
             SELECT pg_logical_emit_message(false, 'other', 'not for us')",
        );
        sql.batch(
            "BEGIN; SELECT pg_logical_emit_message(false, 'outbox', '{}') FROM generate_series(1, 5); ROLLBACK",
        );
        let id = sql.text(&format!(
            "SELECT outbox_emit('{aggregate}', 'k', 'OrderPaid', NULL, '{{\"trace\": \"t\", \"n\": 1.50}}')"
        ));
        let output = one_shot(&database, Broker::shared(), MESSAGES);
        assert_eq!(output.code(), Some(0), "{}", output.stderr);
        let warnings = output
            .stderr
            .matches("a message outside of transactions")
            .count();
        assert_eq!(warnings, 3, "of 5: the 1st, 2nd and 4th: {}", output.stderr);
        let records = Broker::shared().records(&[&format!("{aggregate}.events")]);
        assert_eq!(values(&records), ["1", "2", "null"]);
        // All are of one key: between keys, and so partitions, there is no order.
        let last = records.last().expect("a record");
        assert_eq!(last.key_text(), "k");
        assert_eq!(last.header("id"), id);
        assert_eq!(last.header("eventType").as_deref(), Some("OrderPaid"));
        assert_eq!(last.header("trace").as_deref(), Some("t"));
        assert_eq!(last.header("n").as_deref(), Some("1.50"));
        // The slot has moved: nothing comes twice.
        let again = one_shot(&database, Broker::shared(), MESSAGES);
        assert_eq!(again.code(), Some(0), "{}", again.stderr);
        assert_eq!(
            Broker::shared()
                .records(&[&format!("{aggregate}.events")])
                .len(),
            3
        );
        compat::works("Events: pg_logical_emit_message, without a table", major);
    }
}

#[test]
fn messages_and_rows_come_in_one_order() {
    for major in [Major::V14, Major::V18] {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database.create_slot();
        database.sql().batch(FUNCTION);
        let (sql, other, aggregate) = (database.sql(), database.connect(), database.topic("order"));
        let row = |n: i32| {
            format!(
                "INSERT INTO outbox (aggregate_type, aggregate_id, payload) VALUES ('{aggregate}', 'k', '{n}')"
            )
        };
        let emit = |n: i32| format!("SELECT outbox_emit('{aggregate}', 'k', 'E', '{n}')");
        // The order is that of the commits, and in a transaction that of the statements.
        other.batch(&format!("BEGIN; {}; {}", emit(4), row(5)));
        sql.batch(&format!(
            "BEGIN; {}; {}; {}; COMMIT",
            row(1),
            emit(2),
            row(3)
        ));
        other.batch(&format!("{}; COMMIT", emit(6)));
        sql.batch(&emit(7));
        sql.batch(&row(8));
        let records = deliver(
            &database,
            Broker::shared(),
            MESSAGES,
            &[&format!("{aggregate}.events")],
        );
        assert_eq!(values(&records), ["1", "2", "3", "4", "5", "6", "7", "8"]);
        compat::works("Events: messages and rows in one order", major);
    }
}

#[test]
fn a_message_that_is_no_event_stops_the_stream_and_is_named_by_its_position() {
    let database = without_table(Postgres::shared(Major::V17).database());
    let (sql, aggregate) = (database.sql(), database.topic("order"));
    let topic = format!("{aggregate}.events");
    sql.batch(&format!("SELECT outbox_emit('{aggregate}', 'k', 'E', '1')"));
    let lsn = sql
        .text("SELECT pg_logical_emit_message(true, 'outbox', '{\"id\": 1, \"secret\": ')")
        .expect("a position");
    sql.batch(&format!("SELECT outbox_emit('{aggregate}', 'k', 'E', '2')"));
    for _ in 0..2 {
        let output = one_shot(&database, Broker::shared(), MESSAGES);
        assert_eq!(output.code(), Some(65), "{}", output.stderr);
        let said = format!("row {lsn} of messages \"outbox\" can't be delivered");
        assert!(output.stderr.contains(&said), "{said}: {}", output.stderr);
        assert!(!output.stderr.contains("secret"), "{}", output.stderr);
        assert_eq!(values(&Broker::shared().records(&[&topic])), ["1"]);
    }
    let said = one_shot(&database, Broker::shared(), MESSAGES).stderr;
    let peeked = outflow(&database, &["slot", "peek"]);
    assert_eq!(peeked.code(), Some(0), "{}", peeked.stderr);
    assert!(peeked.stderr.contains(&lsn), "{}", peeked.stderr);
    assert_eq!(peeked.stdout.lines().count(), 1, "{}", peeked.stdout);
    assert!(
        peeked.stdout.contains("\"value\":\"2\""),
        "{}",
        peeked.stdout
    );

    // It is given up as the hint says, with a position behind the commit; the next event comes.
    assert!(said.contains("slot advance --to LSN"), "{said}");
    let commit = said
        .split("the transaction that commits at ")
        .nth(1)
        .and_then(|rest| rest.split(')').next())
        .expect("the commit");
    let behind = sql
        .text(&format!("SELECT '{commit}'::pg_lsn + 1"))
        .expect("a position");
    wait_until(PATIENCE, "the slot to be advanced", || {
        let advanced = outflow(&database, &["slot", "advance", "--to", &behind, "--yes"]);
        match advanced.code() {
            Some(0) => Ok(()),
            _ => Err(advanced.stderr),
        }
    });
    let records = deliver(&database, Broker::shared(), MESSAGES, &[&topic]);
    assert_eq!(values(&records), ["1", "2"]);
}

#[test]
fn any_prefix_and_other_fields_by_the_settings() {
    let database = without_table(Postgres::shared(Major::V17).database());
    let topic = database.topic("events");
    database.sql().batch(
        r#"SELECT pg_logical_emit_message(true, 'a',
               '{"key": 1, "tenant": {"x": [1, 2]}, "body": "text", "at": "2026-01-02T03:04:05.678Z"}');
           SELECT pg_logical_emit_message(true, 'b', '{"key": "\u00e9", "tenant": true, "body": {"a": 1.0}}')"#,
    );
    let settings = format!(
        "[outbox]\nmessages = '*'\ntopic = '{topic}'\nkey = '{{key}}'\nheaders = {{ t = '{{tenant}}' }}\n\
         columns = {{ id = 'key', payload = 'body', timestamp = 'at' }}\n"
    );
    let records = deliver(&database, Broker::shared(), &settings, &[&topic]);
    let mut found: Vec<_> = records
        .iter()
        .map(|record| {
            let tenant = record.header("t").expect("a header");
            (record.key_text(), tenant, record.value_text())
        })
        .collect();
    found.sort();
    let expected = [
        ("1", "{\"x\": [1, 2]}", "text"),
        ("é", "true", "{\"a\": 1.0}"),
    ];
    assert_eq!(
        found,
        expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
    );
    let timed = records.iter().find(|record| record.key_text() == "1");
    assert_eq!(
        timed.and_then(|record| record.timestamp),
        Some(1_767_323_045_678)
    );
}

#[test]
fn in_a_database_of_another_encoding_a_message_is_utf_8_or_poison() {
    for encoding in ["LATIN1", "EUC_JP", "SQL_ASCII"] {
        let database = without_table(Postgres::shared(Major::V17).database_in(encoding));
        let (sql, aggregate) = (database.sql(), database.topic("order"));
        // In SQL_ASCII what a client sends is stored as it is; the harness sends UTF-8.
        let text = if encoding == "EUC_JP" { "日本" } else { "é" };
        sql.batch(&format!(
            "SELECT outbox_emit('{aggregate}', '{text}', 'E', '{{\"a\": \"{text}\"}}')"
        ));
        let records = deliver(
            &database,
            Broker::shared(),
            MESSAGES,
            &[&format!("{aggregate}.events")],
        );
        assert_eq!(records.len(), 1, "{encoding}");
        assert_eq!(records[0].key_text(), text);
        assert_eq!(records[0].value_text(), format!("{{\"a\": \"{text}\"}}"));

        // Written without the function, the content is in the database's encoding.
        let lsn = sql.text("SELECT pg_logical_emit_message(true, 'outbox', '\\xe9'::bytea)");
        let output = one_shot(&database, Broker::shared(), MESSAGES);
        assert_eq!(output.code(), Some(65), "{encoding}: {}", output.stderr);
        for said in [lsn.as_deref().unwrap_or("?"), "not UTF-8", encoding] {
            assert!(output.stderr.contains(said), "{said}: {}", output.stderr);
        }
    }
}

#[test]
fn where_there_is_no_table_a_publication_of_none_is_made() {
    let database = Postgres::shared(Major::V17).database();
    database.sql().batch(FUNCTION);
    let made = outflow(&database, &["slot", "create", "--publication"]);
    assert_eq!(made.code(), Some(0), "{}", made.stderr);
    let aggregate = database.topic("order");
    database
        .sql()
        .batch(&format!("SELECT outbox_emit('{aggregate}', 'k', 'E', '1')"));
    let topic = format!("{aggregate}.events");
    let records = deliver(&database, Broker::shared(), MESSAGES, &[&topic]);
    assert_eq!(values(&records), ["1"]);
    // Without the setting the same publication is one that was forgotten to be filled.
    let output = one_shot(&database, Broker::shared(), "");
    assert_eq!(output.code(), Some(78), "{}", output.stderr);
    assert!(
        output.stderr.contains("publishes no table"),
        "{}",
        output.stderr
    );
    // A table that is named has to be there all the same.
    let named = format!("{MESSAGES}tables = ['outbox']\n");
    let output = one_shot(&database, Broker::shared(), &named);
    assert_eq!(output.code(), Some(78), "{}", output.stderr);
}

#[test]
fn without_the_setting_messages_are_not_asked_for() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database.create_slot();
    let aggregate = database.topic("order");
    database
        .sql()
        .batch("SELECT pg_logical_emit_message(true, 'outbox', 'no event')");
    insert(&database, &aggregate, "k", "1");
    let topic = format!("{aggregate}.events");
    let records = deliver(&database, Broker::shared(), "", &[&topic]);
    assert_eq!(values(&records), ["1"]);
}

#[test]
fn the_function_refuses_what_would_be_no_event() {
    let database = Postgres::shared(Major::V14).database();
    database.sql().batch(FUNCTION);
    database.sql().batch(FUNCTION);
    for (call, state) in [
        ("outbox_emit(NULL, 'k', 'E', '1')", "23502"),
        ("outbox_emit('a', NULL, 'E', '1')", "23502"),
        ("outbox_emit('a', 'k', NULL, '1')", "23502"),
        ("outbox_emit('a', 'k', 'E', '1', '[]')", "22023"),
    ] {
        let error = database
            .sql()
            .try_batch(&format!("SELECT {call}"))
            .expect_err(call);
        let code = error.code().map(tokio_postgres::error::SqlState::code);
        assert_eq!(code, Some(state), "{call}: {error}");
    }
}

#[test]
fn a_service_delivers_messages_as_they_come() {
    let database = without_table(Postgres::shared(Major::V18).database());
    let aggregate = database.topic("order");
    let settings = format!("{}{MESSAGES}", config(&database, Broker::shared()));
    let outflow = Outflow::command(["run"]).config(&settings).start();
    outflow.wait_for_line("streaming", PATIENCE);
    database.sql().batch(&format!(
        "SELECT outbox_emit('{aggregate}', 'k', 'E', to_jsonb(n)) FROM generate_series(1, 1000) AS n"
    ));
    let topic = format!("{aggregate}.events");
    let records = Broker::shared().consume(&[&topic], PATIENCE, |records| records.len() >= 1000);
    let expected: Vec<_> = (1..=1000).map(|n| n.to_string()).collect();
    assert_eq!(values(&records), expected);
    assert!(outflow.stop().success());
}

/// Makes the function, a publication of no table, and the slot.
fn without_table(database: Database) -> Database {
    database.sql().batch(FUNCTION);
    let publication = database.publication();
    database
        .sql()
        .batch(&format!("CREATE PUBLICATION {publication}"));
    database.create_slot();
    database
}

/// Runs a command on the database, with messages as events.
fn outflow(database: &Database, arguments: &[&str]) -> harness::Output {
    Outflow::command(arguments)
        .config(&format!("{}{MESSAGES}", config(database, Broker::shared())))
        .run_to_end()
}

/// The values of records, in order.
fn values(records: &[Consumed]) -> Vec<String> {
    records
        .iter()
        .map(|record| match &record.value {
            Some(_) => record.value_text(),
            None => "null".to_owned(),
        })
        .collect()
}

/// The settings.
const MESSAGES: &str = "[outbox]\nmessages = 'outbox'\n";
/// The function that writes an event.
const FUNCTION: &str = include_str!("../../sql/messages.sql");
