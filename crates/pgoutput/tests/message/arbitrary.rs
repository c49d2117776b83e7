//! Any bytes at all: no panic, and what is decoded adds up.

use outflow_pgoutput::{Message, OldTuple, Tuple};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::{layout, model};

/// The type bytes of the protocol.
const TAGS: &[u8] = b"BCORYIUDTMA";

/// Decodes bytes, reads all there is to read and writes it again.
fn adds_up(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(message) = Message::decode(bytes) else {
        return Ok(());
    };
    match message {
        Message::Relation(relation) => {
            prop_assert_eq!(relation.columns.iter().count(), relation.columns.len());
        }
        Message::Insert(insert) => row_adds_up(insert.new)?,
        Message::Update(update) => {
            if let Some(OldTuple::Key(old) | OldTuple::Full(old)) = update.old {
                row_adds_up(old)?;
            }
            row_adds_up(update.new)?;
        }
        Message::Delete(delete) => {
            let (OldTuple::Key(old) | OldTuple::Full(old)) = delete.old;
            row_adds_up(old)?;
        }
        Message::Truncate(truncate) => {
            prop_assert_eq!(truncate.relations.iter().count(), truncate.relations.len());
        }
        Message::Begin(_)
        | Message::Commit(_)
        | Message::Origin(_)
        | Message::Type(_)
        | Message::Message(_)
        | Message::StreamAbort(_) => {}
    }
    let _shape = format!("{message:?}");
    prop_assert_eq!(model::frame(&message), bytes);
    Ok(())
}

/// A row's values, as they are iterated, are all of the row.
fn row_adds_up(row: Tuple<'_>) -> Result<(), TestCaseError> {
    let values: Vec<_> = row.iter().collect();
    prop_assert_eq!(values.len(), row.len());
    let mut memory = Vec::new();
    prop_assert_eq!(Tuple::encode(&values, &mut memory), row);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn bytes_of_chance(tag in prop::sample::select(TAGS), bytes in vec(any::<u8>(), 0..200)) {
        adds_up(&bytes)?;
        adds_up(&[&[tag], bytes.as_slice()].concat())?;
    }

    /// Small numbers make small counts and lengths, which get further into a message than chance
    /// does.
    #[test]
    fn bytes_of_the_protocol(
        tag in prop::sample::select(TAGS),
        bytes in vec(prop::sample::select(b"\0\0\0\0\x01\x02\x03NKOnutbdfi\xff".as_slice()), 0..60),
    ) {
        adds_up(&[&[tag], bytes.as_slice()].concat())?;
    }

    #[test]
    fn a_message_with_some_bytes_changed(
        mut frame in model::any_frame(),
        changes in vec((any::<Index>(), any::<u8>()), 0..6),
        cut in prop::option::weighted(0.2, any::<Index>()),
    ) {
        for (at, byte) in changes {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        if let Some(cut) = cut {
            frame.truncate(cut.index(frame.len()));
        }
        adds_up(&frame)?;
    }
}

#[test]
fn every_single_byte_changed_to_every_other() {
    for frame in layout::ALL {
        let mut frame = frame.to_vec();
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
