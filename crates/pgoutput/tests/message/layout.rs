//! A specimen of each message, byte by byte as the manual's "Logical Replication Message Formats"
//! has it.

use outflow_pgoutput::{
    Begin, Commit, Delete, Insert, Lsn, Message, Oid, OldTuple, Origin, ReplicaIdentity,
    StreamAbort, Text, Timestamp, Tuple, Type, Update, Value, Xid,
};

/// The content that no `Debug` and no error may show.
pub(crate) const SECRET: &[u8] = b"hunter2";

/// Begin.
pub(crate) const BEGIN: &[u8] = b"B\0\0\0\x16\xb3\x74\xd8\x48\0\0\0\0\0\x0f\x42\x40\0\0\x02\xe4";
/// Commit.
pub(crate) const COMMIT: &[u8] =
    b"C\0\0\0\0\x16\xb3\x74\xd8\x48\0\0\0\x16\xb3\x74\xd8\x78\0\0\0\0\0\x0f\x42\x40";
/// Origin.
pub(crate) const ORIGIN: &[u8] = b"O\0\0\0\x16\xb3\x74\xd8\x48elsewhere\0";
/// Relation: two columns, the first one the key.
pub(crate) const RELATION: &[u8] =
    b"R\0\0\x40\x01public\0outbox\0d\0\x02\x01id\0\0\0\x0b\x86\xff\xff\xff\xff\0note\0\0\0\x04\x13\0\0\0\x0e";
/// Type.
pub(crate) const TYPE: &[u8] = b"Y\0\0\x40\x02public\0mood\0";
/// Insert: each kind of value.
pub(crate) const INSERT: &[u8] = b"I\0\0\x40\x01N\0\x04t\0\0\0\x07hunter2nub\0\0\0\x07hunter2";
/// Update without an old row.
pub(crate) const UPDATE: &[u8] = b"U\0\0\x40\x01N\0\x01t\0\0\0\x07hunter2";
/// Update with an old key.
pub(crate) const UPDATE_KEY: &[u8] =
    b"U\0\0\x40\x01K\0\x02t\0\0\0\x07hunter2nN\0\x02t\0\0\0\x07hunter3u";
/// Update with an old row.
pub(crate) const UPDATE_FULL: &[u8] = b"U\0\0\x40\x01O\0\x01t\0\0\0\x07hunter2N\0\x01n";
/// Delete with an old key.
pub(crate) const DELETE_KEY: &[u8] = b"D\0\0\x40\x01K\0\x02t\0\0\0\x07hunter2n";
/// Delete with an old row.
pub(crate) const DELETE_FULL: &[u8] = b"D\0\0\x40\x01O\0\x01b\0\0\0\x07hunter2";
/// Truncate of two tables.
pub(crate) const TRUNCATE: &[u8] = b"T\0\0\0\x02\x03\0\0\x40\x01\0\0\x40\x02";
/// A logical message.
pub(crate) const MESSAGE: &[u8] = b"M\x01\0\0\0\x16\xb3\x74\xd8\x48outbox\0\0\0\0\x07hunter2";
/// PostgreSQL 18's stray.
pub(crate) const STREAM_ABORT: &[u8] = b"A\0\0\x03\x26\0\0\x03\x27";

/// All of them.
pub(crate) const ALL: &[&[u8]] = &[
    BEGIN,
    COMMIT,
    ORIGIN,
    RELATION,
    TYPE,
    INSERT,
    UPDATE,
    UPDATE_KEY,
    UPDATE_FULL,
    DELETE_KEY,
    DELETE_FULL,
    TRUNCATE,
    MESSAGE,
    STREAM_ABORT,
];

/// Decodes a specimen.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn decode(frame: &[u8]) -> Message<'_> {
    Message::decode(frame).unwrap()
}

const RELATION_ID: Oid = Oid::new(0x4001);
const LSN: Lsn = Lsn::new(0x16_B374_D848);
const TIME: Timestamp = Timestamp::from_micros(1_000_000);

#[test]
fn transactions() {
    let begin = Begin {
        final_lsn: LSN,
        commit_time: TIME,
        xid: Xid::new(740),
    };
    assert_eq!(decode(BEGIN), Message::Begin(begin));
    let commit = Commit {
        flags: 0,
        commit_lsn: LSN,
        end_lsn: Lsn::new(0x16_B374_D878),
        commit_time: TIME,
    };
    assert_eq!(decode(COMMIT), Message::Commit(commit));
    let origin = Origin {
        lsn: LSN,
        name: Text::new(b"elsewhere"),
    };
    assert_eq!(decode(ORIGIN), Message::Origin(origin));
}

