//! Logging in to a real PostgreSQL: every method, passwords from everywhere, and what is said where it
//! does not work.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use harness::{
    Database, Major, Outflow, OutflowCommand, Output, OwnPostgres, PATIENCE, Postgres, compat,
};

use crate::service::insert;

#[test]
fn every_method_of_pg_hba_that_outflow_knows() {
    for major in [Major::V14, Major::V18] {
        let (server, database) = server(major);
        server.pg_hba(
            "host all scram 127.0.0.1/32 scram-sha-256\n\
             host all md5 127.0.0.1/32 md5\n\
             host all md5_scram 127.0.0.1/32 md5\n\
             host all clear 127.0.0.1/32 password\n\
             host all free 127.0.0.1/32 trust",
        );
        for (role, stored, method) in [
            ("scram", "scram-sha-256", "scram-sha-256"),
            ("md5", "md5", "md5"),
            ("md5_scram", "scram-sha-256", "md5 with a SCRAM password"),
            ("clear", "scram-sha-256", "password (cleartext)"),
            ("free", "md5", "trust"),
        ] {
            database.sql().batch(&format!(
                "SET password_encryption = '{stored}'; CREATE ROLE {role} LOGIN REPLICATION PASSWORD 'p%40 ß:'"
            ));
            let url = format!("user={role} password='p%40 ß:' {}", tcp(&server, &database));
            delivers(&database, shot(&database, &url));
            if role != "free" {
                let url = format!("user={role} password=wrong {}", tcp(&server, &database));
                let output = shot(&database, &url).run_to_end();
                assert_eq!(output.code(), Some(77), "{role}: {}", output.stderr);
                let url = format!("user={role} {}", tcp(&server, &database));
                let output = shot(&database, &url).run_to_end();
                assert_eq!(output.code(), Some(77), "{role}: {}", output.stderr);
                assert!(
                    output.stderr.contains("for a password"),
                    "{}",
                    output.stderr
                );
            }
            compat::works(&format!("Authentication: {method}"), major);
        }
    }
}

#[test]
fn a_wrong_password_ends_a_one_shot_and_the_service_goes_on_trying() {
    let (server, database) = server(Major::V17);
    server.pg_hba("host all all 127.0.0.1/32 scram-sha-256");
    let sql = database.sql();
    sql.batch("CREATE ROLE app LOGIN REPLICATION PASSWORD 'right'");
    let url = format!("user=app password=wrong {}", tcp(&server, &database));
    let output = shot(&database, &url).run_to_end();
    assert_eq!(output.code(), Some(77), "{}", output.stderr);
    let said = output.stderr;
    assert!(said.contains("password authentication failed"), "{said}");
    assert!(said.contains("hint:"), "{said}");
    assert!(!said.contains("wrong"), "a password in an error: {said}");

    let outflow = command(&database, &url, &["run", "--sink", "stdout"]).start();
    outflow.wait_for_line("trying again", PATIENCE);
    sql.batch("ALTER ROLE app PASSWORD 'wrong'");
    outflow.wait_for_line("streaming", PATIENCE);
    assert!(outflow.stop().success());
}

#[test]
fn a_password_from_pgpass() {
    let (server, database) = server(Major::V17);
    server.pg_hba("host all all 127.0.0.1/32 scram-sha-256");
    database
        .sql()
        .batch("CREATE ROLE app LOGIN REPLICATION PASSWORD 'a:b\\c'");
    let line = format!(
        "# a comment\n*:1:*:app:not this\n127.0.0.1:{}:{}:app:a\\:b\\\\c\n",
        server.port(),
        database.name()
    );
    let url = format!("user=app {}", tcp(&server, &database));
    let with_mode = |mode| {
        let command = shot(&database, &url).file("pgpass", &line);
        let file = command.folder().join("pgpass");
        fs::set_permissions(&file, Permissions::from_mode(mode)).expect("a file");
        command.env("PGPASSFILE", file)
    };
    delivers(&database, with_mode(0o600));
    // libpq ignores one that others can read, and so do we.
    let output = with_mode(0o644).run_to_end();
    assert_eq!(output.code(), Some(77), "{}", output.stderr);
    compat::works("Authentication: passfile", Major::V17);
}

#[test]
fn a_password_file_is_read_again_so_that_it_can_be_rotated() {
    let (server, database) = server(Major::V17);
    server.pg_hba("host all all 127.0.0.1/32 scram-sha-256");
    let sql = database.sql();
    sql.batch("CREATE ROLE app LOGIN REPLICATION PASSWORD 'old'");
    let url = format!("user=app {}", tcp(&server, &database));
    let outflow = Outflow::command(["run", "--sink", "stdout"])
        .config(&format!(
            "name = '{}'\n[postgres]\nurl = '{url}'\npassword = {{ file = 'secret' }}\n",
            database.name()
        ))
        .file("secret", "old\n")
        .start();
    outflow.wait_for_line("streaming", PATIENCE);
    sql.batch("ALTER ROLE app PASSWORD 'new'");
    fs::write(outflow.folder().join("secret"), "new\n").expect("a file");
    let seen = outflow.seen();
    sql.batch(&format!(
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{}'",
        database.slot()
    ));
    outflow.wait_for_line_after(seen, "streaming", PATIENCE);
    assert!(
        !outflow.stderr().contains("authentication"),
        "{}",
        outflow.stderr()
    );
    assert!(outflow.stop().success());
}

