//! Asking before something is destroyed, and showing what would be done.

use std::io::{self, BufRead, IsTerminal};

use serde_json::json;

use crate::args::Output;
use crate::exit::Failure;
use crate::{human, output};

/// Asks for the name of what is about to be destroyed; `doing` reads `drop the slot "x"`.
///
/// # Errors
/// [`Failure`]: a usage error where nobody can be asked, and another where the answer is not the
/// name.
pub(super) fn confirm(doing: &str, name: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::unconfirmed(doing));
    }
    human::prompt(&format!("type its name to {doing}: "));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read.is_ok() && answer.trim() == name {
        true => Ok(()),
        false => Err(Failure::declined(doing)),
    }
}

/// Prints the SQL that a command would run.
///
/// # Errors
/// [`Failure::output`].
pub(super) fn print_sql(command: &str, sql: &[String], form: Output) -> Result<(), Failure> {
    match form {
        Output::Human => {
            output::print(&sql.iter().map(|sql| format!("{sql}\n")).collect::<String>())
        }
        Output::Json => output::print_json(&json!({
            "schema": format!("outflow.{command}/v1"),
            "dry_run": true,
            "sql": sql,
        })),
    }
}
