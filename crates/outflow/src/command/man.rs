//! `outflow man`.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use crate::args::Args;
use crate::exit::{Exit, Failure, Hint};
use crate::{human, output};

/// Writes the page of every command into a folder, or prints that of the program.
///
/// # Errors
/// [`Failure`] where a page can't be written.
pub(crate) fn man(folder: Option<&Path>) -> Result<(), Failure> {
    let mut program = Args::clap().disable_help_subcommand(true);
    program.build();
    match folder {
        None => output::print(&page(&program)),
        Some(folder) => {
            let failed = |error| unwritable(folder, error);
            fs::create_dir_all(folder).map_err(failed)?;
            let pages = write(&program, folder).map_err(failed)?;
            let pages = human::count(pages, "page");
            human::say(format!("wrote {pages} into {}", folder.display()));
            Ok(())
        }
    }
}

/// Writes the page of a command, and those below it; says how many.
fn write(command: &Command, folder: &Path) -> io::Result<u64> {
    fs::write(folder.join(format!("{}.1", name(command))), page(command))?;
    let mut pages = 1;
    for below in command.get_subcommands() {
        pages += write(below, folder)?;
    }
    Ok(pages)
}

/// Makes the page of a command.
fn page(command: &Command) -> String {
    let man = Man::new(command.clone())
        .title(name(command).to_uppercase())
        .source(concat!("outflow ", env!("CARGO_PKG_VERSION")))
        .manual("Outflow manual");
    let mut page = Vec::new();
    let sections = [
        Man::render_title,
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ];
    // Writing into memory does not fail.
    for section in sections {
        section(&man, &mut page).unwrap_or_default();
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)
            .unwrap_or_default();
    }
    // Every section begins with the same definition; one is enough.
    let body = String::from_utf8_lossy(&page).replace(APOSTROPHE, "");
    let mut page = format!("{APOSTROPHE}{body}");
    if let Some(examples) = command.get_after_help() {
        page.push_str(&examples_section(&examples.to_string()));
    }
    page
}

/// Gives the name of a command's page: `outflow-slot-list`.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// Makes the section of the examples from the end of the help: comments become text, and lines to
/// type stay as they are.
fn examples_section(help: &str) -> String {
    let mut section = ".SH EXAMPLES\n".to_owned();
    for line in help.lines().skip(1).map(str::trim) {
        match line.strip_prefix("# ") {
            Some(about) => section.push_str(&format!(".TP\n{}\n", roff(about))),
            None => section.push_str(&format!("\\fB{}\\fR\n", roff(line))),
        }
    }
    section
}

/// Makes text that roff takes as it is: a hyphen to be typed, and no request at a line's start.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}

/// The pages can't be written.
fn unwritable(folder: &Path, error: io::Error) -> Failure {
    let message = format!(
        "cannot write the manual pages into \"{}\"",
        folder.display()
    );
    Failure::new(Exit::Other, message)
        .because(error)
        .hint(Hint::Made(
            "name a folder that you may write to: `outflow man ~/.local/share/man/man1`".to_owned(),
        ))
}

/// How the generator defines its apostrophe, for groff and for others.
const APOSTROPHE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_text_that_roff_does_not_read() {
        let section =
            examples_section("Examples:\n  # one value\n  jq '.a\\n' -r\n  # dots\n  . env");
        insta::assert_snapshot!(section, @r"
        .SH EXAMPLES
        .TP
        one value
        \fBjq '.a\en' \-r\fR
        .TP
        dots
        \fB\&. env\fR
        ");
    }
}
