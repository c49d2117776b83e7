//! Protocol versions 2 to 4, as recorded while transactions were open, prepared and rolled back.

use std::collections::BTreeMap;

use outflow_pgoutput::{
    AnyMessage, Change, Decoder, Insert, Message, Problem, StreamAbort, Streaming, Xid,
};

use crate::{frames, render};

/// Each recording with its name and what the server was asked for.
const RECORDINGS: &[(&str, Streaming, &str)] = &[
    (
        "pg14-v2",
        Streaming::On,
        include_str!("../captures/pg14-v2.hex"),
    ),
    (
        "pg15-v3",
        Streaming::On,
        include_str!("../captures/pg15-v3.hex"),
    ),
    (
        "pg16-v4",
        Streaming::Parallel,
        include_str!("../captures/pg16-v4.hex"),
    ),
    (
        "pg17-v4",
        Streaming::Parallel,
        include_str!("../captures/pg17-v4.hex"),
    ),
    (
        "pg18-v4",
        Streaming::Parallel,
        include_str!("../captures/pg18-v4.hex"),
    ),
];

#[test]
fn every_recording_reads_as_before() {
    for &(name, streaming, recording) in RECORDINGS {
        let mut decoder = Decoder::new(streaming);
        let lines: Vec<String> = frames(recording)
            .iter()
            .map(|frame| render::any(&decoder.decode(frame).unwrap()))
            .collect();
        assert_eq!(decoder.segment(), None, "{name}");
        insta::with_settings!({ snapshot_path => "../snapshots", omit_expression => true }, {
            insta::assert_snapshot!(name, lines.join("\n"));
        });
    }
}

#[test]
fn every_byte_of_a_recording_is_accounted_for() {
    for &(name, streaming, recording) in RECORDINGS {
        let mut decoder = Decoder::new(streaming);
        for frame in frames(recording) {
            let mut again = Vec::new();
            decoder.decode(&frame).unwrap().encode(&mut again);
            assert_eq!(again, frame, "{name}");
        }
    }
}

/// A refused frame changes nothing: the whole one is read after all of its cuts.
#[test]
fn a_recording_cut_anywhere_is_refused() {
    for &(name, streaming, recording) in RECORDINGS {
        let mut decoder = Decoder::new(streaming);
        for frame in frames(recording) {
            for cut in 0..frame.len() {
                let refused = decoder.decode(&frame[..cut]).is_err();
                assert!(refused, "{name}: {cut} of {frame:02x?}");
            }
            decoder.decode(&frame).unwrap();
        }
    }
}

#[test]
fn each_server_sends_each_message_that_its_version_has() {
    for &(name, _, recording) in RECORDINGS {
        let frames = frames(recording);
        let count = |tag| frames.iter().filter(|frame| frame[0] == tag).count();
        for tag in *b"BCORYIUDTMSEcA" {
            assert!(count(tag) > 0, "{name}: {}", char::from(tag));
        }
        for tag in *b"bPKrp" {
            let tag_name = char::from(tag);
            assert_eq!(count(tag) > 0, name != "pg14-v2", "{name}: {tag_name}");
        }
    }
}

#[test]
fn an_abort_says_where_and_when_only_in_parallel() {
    for &(name, streaming, recording) in RECORDINGS {
        let mut aborts = Vec::new();
        let mut decoder = Decoder::new(streaming);
        for frame in frames(recording) {
            if let AnyMessage::StreamAbort(abort) = decoder.decode(&frame).unwrap() {
                let StreamAbort { xid, subxid, .. } = abort;
                let parallel = streaming == Streaming::Parallel;
                assert_eq!(abort.record.is_some(), parallel, "{name}");
                assert_eq!(frame.len(), if parallel { 25 } else { 9 }, "{name}");
                aborts.push(xid == subxid);
            }
        }
        let whole = [false, true];
        assert_eq!(aborts, whole, "{name}: a subtransaction, then all of one");
    }
}

/// Whoever asked for something else than it decodes learns so, rather than reading nonsense.
#[test]
fn another_kind_of_streaming_than_asked_for_is_refused() {
    for &(name, asked, recording) in RECORDINGS {
        for streaming in [Streaming::Off, Streaming::On, Streaming::Parallel] {
            let mut decoder = Decoder::new(streaming);
            let refused = frames(recording)
                .iter()
                .find_map(|frame| decoder.decode(frame).err())
                .map(|error| (error.tag().unwrap(), error.problem()));
            match (streaming, asked) {
                (Streaming::Off, _) => {
                    let unknown = |problem| matches!(problem, Problem::Unknown { .. });
                    assert!(matches!(refused, Some((b'S', p)) if unknown(p)), "{name}");
                }
                (Streaming::On, Streaming::Parallel) => {
                    assert_eq!(refused, Some((b'A', Problem::Trailing(16))), "{name}");
                }
                (Streaming::Parallel, Streaming::On) => {
                    let short = Problem::Missing { needed: 8, left: 0 };
                    assert_eq!(refused, Some((b'A', short)), "{name}");
                }
                _ => assert_eq!(refused, None, "{name}"),
            }
        }
    }
}

