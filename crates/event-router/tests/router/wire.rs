//! Frames of the pgoutput protocol, written by hand.

/// Numbers of built-in types.
pub(crate) const BYTEA: u32 = 17;
pub(crate) const INT8: u32 = 20;
pub(crate) const TEXT: u32 = 25;
pub(crate) const VARCHAR: u32 = 1043;
pub(crate) const TIMESTAMP: u32 = 1114;
pub(crate) const TIMESTAMPTZ: u32 = 1184;
pub(crate) const UUID: u32 = 2950;
pub(crate) const JSONB: u32 = 3802;

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Unchanged,
    Text(Vec<u8>),
    Binary(Vec<u8>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }
}

impl From<Option<&str>> for Cell {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}

/// A row of texts.
pub(crate) fn row(cells: &[&str]) -> Vec<Cell> {
    cells.iter().map(|cell| Cell::from(*cell)).collect()
}

/// A Relation message.
pub(crate) fn relation(id: u32, schema: &str, name: &str, columns: &[(&str, u32)]) -> Vec<u8> {
    let mut frame = head(b'R', id);
    name_into(schema, &mut frame);
    name_into(name, &mut frame);
    frame.push(b'd');
    frame.extend(count(columns.len()));
    for (column, type_oid) in columns {
        frame.push(0);
        name_into(column, &mut frame);
        frame.extend(type_oid.to_be_bytes());
        frame.extend((-1_i32).to_be_bytes());
    }
    frame
}

/// A Type message.
pub(crate) fn described_type(id: u32, schema: &str, name: &str) -> Vec<u8> {
    let mut frame = head(b'Y', id);
    name_into(schema, &mut frame);
    name_into(name, &mut frame);
    frame
}

/// An Insert message.
pub(crate) fn insert(id: u32, cells: &[Cell]) -> Vec<u8> {
    change(b'I', id, b'N', cells)
}

/// An Update message without the old row.
pub(crate) fn update(id: u32, cells: &[Cell]) -> Vec<u8> {
    change(b'U', id, b'N', cells)
}

/// A Delete message with the key of the old row.
pub(crate) fn delete(id: u32, cells: &[Cell]) -> Vec<u8> {
    change(b'D', id, b'K', cells)
}

fn change(tag: u8, id: u32, kind: u8, cells: &[Cell]) -> Vec<u8> {
    let mut frame = head(tag, id);
    frame.push(kind);
    frame.extend(count(cells.len()));
    for cell in cells {
        match cell {
            Cell::Null => frame.push(b'n'),
            Cell::Unchanged => frame.push(b'u'),
            Cell::Text(bytes) => value_into(b't', bytes, &mut frame),
            Cell::Binary(bytes) => value_into(b'b', bytes, &mut frame),
        }
    }
    frame
}

fn head(tag: u8, id: u32) -> Vec<u8> {
    let mut frame = vec![tag];
    frame.extend(id.to_be_bytes());
    frame
}

fn count(len: usize) -> [u8; 2] {
    u16::try_from(len).unwrap().to_be_bytes()
}

fn name_into(name: &str, frame: &mut Vec<u8>) {
    frame.extend(name.as_bytes());
    frame.push(0);
}

fn value_into(kind: u8, bytes: &[u8], frame: &mut Vec<u8>) {
    frame.push(kind);
    frame.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    frame.extend(bytes);
}
