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
fn completions_know_every_command_and_option() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = end(outflow(&["completions", shell]));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{shell}");
        for word in ["slot", "peek", "postgres-url", "until-caught-up"] {
            assert!(ended.out.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(end(outflow(&["completions", "tcsh"])).code, Some(2));
}

#[test]
fn bash_completes_by_the_script() {
    let script = end(outflow(&["completions", "bash"])).out;
    let ask = "COMP_WORDS=(outflow slot p); COMP_CWORD=2; _outflow outflow p slot; \
               echo \"${COMPREPLY[*]}\"";
    let mut bash = std::process::Command::new("bash");
    bash.args(["--norc", "-c", &format!("{script}\n{ask}")]);
    let ended = end(bash);
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("peek\n", ""));
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("share/man1");
    let ended = end(outflow(&["man", folder.to_str().unwrap()]));
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""));
    assert!(ended.err.starts_with("wrote "), "{}", ended.err);
    let page = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let main = page("outflow.1");
    // Every page that is referred to is there.
    let mut pages = 1;
    let mut open = vec![main.clone()];
    while let Some(text) = open.pop() {
        for line in text.lines().filter(|line| line.ends_with("(1)")) {
            let name = line.trim_end_matches("(1)").replace('\\', "");
            open.push(page(&format!("{name}.1")));
            pages += 1;
        }
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), pages);
    insta::assert_snapshot!(page("outflow-slot-advance.1"));

    let ended = end(outflow(&["man"]));
    assert_eq!(
        (ended.code, ended.out, ended.err.as_str()),
        (Some(0), main, "")
    );
}

#[test]
fn manual_pages_need_a_folder_that_can_be_written_to() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let ended = end(outflow(&["man", file.path().to_str().unwrap()]));
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains("cannot write the manual pages into"),
        "{}",
        ended.err
    );
}

#[test]
fn version_tells_what_the_program_is_made_of() {
    let ended = end(outflow(&["version", "-o", "json"]));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let json: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(json["schema"], "outflow.version/v1");
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert!(json["commit"].is_null() || json["commit"].is_string());
    assert!(json["target"].as_str().unwrap().contains("linux"));
    assert!(
        json["librdkafka"]["version"]
            .as_str()
            .unwrap()
            .starts_with("2.")
    );
    let features = json["librdkafka"]["features"].as_array().unwrap();
    assert!(features.contains(&"ssl".into()), "{features:?}");

    let human = end(outflow(&["version"])).out;
    let version = concat!("version     ", env!("CARGO_PKG_VERSION"), "\n");
    assert!(human.starts_with(version), "{human}");
    assert!(human.contains("\nlibrdkafka  2."), "{human}");
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
    for line in [
        &["config", "schema"][..],
        &["completions", "zsh"],
        &["man"],
        &["version"],
    ] {
        let mut command = outflow(line);
        let writer = writer.try_clone().unwrap();
        command.stdout(writer).stderr(Stdio::piped());
        let ended = end(command);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{line:?}");
    }
}

#[test]
fn a_closed_standard_error_changes_nothing() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = outflow(&["outbox"]);
    command.stderr(writer);
    assert_eq!(end(command).code, Some(2));
}
