//! Frames that are too short, too long, or not of this protocol.

use outflow_pgoutput::{Message, Problem};

use crate::layout;

#[test]
fn every_cut_of_every_message_names_a_field() {
    for frame in layout::ALL {
        for cut in 0..frame.len() {
            let error = Message::decode(&frame[..cut]).unwrap_err();
            let problem = error.problem();
            assert!(
                matches!(problem, Problem::Missing { .. } | Problem::Unterminated),
                "{cut} of {frame:02x?}: {error}"
            );
            assert!(error.offset() <= cut, "{cut} of {frame:02x?}: {error}");
            assert_eq!(error.tag(), frame[..cut].first().copied());
        }
    }
}

#[test]
fn nothing_may_follow_a_message() {
    for frame in layout::ALL {
        for extra in [b"\0".as_slice(), b"n", b"N\0\0"] {
            let error = Message::decode(&[frame, extra].concat()).unwrap_err();
            assert_eq!(
                error.problem(),
                Problem::Trailing(extra.len()),
                "{frame:02x?}"
            );
            assert_eq!(error.offset(), frame.len());
        }
    }
}

/// The parallel form of Stream Abort belongs to version 4, which nobody asked for.
#[test]
fn a_stream_abort_of_25_bytes_is_refused() {
    let frame = [layout::STREAM_ABORT, &[0; 16]].concat();
    let error = Message::decode(&frame).unwrap_err();
    assert_eq!(error.problem(), Problem::Trailing(16));
}

#[test]
fn each_refusal_names_message_field_place_and_problem() {
    let frames: &[&[u8]] = &[
        b"",
        b"S\0\0\x02\xe4\x01",
        b"B\0\0",
        b"O\0\0\0\0\0\0\0\x01elsewhere",
        b"R\0\0\x40\x01public\0outbox\0x\0\0",
        b"R\0\0\x40\x01public\0outbox\0d\0\x01\x02id\0",
        b"R\0\0\x40\x01public\0outbox\0d\0\x02\x01id\0\0\0\0\x17\xff\xff\xff\xff",
        b"I\0\0\x40\x01K\0\0",
        b"I\0\0\x40\x01N\0\x01z",
        b"I\0\0\x40\x01N\0\x01t\xff\xff\xff\xff",
        b"I\0\0\x40\x01N\0\x01b\x7f\xff\xff\xffx",
        b"U\0\0\x40\x01D\0\0",
        b"D\0\0\x40\x01N\0\0",
        b"T\xff\xff\xff\xff\0",
        b"T\x40\0\0\0\0\0\0\x40\x01",
        b"M\x02\0\0\0\0\0\0\0\x01p\0\0\0\0\0",
        b"M\x01\0\0\0\0\0\0\0\x01p\0\0\0\0\x05four",
        b"A\0\0\x03\x26\0\0\x03\x27\0",
    ];
    let refusals: Vec<String> = frames
        .iter()
        .map(|frame| Message::decode(frame).unwrap_err().to_string())
        .collect();
    insta::with_settings!({ snapshot_path => "../snapshots", omit_expression => true }, {
        insta::assert_snapshot!("refusals", refusals.join("\n"));
    });
}
