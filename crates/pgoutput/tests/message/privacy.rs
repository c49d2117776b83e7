//! No content in what may end up in a log.

use outflow_pgoutput::{DecodeError, Message};

use crate::layout::{self, SECRET};

/// The secret in the ways in which formatting could show it.
pub(crate) fn shows(text: &str) -> bool {
    let decimal = format!("{SECRET:?}");
    let hex = format!("{SECRET:x?}");
    let in_brackets = |list: String| list.trim_matches(['[', ']']).to_owned();
    [
        String::from_utf8_lossy(SECRET).into_owned(),
        in_brackets(decimal),
        in_brackets(hex),
    ]
    .iter()
    .any(|form| text.contains(form))
}

/// The specimens that have content.
fn with_content() -> Vec<&'static [u8]> {
    let holds = |frame: &&[u8]| frame.windows(SECRET.len()).any(|window| window == SECRET);
    let frames: Vec<_> = layout::ALL.iter().copied().filter(holds).collect();
    assert_eq!(frames.len(), 7);
    frames
}

#[test]
fn the_debug_output_of_a_message_has_no_content() {
    for frame in with_content() {
        let message = Message::decode(frame).unwrap();
        for text in [format!("{message:?}"), format!("{message:#?}")] {
            assert!(!shows(&text), "{text}");
        }
    }
}

#[test]
fn the_debug_output_of_a_row_is_its_shape() {
    let Message::Insert(insert) = Message::decode(layout::INSERT).unwrap() else {
        panic!()
    };
    let shape = "[text(7 bytes), null, unchanged, binary(7 bytes)]";
    assert_eq!(format!("{:?}", insert.new), shape);
    assert_eq!(format!("{:?}", insert.new.iter()), shape);
    let Message::Message(message) = Message::decode(layout::MESSAGE).unwrap() else {
        panic!()
    };
    assert_eq!(
        format!("{message:?}"),
        r#"LogicalMessage { transactional: true, lsn: 16/B374D848, prefix: "outbox", content_bytes: 7 }"#
    );
}

#[test]
fn no_error_has_content() {
    for frame in with_content() {
        let cut = (0..frame.len()).map(|end| frame[..end].to_vec());
        let long = std::iter::once([frame, SECRET].concat());
        for bytes in cut.chain(long) {
            let error: DecodeError = Message::decode(&bytes).unwrap_err();
            for text in [error.to_string(), format!("{error:?}")] {
                assert!(!shows(&text), "{text}");
            }
        }
    }
}
