//! The harness itself: its servers are what they claim to be, and nothing of them stays behind.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ::harness::{
    Broker, Consumed, Major, Outflow, PATIENCE, Postgres, Sql, Stop, guard, wait_until,
};
use nix::sys::signal::Signal;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

#[test]
fn every_major_version_starts_and_decodes() {
    for major in Major::ALL {
        let database = Postgres::shared(major).database();
        let version: String = database.sql().value("SHOW server_version", &[]);
        assert_eq!(version.split('.').next(), Some(major.to_string().as_str()));

        database.create_outbox();
        database.create_slot();
        database
            .sql()
            .batch("INSERT INTO outbox (aggregate_type, aggregate_id) VALUES ('a', '1')");
        let changes: i64 = database.sql().value(
            "SELECT count(*) FROM pg_logical_slot_peek_binary_changes(
                 $1, NULL, NULL, 'proto_version', '1', 'publication_names', $2)",
            &[&database.slot(), &database.publication()],
        );
        assert_eq!(
            changes, 4,
            "Begin, Relation, Insert and Commit from PostgreSQL {major}"
        );
    }
}

#[test]
fn a_dropped_database_is_gone_with_its_slot() {
    let server = Postgres::shared(Major::V17);
    let database = server.database();
    database.create_outbox();
    database.create_slot();
    let name = database.name().to_owned();
    drop(database);
    let query = "SELECT (SELECT count(*) FROM pg_database WHERE datname = $1)
                      + (SELECT count(*) FROM pg_replication_slots WHERE database = $1)";
    assert_eq!(server.sql().value::<i64>(query, &[&name]), 0);
}

#[test]
fn an_own_server_comes_back_on_its_port() {
    let server = Postgres::own(Major::V17, &[("wal_sender_timeout", "3s")]);
    assert_eq!(
        server.sql().text("SHOW wal_sender_timeout").as_deref(),
        Some("3s")
    );
    server.sql().batch("CREATE TABLE kept AS SELECT 1 AS one");
    let port = server.port();

    server.stop(Stop::Fast);
    server.start();
    server.kill9();
    server.start();

    assert_eq!(server.port(), port);
    assert_eq!(
        server.sql().value::<i64>("SELECT count(*) FROM kept", &[]),
        1
    );
    assert!(
        server.logs().contains("not properly shut down"),
        "the kill was a crash"
    );
}

#[test]
fn an_own_server_takes_new_rules_for_who_may_connect() {
    let server = Postgres::own(Major::V17, &[]);
    server.pg_hba("host all all 127.0.0.1/32 scram-sha-256");
    let refused = Sql::open(&server.url("postgres"));
    assert!(refused.is_err(), "without a password");
    server.sql().batch("ALTER ROLE postgres PASSWORD 'secret'");
    let url = server
        .url("postgres")
        .replace("postgres@", "postgres:secret@");
    assert_eq!(Sql::open(&url).unwrap().value::<i32>("SELECT 1", &[]), 1);
}

#[test]
fn a_record_is_read_back_as_it_was_sent() {
    let broker = Broker::shared();
    let topic = "harness.round-trip";
    broker.create_topic(topic, 2, &[]);
    send(broker, topic, "a value");

    let records = broker.consume(&[topic], PATIENCE, |seen| !seen.is_empty());

    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].topic.as_str(), records[0].partition),
        (topic, 1)
    );
    assert_eq!(records[0].key.as_deref(), Some(&b"a key"[..]));
    assert_eq!(records[0].value_text(), "a value");
    assert_eq!(
        records[0].headers,
        [
            ("id".to_owned(), Some(b"1".to_vec())),
            ("none".to_owned(), None)
        ]
    );
    assert_eq!(broker.records(&[topic]), records);
}

#[test]
fn a_reader_waits_for_a_topic_that_comes_later() {
    let broker = Broker::shared();
    let topic = "harness.later";
    assert_eq!(broker.records(&[topic]), []);
    let mut reader = broker.reader(&[topic]);
    reader.to_the_end(PATIENCE);

    broker.create_topic(topic, 2, &[]);
    send(broker, topic, "late");

    assert_eq!(
        reader.until(PATIENCE, |seen| seen.len() == 1)[0].value_text(),
        "late"
    );
}

#[test]
fn an_own_broker_comes_back_on_its_port_with_its_records() {
    let broker = Broker::own(&[]);
    let topic = "kept";
    broker.create_topic(topic, 2, &[("retention.ms", "-1")]);
    send(&broker, topic, "first");
    let mut reader = broker.reader(&[topic]);
    reader.until(PATIENCE, |seen| seen.len() == 1);

    broker.stop();
    broker.start();
    send(&broker, topic, "second");
    broker.kill9();
    broker.start();
    send(&broker, topic, "third");

    let values: Vec<_> = reader
        .until(PATIENCE, |seen| seen.len() == 3)
        .iter()
        .map(Consumed::value_text)
        .collect();
    assert_eq!(values, ["first", "second", "third"]);
}

