//! Messages that own what they hold, and strategies that make any of them.

use outflow_pgoutput::{
    Begin, Column, Columns, Commit, Delete, Insert, LogicalMessage, Lsn, Message, Oid, OldTuple,
    Origin, Relation, RelationIds, ReplicaIdentity, StreamAbort, Text, Timestamp, Truncate, Tuple,
    Type, Update, Value, Xid,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A value that owns its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Unchanged,
    Text(Vec<u8>),
    Binary(Vec<u8>),
}

/// A column that owns its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) key: bool,
    pub(crate) name: Vec<u8>,
    pub(crate) type_oid: u32,
    pub(crate) type_modifier: i32,
}

/// An old row: whether it is only the key, and its values.
pub(crate) type Old = (bool, Vec<Cell>);

impl Cell {
    /// Lends the value.
    pub(crate) fn lend(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Unchanged => Value::Unchanged,
            Self::Text(bytes) => Value::Text(bytes),
            Self::Binary(bytes) => Value::Binary(bytes),
        }
    }

    /// Copies a value.
    pub(crate) fn copy(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Unchanged => Self::Unchanged,
            Value::Text(bytes) => Self::Text(bytes.to_vec()),
            Value::Binary(bytes) => Self::Binary(bytes.to_vec()),
        }
    }
}

impl Field {
    /// Lends the column.
    pub(crate) fn lend(&self) -> Column<'_> {
        Column {
            key: self.key,
            name: Text::new(&self.name),
            type_oid: Oid::new(self.type_oid),
            type_modifier: self.type_modifier,
        }
    }

    /// Copies a column.
    pub(crate) fn copy(column: Column<'_>) -> Self {
        Self {
            key: column.key,
            name: column.name.as_bytes().to_vec(),
            type_oid: column.type_oid.as_u32(),
            type_modifier: column.type_modifier,
        }
    }
}

/// Writes a row.
pub(crate) fn row<'b>(cells: &[Cell], memory: &'b mut Vec<u8>) -> Tuple<'b> {
    let values: Vec<_> = cells.iter().map(Cell::lend).collect();
    Tuple::encode(&values, memory)
}

/// Writes an old row.
pub(crate) fn old_row<'b>((key, cells): &Old, memory: &'b mut Vec<u8>) -> OldTuple<'b> {
    let tuple = row(cells, memory);
    if *key {
        OldTuple::Key(tuple)
    } else {
        OldTuple::Full(tuple)
    }
}

/// Writes a message.
pub(crate) fn frame(message: &Message<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    message.encode(&mut frame);
    frame
}

/// Any bytes that can be a name: none of them NUL.
pub(crate) fn name() -> impl Strategy<Value = Vec<u8>> {
    vec(1..=u8::MAX, 0..64)
}

/// Any value.
pub(crate) fn cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        Just(Cell::Null),
        Just(Cell::Unchanged),
        vec(any::<u8>(), 0..300).prop_map(Cell::Text),
        vec(any::<u8>(), 0..300).prop_map(Cell::Binary),
    ]
}

/// Any row.
pub(crate) fn cells() -> impl Strategy<Value = Vec<Cell>> {
    vec(cell(), 0..9)
}

/// Any old row.
pub(crate) fn old() -> impl Strategy<Value = Old> {
    (any::<bool>(), cells())
}

/// Any columns.
pub(crate) fn fields() -> impl Strategy<Value = Vec<Field>> {
    let field = (any::<bool>(), name(), any::<u32>(), any::<i32>());
    vec(
        field.prop_map(|(key, name, type_oid, type_modifier)| Field {
            key,
            name,
            type_oid,
            type_modifier,
        }),
        0..9,
    )
}

/// Any replica identity.
pub(crate) fn replica_identity() -> impl Strategy<Value = ReplicaIdentity> {
    prop::sample::select(vec![
        ReplicaIdentity::Default,
        ReplicaIdentity::Nothing,
        ReplicaIdentity::Full,
        ReplicaIdentity::Index,
    ])
}

