//! `outflow slot`: what is told of a slot, and its end. Its creation is in `slot_create`.

use harness::{Database, Major, Outflow, PATIENCE, Postgres, Sql, wait_until};
use serde_json::Value as Json;

use crate::cli::{command, outflow, stable};

#[test]
fn list_and_show_tell_of_every_slot() {
    for major in Major::ALL {
        let server = Postgres::shared(major);
        let (database, other) = (server.database(), server.database());
        for database in [&database, &other] {
            database.create_outbox();
            database.create_slot();
        }
        insert(&database, 1);
        let reader = command(&other, &["run", "--sink", "stdout", "--ack"]).start();
        reader.wait_for_line("streaming", PATIENCE);

        let list = outflow(&database, &["slot", "list", "-o", "json"]);
        assert_eq!(list.code(), Some(0), "{}", list.stderr);
        let list: Json = serde_json::from_str(&list.stdout).unwrap();
        assert_eq!(list["schema"], "outflow.slot.list/v1");
        let find = |name: &str| {
            let slots = list["slots"].as_array().unwrap();
            slots
                .iter()
                .find(|slot| slot["name"] == name)
                .unwrap()
                .clone()
        };
        let (idle, active) = (find(database.slot()), find(other.slot()));
        assert_eq!(
            (&idle["active"], &idle["database"]),
            (&false.into(), &database.name().into())
        );
        assert_eq!(idle["wal_status"], "reserved");
        assert!(idle["behind_bytes"].as_u64().unwrap() > 0);
        assert!(idle["retained_bytes"].as_u64() >= idle["behind_bytes"].as_u64());
        assert_eq!(idle["inactive_since"].is_string(), major >= Major::V17);
        assert_eq!(active["active"], true);
        assert_eq!(active["application_name"], other.name());
        assert!(active["active_pid"].is_i64());

        let table = outflow(&database, &["slot", "list"]);
        let lines: Vec<&str> = table.stdout.lines().collect();
        assert!(lines[0].starts_with("NAME "), "{}", table.stdout);
        assert!(
            lines[1..]
                .iter()
                .any(|line| line.starts_with(database.slot()))
        );

        let show = outflow(&database, &["slot", "show", other.slot()]);
        assert_eq!(show.code(), Some(0), "{}", show.stderr);
        let by = format!("yes, by {} (pid ", other.name());
        assert!(show.stdout.contains(&by), "{}", show.stdout);
        harness::compat::works("Commands: slot list, slot show", major);
    }
}

#[test]
fn a_slot_in_use_is_left_alone() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database.create_slot();
    let reader = command(&database, &["run", "--sink", "stdout"]).start();
    reader.wait_for_line("streaming", PATIENCE);
    for verb in [
        &["slot", "drop", "--yes"][..],
        &["slot", "advance", "--to", "now", "--yes"],
        &["slot", "peek"],
    ] {
        let refused = outflow(&database, verb);
        assert_eq!(refused.code(), Some(75), "{}", refused.stderr);
        let by = format!("is in use by {} from ", database.name());
        assert!(refused.stderr.contains(&by), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("SELECT pg_terminate_backend("),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(slots(&database), 1);
}

#[test]
fn drop_says_what_is_lost_and_asks() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database.create_slot();
        insert(&database, 1);

        let unsure = outflow(&database, &["slot", "drop"]);
        assert_eq!(unsure.code(), Some(2), "{}", unsure.stderr);
        let said = stable(&database, &unsure.stderr);
        let since = match major < Major::V17 {
            true => "; 1 event of publication \"shop\" waits there, the oldest committed at 20",
            false => " (nobody has read it since 20",
        };
        assert!(
            said.starts_with("slot \"shop\" has not confirmed "),
            "{said}"
        );
        assert!(said.contains(since), "{said}");
        assert!(
            said.contains("error: cannot ask whether to drop the slot \"shop\""),
            "{said}"
        );
        assert!(
            said.ends_with("hint: `--yes` does it without asking"),
            "{said}"
        );

        let planned = outflow(&database, &["slot", "drop", "--dry-run"]);
        let sql = format!("SELECT pg_drop_replication_slot('{}');\n", database.slot());
        assert_eq!((planned.code(), planned.stdout), (Some(0), sql));
        assert_eq!(slots(&database), 1);

        let dropped = outflow(&database, &["slot", "drop", "-y"]);
        assert_eq!(dropped.code(), Some(0), "{}", dropped.stderr);
        assert_eq!(slots(&database), 0);

        let missing = outflow(&database, &["slot", "drop", "-y"]);
        assert_eq!(missing.code(), Some(66), "{}", missing.stderr);
        harness::compat::works("Commands: slot drop", major);
    }
}

