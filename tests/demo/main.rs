//! The main job, for a person to watch: orders and their events, a kill in mid-flow, and the count.
//!
//! It starts a PostgreSQL and a Kafka of its own, uses nothing but outflow's own commands, and ends
//! by itself; the exit code is 0 only if nothing is missing and nothing is out of order.

mod count;
mod shop;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use harness::{Broker, Consumed, Database, Major, Outflow, Postgres};

use count::Count;
use shop::Shop;

fn main() -> ExitCode {
    let started = Instant::now();
    println!(
        "outflow: from an outbox table in PostgreSQL to Kafka, with nothing lost on the way\n"
    );
    let kafka = std::thread::spawn(|| Broker::own(&[]));
    let postgres = Postgres::own(Major::V17, &[]);
    let Ok(kafka) = kafka.join() else {
        return ExitCode::FAILURE;
    };
    let database = postgres.database();
    say(&format!(
        "PostgreSQL 17 and Kafka are up after {:.1?}.",
        started.elapsed()
    ));

    title("1  An outbox table, its publication, and a replication slot");
    show("psql -f sql/outbox.sql");
    database.sql().batch(include_str!("../../sql/outbox.sql"));
    database.sql().batch(shop::TABLE);
    let config = configuration(&database, kafka.bootstrap());
    command(&config, &["publication", "create", "--table", "outbox"]);
    command(&config, &["slot", "create"]);

    title("2  A shop commits orders, each with its event in one transaction; outflow runs");
    let first = run(&config);
    let shop = Shop::open(&database, ORDERS);
    let mut reader = kafka.reader(&["order.events", "payment.events"]);
    reader.until(PATIENCE, |seen| seen.len() >= SHOW_AFTER);
    table(reader.records(), &shop);

    title("3  outflow is killed in mid-flow, and started again");
    reader.until(PATIENCE, |seen| seen.len() >= KILL_AFTER);
    first.kill9();
    say(&format!(
        "kill -9 while the shop goes on: {} events are committed.",
        shop.committed()
    ));
    let again = Instant::now();
    let second = run(&config);
    let before = reader.to_the_end(PATIENCE).len();
    reader.until(PATIENCE, |seen| seen.len() > before);
    say(&format!(
        "Started again: events flow again after {:.1?}.",
        again.elapsed()
    ));

    let ledger = shop.wait();
    let end = database.wal_end();
    harness::wait_until(PATIENCE, "the slot to pass the last order", || {
        let passed = "SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE slot_name = 'outflow'";
        database
            .sql()
            .text(&passed.replace("{end}", &end))
            .as_deref()
            == Some("t")
    });
    let memory = second.peak_rss_bytes() / 1024 / 1024;
    let status = second.stop();
    let count = Count::of(&ledger, reader.to_the_end(PATIENCE));

    title("4  The count");
    print!("{count}");
    let took = started.elapsed();
    println!(
        "\n  outflow used {memory} MiB and stopped by SIGTERM with {status}. All this took {took:.0?}."
    );
    if count.is_right() && status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Writes the configuration: where PostgreSQL and Kafka are, and times by the broker's clock.
fn configuration(database: &Database, brokers: &str) -> String {
    format!(
        "[postgres]\nurl = \"{}\"\n[kafka]\nbrokers = [\"{brokers}\"]\n\
         [kafka.topics]\npartitions = 3\nconfig = {{ \"message.timestamp.type\" = \"LogAppendTime\" }}\n",
        database.url(),
    )
}

/// Starts the service.
fn run(config: &str) -> Outflow {
    show("outflow run");
    Outflow::command(["run"]).config(config).start()
}

/// Runs one of outflow's commands and shows it with what it says.
fn command(config: &str, arguments: &[&str]) {
    show(&format!("outflow {}", arguments.join(" ")));
    let output = Outflow::command(arguments).config(config).run_to_end();
    for line in output.stdout.lines().chain(output.stderr.lines()) {
        println!("    {line}");
    }
    assert!(
        output.status.success(),
        "the command failed: {}",
        output.status
    );
}

/// Shows the first records.
fn table(records: &[Consumed], shop: &Shop) {
    println!(
        "    topic           partition  key   eventType        value                        commit to Kafka"
    );
    for record in records.iter().skip(SHOW_AFTER - SAMPLE).take(SAMPLE) {
        let id = record.header("id").unwrap_or_default();
        let committed = shop.look(|ledger| {
            ledger
                .committed
                .iter()
                .find(|event| event.id == id)
                .cloned()
        });
        let took = committed
            .zip(record.timestamp)
            .map_or_else(String::new, |(event, appended)| {
                format!("{} ms", appended - event.at_ms)
            });
        println!(
            "    {:<15} {:>9}  {:<5} {:<16} {:<28} {:>15}",
            record.topic,
            record.partition,
            record.key_text(),
            record.header("eventType").unwrap_or_default(),
            record.value_text(),
            took
        );
    }
}

/// Begins a part.
fn title(text: &str) {
    println!("\n{text}");
}

/// Shows a command.
fn show(command: &str) {
    println!("  $ {command}");
}

/// Says a sentence.
fn say(text: &str) {
    println!("  {text}");
}

/// How many orders the shop takes; each has four events.
const ORDERS: u32 = 3_000;
/// After how many records some are shown: topics exist by then, and nothing waits for them.
const SHOW_AFTER: usize = 1_000;
/// How many records are shown.
const SAMPLE: usize = 8;
/// After how many records the kill comes.
const KILL_AFTER: usize = 3_000;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