/// What a client does: it keeps a streamed transaction until it is complete, and takes out what is
/// rolled back. What is left, is what was committed, in the order of the commits.
#[test]
fn what_is_left_after_the_aborts_is_what_was_committed() {
    for &(name, streaming, recording) in RECORDINGS {
        let notes = Client::default().follow(streaming, &frames(recording));
        let prepared = if name == "pg14-v2" { 0 } else { 2 };
        let mut expected = vec![
            "first segment",
            "second segment",
            "after the column",
            "last segment",
            "kept",
            "kept",
            "replicated",
            "replicated",
        ];
        expected.extend(vec!["prepared"; prepared]);
        expected.push("small");
        assert_eq!(notes, expected, "{name}");
    }
}

/// A client's memory: the notes of the orders that were inserted.
#[derive(Default)]
struct Client {
    /// Those of the transaction that comes whole.
    whole: Vec<String>,
    /// Those of each streamed transaction, each with its subtransaction.
    streamed: BTreeMap<Xid, Vec<(Xid, String)>>,
    /// Those of each prepared transaction.
    prepared: BTreeMap<String, Vec<String>>,
    /// Those that were committed.
    committed: Vec<String>,
}

impl Client {
    /// Reads a recording.
    #[expect(clippy::unwrap_used, reason = "a helper of tests")]
    fn follow(mut self, streaming: Streaming, frames: &[Vec<u8>]) -> Vec<String> {
        let mut decoder = Decoder::new(streaming);
        for frame in frames {
            let segment = decoder.segment();
            match decoder.decode(frame).unwrap() {
                AnyMessage::Whole(Message::Insert(insert)) => self.whole.extend(note(&insert)),
                AnyMessage::Whole(Message::Commit(_)) => self.committed.append(&mut self.whole),
                AnyMessage::Streamed(streamed) => {
                    if let Change::Insert(insert) = streamed.change {
                        let note = note(&insert).map(|note| (streamed.xid, note));
                        let top = self.streamed.entry(segment.unwrap()).or_default();
                        top.extend(note);
                    }
                }
                AnyMessage::StreamCommit(commit) => {
                    let notes = self.take(commit.xid);
                    self.committed.extend(notes);
                }
                AnyMessage::StreamAbort(abort) if abort.xid == abort.subxid => {
                    self.take(abort.xid);
                }
                AnyMessage::StreamAbort(abort) => {
                    let top = self.streamed.entry(abort.xid).or_default();
                    top.retain(|(xid, _)| *xid != abort.subxid);
                }
                AnyMessage::Prepare(prepare) => {
                    let whole = std::mem::take(&mut self.whole);
                    self.prepared.insert(prepare.gid.to_string(), whole);
                }
                AnyMessage::StreamPrepare(prepare) => {
                    let notes = self.take(prepare.xid);
                    self.prepared.insert(prepare.gid.to_string(), notes);
                }
                AnyMessage::CommitPrepared(commit) => {
                    let notes = self.prepared.remove(&commit.gid.to_string());
                    self.committed.extend(notes.unwrap());
                }
                AnyMessage::RollbackPrepared(rollback) => {
                    self.prepared.remove(&rollback.gid.to_string()).unwrap();
                }
                AnyMessage::Whole(_)
                | AnyMessage::StreamStart(_)
                | AnyMessage::StreamStop
                | AnyMessage::BeginPrepare(_) => {}
            }
        }
        assert!(self.whole.is_empty() && self.streamed.is_empty() && self.prepared.is_empty());
        self.committed
    }

    /// Takes a streamed transaction out.
    fn take(&mut self, xid: Xid) -> Vec<String> {
        let notes = self.streamed.remove(&xid).unwrap_or_default();
        notes.into_iter().map(|(_, note)| note).collect()
    }
}

/// The note of an order; other tables have none.
fn note(insert: &Insert<'_>) -> Option<String> {
    let value = insert.new.get(2)?;
    let outflow_pgoutput::Value::Text(note) = value else {
        return None;
    };
    Some(String::from_utf8_lossy(note).into_owned())
}
