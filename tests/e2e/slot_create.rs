//! `outflow slot create`: what it makes, what it refuses, and what it says of rows that are there already.

use harness::{Major, PATIENCE, Postgres, wait_until};
use nix::sys::signal::Signal;
use serde_json::Value as Json;

use crate::cli::{command, outflow, stable};
use crate::slot::{OUTBOX, insert, slots};

#[test]
fn create_makes_publication_and_slot_once() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        let sql = database.sql();
        sql.batch(OUTBOX);
        insert(&database, 2);
        let create = ["slot", "create", "--publication", "--table", "outbox"];

        let planned = outflow(&database, &[&create[..], &["--dry-run"]].concat());
        assert_eq!(planned.code(), Some(0), "{}", planned.stderr);
        insta::allow_duplicates! {
            insta::assert_snapshot!(stable(&database, &planned.stdout), @r"
            CREATE PUBLICATION shop FOR TABLE public.outbox WITH (publish = 'insert', publish_via_partition_root = true);
            SELECT lsn FROM pg_create_logical_replication_slot('shop', 'pgoutput');
            ");
        }
        assert_eq!(slots(&database), 0, "a dry run does nothing");

        let created = outflow(&database, &create);
        assert_eq!(created.code(), Some(0), "{}", created.stderr);
        insta::allow_duplicates! {
            insta::assert_snapshot!(stable(&database, &created.stdout), @r#"slot "shop" created at LSN"#);
            insta::assert_snapshot!(stable(&database, &created.stderr), @r#"
            publication "shop" created: inserts of public.outbox
            public.outbox holds 2 rows already, which the slot will not send: it begins now. `outflow replay` will, in a later version
            until then this writes them anew, all of them, and so sends them: `psql -d shop -c "WITH again AS (DELETE FROM public.outbox RETURNING *) INSERT INTO public.outbox SELECT * FROM again"`
            "#);
        }
        let publication = sql.text(
            "SELECT (pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot) FROM pg_publication",
        );
        assert_eq!(publication.as_deref(), Some("(t,f,f,f,t)"));
        assert_eq!(slots(&database), 1);

        let again = outflow(&database, &create);
        assert_eq!(again.code(), Some(0), "{}", again.stderr);
        insta::allow_duplicates! {
            insta::assert_snapshot!(stable(&database, &again.stderr), @r#"
            publication "shop" exists already: inserts of public.outbox
            slot "shop" exists already, for pgoutput and database "shop"
            "#);
        }

        // What was planned can be run as it is.
        sql.batch(&format!(
            "SELECT pg_drop_replication_slot('{}')",
            database.slot()
        ));
        sql.batch(&format!("DROP PUBLICATION {}", database.publication()));
        for statement in planned.stdout.lines() {
            sql.batch(statement);
        }
        assert_eq!(slots(&database), 1);
        harness::compat::works("Commands: slot create", major);
    }
}

#[test]
fn create_refuses_a_slot_before_its_publication() {
    let database = Postgres::shared(Major::V17).database();
    database.sql().batch(OUTBOX);
    let refused = outflow(&database, &["slot", "create"]);
    assert_eq!(refused.code(), Some(66), "{}", refused.stderr);
    insta::assert_snapshot!(stable(&database, &refused.stderr), @r#"
    error: no slot without its publication: publication "shop" does not exist in database "shop"

    hint: `outflow slot create --publication --table public.outbox`; create it before the slot, which cannot read what was written earlier
    "#);
    assert_eq!(slots(&database), 0);
}

#[test]
fn create_refuses_a_name_that_another_database_has_taken() {
    let server = Postgres::shared(Major::V17);
    let (database, other) = (server.database(), server.database());
    database.create_outbox();
    other.sql().batch(&format!(
        "SELECT pg_create_logical_replication_slot('{}', 'pgoutput')",
        database.slot()
    ));
    let refused = outflow(&database, &["slot", "create"]);
    assert_eq!(refused.code(), Some(78), "{}", refused.stderr);
    let expected = format!(
        "replication slot \"{}\" is of database \"{}\", not of \"{}\"",
        database.slot(),
        other.name(),
        database.name()
    );
    assert!(refused.stderr.contains(&expected), "{}", refused.stderr);
}

#[test]
fn create_refuses_a_publication_that_would_be_younger() {
    let database = Postgres::shared(Major::V17).database();
    database.sql().batch(OUTBOX);
    database.create_slot();
    for verb in [
        &["slot", "create", "--publication"][..],
        &["run", "--sink", "stdout", "--create"],
    ] {
        let refused = outflow(&database, verb);
        assert_eq!(refused.code(), Some(66), "{}", refused.stderr);
        insta::allow_duplicates! {
            insta::assert_snapshot!(stable(&database, &refused.stderr), @r#"
            error: publication "shop" does not exist, and replication slot "shop" does: it could not read what was written before the publication is created

            hint: `outflow publication create && outflow slot advance shop --to now`; what waits in the slot until then is not sent
            "#);
        }
    }
    // The hint can be run as it is.
    let created = outflow(&database, &["publication", "create"]);
    assert_eq!(created.code(), Some(0), "{}", created.stderr);
    assert!(
        created.stderr.contains("is older than the publication"),
        "{}",
        created.stderr
    );
    let advanced = outflow(&database, &["slot", "advance", "--to", "now", "--yes"]);
    assert_eq!(advanced.code(), Some(0), "{}", advanced.stderr);
    insert(&database, 1);
    let run = outflow(&database, &["run", "--sink", "stdout", "--until-caught-up"]);
    assert_eq!(
        (run.code(), run.stdout.lines().count()),
        (Some(0), 1),
        "{}",
        run.stderr
    );
}

#[test]
fn create_refuses_a_name_that_a_physical_slot_has() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    let slot = database.slot();
    database.sql().batch(&format!(
        "SELECT pg_create_physical_replication_slot('{slot}')"
    ));
    let refused = outflow(&database, &["slot", "create"]);
    database
        .sql()
        .batch(&format!("SELECT pg_drop_replication_slot('{slot}')"));
    assert_eq!(refused.code(), Some(78), "{}", refused.stderr);
    assert!(refused.stderr.contains("physical"), "{}", refused.stderr);
}

#[test]
fn creation_says_what_it_waits_for_and_an_interrupt_leaves_no_slot() {
    for major in [Major::V14, Major::V18] {
        // A server of its own: an open transaction holds up every slot of a server.
        let server = Postgres::own(major, &[]);
        let database = server.database();
        database.create_outbox();
        let writer = database.connect();
        writer.batch("BEGIN; INSERT INTO outbox (aggregate_type, aggregate_id) VALUES ('a', '1')");
        let pid: i32 = writer.value("SELECT pg_backend_pid()", &[]);

        let creation = command(&database, &["slot", "create"]).start();
        creation.wait_for_line("can only be created once 1 transaction", PATIENCE);
        let line = creation.wait_for_line("idle in transaction", PATIENCE);
        assert!(line.starts_with(&pid.to_string()), "{line}");
        // Meanwhile it is in the making, and neither there nor missing.
        for verb in [
            &["slot", "create"][..],
            &["run", "--sink", "stdout", "--until-caught-up"],
        ] {
            let refused = outflow(&database, verb);
            assert_eq!(refused.code(), Some(75), "{}", refused.stderr);
            assert!(
                refused.stderr.contains("is just being created by"),
                "{}",
                refused.stderr
            );
        }
        creation.signal(Signal::SIGINT);
        let ended = creation.wait_exit(PATIENCE);
        assert_eq!(ended.code(), Some(1), "{}", creation.stderr());
        assert!(
            creation.stderr().contains("was not created"),
            "{}",
            creation.stderr()
        );
        assert_eq!(slots(&database), 0);

        // Killed, it leaves no slot either: the server sees the connection closed.
        let killed = command(&database, &["slot", "create"]).start();
        killed.wait_for_line("can only be created once", PATIENCE);
        killed.kill9();
        wait_until(PATIENCE, "the server to give up the creation", || {
            slots(&database) == 0
        });

        // Left alone, it goes on when the transaction ends.
        let patient = command(&database, &["slot", "create"]).start();
        patient.wait_for_line("can only be created once", PATIENCE);
        writer.batch("COMMIT");
        assert_eq!(
            patient.wait_exit(PATIENCE).code(),
            Some(0),
            "{}",
            patient.stderr()
        );
        assert_eq!(slots(&database), 1);
    }
}

#[test]
fn rows_from_before_the_slot_are_sent_by_what_create_says() {
    let database = Postgres::shared(Major::V17).database();
    database.sql().batch(
        "CREATE TABLE outbox (
             id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, aggregate_type text NOT NULL,
             aggregate_id text NOT NULL, payload text,
             size int GENERATED ALWAYS AS (length(payload)) STORED);
         INSERT INTO outbox (aggregate_type, aggregate_id, payload)
             VALUES ('order', '1', 'a'), ('order', '2', 'b')",
    );
    let created = outflow(
        &database,
        &["slot", "create", "--publication", "-o", "json"],
    );
    assert_eq!(created.code(), Some(0), "{}", created.stderr);
    let report: Json = serde_json::from_str(&created.stdout).unwrap();
    let unsent = &report["unsent"][0];
    assert_eq!(
        (&unsent["table"], &unsent["rows"]),
        (&"public.outbox".into(), &2.into())
    );
    assert_eq!(outflow(&database, &["slot", "peek"]).stdout, "");

    database.sql().batch(unsent["sql"].as_str().unwrap());
    let peeked = outflow(&database, &["slot", "peek"]);
    let ids: Vec<Json> = peeked
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).unwrap()["headers"][0][1].clone())
        .collect();
    assert_eq!(ids, ["1", "2"], "{}", peeked.stderr);
}
