//! The scripts in `sql/`: an outbox, a publication and a role made by them serve, and can be taken
//! away again.
//!
//! Their names are fixed, so each test has a server of its own.

use harness::{Broker, Database, Major, Outflow, OwnPostgres, PATIENCE, Postgres, Sql};

#[test]
fn the_scripts_make_all_that_outflow_needs_and_take_it_away() {
    for major in [Major::V14, Major::V18] {
        let (server, database) = server(major);
        let sql = database.sql();
        sql.batch(OUTBOX);
        sql.batch(OUTBOX);
        assert_eq!(columns(sql), SHAPE);
        serve_and_tear_down(&server, &database);
        harness::compat::works("Events: the outbox of sql/outbox.sql", major);
    }
}

#[test]
fn a_partitioned_outbox_in_its_place() {
    for major in [Major::V14, Major::V18] {
        let (server, database) = server(major);
        let sql = database.sql();
        sql.batch(PARTITIONED);
        assert_eq!(partitions(sql).as_deref(), Some("8"));
        sql.batch(&format!("DROP TABLE {}", last_partition(sql)));
        sql.batch(PARTITIONED);
        assert_eq!(
            partitions(sql).as_deref(),
            Some("8"),
            "what is missing is added"
        );
        assert_eq!(columns(sql), SHAPE);
        serve_and_tear_down(&server, &database);
        harness::compat::works("Events: the outbox of sql/, partitioned", major);
    }
}

/// Streams with the role of `roles.sql`, which may do no more than it needs, and removes everything.
fn serve_and_tear_down(server: &OwnPostgres, database: &Database) {
    let sql = database.sql();
    sql.batch(PUBLICATION);
    sql.batch(ROLES);
    sql.batch(ROLES);
    sql.batch("ALTER ROLE outflow PASSWORD 'its own'");
    let aggregate = database.topic("order");
    let url = format!(
        "host=127.0.0.1 port={} dbname={} user=outflow password='its own'",
        server.port(),
        database.name()
    );
    let outflow = |arguments: &[&str]| {
        Outflow::command(arguments).args(["-d", &url, "-b", Broker::shared().bootstrap()])
    };
    let created = outflow(&["slot", "create"]).run_to_end();
    assert_eq!(created.code(), Some(0), "{}", created.stderr);
    sql.batch(&format!(
        "INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) \
         VALUES ('{aggregate}', '42', 'OrderPaid', '{{\"total\": 99}}'); DELETE FROM outbox"
    ));
    let run = outflow(&["run"]).start();
    let topic = format!("{aggregate}.events");
    let records = Broker::shared().consume(&[&topic], PATIENCE, |records| !records.is_empty());
    assert_eq!(records[0].key_text(), "42");
    assert_eq!(records[0].header("eventType").as_deref(), Some("OrderPaid"));

    let own = Sql::open(&url).expect("the role logs in");
    assert!(own.try_batch("SELECT count(*) FROM outbox").is_ok());
    for forbidden in [
        "INSERT INTO outbox (aggregate_type, aggregate_id, event_type) VALUES ('a', 'b', 'c')",
        "DELETE FROM outbox",
        "TRUNCATE outbox",
        "DROP PUBLICATION outflow",
        "CREATE ROLE another",
    ] {
        assert!(own.try_batch(forbidden).is_err(), "{forbidden}");
    }
    drop(own);

    // A slot that is in use is left alone, and everything else too.
    run.wait_for_line("streaming", PATIENCE);
    let refused = database
        .connect()
        .try_batch(TEARDOWN)
        .expect_err("it is in use");
    assert_eq!(
        refused.code().map(tokio_postgres::error::SqlState::code),
        Some("55006"),
        "{refused}"
    );
    assert_eq!(left(sql), "1 1 1");
    assert!(run.stop().success());
    for _ in 0..2 {
        harness::wait_until(PATIENCE, "the role's sessions to end", || {
            sql.text("SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'outflow'")
                .as_deref()
                == Some("t")
        });
        sql.batch(TEARDOWN);
        assert_eq!(left(sql), "0 0 0");
    }
    assert!(
        sql.text("SELECT count(*) FROM outbox").is_some(),
        "the table stays"
    );
}

/// A server that asks for passwords, and a database on it.
fn server(major: Major) -> (OwnPostgres, Database) {
    let server = Postgres::own(major, &[]);
    server.pg_hba("host all all 127.0.0.1/32 scram-sha-256");
    let database = server.database();
    (server, database)
}

/// How many of slot, publication and role there are.
fn left(sql: &Sql) -> String {
    let counts = sql.text(
        "SELECT concat_ws(' ', (SELECT count(*) FROM pg_replication_slots), \
         (SELECT count(*) FROM pg_publication), \
         (SELECT count(*) FROM pg_roles WHERE rolname = 'outflow'))",
    );
    counts.unwrap_or_default()
}

/// The columns of the table, each with its type.
fn columns(sql: &Sql) -> String {
    let columns = sql.text(
        "SELECT string_agg(column_name || ' ' || data_type || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END, \
         ', ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'outbox'",
    );
    columns.unwrap_or_default()
}

/// How many partitions there are.
fn partitions(sql: &Sql) -> Option<String> {
    sql.text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'outbox'::regclass")
}

/// The name of the last partition.
fn last_partition(sql: &Sql) -> String {
    sql.text("SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'outbox'::regclass")
        .expect("a partition")
}

/// The columns that outflow finds by their names.
const SHAPE: &str = "id uuid not null, aggregate_type text not null, aggregate_id text not null, \
                     event_type text not null, payload jsonb, \
                     created_at timestamp without time zone not null";
/// The scripts.
const OUTBOX: &str = include_str!("../../sql/outbox.sql");
/// The table in partitions.
const PARTITIONED: &str = include_str!("../../sql/outbox-partitioned.sql");
/// The publication.
const PUBLICATION: &str = include_str!("../../sql/publication.sql");
/// The role.
const ROLES: &str = include_str!("../../sql/roles.sql");
/// The way back.
const TEARDOWN: &str = include_str!("../../sql/teardown.sql");
