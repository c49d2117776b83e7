//! Layers, and where each value is said to be from.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::{Value as Json, json};

use crate::harness::{end, outflow, samples};

/// Runs `config show -o json` and gives the settings.
fn settings(line: &[&str], environment: &[(&str, &str)]) -> Json {
    let mut command = outflow(&[&["config", "show", "-o", "json"], line].concat());
    command.envs(environment.iter().copied());
    let ended = end(command);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let json: Json = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(json["schema"], "outflow.config.show/v1");
    json["settings"].clone()
}

/// Runs `config check` with one value in the environment, which is wrong.
fn wrong(name: &str, value: &str) -> String {
    let mut command = outflow(&["config", "check"]);
    command.env(name, value);
    let ended = end(command);
    assert_eq!(ended.code, Some(78));
    ended.err
}

#[test]
fn the_later_layer_wins() {
    let file = ["-c", "valid/minimal.toml"];
    let environment = [("OUTFLOW__KAFKA__BROKERS", "env:1")];
    let set = ["--set", "kafka.brokers=[\"set:1\", 'set:2']"];
    let flag = ["-b", "flag:1,flag:2"];
    let brokers = |line: &[&str], environment: &[(&str, &str)]| {
        settings(line, environment)["kafka.brokers"].clone()
    };
    let default = json!({ "value": null, "origin": { "layer": "default" } });
    assert_eq!(brokers(&[], &[]), default);
    let of_file = json!({ "layer": "file", "file": "valid/minimal.toml", "line": 4, "column": 11 });
    assert_eq!(
        brokers(&file, &[]),
        json!({ "value": ["127.0.0.1:9092"], "origin": of_file })
    );
    let variable = json!({ "layer": "environment", "variable": "OUTFLOW__KAFKA__BROKERS" });
    assert_eq!(
        brokers(&file, &environment),
        json!({ "value": ["env:1"], "origin": variable })
    );
    let of_set = json!({ "layer": "set", "key": "kafka.brokers" });
    let line = [&file[..], &set].concat();
    let value = json!(["set:1", "set:2"]);
    assert_eq!(
        brokers(&line, &environment),
        json!({ "value": value, "origin": of_set })
    );
    let of_flag = json!({ "layer": "flag", "flag": "-b/--brokers" });
    let line = [&file[..], &set, &flag].concat();
    let value = json!(["flag:1", "flag:2"]);
    assert_eq!(
        brokers(&line, &environment),
        json!({ "value": value, "origin": of_flag })
    );
}

#[test]
fn what_is_no_toml_outside_of_the_file_is_text() {
    let shown = settings(
        &[
            "--set",
            "outbox.tables=a,b",
            "--set",
            "limits.shutdown=5s",
            "--set",
            "name=7",
        ],
        &[
            ("OUTFLOW__POSTGRES__SLOT", "orders"),
            ("OUTFLOW__KAFKA__TOPICS__PARTITIONS", "3"),
        ],
    );
    assert_eq!(shown["outbox.tables"]["value"], json!(["a", "b"]));
    assert_eq!(shown["limits.shutdown"]["value"], "5s");
    assert_eq!(shown["name"]["value"], "7");
    assert_eq!(shown["postgres.slot"]["value"], "orders");
    assert_eq!(shown["kafka.topics.partitions"]["value"], 3);
}

#[test]
fn tables_of_properties_grow_from_layer_to_layer() {
    let shown = settings(
        &[
            "-c",
            "valid/everything.toml",
            "--set",
            "kafka.properties.linger.ms=9",
        ],
        &[
            ("OUTFLOW__KAFKA__PROPERTIES__SASL_PASSWORD", "hunter2"),
            (
                "OUTFLOW__KAFKA__TOPICS__CONFIG",
                "{ \"min.insync.replicas\" = 1 }",
            ),
            ("OUTFLOW__POSTGRES__PASSWORD__ENV", "PGPASS"),
        ],
    );
    let properties = &shown["kafka.properties"]["value"];
    assert_eq!(properties["sasl.password"], "[redacted]");
    assert_eq!(properties["linger.ms"], "9");
    assert_eq!(properties["sasl.username"], "outflow");
    assert_eq!(
        shown["kafka.topics.config"]["value"]["min.insync.replicas"],
        "1"
    );
    assert_eq!(
        shown["kafka.topics.config"]["value"]["cleanup.policy"],
        "compact"
    );
    assert_eq!(
        shown["postgres.password"]["value"],
        json!({ "env": "PGPASS" })
    );
}

#[test]
fn headers_replace_the_default_ones() {
    let headers = |line: &[&str]| settings(line, &[])["outbox.headers"]["value"].clone();
    assert_eq!(
        headers(&[]),
        json!({ "id": "{id}", "eventType": "{event_type}" })
    );
    assert_eq!(
        headers(&["--set", "outbox.headers.tenant={tenant}"]),
        json!({ "tenant": "{tenant}" })
    );
    assert_eq!(headers(&["--set", "outbox.headers={}"]), json!({}));
}

#[test]
fn slot_and_publication_follow_the_name() {
    let shown = settings(&["--set", "name=Orders (EU)"], &[]);
    assert_eq!(
        shown["postgres.slot"]["value"],
        "_rders__EU_".replace("EU", "__")
    );
    assert_eq!(
        shown["postgres.publication"]["value"],
        shown["postgres.slot"]["value"]
    );
    let shown = settings(&["--set", "postgres.slot=a"], &[]);
    assert_eq!(shown["postgres.publication"]["value"], "a");
}

