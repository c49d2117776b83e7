//! What versions 2 to 4 add: layouts, cuts, order, and any bytes at all.

use outflow_pgoutput::{
    AbortRecord, AnyMessage, BeginPrepare, Change, CommitPrepared, DecodeError, Decoder, Insert,
    Lsn, Message, Oid, Origin, Prepare, Problem, RollbackPrepared, StreamAbort, StreamCommit,
    StreamStart, Streamed, Streaming, Text, Timestamp, Xid,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{layout, model, privacy};

/// Stream Start of transaction 740: its first segment.
const STREAM_START: &[u8] = b"S\0\0\x02\xe4\x01";
/// Stream Commit.
const STREAM_COMMIT: &[u8] =
    b"c\0\0\x02\xe4\0\0\0\0\x16\xb3\x74\xd8\x48\0\0\0\x16\xb3\x74\xd8\x78\0\0\0\0\0\x0f\x42\x40";
/// Stream Abort, as it is in parallel streaming.
const STREAM_ABORT: &[u8] =
    b"A\0\0\x02\xe4\0\0\x02\xe5\0\0\0\x16\xb3\x74\xd8\x48\0\0\0\0\0\x0f\x42\x40";
/// Begin Prepare.
const BEGIN_PREPARE: &[u8] =
    b"b\0\0\0\x16\xb3\x74\xd8\x48\0\0\0\x16\xb3\x74\xd8\x78\0\0\0\0\0\x0f\x42\x40\0\0\x02\xe4gid\0";
/// Prepare.
const PREPARE: &[u8] =
    b"P\0\0\0\0\x16\xb3\x74\xd8\x48\0\0\0\x16\xb3\x74\xd8\x78\0\0\0\0\0\x0f\x42\x40\0\0\x02\xe4gid\0";
/// Commit Prepared.
const COMMIT_PREPARED: &[u8] =
    b"K\0\0\0\0\x16\xb3\x74\xd8\x48\0\0\0\x16\xb3\x74\xd8\x78\0\0\0\0\0\x0f\x42\x40\0\0\x02\xe4gid\0";
/// Rollback Prepared.
const ROLLBACK_PREPARED: &[u8] =
    b"r\0\0\0\0\x16\xb3\x74\xd8\x48\0\0\0\x16\xb3\x74\xd8\x78\0\0\0\0\0\x0f\x42\x40\0\0\0\0\0\x1e\x84\x80\0\0\x02\xe4gid\0";
/// Stream Prepare.
const STREAM_PREPARE: &[u8] =
    b"p\0\0\0\0\x16\xb3\x74\xd8\x48\0\0\0\x16\xb3\x74\xd8\x78\0\0\0\0\0\x0f\x42\x40\0\0\x02\xe4gid\0";

/// Those that stand outside of segments.
const OUTSIDE: &[&[u8]] = &[
    STREAM_START,
    STREAM_COMMIT,
    STREAM_ABORT,
    BEGIN_PREPARE,
    PREPARE,
    COMMIT_PREPARED,
    ROLLBACK_PREPARED,
    STREAM_PREPARE,
];

const TOP: Xid = Xid::new(740);
const SUB: Xid = Xid::new(741);
const LSN: Lsn = Lsn::new(0x16_B374_D848);
const END: Lsn = Lsn::new(0x16_B374_D878);
const TIME: Timestamp = Timestamp::from_micros(1_000_000);

/// Those that stand in a segment: each specimen of version 1 that may, with subtransaction 741.
fn inside() -> Vec<Vec<u8>> {
    let mut frames = vec![b"E".to_vec(), layout::ORIGIN.to_vec()];
    for frame in layout::ALL {
        if let [
            tag @ (b'R' | b'Y' | b'I' | b'U' | b'D' | b'T' | b'M'),
            fields @ ..,
        ] = frame
        {
            frames.push([&[*tag, 0, 0, 0x02, 0xe5], fields].concat());
        }
    }
    assert_eq!(frames.len(), 12);
    frames
}

/// A decoder at a place of the stream.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn decoder(streaming: Streaming, in_segment: bool) -> Decoder {
    let mut decoder = Decoder::new(streaming);
    if in_segment {
        decoder.decode(STREAM_START).unwrap();
    }
    decoder
}

