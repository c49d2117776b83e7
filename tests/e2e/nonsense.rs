//! A server that speaks nonsense: no panic, no memory for what was not received, the exit code or the retry of the
//! contract, and an error that shows the first bytes.

use harness::scripted::{Dialogue, Scripted, Until, message, xlog_data};
use harness::{Database, Major, Outflow, OutflowCommand, PATIENCE, Postgres};

use crate::service::insert;

/// What a script does.
type Script = fn(&mut Dialogue);

#[test]
fn what_is_no_postgresql_is_told_by_its_first_bytes() {
    let cases: [(&str, Script, &str); 9] = [
        (
            "sslmode=require",
            |client| {
                client.startup();
                client.send(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            },
            "'H' where TLS was asked for",
        ),
        (
            "sslmode=require",
            |client| {
                client.startup();
                client.send(b"Sgarbage that is no TLS at all");
            },
            "TLS with PostgreSQL",
        ),
        (
            "sslmode=disable",
            |client| {
                client.startup();
                client.send(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            },
            "first bytes: 48 54 54 50 2f; an HTTP server speaks so",
        ),
        (
            "sslmode=disable",
            |client| client.send(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
            "an SSH server speaks so",
        ),
        (
            "sslmode=disable",
            |client| client.send(b"R\xff\xff\xff\xff"),
            "impossible length -1 (first bytes: 52 ff ff ff ff)",
        ),
        (
            "sslmode=disable",
            |client| client.send(b"R\0\0\0\0"),
            "impossible length 0 (first bytes: 52 00 00 00 00)",
        ),
        (
            "sslmode=disable",
            |client| client.send(b"R\x7f\xff\xff\xff"),
            "impossible length 2147483647 (first bytes: 52 7f ff ff ff)",
        ),
        (
            "sslmode=disable",
            |client| {
                client.startup();
                client.say(b'R', &[0; 4]);
                client.say(b'?', b"");
            },
            "unexpected message '?' (first bytes: 3f 00 00 00 04)",
        ),
        (
            "sslmode=disable connect_timeout=1",
            |client| {
                client.startup();
                client.send(b"R\0\0\0\x08\0\0");
                client.hold();
            },
            "did not answer within 1s",
        ),
    ];
    for (rest, script, expected) in cases {
        let server = Scripted::server(script);
        let url = format!(
            "host=127.0.0.1 port={} user=app dbname=shop {rest}",
            server.port()
        );
        refused(shot(&url), 69, expected);
    }
}

#[test]
fn an_early_end_at_each_stage_of_the_login_is_an_error() {
    let scripts: [Script; 5] = [
        |_| (),
        |client| {
            client.startup();
        },
        |client| {
            client.startup();
            client.say(b'R', &3_u32.to_be_bytes());
            client.message();
        },
        |client| {
            client.startup();
            client.say(b'R', &[0; 4]);
            client.send(b"S\0\0\0\x20serv");
        },
        |client| {
            client.let_in();
            client.message();
        },
    ];
    for script in scripts {
        let server = Scripted::server(script);
        let url = format!(
            "host=127.0.0.1 port={} user=app password=secret dbname=shop sslmode=disable",
            server.port()
        );
        let said = refused(shot(&url), 69, "PostgreSQL");
        assert!(!said.contains("secret"), "a password in an error: {said}");
    }
}

#[test]
fn nonsense_in_a_stream_ends_it_and_nothing_is_skipped() {
    let database = database();
    let cases: [(Script, i32, &str); 9] = [
        (
            |client| client.send(b"d\xff\xff\xff\xfe"),
            1,
            "impossible length -2 (first bytes: 64 ff ff ff fe)",
        ),
        (
            |client| client.send(b"d\0\0\0\0"),
            1,
            "impossible length 0 (first bytes: 64 00 00 00 00)",
        ),
        (
            |client| client.send(b"d\x7f\xff\xff\xff"),
            1,
            "impossible length 2147483647 (first bytes: 64 7f ff ff ff)",
        ),
        (
            |client| client.say(b'!', b"what"),
            1,
            "unexpected message '!' (first bytes: 21 00 00 00 08)",
        ),
        (
            |client| client.say(b'd', b"q\x01\x02"),
            1,
            "expected XLogData or a keepalive (first bytes: 64 00 00 00 07 71 01 02)",
        ),
        (
            |client| client.say(b'd', b"k\0\0"),
            1,
            "expected walEnd (first bytes: 64 00 00 00 07 6b 00 00)",
        ),
        (
            |client| client.send(&xlog_data(b"\xfe\xfd\xfc")),
            1,
            "found 0xfe",
        ),
        // A row before any transaction; its value is nobody's business.
        (
            |client| client.send(&xlog_data(b"I\0\0\x40\x01N\0\x01t\0\0\0\x06secret")),
            1,
            "an Insert came outside a transaction",
        ),
        // An end in mid-frame is an end.
        (
            |client| client.send(b"d\0\0\x10\0w"),
            69,
            "closed the connection",
        ),
    ];
    for (script, code, expected) in cases {
        let server = Scripted::after(port(&database), Until::CopyBoth, script);
        let said = refused(through(&server, &database, &SHOT), code, expected);
        assert!(!said.contains("secret"), "a value in an error: {said}");
        assert_eq!(server.scripts(), 1);
    }
}

#[test]
fn nonsense_in_answer_to_a_query_is_told_and_tried_again() {
    let database = database();
    for (until, expected) in [
        (
            Until::Sql,
            "impossible length 2147483647 (first bytes: 54 7f ff ff ff)",
        ),
        (
            Until::Replication,
            "impossible length 2147483647 (first bytes: 54 7f ff ff ff)",
        ),
    ] {
        let server = Scripted::after(port(&database), until, |client| {
            client.message();
            client.send(b"T\x7f\xff\xff\xff");
        });
        refused(through(&server, &database, &SHOT), 69, expected);
        // A service outlives it, and needs nobody's hand.
        let outflow = through(&server, &database, &SERVICE).start();
        outflow.wait_for_line("trying again", PATIENCE);
        harness::wait_until(PATIENCE, "another attempt", || server.scripts() > 2);
        assert!(outflow.stop().success());
    }
}

#[test]
fn memory_is_for_what_was_received_only() {
    let database = database();
    // The service lives on, so that its memory can be looked at.
    let cases: [(Until, Script); 4] = [
        // A GiB is announced, which PostgreSQL could send, and a little of it comes.
        (Until::CopyBoth, |client| {
            client.send(b"d\x40\0\0\0w");
            client.flood(&[0; 1024], 1 << 20);
            client.hold();
        }),
        (Until::CopyBoth, |client| {
            client.flood(&notice(), 4 << 20);
            client.hold();
        }),
        (Until::Replication, |client| {
            client.message();
            client.flood(&message(b'D', b"\0\x01\0\0\0\x01x"), u64::MAX);
        }),
        (Until::Replication, |client| {
            client.message();
            client.send(b"D\x3f\xff\xff\xff");
            client.flood(&[0; 1024], u64::MAX);
        }),
    ];
    for (case, (until, script)) in cases.into_iter().enumerate() {
        let server = Scripted::after(port(&database), until, script);
        let outflow = through(&server, &database, &SERVICE).start();
        let sign = match until {
            Until::CopyBoth => "streaming",
            Until::Sql | Until::Replication => "trying again",
        };
        outflow.wait_for_line(sign, PATIENCE);
        if case == 1 {
            // Of notices without end some are said, and the number.
            outflow.wait_for_line("\"number\":65536", PATIENCE);
            assert!(outflow.lines().len() < 200, "the log is flooded");
        }
        small(&outflow);
        assert!(outflow.stop().success(), "case {case}");
    }
    let login = Scripted::server(|client| {
        client.startup();
        client.say(b'R', &[0; 4]);
        client.flood(&notice(), u64::MAX);
    });
    let url = format!(
        "host=127.0.0.1 port={} user=app sslmode=disable",
        login.port()
    );
    let outflow = Outflow::command(SERVICE).args(["-d", &url]).start();
    outflow.wait_for_line("before the server takes commands", PATIENCE);
    small(&outflow);
    assert!(outflow.stop().success());
}

/// The process must not have taken more than it needs anyway, and what a login may take.
#[track_caller]
fn small(outflow: &Outflow) {
    let peak = outflow.peak_rss_bytes() >> 20;
    assert!(peak < 96, "{peak} MiB");
}

/// A notice.
fn notice() -> Vec<u8> {
    message(b'N', b"SNOTICE\0VNOTICE\0C00000\0Mmore to come\0\0")
}

/// The command must end with this code, must not have panicked, and must say this; gives what it says.
#[track_caller]
fn refused(command: OutflowCommand, code: i32, expected: &str) -> String {
    let output = command.run_to_end();
    assert_eq!(output.code(), Some(code), "{expected}: {}", output.stderr);
    assert!(
        output.stderr.contains(expected),
        "no {expected:?} in {}",
        output.stderr
    );
    assert!(
        !output.stderr.contains("a bug in outflow"),
        "{}",
        output.stderr
    );
    output.stderr
}

/// A database with an event that waits in its slot.
fn database() -> Database {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database.create_slot();
    insert(&database, "order", "42", "{}");
    database
}

/// The port of the database's server.
fn port(database: &Database) -> u16 {
    let url = database.url();
    let port = url
        .rsplit(':')
        .next()
        .and_then(|rest| rest.split('/').next());
    port.and_then(|port| port.parse().ok()).expect("a port")
}

/// A one-shot at this URL.
fn shot(url: &str) -> OutflowCommand {
    Outflow::command(SHOT).args(["-d", url])
}

/// A command on the database, by way of the script.
fn through(server: &Scripted, database: &Database, arguments: &[&str]) -> OutflowCommand {
    let url = format!(
        "host=127.0.0.1 port={} user=postgres dbname={} sslmode=disable",
        server.port(),
        database.name()
    );
    let name = format!("name=\"{}\"", database.name());
    Outflow::command(arguments).args(["-d", &url, "--set", &name])
}

/// The arguments of a one-shot.
const SHOT: [&str; 4] = ["run", "--sink", "stdout", "--until-caught-up"];
/// The arguments of a service.
const SERVICE: [&str; 5] = [
    "run",
    "--sink",
    "stdout",
    // What does not answer the end of the stream is not waited for.
    "--set",
    "limits.shutdown=\"1s\"",
];