#[test]
fn relations() {
    let Message::Relation(relation) = decode(RELATION) else {
        panic!()
    };
    assert_eq!(relation.id, RELATION_ID);
    assert_eq!(relation.namespace.to_str(), Ok("public"));
    assert_eq!(relation.name.to_str(), Ok("outbox"));
    assert_eq!(relation.replica_identity, ReplicaIdentity::Default);
    assert_eq!(relation.columns.len(), 2);
    let columns: Vec<_> = relation
        .columns
        .iter()
        .map(|column| {
            (
                column.key,
                column.name.as_bytes(),
                column.type_oid.as_u32(),
                column.type_modifier,
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            (true, b"id".as_slice(), 2950, -1),
            (false, b"note".as_slice(), 1043, 14)
        ]
    );
    let mood = Type {
        id: Oid::new(0x4002),
        namespace: Text::new(b"public"),
        name: Text::new(b"mood"),
    };
    assert_eq!(decode(TYPE), Message::Type(mood));
}

#[test]
fn each_letter_of_a_replica_identity() {
    for (letter, identity) in [
        (b'd', ReplicaIdentity::Default),
        (b'n', ReplicaIdentity::Nothing),
        (b'f', ReplicaIdentity::Full),
        (b'i', ReplicaIdentity::Index),
    ] {
        let frame = [b"R\0\0\x40\x01\0t\0".as_slice(), &[letter], b"\0\0"].concat();
        let Message::Relation(relation) = decode(&frame) else {
            panic!()
        };
        assert_eq!(relation.replica_identity, identity);
        assert_eq!(relation.namespace.as_bytes(), b"", "pg_catalog");
        assert!(relation.columns.is_empty());
    }
}

#[test]
fn rows() {
    let mut memory = Vec::new();
    let values = [
        Value::Text(SECRET),
        Value::Null,
        Value::Unchanged,
        Value::Binary(SECRET),
    ];
    let insert = Insert {
        relation: RELATION_ID,
        new: Tuple::encode(&values, &mut memory),
    };
    assert_eq!(decode(INSERT), Message::Insert(insert));
    assert_eq!(insert.new.get(3), Some(Value::Binary(SECRET)));
    assert_eq!(insert.new.get(4), None);
    assert_eq!(insert.new.iter().len(), 4);
}

#[test]
fn old_rows() {
    let (mut one, mut two, mut three) = (Vec::new(), Vec::new(), Vec::new());
    let text = Tuple::encode(&[Value::Text(SECRET)], &mut one);
    let key = Tuple::encode(&[Value::Text(SECRET), Value::Null], &mut two);
    let changed = Tuple::encode(&[Value::Text(b"hunter3"), Value::Unchanged], &mut three);
    let update = |old, new| {
        Message::Update(Update {
            relation: RELATION_ID,
            old,
            new,
        })
    };
    assert_eq!(decode(UPDATE), update(None, text));
    assert_eq!(
        decode(UPDATE_KEY),
        update(Some(OldTuple::Key(key)), changed)
    );
    let Message::Update(full) = decode(UPDATE_FULL) else {
        panic!()
    };
    assert_eq!(full.old, Some(OldTuple::Full(text)));

    let delete = |old| {
        Message::Delete(Delete {
            relation: RELATION_ID,
            old,
        })
    };
    assert_eq!(decode(DELETE_KEY), delete(OldTuple::Key(key)));
    let Message::Delete(full) = decode(DELETE_FULL) else {
        panic!()
    };
    let OldTuple::Full(row) = full.old else {
        panic!()
    };
    assert!(row.iter().eq([Value::Binary(SECRET)]));
}

#[test]
fn truncates_messages_and_the_stray_abort() {
    let Message::Truncate(truncate) = decode(TRUNCATE) else {
        panic!()
    };
    assert!(truncate.cascade() && truncate.restart_identity());
    assert!(
        truncate
            .relations
            .iter()
            .eq([RELATION_ID, Oid::new(0x4002)])
    );
    assert_eq!(truncate.relations.len(), 2);

    let Message::Message(message) = decode(MESSAGE) else {
        panic!()
    };
    assert!(message.transactional);
    assert_eq!(message.lsn, LSN);
    assert_eq!(message.prefix.to_str(), Ok("outbox"));
    assert_eq!(message.content, SECRET);

    let abort = StreamAbort {
        xid: Xid::new(806),
        subxid: Xid::new(807),
        record: None,
    };
    assert_eq!(decode(STREAM_ABORT), Message::StreamAbort(abort));
}

#[test]
fn a_row_is_a_view_of_its_frame() {
    let Message::Insert(insert) = decode(INSERT) else {
        panic!()
    };
    let frame = INSERT.as_ptr_range();
    let mut borrowed = 0;
    for value in &insert.new {
        if let Value::Text(bytes) | Value::Binary(bytes) = value {
            assert!(frame.contains(&bytes.as_ptr()), "copied");
            borrowed += 1;
        }
    }
    assert_eq!(borrowed, 2);
}