#[test]
fn a_reader_of_the_whole_topic_passes_what_transactions_leave() {
    let broker = Broker::shared();
    let topic = "harness.transactions";
    broker.create_topic(topic, 1, &[]);
    let config = broker
        .client_config()
        .set("transactional.id", topic)
        .clone();
    let producer: BaseProducer = config.create().expect("a producer");
    producer.init_transactions(PATIENCE).unwrap();
    for value in ["committed", "aborted"] {
        producer.begin_transaction().unwrap();
        let record = BaseRecord::<str, str>::to(topic).payload(value);
        producer.send(record).expect("room for one record");
        producer.flush(PATIENCE).unwrap();
        if value == "committed" {
            producer.commit_transaction(PATIENCE).unwrap();
        } else {
            producer.abort_transaction(PATIENCE).unwrap();
        }
    }

    let values: Vec<_> = broker
        .records(&[topic])
        .iter()
        .map(Consumed::value_text)
        .collect();
    assert_eq!(values, ["committed"]);
}

#[tokio::test]
async fn an_async_test_may_call_all_of_it() {
    let database = Postgres::shared(Major::V17).database();
    let rows = database
        .sql()
        .client()
        .query("SELECT 1", &[])
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(database.sql().value::<i32>("SELECT 2", &[]), 2);
}

#[test]
fn a_process_is_heard_and_measured_while_it_runs() {
    let script = "echo to-stdout; echo to-stderr >&2; read never; echo $COLOUR; exit 3";
    let command = Outflow::program(Path::new("sh"))
        .args(["-c", script])
        .env("COLOUR", "blue");
    let folder = command.folder().to_owned();
    let output = command.file("never", "").run_to_end();
    assert_eq!(output.code(), Some(3));
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("to-stdout\nblue\n", "to-stderr\n")
    );
    assert!(!folder.exists(), "its folder is removed");

    let process = Outflow::program(Path::new("sh"))
        .args(["-c", "echo up; while :; do :; done"])
        .start();
    assert_eq!(process.wait_for_line("up", PATIENCE), "up");
    wait_until(PATIENCE, "processor time", || {
        process.cpu_time() > Duration::from_millis(20)
    });
    assert!(process.peak_rss_bytes() >= process.rss_bytes());
    assert!(process.rss_bytes() > 100 << 10);
    assert!(process.exited().is_none());
    process.signal(Signal::SIGTERM);
    assert_eq!(process.wait_exit(PATIENCE).signal(), Some(15));
}

#[test]
fn the_tested_program_is_found() {
    let output = Outflow::command(["--version"]).run_to_end();
    assert!(output.status.success(), "{}", output.stderr);
}

#[test]
#[should_panic(expected = "in vain for rain: dry")]
fn a_wait_says_what_it_waited_for() {
    wait_until(Duration::from_millis(10), "rain", || Err::<(), _>("dry"));
}

/// What the next test kills; does nothing unless that test starts it.
#[test]
fn victim_with_servers() {
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    let _server = Postgres::own(Major::V17, &[]);
    let _broker = Broker::own(&[]);
    println!("{}", guard::run_folder().display());
    // Until the other test kills this process.
    std::thread::park();
}

#[test]
fn nothing_stays_behind_a_test_process_that_is_killed() {
    // By this name it is found even when it was built anew meanwhile.
    let mut victim = Command::new("/proc/self/exe")
        .args([
            "--exact",
            "harness::victim_with_servers",
            "--nocapture",
            "--quiet",
        ])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = std::io::BufReader::new(victim.stdout.take().unwrap());
    let folder = std::iter::from_fn(|| {
        let mut line = String::new();
        let read = std::io::BufRead::read_line(&mut output, &mut line).unwrap();
        (read > 0).then(|| line.trim().to_owned())
    })
    .find(|line| line.starts_with('/'))
    .expect("the victim says where its servers are");
    assert!(processes_in(&folder) > 2, "the servers run");

    victim.kill().unwrap();
    victim.wait().unwrap();

    wait_until(PATIENCE, "the servers to end", || {
        processes_in(&folder) == 0
    });
    wait_until(PATIENCE, "the files to be removed", || {
        !Path::new(&folder).exists()
    });
}

/// How many processes work in a folder.
fn processes_in(folder: &str) -> usize {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let folders =
        processes.filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok());
    folders.filter(|cwd| cwd.starts_with(folder)).count()
}

/// Sends a record with a key and headers to partition 1, and waits until the broker has it.
fn send(broker: &Broker, topic: &str, value: &str) {
    let config = broker.client_config();
    let producer: BaseProducer = config.create().expect("a producer");
    let headers = OwnedHeaders::new()
        .insert(Header {
            key: "id",
            value: Some("1"),
        })
        .insert(Header::<&str> {
            key: "none",
            value: None,
        });
    let record = BaseRecord::to(topic)
        .key("a key")
        .payload(value)
        .partition(1)
        .headers(headers);
    producer.send(record).expect("room for one record");
    producer
        .flush(PATIENCE)
        .expect("the record to be delivered");
}

/// The variable by which the victim knows that it is one.
const VICTIM: &str = "HARNESS_VICTIM";