#[test]
fn advance_passes_what_waits_and_never_goes_back() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database.create_slot();
        let start = database.confirmed_flush_lsn().unwrap();
        insert(&database, 3);
        assert_eq!(
            outflow(&database, &["slot", "peek"]).stdout.lines().count(),
            3
        );

        let planned = outflow(&database, &["slot", "advance", "--to", "now", "--dry-run"]);
        assert_eq!(planned.code(), Some(0), "{}", planned.stderr);
        let lost = "; 3 events of publication \"shop\" wait there, the oldest committed at 20";
        let said = stable(&database, &planned.stderr);
        assert!(said.contains(lost), "{said}");
        assert_eq!(database.confirmed_flush_lsn().as_ref(), Some(&start));

        let advanced = outflow(
            &database,
            &["slot", "advance", "--to", "now", "--yes", "-o", "json"],
        );
        assert_eq!(advanced.code(), Some(0), "{}", advanced.stderr);
        let report: Json = serde_json::from_str(&advanced.stdout).unwrap();
        assert_eq!(report["from_lsn"], start.as_str());
        assert!(report["passed_bytes"].as_u64().unwrap() > 0);
        let lost = &report["lost"];
        assert_eq!(
            (&lost["events"], &lost["events_exact"]),
            (&3.into(), &true.into())
        );
        assert_eq!(lost["bytes"], report["passed_bytes"]);
        assert!(lost["oldest_commit"].is_string(), "{lost}");
        let peeked = outflow(&database, &["slot", "peek"]);
        assert_eq!((peeked.stdout.as_str(), peeked.code()), ("", Some(0)));
        assert!(
            peeked.stderr.contains("no event waits in slot"),
            "{}",
            peeked.stderr
        );

        let back = outflow(&database, &["slot", "advance", "--to", &start, "--yes"]);
        assert_eq!(back.code(), Some(2), "{}", back.stderr);
        assert!(back.stderr.contains("never goes back"), "{}", back.stderr);
        let beyond = outflow(&database, &["slot", "advance", "--to", "FFFF/0", "--yes"]);
        assert_eq!(beyond.code(), Some(2), "{}", beyond.stderr);
        harness::compat::works("Commands: slot advance", major);
    }
}

#[test]
fn what_is_lost_is_counted_up_to_where_the_slot_goes() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database.create_slot();
    insert(&database, 2);
    let between = database.wal_end();
    insert(&database, 5);
    let plan = |to: &str| {
        let line = ["slot", "advance", "--to", to, "--dry-run"];
        outflow(&database, &line).stderr
    };
    assert!(
        plan(&between).contains("; 2 events of"),
        "{}",
        plan(&between)
    );
    assert!(plan("now").contains("; 7 events of"), "{}", plan("now"));

    // Past a limit the number is not waited for.
    database.sql().batch(
        "INSERT INTO outbox (aggregate_type, aggregate_id)
         SELECT 'bulk', n::text FROM generate_series(1, 40000) n",
    );
    let many = outflow(&database, &["slot", "drop", "--dry-run"]).stderr;
    assert!(
        many.contains("; more than 10000 events of") || many.contains("; more events than can be"),
        "{many}"
    );

    // Nothing is counted by a publication that is not there, on 18 as before.
    for major in [Major::V17, Major::V18] {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database.create_slot();
        insert(&database, 1);
        let unknown = outflow(
            &database,
            &[
                "slot",
                "drop",
                "--dry-run",
                "--set",
                "postgres.publication=none",
            ],
        );
        assert_eq!(unknown.code(), Some(0), "{}", unknown.stderr);
        let said = "; how many events wait there is not known; dropping it";
        assert!(unknown.stderr.contains(said), "{}", unknown.stderr);
    }
}

#[test]
fn show_has_every_column() {
    show_has_every_column_of([Major::V18]);
}

