//! The form of a line on standard output: a record as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use outflow_event_router::Record;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

/// Appends a record and a line feed.
pub(crate) fn write_line(record: &Record<'_>, out: &mut Vec<u8>) {
    let line = Line {
        topic: record.topic().as_str(),
        partition: record.partition(),
        key: record.key().map(Bytes),
        value: record.value().map(Bytes),
        headers: Headers(record),
        timestamp: record.timestamp(),
    };
    // Writing JSON into memory cannot fail: there is no I/O, and all keys are text.
    if serde_json::to_writer(&mut *out, &line).is_ok() {
        out.push(b'\n');
    }
}

/// A record, in the order of the contract.
#[derive(Serialize)]
struct Line<'a> {
    topic: &'a str,
    partition: Option<i32>,
    key: Option<Bytes<'a>>,
    value: Option<Bytes<'a>>,
    headers: Headers<'a>,
    timestamp: Option<i64>,
}

/// Text as it is; other bytes as `{"base64": ".."}`.
struct Bytes<'a>(&'a [u8]);

/// Pairs, since a header's name may repeat.
struct Headers<'a>(&'a Record<'a>);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("base64", &STANDARD.encode(self.0))?;
                map.end()
            }
        }
    }
}

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pairs = serializer.serialize_seq(None)?;
        for (name, value) in self.0.headers() {
            pairs.serialize_element(&(name, Bytes(value)))?;
        }
        pairs.end()
    }
}