/// Decodes one frame in parallel streaming.
fn decode(in_segment: bool, frame: &[u8]) -> Result<AnyMessage<'_>, DecodeError> {
    decoder(Streaming::Parallel, in_segment).decode(frame)
}

/// All specimens, each with its place.
fn all() -> Vec<(bool, Vec<u8>)> {
    let outside = OUTSIDE.iter().map(|frame| (false, frame.to_vec()));
    outside
        .chain(inside().into_iter().map(|frame| (true, frame)))
        .collect()
}

/// Writes a message.
fn encode(message: &AnyMessage<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    message.encode(&mut frame);
    frame
}

#[test]
fn streamed_transactions() {
    let start = StreamStart {
        xid: TOP,
        first: true,
    };
    let start = AnyMessage::StreamStart(start);
    assert_eq!(decode(false, STREAM_START), Ok(start));
    let commit = AnyMessage::StreamCommit(StreamCommit {
        xid: TOP,
        flags: 0,
        commit_lsn: LSN,
        end_lsn: END,
        commit_time: TIME,
    });
    assert_eq!(decode(false, STREAM_COMMIT), Ok(commit));
    let record = AbortRecord {
        lsn: LSN,
        time: TIME,
    };
    let mut abort = StreamAbort {
        xid: TOP,
        subxid: SUB,
        record: Some(record),
    };
    let long = AnyMessage::StreamAbort(abort);
    assert_eq!(decode(false, STREAM_ABORT), Ok(long));
    abort.record = None;
    let short = AnyMessage::StreamAbort(abort);
    for streaming in [Streaming::Off, Streaming::On] {
        let decoded = decoder(streaming, false).decode(&STREAM_ABORT[..9]);
        assert_eq!(decoded, Ok(short));
    }
}

#[test]
fn prepared_transactions() {
    let (flags, xid, gid) = (0, TOP, Text::new(b"gid"));
    let begin = AnyMessage::BeginPrepare(BeginPrepare {
        prepare_lsn: LSN,
        end_lsn: END,
        prepare_time: TIME,
        xid,
        gid,
    });
    assert_eq!(decode(false, BEGIN_PREPARE), Ok(begin));
    let prepare = Prepare {
        flags,
        prepare_lsn: LSN,
        end_lsn: END,
        prepare_time: TIME,
        xid,
        gid,
    };
    assert_eq!(decode(false, PREPARE), Ok(AnyMessage::Prepare(prepare)));
    let streamed = AnyMessage::StreamPrepare(prepare);
    assert_eq!(decode(false, STREAM_PREPARE), Ok(streamed));
    let commit = AnyMessage::CommitPrepared(CommitPrepared {
        flags,
        commit_lsn: LSN,
        end_lsn: END,
        commit_time: TIME,
        xid,
        gid,
    });
    assert_eq!(decode(false, COMMIT_PREPARED), Ok(commit));
    let rollback = AnyMessage::RollbackPrepared(RollbackPrepared {
        flags,
        prepare_end_lsn: LSN,
        rollback_end_lsn: END,
        prepare_time: TIME,
        rollback_time: Timestamp::from_micros(2_000_000),
        xid,
        gid,
    });
    assert_eq!(decode(false, ROLLBACK_PREPARED), Ok(rollback));
}

/// Where nothing streams, transactions may still be prepared.
#[test]
fn prepared_transactions_need_no_streaming() {
    for frame in [BEGIN_PREPARE, PREPARE, COMMIT_PREPARED, ROLLBACK_PREPARED] {
        assert!(decoder(Streaming::Off, false).decode(frame).is_ok());
    }
}

/// A message of a segment is the one of version 1, and whose it is.
#[test]
fn a_segment_has_the_messages_of_version_1_each_with_a_transaction() {
    for frame in inside() {
        let decoded = decode(true, &frame).unwrap();
        if frame == b"E" {
            assert_eq!(decoded, AnyMessage::StreamStop);
            continue;
        }
        let AnyMessage::Streamed(Streamed { xid, change }) = decoded else {
            panic!("{decoded:?}")
        };
        let origin = matches!(change, Change::Origin(_));
        assert_eq!(xid, if origin { TOP } else { SUB });
        let without_xid = model::frame(&change.into());
        assert!(layout::ALL.contains(&without_xid.as_slice()));
    }
}