#[test]
#[ignore = "wide: make test-all"]
fn show_has_every_column_of_each_version() {
    show_has_every_column_of(Major::ALL);
}

/// Compares `slot show` with the catalog's own columns.
fn show_has_every_column_of(majors: impl IntoIterator<Item = Major>) {
    for major in majors {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database.create_slot();
        let show = outflow(&database, &["slot", "show", "-o", "json"]);
        assert_eq!(show.code(), Some(0), "{}", show.stderr);
        let slot = serde_json::from_str::<Json>(&show.stdout).unwrap()["slot"].clone();
        let names: String = database.sql().value(
            "SELECT string_agg(attname::text, ' ' ORDER BY attnum) FROM pg_attribute
              WHERE attrelid = 'pg_replication_slots'::regclass AND attnum > 0",
            &[],
        );
        for name in names.split(' ') {
            assert!(
                slot["columns"].get(name).is_some(),
                "{major}: {name}: {slot:#}"
            );
        }
        assert_eq!(slot["columns"]["slot_name"], database.slot());
        assert!(slot["catalog_xmin"].is_u64() && slot["catalog_xmin_age"].is_u64());
        assert_eq!(slot["failover"].is_boolean(), major >= Major::V17);

        let table = outflow(&database, &["slot", "show"]).stdout;
        for (name, since) in [
            ("catalog xmin", Major::V14),
            ("conflicting", Major::V16),
            ("failover", Major::V17),
            ("synced", Major::V17),
        ] {
            assert_eq!(table.contains(name), major >= since, "{major}: {table}");
        }
    }
}

#[test]
fn a_failover_slot_says_so() {
    for major in [Major::V17, Major::V18] {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database.sql().batch(&format!(
            "SELECT pg_create_logical_replication_slot('{}', 'pgoutput', failover => true)",
            database.slot()
        ));
        let show = outflow(&database, &["slot", "show"]);
        let line = "yes: standbys with sync_replication_slots = on keep a copy";
        assert!(show.stdout.contains(line), "{}", show.stdout);
        let list = outflow(&database, &["slot", "list"]);
        assert!(
            list.stdout.contains("reserved, failover"),
            "{}",
            list.stdout
        );
        // It is read as any other.
        insert(&database, 1);
        assert_eq!(
            outflow(&database, &["slot", "peek"]).stdout.lines().count(),
            1
        );
    }
}

#[test]
fn a_slot_for_two_phase_commit_is_refused_with_a_way_out() {
    two_phase_is_refused_by([Major::V17, Major::V18]);
}

#[test]
#[ignore = "wide: make test-all"]
fn a_slot_for_two_phase_commit_is_refused_by_each_version() {
    two_phase_is_refused_by(Major::ALL);
}

/// Tries everything that reads a slot on one that is made for two-phase commit.
fn two_phase_is_refused_by(majors: impl IntoIterator<Item = Major>) {
    for major in majors {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database.sql().batch(&format!(
            "SELECT pg_create_logical_replication_slot('{}', 'pgoutput', false, true)",
            database.slot()
        ));
        let show = outflow(&database, &["slot", "show"]);
        assert!(
            show.stderr.contains("`outflow run` refuses it"),
            "{}",
            show.stderr
        );
        for verb in [
            &["run", "--sink", "stdout", "--until-caught-up"][..],
            &["slot", "peek"],
            &["slot", "create"],
        ] {
            let refused = outflow(&database, verb);
            assert_eq!(refused.code(), Some(78), "{}", refused.stderr);
            let why = "it sends a prepared transaction before that is committed";
            assert!(refused.stderr.contains(why), "{}", refused.stderr);
            let other = format!("`outflow slot create {}_2`", database.slot());
            assert!(refused.stderr.contains(&other), "{}", refused.stderr);
            let alter = format!(
                "`psql \"dbname={} replication=database\" -c 'ALTER_REPLICATION_SLOT {} (TWO_PHASE false)'`",
                database.name(),
                database.slot()
            );
            let known = refused.stderr.contains(&alter);
            assert_eq!(known, major >= Major::V18, "{}", refused.stderr);
        }
        // It can be dropped, and what it holds is counted.
        insert(&database, 1);
        let dropped = outflow(&database, &["slot", "drop", "--yes"]);
        assert_eq!(dropped.code(), Some(0), "{}", dropped.stderr);
        assert!(
            dropped.stderr.contains("; 1 event of"),
            "{}",
            dropped.stderr
        );
    }
}

