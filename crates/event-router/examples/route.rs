//! Prints the records that the rows of an outbox table become, from messages of a slot that come as
//! lines in hexadecimal, as psql gives them; the slot stays where it is:
//!
//! ```text
//! psql -XAtc "SELECT encode(data, 'hex') FROM pg_logical_slot_peek_binary_changes('my_slot', NULL, NULL,
//!     'proto_version', '1', 'publication_names', 'my_publication')" | cargo run --example route -- public.outbox
//! ```
//!
//! Without a server, and with a topic and a key of one's own:
//!
//! ```text
//! cargo run --example route -- public.outbox '{aggregate_type}.v1' '{aggregate_type}/{aggregate_id}' \
//!     < crates/pgoutput/tests/captures/pg18.hex
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::{env, str};

use outflow_event_router::{OutboxConfig, Routed, Router, Template, TopicRule};
use outflow_pgoutput::Message;

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only inserts become records"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let mut router = Router::new(config(env::args().skip(1))?);
    let mut out = io::stdout().lock();
    for line in io::stdin().lines() {
        let frame = bytes(&line?)?;
        match Message::decode(&frame)? {
            Message::Type(described) => router.describe_type(&described),
            Message::Relation(relation) => {
                router.relation(&relation)?;
            }
            Message::Insert(insert) => match router.insert(&insert)? {
                Routed::Record(record) => {
                    writeln!(out, "topic {}", record.topic())?;
                    writeln!(out, "  key {}", text(record.key()))?;
                    writeln!(out, "  value {}", text(record.value()))?;
                    for (name, value) in record.headers() {
                        writeln!(out, "  header {name}: {}", text(Some(value)))?;
                    }
                }
                Routed::Skipped(_) => {}
                Routed::Poison(poison) => writeln!(out, "no record: {poison:?}")?,
            },
            _ => {}
        }
    }
    Ok(())
}

/// Reads the arguments: the table, and perhaps a topic and a key.
fn config(mut arguments: impl Iterator<Item = String>) -> Result<OutboxConfig, Box<dyn Error>> {
    let table = arguments.next();
    let table = table.ok_or("usage: route TABLE [TOPIC [KEY]] < MESSAGES")?;
    let mut config = OutboxConfig::default();
    config.tables.push(table.parse()?);
    if let Some(topic) = arguments.next() {
        config.topic = TopicRule::template(&topic)?;
    }
    if let Some(key) = arguments.next() {
        config.key = Template::parse(&key)?;
    }
    Ok(config)
}

/// Writes a key, a value or a header.
fn text(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(
        || "(none)".to_owned(),
        |bytes| String::from_utf8_lossy(bytes).into_owned(),
    )
}

/// Reads a line of hexadecimal digits.
fn bytes(line: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let pairs = line.as_bytes().chunks(2);
    let byte = |pair| Ok(u8::from_str_radix(str::from_utf8(pair)?, 16)?);
    pairs.map(byte).collect()
}
