//! The whole help text.

use crate::harness::{end, outflow};

/// Collects the long help of a command and of all below it.
fn collect(line: &[&str], text: &mut String) {
    let help = end(outflow(&[line, &["--help"]].concat()));
    assert_eq!(help.code, Some(0));
    text.push_str(&format!(
        "$ outflow {} --help\n{}\n",
        line.join(" "),
        help.out
    ));
    let commands = help.out.split("Commands:\n").nth(1).unwrap_or_default();
    let names = commands.lines().take_while(|line| !line.is_empty());
    for name in names.filter_map(|line| line.split_whitespace().next()) {
        if name != "help" {
            collect(&[line, &[name]].concat(), text);
        }
    }
}

#[test]
fn the_whole_help() {
    let mut text = String::new();
    collect(&[], &mut text);
    insta::assert_snapshot!(text);
}

#[test]
fn every_command_of_this_version_has_an_example() {
    let mut text = String::new();
    collect(&[], &mut text);
    let pages: Vec<_> = text.split("$ outflow ").skip(1).collect();
    assert!(pages.len() > 20);
    for page in pages {
        assert!(
            page.contains("Examples:") || page.contains("(a later version)"),
            "{page}"
        );
    }
}

#[test]
fn the_version_is_printed() {
    let version = end(outflow(&["--version"]));
    assert_eq!(
        version.out,
        concat!("outflow ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
