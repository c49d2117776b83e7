//! What `run` finds before it streams: whatever is missing ends it with the code, the reason, and
//! what mends it.

use harness::{Database, Major, Outflow, PATIENCE, Postgres};

use crate::cli::{command, outflow, stable};
use crate::slot::insert;

/// The run that these tests make.
const RUN: [&str; 4] = ["run", "--sink", "stdout", "--until-caught-up"];

#[test]
fn a_missing_publication_or_slot_ends_the_run() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused(&database, 66), @r#"
            error: replication slot "shop" does not exist

            hint: `outflow slot create shop`; events that were committed before are not sent
            "#);
        }
        database.create_slot();
        database
            .sql()
            .batch(&format!("DROP PUBLICATION {}", database.publication()));
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused(&database, 66), @r#"
            error: publication "shop" does not exist in database "shop"

            hint: `outflow publication create --table public.outbox`; create it before the slot, which cannot read what was written earlier
            "#);
        }
        harness::compat::works(
            "Commands: a missing publication or slot ends the run",
            major,
        );
    }
}

#[test]
fn a_publication_must_send_inserts_of_outboxes() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        let sql = database.sql();
        database.create_outbox();
        database.create_slot();
        let name = database.publication();

        sql.batch(&format!(
            "ALTER PUBLICATION {name} SET (publish = 'update')"
        ));
        mended(&database, "does not publish inserts");

        sql.batch(&format!(
            "CREATE TABLE orders (id int, total numeric); ALTER PUBLICATION {name} ADD TABLE orders"
        ));
        let said = refused(&database, 78);
        assert!(
            said.contains("table public.orders can't be used as an outbox"),
            "{said}"
        );
        assert!(said.contains("its columns are id, total"), "{said}");
        assert!(
            said.contains(r#"`--set 'outbox.tables=["public.outbox"]'`"#),
            "{said}"
        );
        let chosen = command(&database, &RUN)
            .args(["--set", r#"outbox.tables=["public.outbox"]"#])
            .run_to_end();
        assert_eq!(chosen.code(), Some(0), "{}", chosen.stderr);

        sql.batch(&format!("ALTER PUBLICATION {name} DROP TABLE outbox"));
        let said = refused_with(&database, 78, r#"outbox.tables=["outbox"]"#);
        assert!(
            said.contains("does not publish the table public.outbox"),
            "{said}"
        );
        sql.batch(hinted_sql(&said).as_str().replace("shop", name).as_str());
        sql.batch(&format!("ALTER PUBLICATION {name} DROP TABLE orders"));
        assert_eq!(outflow(&database, &RUN).code(), Some(0));

        sql.batch(&format!("ALTER PUBLICATION {name} DROP TABLE outbox"));
        let said = refused(&database, 78);
        assert!(said.contains("publishes no table"), "{said}");
    }
}

#[test]
fn a_partitioned_outbox_must_come_as_one() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        database.sql().batch(
            "CREATE TABLE outbox (id uuid DEFAULT gen_random_uuid(), aggregate_type text,
                 aggregate_id text, payload jsonb) PARTITION BY LIST (aggregate_type);
             CREATE TABLE outbox_rest PARTITION OF outbox DEFAULT",
        );
        let name = database.publication();
        database.sql().batch(&format!(
            "CREATE PUBLICATION {name} FOR TABLE outbox WITH (publish = 'insert')"
        ));
        database.create_slot();
        let said = refused_with(&database, 78, r#"outbox.tables=["outbox"]"#);
        assert!(
            said.contains("publishes the partitions of outbox under their own names"),
            "{said}"
        );
        database
            .sql()
            .batch(&hinted_sql(&said).replace("shop", name));
        insert(&database, 1);
        let run = command(&database, &RUN).args(["--set", r#"outbox.tables=["outbox"]"#]);
        let run = run.run_to_end();
        assert_eq!(
            (run.code(), run.stdout.lines().count()),
            (Some(0), 1),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_slot_must_be_of_our_kind() {
    let server = Postgres::shared(Major::V17);
    let (database, other) = (server.database(), server.database());
    database.create_outbox();
    let slot = database.slot();
    database.sql().batch(&format!(
        "SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput', false, true)"
    ));
    let said = refused(&database, 78);
    assert!(said.contains("is made for two-phase commit"), "{said}");
    database
        .sql()
        .batch(&format!("SELECT pg_drop_replication_slot('{slot}')"));
    other.sql().batch(&format!(
        "SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')"
    ));
    let said = refused(&database, 78);
    assert!(said.contains("is of database"), "{said}");
}

#[test]
fn the_server_must_decode() {
    let server = Postgres::own(Major::V17, &[("wal_level", "replica")]);
    let database = server.database();
    insta::assert_snapshot!(refused(&database, 78), @r#"
    error: wal_level is "replica", and logical decoding needs "logical"

    hint: `psql -d shop -c "ALTER SYSTEM SET wal_level = 'logical'"`, then restart PostgreSQL
    "#);
    database
        .sql()
        .batch("ALTER SYSTEM SET wal_level = 'logical'");
}

#[test]
fn the_role_must_replicate() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database.create_slot();
        let role = format!("{}_r", database.name());
        database.sql().batch(&format!("CREATE ROLE {role} LOGIN"));
        let url = database.url().replace("postgres@", &format!("{role}@"));
        let run = || {
            let named = format!("name=\"{}\"", database.name());
            Outflow::command(RUN)
                .args(["-d", &url, "--set", &named])
                .run_to_end()
        };
        let output = run();
        assert_eq!(output.code(), Some(77), "{}", output.stderr);
        let said = stable(&database, &output.stderr);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said, @r#"
            error: role shop_r may not use replication

            hint: as an administrator: `psql -d shop -c "ALTER ROLE shop_r REPLICATION"`
            "#);
        }
        database
            .sql()
            .batch(&hinted_sql(&said).replace("shop", database.name()));
        let output = run();
        database.sql().batch(&format!("DROP ROLE {role}"));
        assert_eq!(output.code(), Some(0), "{}", output.stderr);
        harness::compat::works(
            "Authentication: a role without REPLICATION is told what to do",
            major,
        );
    }
}

#[test]
fn create_makes_what_is_missing_and_says_so() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database
            .sql()
            .batch(&format!("DROP PUBLICATION {}", database.publication()));
        let run = command(&database, &["run", "--sink", "stdout", "--create"]).start();
        run.wait_for_line("the publication was missing and was created", PATIENCE);
        run.wait_for_line("the slot was missing and was created", PATIENCE);
        run.wait_for_line("streaming", PATIENCE);
        insert(&database, 1);
        run.wait_for_line("\"order.events\"", PATIENCE);
        assert_eq!(run.stop().code(), Some(0));
        // What is there is taken.
        let again = command(&database, &["run", "--sink", "stdout", "--create"]).start();
        again.wait_for_line("\"order.events\"", PATIENCE);
        assert!(!again.stderr().contains("created"), "{}", again.stderr());
        harness::compat::works("Commands: run --create", major);
    }
}

#[test]
fn create_leaves_a_choice_to_a_person() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database.sql().batch(&format!(
        "CREATE SCHEMA old; CREATE TABLE old.outbox (LIKE public.outbox); DROP PUBLICATION {}",
        database.publication()
    ));
    let output = outflow(&database, &["run", "--sink", "stdout", "--create"]);
    assert_eq!(output.code(), Some(78), "{}", output.stderr);
    insta::assert_snapshot!(stable(&database, &output.stderr), @r"
    error: several tables look like an outbox: old.outbox, public.outbox

    hint: `outflow publication create --table old.outbox --table public.outbox`, with those that are; or set outbox.tables
    ");
}

/// A run must fail with this code; gives what it says.
fn refused(database: &Database, code: i32) -> String {
    let output = outflow(database, &RUN);
    assert_eq!(output.code(), Some(code), "{}", output.stderr);
    stable(database, &output.stderr)
}

/// The same with a setting.
fn refused_with(database: &Database, code: i32, setting: &str) -> String {
    let output = command(database, &RUN)
        .args(["--set", setting])
        .run_to_end();
    assert_eq!(output.code(), Some(code), "{}", output.stderr);
    stable(database, &output.stderr)
}

/// A run must fail with a wrong configuration for this reason, and the SQL of its hint mends it.
fn mended(database: &Database, reason: &str) {
    let said = refused(database, 78);
    assert!(said.contains(reason), "{said}");
    database
        .sql()
        .batch(&hinted_sql(&said).replace("shop", database.name()));
    let output = outflow(database, &RUN);
    assert_eq!(output.code(), Some(0), "{}", output.stderr);
}

/// The SQL of the `psql -c` in a hint.
fn hinted_sql(said: &str) -> String {
    let (_, rest) = said.split_once(" -c \"").expect("a psql command");
    let (sql, _) = rest.split_once("\"`").expect("its end");
    sql.to_owned()
}
