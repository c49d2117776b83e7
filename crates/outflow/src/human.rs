//! What people read: tables, sizes, times, and talk on standard error.

use std::io::{self, Write};
use std::time::Duration;

use bytesize::ByteSize;
use comfy_table::{Table, presets};

use crate::exit::colour;

/// Makes an aligned table without lines; every line ends with its last word.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !header.is_empty() {
        table.set_header(header.to_vec());
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    format!("{}\n", table.trim_fmt())
}

/// Makes a size: `12.0 KiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

/// Makes a size, or `-` where it is not known.
pub(crate) fn some_bytes(size: Option<u64>) -> String {
    size.map_or_else(|| "-".to_owned(), bytes)
}

/// Makes a time in its two largest units: `3d 4h`, `12m 5s`, `38ms`.
pub(crate) fn duration(time: Duration) -> String {
    let secs = time.as_secs();
    let (days, hours, minutes) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60);
    match (days, hours, minutes, secs % 60) {
        (0, 0, 0, 0) => format!("{}ms", time.as_millis()),
        (0, 0, 0, secs) => format!("{secs}s"),
        (0, 0, minutes, secs) => format!("{minutes}m {secs}s"),
        (0, hours, minutes, _) => format!("{hours}h {minutes}m"),
        (days, hours, ..) => format!("{days}d {hours}h"),
    }
}

/// Makes `1 row`, `2 rows`.
pub(crate) fn count(number: u64, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// Says something on standard error, on lines of its own.
pub(crate) fn say(text: impl AsRef<str>) {
    let text = text.as_ref();
    // Where standard error is closed there is nobody to tell.
    writeln!(io::stderr().lock(), "{}", text.trim_end()).unwrap_or_default();
}

/// Says what someone should know, on standard error.
pub(crate) fn warn(text: impl AsRef<str>) {
    let label = if colour(&io::stderr()) {
        "\x1b[1;93mwarning\x1b[0m"
    } else {
        "warning"
    };
    say(format!("{label}: {}", text.as_ref()));
}

/// Asks on standard error, without a line end.
pub(crate) fn prompt(text: &str) {
    let mut out = io::stderr().lock();
    write!(out, "{text}")
        .and_then(|()| out.flush())
        .unwrap_or_default();
}

/// Replaces what could move a terminal's cursor: names come from a database.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_ends_with_its_words() {
        let rows = vec![
            vec!["outflow".to_owned(), "yes".to_owned(), String::new()],
            vec!["a\u{1b}[2J".to_owned(), "no".to_owned(), "-".to_owned()],
        ];
        insta::assert_snapshot!(table(&["NAME", "ACTIVE", "LAG"], rows), @r"
        NAME     ACTIVE  LAG
        outflow  yes
        a�[2J    no      -
        ");
    }

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(12 * 1024), "12.0 KiB");
        assert_eq!(some_bytes(None), "-");
        assert_eq!(duration(Duration::from_millis(38)), "38ms");
        assert_eq!(duration(Duration::from_secs(59)), "59s");
        assert_eq!(duration(Duration::from_secs(725)), "12m 5s");
        assert_eq!(duration(Duration::from_secs(3 * 3600 + 61)), "3h 1m");
        assert_eq!(
            duration(Duration::from_secs(3 * 86_400 + 4 * 3600)),
            "3d 4h"
        );
        assert_eq!(count(1, "row"), "1 row");
        assert_eq!(count(0, "row"), "0 rows");
    }
}