#[test]
fn an_error_outside_of_the_file_names_its_place() {
    let mut command = outflow(&[
        "config",
        "check",
        "--set",
        "a=1",
        "-b",
        "x y",
        "-c",
        "valid/minimal.toml",
    ]);
    command
        .env("OUTFLOW__KAFKA__BROKRS", "x")
        .env("OUTFLOW__LIMITS__IN_FLIGHT", "much");
    insta::assert_snapshot!(end(command).err);
}

#[test]
fn a_value_that_gives_way_is_checked_all_the_same() {
    let line = [
        "config",
        "check",
        "-c",
        "invalid/timeout_too_short.toml",
        "--set",
        "log.level=loud",
    ];
    let mut command = outflow(&[&line[..], &["--set", "postgres.wal_sender_timeout=15s"]].concat());
    command.env("OUTFLOW__LOG__LEVEL", "quiet");
    let err = end(command).err;
    assert!(
        err.contains("OUTFLOW__LOG__LEVEL") && err.contains("--set log.level"),
        "{err}"
    );
    assert!(!err.contains("status_interval"), "{err}");
}

#[test]
fn the_environment_must_be_text() {
    let mut command = outflow(&["config", "check"]);
    command.env("OUTFLOW__NAME", OsStr::from_bytes(b"a\xff"));
    let ended = end(command);
    assert_eq!(ended.code, Some(78));
    assert!(
        ended.err.contains("OUTFLOW__NAME is not UTF-8"),
        "{}",
        ended.err
    );
}

#[test]
fn no_secret_of_the_environment_shows() {
    for (name, value) in [
        ("OUTFLOW__POSTGRES__PASSWORD", "[\"hunter2\"]"),
        ("OUTFLOW__POSTGRES__PASWORD", "hunter2"),
        ("OUTFLOW__POSTGRES__URL__PASSWORD", "hunter2"),
        ("OUTFLOW__KAFKA__PROPERTIES__SASL_PASSWORD__FIL", "hunter2"),
    ] {
        let mut command = outflow(&["config", "show"]);
        command.env(name, value);
        let ended = end(command);
        assert!(
            !ended.out.contains("hunter2") && !ended.err.contains("hunter2"),
            "{}",
            ended.err
        );
    }
    assert!(wrong("OUTFLOW__POSTGRES__PASWORD", "x").contains("did you mean `postgres.password`?"));
}

#[test]
fn the_file_is_found_where_it_should_be() {
    let directory = tempfile::tempdir().unwrap();
    let shown = |line: &[&str], variable: Option<&str>| {
        let mut command = outflow(&[&["config", "show", "-o", "json"], line].concat());
        command.current_dir(directory.path());
        command.envs(variable.map(|file| ("OUTFLOW_CONFIG", file)));
        serde_json::from_str::<Json>(&end(command).out)
            .map(|json| json["settings"]["name"]["value"].clone())
    };
    for name in ["outflow", "variable", "flag"] {
        let file = directory.path().join(format!("{name}.toml"));
        std::fs::write(file, format!("name = \"{name}\"")).unwrap();
    }
    assert_eq!(shown(&[], None).unwrap(), "outflow");
    assert_eq!(shown(&[], Some("variable.toml")).unwrap(), "variable");
    assert_eq!(
        shown(&["-c", "flag.toml"], Some("variable.toml")).unwrap(),
        "flag"
    );
    assert!(shown(&["-c", "none.toml"], None).is_err());
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let ended = end(outflow(&["config", "check", "-c", "none.toml"]));
    assert_eq!(ended.code, Some(78));
    insta::assert_snapshot!(ended.err, @r"
    error: cannot read the configuration file none.toml
    caused by: No such file or directory (os error 2)

    hint: `-c FILE` or OUTFLOW_CONFIG names the file; without either, ./outflow.toml and /etc/outflow/outflow.toml are tried
    ");
}

#[test]
fn errors_are_there_for_programs_too() {
    let ended = end(outflow(&[
        "config",
        "check",
        "-o",
        "json",
        "-c",
        "invalid/timeout_too_short.toml",
    ]));
    assert_eq!(ended.code, Some(78));
    let json: Json = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(json["schema"], "outflow.config.check/v1");
    assert_eq!(json["ok"], false);
    assert_eq!(json["errors"][0]["key"], "postgres.wal_sender_timeout");
    assert_eq!(json["errors"][0]["origin"]["line"], 2);
}

#[test]
fn the_schema_is_whole() {
    let ended = end(outflow(&["config", "schema"]));
    assert_eq!(ended.code, Some(0));
    let schema: Json = serde_json::from_str(&ended.out).unwrap();
    let mut known = 0;
    for key in settings(&[], &[]).as_object().unwrap().keys() {
        let pointer = format!("/properties/{}", key.replace('.', "/properties/"));
        let property = schema.pointer(&pointer).unwrap();
        assert!(
            property["description"].as_str().unwrap().ends_with('.'),
            "{key}"
        );
        known += 1;
    }
    assert!(known > 40);
    insta::assert_snapshot!(ended.out);
    assert!(samples().is_dir());
}
