//! How commands end.

use std::process::Stdio;

use crate::harness::{end, outflow};

#[test]
fn what_a_later_version_brings_is_said_to_be_so() {
    let later = [
        &["check"][..],
        &["explain", "PG001"],
        &["init"],
        &["outbox", "prune", "--older-than", "7d"],
        &["config", "import-debezium", "connector.json"],
        &["status", "--watch"],
        &["verify"],
        &["replay", "--since", "1h"],
        &["dead-letter", "list"],
        &["completions", "bash"],
        &["man", "man1"],
    ];
    for line in later {
        let ended = end(outflow(line));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{line:?}");
        assert!(
            ended.err.contains("is not part of this version\n\nhint: "),
            "{}",
            ended.err
        );
    }
    insta::assert_snapshot!(end(outflow(&["outbox", "ddl"])).err);
}

#[test]
fn a_wrong_command_line_is_usage() {
    for line in [
        &["rnu"][..],
        &["slot", "advance"],
        &["slot", "advance", "--to", "tomorrow"],
        &["run", "--ack"],
        &["run", "--set", "kafka.brokers"],
        &["slot", "list", "-o", "xml"],
        &["slot", "create", "--table", "a"],
        &[],
    ] {
        let ended = end(outflow(line));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{line:?}");
    }
    insta::assert_snapshot!(end(outflow(&["run", "--ack"])).err);
}

#[test]
fn kafka_is_asked_for_only_where_it_is_needed() {
    let ended = end(outflow(&["config", "check"]));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.out, @"no errors in the configuration; kafka.brokers is not set, which `run` needs");
}

#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = outflow(&["config", "schema"]);
    command.stdout(writer).stderr(Stdio::piped());
    let ended = end(command);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
}

#[test]
fn a_closed_standard_error_changes_nothing() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = outflow(&["outbox"]);
    command.stderr(writer);
    assert_eq!(end(command).code, Some(2));
}