#[test]
fn a_slot_that_idled_too_long_is_said_to_be_lost_by_that() {
    let server = Postgres::own(Major::V18, &[("idle_replication_slot_timeout", "1s")]);
    let database = server.database();
    database.create_outbox();
    database.create_slot();
    wait_until(PATIENCE, "the slot to be invalidated", || {
        database.sql().batch("CHECKPOINT");
        let reason = database.sql().text(&format!(
            "SELECT invalidation_reason FROM pg_replication_slots WHERE slot_name = '{}'",
            database.slot()
        ));
        reason.as_deref() == Some("idle_timeout")
    });
    let refused = outflow(&database, &["run", "--sink", "stdout", "--until-caught-up"]);
    assert_eq!(refused.code(), Some(66), "{}", refused.stderr);
    let lost = "is lost: idle_timeout (idle_replication_slot_timeout was exceeded)";
    assert!(refused.stderr.contains(lost), "{}", refused.stderr);
    // Both parts of the hint can be run as they are.
    let remedy = "ALTER SYSTEM SET idle_replication_slot_timeout = 0";
    assert!(refused.stderr.contains(remedy), "{}", refused.stderr);
    database.sql().batch(remedy);
    assert_eq!(
        outflow(&database, &["slot", "drop", "--yes"]).code(),
        Some(0)
    );
    assert_eq!(outflow(&database, &["slot", "create"]).code(), Some(0));
}

#[test]
fn a_managed_service_has_its_own_way_to_the_privilege() {
    let server = Postgres::own(Major::V17, &[]);
    let database = server.database();
    database.create_outbox();
    database.sql().batch("CREATE ROLE plain LOGIN");
    let url = database.url().replace("postgres@", "plain@");
    let refused = || {
        let refused = Outflow::command(["slot", "create", "-d", &url, "--set"])
            .args([format!("name=\"{}\"", database.name())])
            .run_to_end();
        assert_eq!(refused.code(), Some(77), "{}", refused.stderr);
        refused.stderr
    };
    for (role, hint) in [
        ("", "as an administrator: `psql -d"),
        ("neon_superuser", "on Neon, use a role"),
        ("azure_pg_admin", "-c \"ALTER ROLE plain REPLICATION\"`"),
        ("rds_replication", "-c \"GRANT rds_replication TO plain\"`"),
    ] {
        if !role.is_empty() {
            database.sql().batch(&format!("CREATE ROLE {role}"));
        }
        let said = refused();
        assert!(said.contains(hint), "{role}: {said}");
        if !role.is_empty() && role != "rds_replication" {
            database.sql().batch(&format!("DROP ROLE {role}"));
        }
    }
    // With the membership it goes on to the server, which knows no such role here.
    database.sql().batch("GRANT rds_replication TO plain");
    let said = refused();
    assert!(said.contains("caused by"), "{said}");
}

#[test]
fn peek_shows_what_the_stdout_sink_would_and_consumes_nothing() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database.create_slot();
        database.sql().batch("CREATE TABLE other (id int)");
        // Transactions without events, which PostgreSQL 14 sends nevertheless.
        for _ in 0..100 {
            database.sql().batch("INSERT INTO other VALUES (1)");
        }
        insert(&database, 3);
        database.sql().batch(
            "INSERT INTO outbox (aggregate_type, aggregate_id, payload)
             SELECT 'bulk', n::text, jsonb_build_object('n', n) FROM generate_series(1, 500) n",
        );
        let before = database.confirmed_flush_lsn();

        let sink = outflow(&database, &["run", "--sink", "stdout", "--until-caught-up"]);
        assert_eq!(sink.code(), Some(0), "{}", sink.stderr);
        let all: Vec<&str> = sink.stdout.lines().collect();
        assert_eq!(all.len(), 503);
        for limit in [1, 4, 100, 1000] {
            let peeked = outflow(&database, &["slot", "peek", "--limit", &limit.to_string()]);
            assert_eq!(peeked.code(), Some(0), "{}", peeked.stderr);
            let lines: Vec<&str> = peeked.stdout.lines().collect();
            assert_eq!(
                lines,
                all[..limit.min(503)],
                "PostgreSQL {major}, {limit} events"
            );
        }
        assert_eq!(database.confirmed_flush_lsn(), before);
        harness::compat::works("Commands: slot peek", major);
    }
}