#[test]
fn the_unix_socket() {
    let (server, database) = server(Major::V17);
    server.pg_hba("local all all scram-sha-256");
    database
        .sql()
        .batch("CREATE ROLE app LOGIN REPLICATION PASSWORD 'secret'");
    let (folder, port, name) = (
        server.socket_folder().display(),
        server.port(),
        database.name(),
    );
    let text = format!("host={folder} port={port} user=app password=secret dbname={name}");
    delivers(&database, shot(&database, &text));
    let encoded = folder.to_string().replace('/', "%2F");
    let url = format!("postgresql://app:secret@{encoded}:{port}/{name}");
    delivers(&database, shot(&database, &url));
    let url = format!("postgresql://app:secret@/{name}?host={folder}&port={port}");
    delivers(&database, shot(&database, &url));
    // And all of it from the environment.
    let environment = Outflow::command(SHOT)
        .args(["--set", &named(&database)])
        .env("PGHOST", folder.to_string())
        .env("PGPORT", port.to_string())
        .env("PGUSER", "app")
        .env("PGPASSWORD", "secret")
        .env("PGDATABASE", name);
    delivers(&database, environment);
    compat::works("Connections: Unix socket", Major::V17);
    compat::works("Connections: PG* environment", Major::V17);
}

#[test]
fn without_a_line_in_pg_hba_it_ends_and_says_so() {
    let (server, database) = server(Major::V17);
    // The keyword `replication` is for physical replication only.
    server.pg_hba("host replication all 127.0.0.1/32 trust");
    database.sql().batch("CREATE ROLE app LOGIN REPLICATION");
    let url = format!("user=app {}", tcp(&server, &database));
    for arguments in [&SHOT[..], &["run", "--sink", "stdout"]] {
        let output = command(&database, &url, arguments).run_to_end();
        assert_eq!(output.code(), Some(77), "{}", output.stderr);
        assert!(output.stderr.contains("pg_hba.conf"), "{}", output.stderr);
        assert!(output.stderr.contains("hint:"), "{}", output.stderr);
    }
}

#[test]
fn a_role_that_may_not_replicate_is_mended_by_the_hint() {
    let (server, database) = server(Major::V17);
    let sql = database.sql();
    sql.batch("CREATE ROLE \"My \"\"App\"\"'s\" LOGIN");
    let url = format!("user='My \"App\"\\'s' {}", tcp(&server, &database));
    let output = shot(&database, &url).run_to_end();
    assert_eq!(output.code(), Some(77), "{}", output.stderr);
    let hint = output
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("hint: "))
        .expect("a hint");
    let (_, rest) = hint.split_once('`').expect("a command");
    let (shell, _) = rest.rsplit_once('`').expect("its end");
    // A shell runs it as it is; in place of psql it has a function that shows the SQL.
    let shown = Command::new("sh")
        .args(["-c", &format!("psql() {{ printf %s \"$4\"; }}; {shell}")])
        .output()
        .expect("a shell");
    sql.batch(&String::from_utf8_lossy(&shown.stdout));
    delivers(&database, shot(&database, &url));
}

/// A server of the test's own, and a database on it with one event that waits in the slot.
pub(crate) fn server(major: Major) -> (OwnPostgres, Database) {
    let server = Postgres::own(major, &[]);
    let database = server.database();
    database.create_outbox();
    database.create_slot();
    insert(&database, "order", "42", "{}");
    (server, database)
}

/// Where the server is, without a role.
fn tcp(server: &OwnPostgres, database: &Database) -> String {
    format!(
        "host=127.0.0.1 port={} dbname={}",
        server.port(),
        database.name()
    )
}

/// A command on a database that is reached so.
fn command(database: &Database, url: &str, arguments: &[&str]) -> OutflowCommand {
    Outflow::command(arguments).args(["-d", url, "--set", &named(database)])
}

/// The setting that names slot and publication as the database.
fn named(database: &Database) -> String {
    format!("name=\"{}\"", database.name())
}

/// A one-shot that prints what waits in the slot, and leaves it there.
pub(crate) fn shot(database: &Database, url: &str) -> OutflowCommand {
    command(database, url, &SHOT)
}

/// The one-shot must print the event.
#[track_caller]
pub(crate) fn delivers(database: &Database, command: OutflowCommand) -> Output {
    let output = command.run_to_end();
    assert_eq!(
        output.code(),
        Some(0),
        "{}: {}",
        database.name(),
        output.stderr
    );
    assert_eq!(output.stdout.lines().count(), 1, "{}", output.stdout);
    output
}

/// The one-shot's arguments.
const SHOT: [&str; 4] = ["run", "--sink", "stdout", "--until-caught-up"];
