//! Prints messages that come as lines in hexadecimal, as psql gives them; the slot stays where it is:
//!
//! ```text
//! psql -XAtc "SELECT encode(data, 'hex') FROM pg_logical_slot_peek_binary_changes('my_slot', NULL, NULL,
//!     'proto_version', '1', 'publication_names', 'my_publication')" | cargo run --example print
//! ```
//!
//! Behind the `--` stands the value of the option `streaming`, if that was given: `on` or `parallel`.
//! The captures in `tests/captures` can be read without a server:
//!
//! ```text
//! cargo run --example print -- parallel < crates/pgoutput/tests/captures/pg18-v4.hex
//! ```

use std::env;
use std::error::Error;
use std::io::{self, Write};

use outflow_pgoutput::{AnyMessage, Decoder, Message, OldTuple, Streaming, Tuple, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let mut decoder = Decoder::new(match env::args().nth(1).as_deref() {
        None | Some("off") => Streaming::Off,
        Some("on") => Streaming::On,
        Some("parallel") => Streaming::Parallel,
        Some(other) => return Err(format!("{other:?} is none of off, on and parallel").into()),
    });
    let mut out = io::stdout().lock();
    for line in io::stdin().lines() {
        let frame = bytes(&line?)?;
        let message = decoder.decode(&frame)?;
        writeln!(out, "{message:?}")?;
        print_rows(message, &mut out)?;
    }
    Ok(())
}

/// Prints the values, which `Debug` does not show: it may end up in a log.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "other messages have no rows"
)]
fn print_rows(message: AnyMessage<'_>, out: &mut impl Write) -> io::Result<()> {
    let message = match message {
        AnyMessage::Whole(message) => Some(message),
        AnyMessage::Streamed(streamed) => Some(Message::from(streamed.change)),
        _ => None,
    };
    match message {
        Some(Message::Insert(insert)) => print_row("new", insert.new, out),
        Some(Message::Update(update)) => {
            if let Some(OldTuple::Key(old) | OldTuple::Full(old)) = update.old {
                print_row("old", old, out)?;
            }
            print_row("new", update.new, out)
        }
        Some(Message::Delete(delete)) => {
            let (OldTuple::Key(old) | OldTuple::Full(old)) = delete.old;
            print_row("old", old, out)
        }
        _ => Ok(()),
    }
}

/// Prints a row's values.
fn print_row(which: &str, row: Tuple<'_>, out: &mut impl Write) -> io::Result<()> {
    let text = |value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Unchanged => "(unchanged)".to_owned(),
        Value::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
        Value::Binary(bytes) => format!("'\\x{}'", hex(bytes)),
    };
    let values: Vec<String> = row.iter().map(text).collect();
    writeln!(out, "    {which}: {}", values.join(", "))
}

/// Reads a line of hexadecimal digits.
fn bytes(line: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let pairs = line.as_bytes().chunks(2);
    let byte = |pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    pairs.map(byte).collect()
}

/// Writes bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
