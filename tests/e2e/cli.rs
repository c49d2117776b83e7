//! What the tests of one-shot commands share: running them on a database, and comparing what they
//! print.

use harness::{Database, Outflow, Output};

/// Runs `outflow` on a database, with its slot and publication configured, to its end.
pub(crate) fn outflow(database: &Database, arguments: &[&str]) -> Output {
    command(database, arguments).run_to_end()
}

/// The command that [`outflow`] runs.
pub(crate) fn command(database: &Database, arguments: &[&str]) -> harness::OutflowCommand {
    Outflow::command(arguments).args(["-d", &database.url(), "--set", &named(database)])
}

/// The setting that names slot and publication as the database.
fn named(database: &Database) -> String {
    format!("name=\"{}\"", database.name())
}

/// Makes a printed text the same in every run: the database, and all that is named after it, is
/// `shop`, positions are `LSN`, and columns are two blanks apart.
pub(crate) fn stable(database: &Database, text: &str) -> String {
    let text = text.replace(database.name(), "shop");
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let words: Vec<String> = line.split(' ').map(without_positions).collect();
            let mut line = words.join(" ");
            while line.contains("   ") {
                line = line.replace("   ", "  ");
            }
            line
        })
        .collect();
    lines.join("\n")
}

/// Replaces a position in a word.
fn without_positions(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_ascii_hexdigit());
    let is_hex = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit());
    match bare.split_once('/') {
        Some((high, low)) if is_hex(high) && is_hex(low) => word.replace(bare, "LSN"),
        _ => word.to_owned(),
    }
}
