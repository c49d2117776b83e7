//! `outflow publication`: what is published, and that it is an outbox.

use harness::{Database, Major, Postgres};
use serde_json::Value as Json;

use crate::cli::{outflow, stable};

#[test]
fn show_tells_tables_and_columns() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        database.create_outbox();
        database
            .sql()
            .batch("CREATE TABLE orders (id int, total numeric)");
        let alter = format!(
            "ALTER PUBLICATION {} ADD TABLE orders",
            database.publication()
        );
        database.sql().batch(&alter);

        let show = outflow(&database, &["publication", "show"]);
        assert_eq!(show.code(), Some(0), "{}", show.stderr);
        insta::allow_duplicates! {
            insta::assert_snapshot!(stable(&database, &show.stdout), @r"
            name  shop
            publishes  insert
            partitions  by themselves
            all tables  no

            TABLE  KIND  OUTBOX  COLUMNS
            public.orders  table  no  id, total
            public.outbox  table  yes  id = id, aggregate_type = aggregate_type, aggregate_id = aggregate_id, event_type = event_type, payload = payload
            ");
        }

        let show = outflow(&database, &["publication", "show", "-o", "json"]);
        let show: Json = serde_json::from_str(&show.stdout).unwrap();
        assert_eq!(show["schema"], "outflow.publication.show/v1");
        assert_eq!(
            show["publication"]["publish"],
            serde_json::json!(["insert"])
        );
        let tables = show["publication"]["tables"].as_array().unwrap();
        assert_eq!(
            (&tables[0]["outbox"], &tables[1]["outbox"]),
            (&false.into(), &true.into())
        );
        assert_eq!(tables[0]["columns"], serde_json::json!(["id", "total"]));
        harness::compat::works("Commands: publication show", major);
    }
}

#[test]
fn create_takes_the_one_table_that_looks_like_an_outbox() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        database.sql().batch(
            "CREATE SCHEMA \"My Shop\";
             CREATE DOMAIN body AS bytea;
             CREATE TABLE orders (id int);
             CREATE TABLE \"My Shop\".\"order\" (event_id uuid, aggregatetype text,
                 aggregateid text, type text, data body, gone int,
                 size int GENERATED ALWAYS AS (octet_length(data)) STORED)
                 PARTITION BY LIST (aggregatetype);
             CREATE TABLE part PARTITION OF \"My Shop\".\"order\" DEFAULT;
             ALTER TABLE \"My Shop\".\"order\" DROP COLUMN gone",
        );
        let planned = outflow(&database, &["publication", "create", "--dry-run"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(stable(&database, &planned.stdout), @r#"CREATE PUBLICATION shop FOR TABLE "My Shop"."order" WITH (publish = 'insert', publish_via_partition_root = true);"#);
        }
        let created = outflow(&database, &["publication", "create"]);
        assert_eq!(created.code(), Some(0), "{}", created.stderr);
        insta::allow_duplicates! {
            insta::assert_snapshot!(stable(&database, &created.stdout), @r#"publication "shop" created: inserts of "My Shop"."order""#);
        }
        let show = outflow(&database, &["publication", "show"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(stable(&database, &show.stdout), @r#"
            name  shop
            publishes  insert
            partitions  as their root
            all tables  no

            TABLE  KIND  OUTBOX  COLUMNS
            "My Shop"."order"  partitioned  yes  id = event_id, aggregate_type = aggregatetype, aggregate_id = aggregateid, event_type = type, payload = data
            "#);
        }
        // Again, also by its name, it is content.
        let named = ["publication", "create", "--table", "\"My Shop\".\"order\""];
        assert_eq!(outflow(&database, &named).code(), Some(0));
        let other = outflow(&database, &["publication", "create", "--table", "orders"]);
        assert_eq!(other.code(), Some(78), "{}", other.stderr);
        assert!(
            other.stderr.contains("differs: it does not publish orders"),
            "{}",
            other.stderr
        );
        harness::compat::works("Commands: publication create", major);
    }
}

#[test]
fn create_refuses_what_is_no_outbox() {
    let database = Postgres::shared(Major::V17).database();
    database
        .sql()
        .batch("CREATE TABLE orders (id int, payload jsonb)");
    let refused = |arguments: &[&str]| refused(&database, 78, arguments);
    insta::assert_snapshot!(refused(&["publication", "create"]), @r#"
    error: no table of database "shop" looks like an outbox

    hint: `psql -d shop -c "CREATE TABLE outbox (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), aggregate_type text NOT NULL, aggregate_id text NOT NULL, event_type text NOT NULL, payload jsonb)"`; or name the table: `--table`, or outbox.tables
    "#);
    let error = refused(&["publication", "create", "--table", "public.orders"]);
    assert!(
        error.contains("table public.orders can't be used as an outbox"),
        "{error}"
    );
    database.create_outbox();
    assert_eq!(
        outflow(
            &database,
            &["publication", "create", "p2", "--table", "x y"]
        )
        .code(),
        Some(2)
    );
}

#[test]
fn drop_asks_and_drops() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    let unsure = refused(&database, 2, &["publication", "drop"]);
    insta::assert_snapshot!(unsure, @r#"
    publication "shop" of database "shop" publishes public.outbox; a stream through it stops, and what is written until it is there again can't be read through it
    error: cannot ask whether to drop the publication "shop": standard input is no terminal

    hint: `--yes` does it without asking
    "#);
    let planned = outflow(&database, &["publication", "drop", "--dry-run"]);
    assert_eq!(
        planned.stdout,
        format!("DROP PUBLICATION {};\n", database.publication())
    );
    let dropped = outflow(&database, &["publication", "drop", "--yes"]);
    assert_eq!(dropped.code(), Some(0), "{}", dropped.stderr);
    let missing = refused(&database, 66, &["publication", "show"]);
    insta::assert_snapshot!(missing, @r#"
    error: publication "shop" does not exist in database "shop"

    hint: `outflow publication create --table public.outbox`; create it before the slot, which cannot read what was written earlier
    "#);
}

#[test]
fn a_role_that_owns_nothing_is_told_so() {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    let role = format!("{}_r", database.name());
    database.sql().batch(&format!("CREATE ROLE {role} LOGIN"));
    let url = database.url().replace("postgres@", &format!("{role}@"));
    let refused =
        harness::Outflow::command(["publication", "create", "other", "-d", &url]).run_to_end();
    database.sql().batch(&format!("DROP ROLE {role}"));
    assert_eq!(refused.code(), Some(77), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("permission denied for database"),
        "{}",
        refused.stderr
    );
}

/// Runs what must fail with this code, and gives what it says.
fn refused(database: &Database, code: i32, arguments: &[&str]) -> String {
    let output = outflow(database, arguments);
    assert_eq!(output.code(), Some(code), "{}", output.stderr);
    stable(database, &output.stderr)
}
