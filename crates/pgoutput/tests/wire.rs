//! What PostgreSQL 14 to 18 really send, as captured by `captures/capture.sh`.
//!
//! The captures are files, so these tests need no server; a new capture shows in the snapshots what
//! has changed.

#[path = "wire/render.rs"]
mod render;
#[path = "wire/streaming.rs"]
mod streaming;

use outflow_pgoutput::{AnyMessage, Decoder, Message, OldTuple, Relation, Streaming, Value};

/// Each capture with its name.
const CAPTURES: &[(&str, &str)] = &[
    ("pg14", include_str!("captures/pg14.hex")),
    ("pg15", include_str!("captures/pg15.hex")),
    ("pg16", include_str!("captures/pg16.hex")),
    ("pg17", include_str!("captures/pg17.hex")),
    ("pg18", include_str!("captures/pg18.hex")),
    ("pg18-binary", include_str!("captures/pg18-binary.hex")),
];

#[test]
fn every_capture_reads_as_before() {
    for (name, capture) in CAPTURES {
        let lines: Vec<String> = frames(capture)
            .iter()
            .map(|frame| render::message(&Message::decode(frame).unwrap()))
            .collect();
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(*name, lines.join("\n"));
        });
    }
}

#[test]
fn every_byte_of_a_capture_is_accounted_for() {
    for (name, capture) in CAPTURES {
        for frame in frames(capture) {
            let mut again = Vec::new();
            Message::decode(&frame).unwrap().encode(&mut again);
            assert_eq!(again, frame, "{name}");
        }
    }
}

/// Who decodes version 1 by a [`Decoder`] gets the same.
#[test]
fn a_decoder_without_streaming_is_no_different() {
    for (name, capture) in CAPTURES {
        let mut decoder = Decoder::new(Streaming::Off);
        for frame in frames(capture) {
            let message = Message::decode(&frame).unwrap();
            let expected = if let Message::StreamAbort(abort) = message {
                AnyMessage::StreamAbort(abort)
            } else {
                AnyMessage::Whole(message)
            };
            assert_eq!(decoder.decode(&frame), Ok(expected), "{name}");
        }
    }
}

#[test]
fn a_capture_cut_anywhere_is_refused() {
    for (name, capture) in CAPTURES {
        for frame in frames(capture) {
            for cut in 0..frame.len() {
                assert!(Message::decode(&frame[..cut]).is_err(), "{name}: {cut}");
            }
        }
    }
}

#[test]
fn each_server_sends_every_kind_of_message_and_only_18_a_stray_abort() {
    for (name, capture) in CAPTURES {
        let frames = frames(capture);
        let count = |tag| frames.iter().filter(|frame| frame[0] == tag).count();
        for tag in *b"BCORYIUDTM" {
            assert!(count(tag) > 0, "{name}: {}", char::from(tag));
        }
        assert_eq!(count(b'A'), usize::from(name.starts_with("pg18")), "{name}");
    }
}

/// Rows, and messages that say so, stand in transactions; other messages and the stray abort do
/// not.
#[test]
fn what_stands_between_begin_and_commit() {
    for (name, capture) in CAPTURES {
        let mut open = None;
        for frame in frames(capture) {
            match Message::decode(&frame).unwrap() {
                Message::Begin(begin) => assert_eq!(open.replace(begin.final_lsn), None, "{name}"),
                Message::Commit(commit) => {
                    assert_eq!(open.take(), Some(commit.commit_lsn), "{name}");
                    assert!(commit.end_lsn > commit.commit_lsn, "{name}");
                }
                Message::Message(message) => {
                    assert_eq!(message.transactional, open.is_some(), "{name}");
                }
                Message::StreamAbort(_) => assert_eq!(open, None, "{name}"),
                Message::Origin(_)
                | Message::Relation(_)
                | Message::Type(_)
                | Message::Insert(_)
                | Message::Update(_)
                | Message::Delete(_)
                | Message::Truncate(_) => assert!(open.is_some(), "{name}"),
            }
        }
        assert_eq!(open, None, "{name}");
    }
}

/// The last relation of that number before a row has as many columns as the row, also where a
/// column was added in between.
#[test]
fn every_row_fits_the_relation_before_it() {
    for (name, capture) in CAPTURES {
        let frames = frames(capture);
        let mut relations: Vec<Relation<'_>> = Vec::new();
        for frame in &frames {
            let message = Message::decode(frame).unwrap();
            if let Message::Relation(relation) = message {
                relations.push(relation);
            }
            for (id, row) in render::rows(&message) {
                let relation = relations.iter().rfind(|relation| relation.id == id);
                assert_eq!(
                    relation.map(|relation| relation.columns.len()),
                    Some(row.len()),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn only_an_unchanged_value_is_missing_and_a_full_old_row_has_it() {
    for (name, capture) in CAPTURES {
        let (mut missing, mut found) = (0, 0);
        for frame in frames(capture) {
            let Message::Update(update) = Message::decode(&frame).unwrap() else {
                continue;
            };
            for (index, value) in update.new.iter().enumerate() {
                if value != Value::Unchanged {
                    continue;
                }
                missing += 1;
                if let Some(OldTuple::Full(old)) = update.old {
                    let old = old.get(index);
                    assert!(
                        matches!(old, Some(Value::Text(v) | Value::Binary(v)) if v.len() == 2040),
                        "{name}"
                    );
                    found += 1;
                }
            }
        }
        assert_eq!((missing, found), (3, 1), "{name}");
    }
}

#[test]
fn what_was_rolled_back_is_nowhere() {
    for (name, capture) in CAPTURES {
        for frame in frames(capture) {
            let text = String::from_utf8_lossy(&frame).into_owned();
            assert!(!text.contains("never sent"), "{name}: {text}");
        }
    }
}

#[test]
fn binary_values_come_only_when_asked_for() {
    for (name, capture) in CAPTURES {
        let binary = frames(capture).iter().any(|frame| {
            let message = Message::decode(frame).unwrap();
            render::rows(&message)
                .iter()
                .any(|(_, row)| row.iter().any(|value| matches!(value, Value::Binary(_))))
        });
        assert_eq!(binary, name.ends_with("binary"), "{name}");
    }
}

/// Reads a capture: a message a line, in hexadecimal.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn frames(capture: &str) -> Vec<Vec<u8>> {
    let byte = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).unwrap();
        u8::from_str_radix(digits, 16).unwrap()
    };
    capture
        .lines()
        .map(|line| line.as_bytes().chunks(2).map(byte).collect())
        .collect()
}