#[test]
fn a_segment_ends_and_the_next_one_begins() {
    let mut decoder = Decoder::new(Streaming::On);
    for xid in [7, 8, 7] {
        let start = StreamStart {
            xid: Xid::new(xid),
            first: xid == 8,
        };
        let frame = encode(&AnyMessage::StreamStart(start));
        assert_eq!(decoder.decode(&frame), Ok(AnyMessage::StreamStart(start)));
        assert_eq!(decoder.segment(), Some(Xid::new(xid)));
        assert_eq!(decoder.decode(b"E"), Ok(AnyMessage::StreamStop));
        assert_eq!(decoder.segment(), None);
        assert!(decoder.decode(layout::BEGIN).is_ok());
    }
}

#[test]
fn every_cut_names_a_field() {
    for (in_segment, frame) in all() {
        for cut in 0..frame.len() {
            let error = decode(in_segment, &frame[..cut]).unwrap_err();
            let problem = error.problem();
            assert!(
                matches!(problem, Problem::Missing { .. } | Problem::Unterminated),
                "{cut} of {frame:02x?}: {error}"
            );
            assert!(error.offset() <= cut, "{cut} of {frame:02x?}: {error}");
        }
    }
}

#[test]
fn nothing_may_follow() {
    for (in_segment, frame) in all() {
        let error = decode(in_segment, &[frame.as_slice(), b"\0"].concat()).unwrap_err();
        assert_eq!(error.problem(), Problem::Trailing(1), "{frame:02x?}");
        assert_eq!(error.offset(), frame.len());
    }
}

/// A refused frame leaves the decoder where it was.
#[test]
fn what_stands_in_the_wrong_place_is_refused() {
    let whole = [layout::BEGIN, layout::COMMIT];
    for frame in OUTSIDE.iter().chain(&whole) {
        let mut decoder = decoder(Streaming::Parallel, true);
        let problem = decoder.decode(frame).unwrap_err().problem();
        assert!(matches!(problem, Problem::Unknown { .. }), "{frame:02x?}");
        assert_eq!(decoder.segment(), Some(TOP));
    }
    let mut decoder = Decoder::new(Streaming::On);
    assert!(decoder.decode(b"E").is_err());
    assert!(decoder.decode(&STREAM_START[..5]).is_err());
    assert!(decoder.decode(b"S\0\0\x02\xe4\x02").is_err());
    assert_eq!(decoder.segment(), None);
}

#[test]
fn a_refusal_says_what_may_stand_there() {
    let refusals = [
        decode(true, layout::BEGIN),
        decode(true, STREAM_START),
        decode(false, b"E"),
        decode(false, b"S\0\0\x02\xe4\x02"),
        decode(true, b"I\0\0\x02"),
        decoder(Streaming::Off, false).decode(STREAM_START),
        decoder(Streaming::On, false).decode(STREAM_ABORT),
        decode(false, &STREAM_ABORT[..9]),
    ]
    .map(|decoded| decoded.unwrap_err().to_string());
    insta::with_settings!({ snapshot_path => "../snapshots", omit_expression => true }, {
        insta::assert_snapshot!("refusals", refusals.join("\n"));
    });
}

#[test]
fn no_debug_output_has_content() {
    for frame in inside() {
        let text = format!("{:?}", decode(true, &frame).unwrap());
        assert!(!privacy::shows(&text), "{text}");
    }
}

/// The numbers that a message of streams or of two phases may hold.
type Numbers = (u8, bool, [u64; 2], [i64; 2], [u32; 2]);

