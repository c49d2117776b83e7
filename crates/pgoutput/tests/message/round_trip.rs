//! What is written is read again, for every message and whatever it holds.

use outflow_pgoutput::{
    Begin, Columns, Commit, Delete, Insert, LogicalMessage, Lsn, Message, Oid, OldTuple, Origin,
    Relation, RelationIds, StreamAbort, Text, Timestamp, Truncate, Tuple, Type, Update, Xid,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::model::{self, Cell, Field, Old, frame, old_row};

/// Copies a row.
fn copy(row: Tuple<'_>) -> Vec<Cell> {
    row.iter().map(Cell::copy).collect()
}

/// Copies an old row.
fn copy_old(old: OldTuple<'_>) -> Old {
    match old {
        OldTuple::Key(row) => (true, copy(row)),
        OldTuple::Full(row) => (false, copy(row)),
    }
}

/// The message is what its frame decodes to.
fn decodes_to(message: &Message<'_>) -> Result<(), TestCaseError> {
    let frame = frame(message);
    prop_assert_eq!(Message::decode(&frame), Ok(*message));
    Ok(())
}

proptest! {
    #[test]
    fn begin(lsn: u64, time: i64, xid: u32) {
        let message = Message::Begin(Begin {
            final_lsn: Lsn::new(lsn),
            commit_time: Timestamp::from_micros(time),
            xid: Xid::new(xid),
        });
        decodes_to(&message)?;
    }

    #[test]
    fn commit(flags: u8, lsn: u64, end: u64, time: i64) {
        let message = Message::Commit(Commit {
            flags,
            commit_lsn: Lsn::new(lsn),
            end_lsn: Lsn::new(end),
            commit_time: Timestamp::from_micros(time),
        });
        decodes_to(&message)?;
    }

    #[test]
    fn origin(lsn: u64, name in model::name()) {
        let message = Message::Origin(Origin { lsn: Lsn::new(lsn), name: Text::new(&name) });
        decodes_to(&message)?;
    }

    #[test]
    fn relation(
        id: u32,
        namespace in model::name(),
        name in model::name(),
        replica_identity in model::replica_identity(),
        fields in model::fields(),
    ) {
        let columns: Vec<_> = fields.iter().map(Field::lend).collect();
        let mut memory = Vec::new();
        let message = Message::Relation(Relation {
            id: Oid::new(id),
            namespace: Text::new(&namespace),
            name: Text::new(&name),
            replica_identity,
            columns: Columns::encode(&columns, &mut memory),
        });
        let frame = frame(&message);
        let decoded = Message::decode(&frame);
        prop_assert_eq!(decoded.clone(), Ok(message));
        let Ok(Message::Relation(relation)) = decoded else { panic!() };
        prop_assert_eq!(relation.columns.iter().map(Field::copy).collect::<Vec<_>>(), fields);
    }

    #[test]
    fn a_type(id: u32, namespace in model::name(), name in model::name()) {
        let message = Message::Type(Type {
            id: Oid::new(id),
            namespace: Text::new(&namespace),
            name: Text::new(&name),
        });
        decodes_to(&message)?;
    }

    #[test]
    fn insert(relation: u32, cells in model::cells()) {
        let mut memory = Vec::new();
        let message = Message::Insert(Insert {
            relation: Oid::new(relation),
            new: model::row(&cells, &mut memory),
        });
        let frame = frame(&message);
        let Ok(Message::Insert(insert)) = Message::decode(&frame) else { panic!() };
        prop_assert_eq!(insert.relation, Oid::new(relation));
        prop_assert_eq!(copy(insert.new), cells);
    }

    #[test]
    fn update(relation: u32, old in option::of(model::old()), cells in model::cells()) {
        let (mut one, mut two) = (Vec::new(), Vec::new());
        let message = Message::Update(Update {
            relation: Oid::new(relation),
            old: old.as_ref().map(|old| old_row(old, &mut one)),
            new: model::row(&cells, &mut two),
        });
        let frame = frame(&message);
        let Ok(Message::Update(update)) = Message::decode(&frame) else { panic!() };
        prop_assert_eq!(update.relation, Oid::new(relation));
        prop_assert_eq!(update.old.map(copy_old), old);
        prop_assert_eq!(copy(update.new), cells);
    }

    #[test]
    fn delete(relation: u32, old in model::old()) {
        let mut memory = Vec::new();
        let message = Message::Delete(Delete {
            relation: Oid::new(relation),
            old: old_row(&old, &mut memory),
        });
        let frame = frame(&message);
        let Ok(Message::Delete(delete)) = Message::decode(&frame) else { panic!() };
        prop_assert_eq!(delete.relation, Oid::new(relation));
        prop_assert_eq!(copy_old(delete.old), old);
    }

    #[test]
    fn truncate(flags: u8, ids in vec(any::<u32>(), 0..20)) {
        let ids: Vec<_> = ids.into_iter().map(Oid::new).collect();
        let mut memory = Vec::new();
        let relations = RelationIds::encode(&ids, &mut memory);
        let frame = frame(&Message::Truncate(Truncate { flags, relations }));
        let Ok(Message::Truncate(truncate)) = Message::decode(&frame) else { panic!() };
        prop_assert_eq!(truncate.flags, flags);
        prop_assert_eq!(truncate.relations.iter().collect::<Vec<_>>(), ids);
    }

    #[test]
    fn logical_message(
        transactional: bool,
        lsn: u64,
        prefix in model::name(),
        content in vec(any::<u8>(), 0..300),
    ) {
        let message = Message::Message(LogicalMessage {
            transactional,
            lsn: Lsn::new(lsn),
            prefix: Text::new(&prefix),
            content: &content,
        });
        decodes_to(&message)?;
    }

    #[test]
    fn stream_abort(xid: u32, subxid: u32) {
        let (xid, subxid) = (Xid::new(xid), Xid::new(subxid));
        let message = Message::StreamAbort(StreamAbort { xid, subxid, record: None });
        decodes_to(&message)?;
    }
}

/// The most columns a count can hold; PostgreSQL itself stops at 1,600.
#[test]
fn a_row_of_65535_columns() {
    let cells = vec![Cell::Text(b"x".to_vec()); 65_536];
    let mut memory = Vec::new();
    let new = model::row(&cells, &mut memory);
    let frame = frame(&Message::Insert(Insert {
        relation: Oid::new(1),
        new,
    }));
    let Ok(Message::Insert(insert)) = Message::decode(&frame) else {
        panic!()
    };
    assert_eq!(insert.new.len(), 65_535);
    assert_eq!(insert.new.iter().count(), 65_535);
}
