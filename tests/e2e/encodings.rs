//! Databases in other encodings than UTF-8: what can be said in UTF-8 arrives so, in every part of a
//! record, and what can't be ends the run with its cause.

use harness::{Broker, Database, Major, Outflow, PATIENCE, Postgres, compat, wait_until};

use crate::service::{config, deliver, one_shot};

#[test]
fn every_part_of_a_record_and_every_name_arrives_as_utf_8() {
    for (encoding, word) in [
        ("LATIN1", "Größe"),
        ("EUC_JP", "日本語"),
        ("UTF8", "Größe 日本"),
    ] {
        let database = Postgres::shared(Major::V17).database_in(encoding);
        let (sql, topic) = (database.sql(), database.topic("events"));
        sql.batch(&format!(
            "CREATE SCHEMA \"{word}\"; \
             CREATE TABLE \"{word}\".\"{word}.t\" (id text, \"{word}\" text, payload jsonb, aggregate_id text); \
             CREATE PUBLICATION \"{word}\" FOR TABLE \"{word}\".\"{word}.t\" WITH (publish = 'insert')"
        ));
        database.create_slot();
        sql.batch(&format!(
            "INSERT INTO \"{word}\".\"{word}.t\" VALUES ('{word}', '{word}', '{{\"{word}\": \"{word}\"}}', '{word}')"
        ));
        let settings = format!(
            "[outbox]\ntables = ['\"{word}\".\"{word}.t\"']\ntopic = '{topic}'\n\
             headers = {{ '{word}' = '{{{word}}}', id = '{{id}}' }}\n"
        );
        let run = format!("postgres.publication=\"{word}\"");
        let output = Outflow::command(["run", "--until-caught-up", "--set", &run])
            .config(&format!(
                "{}{settings}",
                config(&database, Broker::shared())
            ))
            .run_to_end();
        assert_eq!(output.code(), Some(0), "{encoding}: {}", output.stderr);
        let records = Broker::shared().records(&[&topic]);
        assert_eq!(records.len(), 1, "{encoding}");
        assert_eq!(records[0].key_text(), word);
        assert_eq!(
            records[0].value_text(),
            format!("{{\"{word}\": \"{word}\"}}")
        );
        assert_eq!(records[0].header(word).as_deref(), Some(word));
        assert_eq!(records[0].header("id").as_deref(), Some(word));
        compat::works(
            &format!("Encodings: {encoding}, names and values as UTF-8"),
            Major::V17,
        );
    }
}

#[test]
fn what_has_no_utf_8_ends_the_run_and_can_be_given_up() {
    // Both are characters by the rules of their encoding, and none that Unicode has.
    let cases = [("EUC_JP", "E'\\xf5\\xa1'"), ("WIN1252", "E'\\x81'")];
    for (encoding, odd) in cases {
        let database = Postgres::shared(Major::V17).database_in(encoding);
        let topic = text_outbox(&database);
        let aggregate = database.topic("order");
        let (sql, other) = (database.sql(), database.connect());
        other.batch(&format!("SET client_encoding = '{encoding}'"));
        sql.batch(&format!(
            "INSERT INTO outbox VALUES ('1', '{aggregate}', 'k', 'before')"
        ));
        other.batch(&format!(
            "INSERT INTO outbox VALUES ('2', '{aggregate}', 'k', {odd})"
        ));
        let output = one_shot(&database, Broker::shared(), "");
        assert_eq!(output.code(), Some(65), "{encoding}: {}", output.stderr);
        assert!(
            output.stderr.contains("SQLSTATE 22P05"),
            "{}",
            output.stderr
        );
        assert!(
            output.stderr.contains("hint: a row, or a name, has"),
            "{}",
            output.stderr
        );
        assert!(output.stderr.contains("slot advance"), "{}", output.stderr);

        // The server may need a moment to let go of the slot after its error.
        wait_until(PATIENCE, "the slot to be advanced", || {
            let advanced = Outflow::command(["slot", "advance", "--to", "now", "--yes"])
                .config(&config(&database, Broker::shared()))
                .run_to_end();
            match advanced.code() {
                Some(0) => Ok(()),
                _ => Err(advanced.stderr),
            }
        });
        sql.batch(&format!(
            "INSERT INTO outbox VALUES ('3', '{aggregate}', 'k', 'after')"
        ));
        let records = deliver(&database, Broker::shared(), "", &[&topic]);
        let last = records.last().expect("a record");
        assert_eq!(last.value_text(), "after");
    }
}

#[test]
fn bytes_of_no_encoding_pass_as_they_are_but_not_into_a_topic_or_json() {
    let database = Postgres::shared(Major::V17).database_in("SQL_ASCII");
    let (sql, aggregate) = (database.sql(), database.topic("order"));
    let topic = text_outbox(&database);
    sql.batch(&format!(
        "INSERT INTO outbox VALUES ('i' || chr(233), '{aggregate}', 'k' || chr(255), 'v' || chr(254))"
    ));
    let records = deliver(&database, Broker::shared(), "", &[&topic]);
    assert_eq!(records[0].key.as_deref(), Some(&b"k\xff"[..]));
    assert_eq!(records[0].value.as_deref(), Some(&b"v\xfe"[..]));
    assert_eq!(
        records[0].headers[0],
        ("id".to_owned(), Some(b"i\xe9".to_vec()))
    );

    sql.batch(&format!(
        "INSERT INTO outbox VALUES ('2', '{aggregate}', 'k', '\"' || chr(255) || '\"')"
    ));
    let output = one_shot(&database, Broker::shared(), "[outbox]\npayload = 'json'\n");
    assert_eq!(output.code(), Some(65), "{}", output.stderr);
    assert!(
        output.stderr.contains("row 2 of public.outbox"),
        "{}",
        output.stderr
    );
    assert_eq!(deliver(&database, Broker::shared(), "", &[&topic]).len(), 2);

    sql.batch("INSERT INTO outbox VALUES ('3', 'a' || chr(255), 'k', 'v')");
    let output = one_shot(&database, Broker::shared(), "");
    assert_eq!(output.code(), Some(65), "{}", output.stderr);
    assert!(
        output.stderr.contains("row 3 of public.outbox"),
        "{}",
        output.stderr
    );
}

/// Makes an outbox of text, its publication and slot; gives the topic of its events.
fn text_outbox(database: &Database) -> String {
    database.sql().batch(&format!(
        "CREATE TABLE outbox (id text, aggregate_type text, aggregate_id text, payload text); \
         CREATE PUBLICATION {} FOR TABLE outbox WITH (publish = 'insert')",
        database.publication()
    ));
    database.create_slot();
    format!("{}.events", database.topic("order"))
}