/// Each message with these numbers and this name.
fn with<'a>((flags, yes, lsns, times, xids): Numbers, gid: &'a [u8]) -> Vec<AnyMessage<'a>> {
    let [one, two] = lsns.map(Lsn::new);
    let [time, later] = times.map(Timestamp::from_micros);
    let [xid, subxid] = xids.map(Xid::new);
    let gid = Text::new(gid);
    let prepare = Prepare {
        flags,
        prepare_lsn: one,
        end_lsn: two,
        prepare_time: time,
        xid,
        gid,
    };
    vec![
        AnyMessage::StreamStart(StreamStart { xid, first: yes }),
        AnyMessage::StreamCommit(StreamCommit {
            xid,
            flags,
            commit_lsn: one,
            end_lsn: two,
            commit_time: time,
        }),
        AnyMessage::StreamAbort(StreamAbort {
            xid,
            subxid,
            record: Some(AbortRecord { lsn: one, time }),
        }),
        AnyMessage::BeginPrepare(BeginPrepare {
            prepare_lsn: one,
            end_lsn: two,
            prepare_time: time,
            xid,
            gid,
        }),
        AnyMessage::Prepare(prepare),
        AnyMessage::StreamPrepare(prepare),
        AnyMessage::CommitPrepared(CommitPrepared {
            flags,
            commit_lsn: one,
            end_lsn: two,
            commit_time: time,
            xid,
            gid,
        }),
        AnyMessage::RollbackPrepared(RollbackPrepared {
            flags,
            prepare_end_lsn: one,
            rollback_end_lsn: two,
            prepare_time: time,
            rollback_time: later,
            xid,
            gid,
        }),
    ]
}

/// Wherever these bytes are decoded, they are all that is written again.
fn adds_up(bytes: &[u8]) -> Result<(), TestCaseError> {
    for streaming in [Streaming::Off, Streaming::On, Streaming::Parallel] {
        for in_segment in [false, streaming != Streaming::Off] {
            if let Ok(message) = decoder(streaming, in_segment).decode(bytes) {
                prop_assert_eq!(encode(&message), bytes);
                let _shape = format!("{message:?}");
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(numbers: Numbers, gid in model::name()) {
        for message in with(numbers, &gid) {
            let frame = encode(&message);
            prop_assert_eq!(decode(false, &frame), Ok(message));
            adds_up(&frame)?;
        }
    }

    #[test]
    fn a_streamed_row_is_read_again(xid: u32, relation: u32, cells in model::cells()) {
        let mut memory = Vec::new();
        let (relation, new) = (Oid::new(relation), model::row(&cells, &mut memory));
        let change = Change::Insert(Insert { relation, new });
        let message = AnyMessage::Streamed(Streamed { xid: Xid::new(xid), change });
        let frame = encode(&message);
        prop_assert_eq!(decode(true, &frame), Ok(message));
    }

    /// An origin has no transaction on the wire: it is its segment's.
    #[test]
    fn a_streamed_origin_is_read_again(lsn: u64, name in model::name()) {
        let (lsn, name) = (Lsn::new(lsn), Text::new(&name));
        let change = Change::Origin(Origin { lsn, name });
        let message = AnyMessage::Streamed(Streamed { xid: TOP, change });
        let frame = encode(&message);
        prop_assert_eq!(decode(true, &frame), Ok(message));
    }

    /// Any message of version 1 is the same in a segment, but for the transaction's id.
    #[test]
    fn any_message_in_a_segment(xid: u32, frame in model::any_frame()) {
        let streamed = [&frame[..1], xid.to_be_bytes().as_slice(), &frame[1..]].concat();
        let decoded = decode(true, &streamed);
        if b"RYIUDTM".contains(&frame[0]) {
            let Ok(AnyMessage::Streamed(decoded)) = decoded else { panic!("{decoded:?}") };
            prop_assert_eq!(decoded.xid, Xid::new(xid));
            prop_assert_eq!(Ok(Message::from(decoded.change)), Message::decode(&frame));
        }
        adds_up(&streamed)?;
        adds_up(&frame)?;
    }

    #[test]
    fn bytes_of_chance(
        tag in prop::sample::select(b"BCORYIUDTMASEcbPKrp".as_slice()),
        bytes in vec(prop_oneof![Just(0), 0..4_u8, any::<u8>()], 0..80),
    ) {
        adds_up(&[&[tag], bytes.as_slice()].concat())?;
    }
}

#[test]
fn every_single_byte_changed_to_every_other() {
    for (_, mut frame) in all() {
        for at in 0..frame.len() {
            let was = frame[at];
            for byte in 0..=u8::MAX {
                frame[at] = byte;
                adds_up(&frame).unwrap();
            }
            frame[at] = was;
        }
    }
}