/// The frame of any message.
pub(crate) fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        outline(),
        names(),
        changes(),
        (any::<u8>(), vec(any::<u32>(), 0..9)).prop_map(|(flags, ids)| {
            let ids: Vec<_> = ids.into_iter().map(Oid::new).collect();
            let mut memory = Vec::new();
            let relations = RelationIds::encode(&ids, &mut memory);
            frame(&Message::Truncate(Truncate { flags, relations }))
        }),
        (
            any::<bool>(),
            any::<u64>(),
            name(),
            vec(any::<u8>(), 0..300)
        )
            .prop_map(|(transactional, lsn, prefix, content)| {
                frame(&Message::Message(LogicalMessage {
                    transactional,
                    lsn: Lsn::new(lsn),
                    prefix: Text::new(&prefix),
                    content: &content,
                }))
            }),
    ]
}

/// The frame of a Begin, Commit or Stream Abort.
fn outline() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (any::<u64>(), any::<i64>(), any::<u32>()).prop_map(|(lsn, time, xid)| {
            frame(&Message::Begin(Begin {
                final_lsn: Lsn::new(lsn),
                commit_time: Timestamp::from_micros(time),
                xid: Xid::new(xid),
            }))
        }),
        (any::<u8>(), any::<u64>(), any::<u64>(), any::<i64>()).prop_map(
            |(flags, lsn, end, time)| {
                frame(&Message::Commit(Commit {
                    flags,
                    commit_lsn: Lsn::new(lsn),
                    end_lsn: Lsn::new(end),
                    commit_time: Timestamp::from_micros(time),
                }))
            }
        ),
        (any::<u32>(), any::<u32>()).prop_map(|(xid, subxid)| {
            frame(&Message::StreamAbort(StreamAbort {
                xid: Xid::new(xid),
                subxid: Xid::new(subxid),
                record: None,
            }))
        }),
    ]
}

/// The frame of an Origin, Type or Relation.
fn names() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (any::<u64>(), name()).prop_map(|(lsn, name)| {
            frame(&Message::Origin(Origin {
                lsn: Lsn::new(lsn),
                name: Text::new(&name),
            }))
        }),
        (any::<u32>(), name(), name()).prop_map(|(id, namespace, name)| {
            frame(&Message::Type(Type {
                id: Oid::new(id),
                namespace: Text::new(&namespace),
                name: Text::new(&name),
            }))
        }),
        (any::<u32>(), name(), name(), replica_identity(), fields()).prop_map(
            |(id, namespace, name, replica_identity, fields)| {
                let columns: Vec<_> = fields.iter().map(Field::lend).collect();
                let mut memory = Vec::new();
                frame(&Message::Relation(Relation {
                    id: Oid::new(id),
                    namespace: Text::new(&namespace),
                    name: Text::new(&name),
                    replica_identity,
                    columns: Columns::encode(&columns, &mut memory),
                }))
            }
        ),
    ]
}

/// The frame of an Insert, Update or Delete.
fn changes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (any::<u32>(), cells()).prop_map(|(relation, cells)| {
            let mut memory = Vec::new();
            frame(&Message::Insert(Insert {
                relation: Oid::new(relation),
                new: row(&cells, &mut memory),
            }))
        }),
        (any::<u32>(), option::of(old()), cells()).prop_map(|(relation, old, cells)| {
            let (mut one, mut two) = (Vec::new(), Vec::new());
            frame(&Message::Update(Update {
                relation: Oid::new(relation),
                old: old.as_ref().map(|old| old_row(old, &mut one)),
                new: row(&cells, &mut two),
            }))
        }),
        (any::<u32>(), old()).prop_map(|(relation, old)| {
            let mut memory = Vec::new();
            frame(&Message::Delete(Delete {
                relation: Oid::new(relation),
                old: old_row(&old, &mut memory),
            }))
        }),
    ]
}
