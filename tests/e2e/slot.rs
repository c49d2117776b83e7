//! `outflow slot`: the life of a slot, from its creation to its end.

use harness::{Database, Major, Outflow, PATIENCE, Postgres, Sql, wait_until};
use nix::sys::signal::Signal;
use serde_json::Value as Json;

use crate::cli::{command, outflow, stable};

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
fn slots(database: &Database) -> i64 {
    let query = "SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1";
    database.sql().value(query, &[&database.slot()])
}

/// An outbox without a publication.
const OUTBOX: &str = "CREATE TABLE outbox (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), aggregate_type text NOT NULL,
    aggregate_id text NOT NULL, event_type text NOT NULL DEFAULT 'Tested', payload jsonb)";
