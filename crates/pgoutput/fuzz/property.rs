//! The property that is fuzzed: what is decoded adds up to the bytes it was decoded from, and what is
//! refused changes nothing.

use outflow_pgoutput::{
    AnyMessage, Change, Columns, Decoder, Message, OldTuple, Streaming, Tuple, Value,
};

/// Takes input apart (the kind of streaming, then frames behind their 16-bit lengths) and decodes it.
pub(crate) fn check(input: &[u8]) {
    let Some((&streaming, mut rest)) = input.split_first() else {
        return;
    };
    let mut decoder = Decoder::new(match streaming % 3 {
        0 => Streaming::Off,
        1 => Streaming::On,
        _ => Streaming::Parallel,
    });
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (frame, after) = after.split_at(length);
        whole(frame);
        next(&mut decoder, frame);
        rest = after;
    }
}

/// Decodes a frame as one of version 1.
fn whole(frame: &[u8]) {
    if let Ok(message) = Message::decode(frame) {
        let mut again = Vec::new();
        message.encode(&mut again);
        assert_eq!(again, frame, "{message:?}");
        assert_eq!(parts(&message), frame.len(), "{message:?}");
    }
}

/// Decodes a frame where it stands.
fn next(decoder: &mut Decoder, frame: &[u8]) {
    let segment = decoder.segment();
    match decoder.decode(frame) {
        Ok(message) => {
            let mut again = Vec::new();
            message.encode(&mut again);
            assert_eq!(again, frame, "{message:?}");
            match (segment, message) {
                (None, AnyMessage::StreamStart(start)) => {
                    assert_eq!(decoder.segment(), Some(start.xid));
                }
                (Some(_), AnyMessage::StreamStop) => assert_eq!(decoder.segment(), None),
                (Some(top), AnyMessage::Streamed(streamed)) => {
                    assert_eq!(decoder.segment(), Some(top));
                    let origin = matches!(streamed.change, Change::Origin(_));
                    let xid = if origin { 0 } else { 4 };
                    assert_eq!(parts(&streamed.change.into()) + xid, frame.len());
                }
                (None, AnyMessage::Whole(message)) => {
                    assert_eq!(Message::decode(frame), Ok(message));
                    assert_eq!(decoder.segment(), None);
                }
                (None, AnyMessage::Streamed(_) | AnyMessage::StreamStop) | (Some(_), _) => {
                    panic!("{message:?} does not stand in {segment:?}")
                }
                (None, _) => assert_eq!(decoder.segment(), None),
            }
        }
        Err(error) => {
            assert!(error.offset() <= frame.len(), "{error}");
            assert_eq!(error.tag(), frame.first().copied(), "{error}");
            assert_eq!(decoder.segment(), segment, "{error}");
        }
    }
}

/// Sums the sizes of all that a message shows, and of what the layout has around it.
fn parts(message: &Message<'_>) -> usize {
    let (tag, oid, lsn, time, flag, count, length) = (1, 4, 8, 8, 1, 2, 4);
    tag + match message {
        Message::Begin(_) => lsn + time + 4,
        Message::Commit(_) => flag + 2 * lsn + time,
        Message::Origin(m) => lsn + m.name.as_bytes().len() + 1,
        Message::Relation(m) => {
            let names = m.namespace.as_bytes().len() + m.name.as_bytes().len() + 2;
            oid + names + flag + count + columns(&m.columns)
        }
        Message::Type(m) => oid + m.namespace.as_bytes().len() + m.name.as_bytes().len() + 2,
        Message::Insert(m) => oid + row(&m.new),
        Message::Update(m) => oid + m.old.map_or(0, old_row) + row(&m.new),
        Message::Delete(m) => oid + old_row(m.old),
        Message::Truncate(m) => length + flag + m.relations.iter().count() * oid,
        Message::Message(m) => {
            flag + lsn + m.prefix.as_bytes().len() + 1 + length + m.content.len()
        }
        Message::StreamAbort(_) => 4 + 4,
    }
}

/// Sums the sizes of columns.
fn columns(columns: &Columns<'_>) -> usize {
    let sizes = columns
        .iter()
        .map(|column| 1 + column.name.as_bytes().len() + 1 + 4 + 4);
    assert_eq!(columns.iter().count(), columns.len());
    sizes.sum()
}

/// Sums the sizes of an old row and its letter.
fn old_row(old: OldTuple<'_>) -> usize {
    match old {
        OldTuple::Key(old) | OldTuple::Full(old) => row(&old),
    }
}

/// Sums the sizes of a row, its letter and its number of columns.
fn row(row: &Tuple<'_>) -> usize {
    assert_eq!(row.iter().count(), row.len());
    let size = |value| match value {
        Value::Null | Value::Unchanged => 1,
        Value::Text(bytes) | Value::Binary(bytes) => 1 + 4 + bytes.len(),
    };
    1 + 2 + row.iter().map(size).sum::<usize>()
}
