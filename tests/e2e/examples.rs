//! The examples of the libraries, as a stranger runs them.

use std::env;
use std::path::PathBuf;

use harness::{Major, Outflow, PATIENCE, Postgres};

#[test]
fn the_slot_printer_prints_a_slot_and_leaves_it_where_it_is() {
    let database = Postgres::shared(Major::V16).database();
    database.create_outbox();
    database.create_slot();
    let before = database.confirmed_flush_lsn();
    let [url, slot, publication] = [&database.url(), database.slot(), database.publication()];
    let printer = Outflow::program(&example("print_slot"))
        .args([url, slot, publication])
        .start();
    database.sql().batch(
        "BEGIN;
         INSERT INTO outbox (aggregate_type, aggregate_id, payload) VALUES ('order', '42', '{\"total\": 99}');
         SELECT pg_logical_emit_message(true, 'outbox', 'hello');
         COMMIT",
    );
    let committed = printer.wait_for_line("committed", PATIENCE);
    assert_eq!(committed, "committed: 2 changes");
    let printed = printer.stdout();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 3, "{printed}");
    assert!(
        lines[0].contains("#0 insert public.outbox ("),
        "{}",
        lines[0]
    );
    assert!(
        lines[0].contains(", order, 42, Tested, {\"total\": 99}, "),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].ends_with("#1 message outbox \"hello\""),
        "{}",
        lines[1]
    );
    drop(printer);
    assert_eq!(database.confirmed_flush_lsn(), before);
}

#[test]
fn an_example_says_what_is_missing() {
    let printer = Outflow::program(&example("print_slot")).run_to_end();
    assert_eq!(printer.code(), Some(1));
    let usage = "usage: print_slot URL SLOT PUBLICATION";
    assert!(printer.stderr.contains(usage), "{}", printer.stderr);
}

/// An example, as Cargo built it beside this executable: target/debug/examples, not target/debug/deps.
fn example(name: &str) -> PathBuf {
    let own = env::current_exe().unwrap();
    let example = own.parent().unwrap().with_file_name("examples").join(name);
    assert!(
        example.is_file(),
        "{} is not built: run `make build`",
        example.display()
    );
    example
}
