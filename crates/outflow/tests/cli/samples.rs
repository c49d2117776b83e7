//! Every sample of tests/config, each beside the snapshot of what is said to it.

use std::path::Path;

use crate::harness::{end, outflow, samples};

/// Gives the samples in a folder.
fn each(folder: &str, mut check: impl FnMut(&str)) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(samples().join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let files = std::fs::read_dir(samples().join(folder))
        .unwrap()
        .map(|f| f.unwrap().path());
    let mut names: Vec<_> = files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() > 3);
    for name in names {
        settings.bind(|| check(&name));
    }
}

#[test]
fn a_valid_one_is_shown_as_it_counts() {
    each("valid", |name| {
        let file = format!("valid/{name}.toml");
        let checked = end(outflow(&["config", "check", "-c", &file]));
        assert_eq!(
            (checked.code, checked.err.as_str()),
            (Some(0), ""),
            "{name}"
        );
        let shown = end(outflow(&["config", "show", "-c", &file]));
        assert_eq!((shown.code, shown.err.as_str()), (Some(0), ""), "{name}");
        assert!(!shown.out.contains("hunter2"));
        insta::assert_snapshot!(name, shown.out);
    });
}

#[test]
fn what_is_shown_is_a_file_that_says_the_same() {
    each("valid", |name| {
        let settings = |file: &Path| {
            let file = file.to_str().unwrap();
            let shown = end(outflow(&["config", "show", "-o", "json", "-c", file]));
            let json: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
            let settings = json["settings"].as_object().unwrap().clone();
            settings
                .into_iter()
                .map(|(key, set)| (key, set["value"].clone()))
                .collect::<Vec<_>>()
        };
        let original = samples().join(format!("valid/{name}.toml"));
        let shown = end(outflow(&[
            "config",
            "show",
            "-c",
            original.to_str().unwrap(),
        ]));
        let copy = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(copy.path(), shown.out).unwrap();
        assert_eq!(settings(copy.path()), settings(&original), "{name}");
    });
}

#[test]
fn of_an_invalid_one_every_error_is_shown() {
    each("invalid", |name| {
        let file = format!("invalid/{name}.toml");
        let checked = end(outflow(&["config", "check", "-c", &file]));
        assert_eq!(
            (checked.code, checked.out.as_str()),
            (Some(78), ""),
            "{name}"
        );
        assert!(!checked.err.contains("hunter2"), "{}", checked.err);
        insta::assert_snapshot!(name, checked.err);
    });
}