#[test]
fn peek_gives_bytes_as_they_are_stored() {
    let server = Postgres::own(Major::V17, &[]);
    server
        .sql()
        .batch("CREATE DATABASE shop ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
    let url = server.url("shop");
    let sql = Sql::open(&url).unwrap();
    sql.batch("CREATE TABLE outbox (id int, aggregate_type text, aggregate_id text, payload text)");
    let outflow = |arguments: &[&str]| Outflow::command(arguments).args(["-d", &url]).run_to_end();
    let created = outflow(&["slot", "create", "--publication"]);
    assert_eq!(created.code(), Some(0), "{}", created.stderr);
    sql.batch("SET client_encoding = 'SQL_ASCII'");
    sql.batch("INSERT INTO outbox VALUES (1, 'a', '1', E'x\\xffy')");
    let peeked = outflow(&["slot", "peek"]);
    assert_eq!(peeked.code(), Some(0), "{}", peeked.stderr);
    assert!(
        peeked.stdout.contains(r#""value":{"base64":"eP95"}"#),
        "{}",
        peeked.stdout
    );
}

#[test]
fn a_lost_slot_is_said_to_be_lost() {
    for major in [Major::V14, Major::V18] {
        let server = Postgres::own(
            major,
            &[("max_slot_wal_keep_size", "1MB"), ("max_wal_size", "32MB")],
        );
        let database = server.database();
        database.create_outbox();
        database.create_slot();
        lose(&database);

        let list = outflow(&database, &["slot", "list"]);
        assert!(list.stdout.contains("lost: wal_removed"), "{}", list.stdout);
        assert!(
            list.stderr.contains("can't be read any more"),
            "{}",
            list.stderr
        );
        for verb in [
            &["slot", "create"][..],
            &["slot", "peek"],
            &["slot", "advance", "--to", "now", "--yes"],
            &["run", "--sink", "stdout", "--until-caught-up"],
        ] {
            let refused = outflow(&database, verb);
            assert_eq!(refused.code(), Some(66), "{verb:?}: {}", refused.stderr);
            let lost = "is lost: wal_removed (max_slot_wal_keep_size was exceeded)";
            assert!(
                refused.stderr.contains(lost),
                "{verb:?}: {}",
                refused.stderr
            );
        }
        // The hint can be run as it is.
        assert_eq!(
            outflow(&database, &["slot", "drop", "--yes"]).code(),
            Some(0)
        );
        assert_eq!(outflow(&database, &["slot", "create"]).code(), Some(0));
        harness::compat::works("Commands: a lost slot is said to be lost", major);
    }
}

/// Writes so much that the slot's WAL is removed.
pub(crate) fn lose(database: &Database) {
    wait_until(PATIENCE, "the slot to be lost", || {
        database.sql().batch("CREATE TABLE filler AS SELECT 1");
        database
            .sql()
            .batch("DROP TABLE filler; SELECT pg_switch_wal(); CHECKPOINT");
        let status = database.sql().text(&format!(
            "SELECT wal_status FROM pg_replication_slots WHERE slot_name = '{}'",
            database.slot()
        ));
        status.as_deref() == Some("lost")
    });
}

/// Inserts events, each in a transaction of its own.
pub(crate) fn insert(database: &Database, number: u32) {
    for n in 1..=number {
        database.sql().batch(&format!(
            "INSERT INTO outbox (aggregate_type, aggregate_id, payload) \
             VALUES ('order', '{n}', '{{\"n\": {n}}}')"
        ));
    }
}

/// How many slots with the database's name there are, on the whole server.
pub(crate) fn slots(database: &Database) -> i64 {
    let query = "SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1";
    database.sql().value(query, &[&database.slot()])
}

/// An outbox without a publication.
pub(crate) const OUTBOX: &str = "CREATE TABLE outbox (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), aggregate_type text NOT NULL,
    aggregate_id text NOT NULL, event_type text NOT NULL DEFAULT 'Tested', payload jsonb)";
