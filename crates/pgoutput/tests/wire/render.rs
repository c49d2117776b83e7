//! A message as one line, with all its fields and values, unlike its `Debug`.

use outflow_pgoutput::{
    AnyMessage, Column, Message, Oid, OldTuple, Prepare, Relation, StreamAbort, Tuple, Value,
};

/// Renders a message.
pub(crate) fn message(message: &Message<'_>) -> String {
    match message {
        Message::Begin(m) => format!(
            "Begin final {} at {} xid {}",
            m.final_lsn,
            m.commit_time.as_micros(),
            m.xid
        ),
        Message::Commit(m) => format!(
            "Commit flags {} commit {} end {} at {}",
            m.flags,
            m.commit_lsn,
            m.end_lsn,
            m.commit_time.as_micros()
        ),
        Message::Origin(m) => format!("Origin {} {:?}", m.lsn, m.name),
        Message::Relation(m) => relation(m),
        Message::Type(m) => format!("Type {} {:?}.{:?}", m.id, m.namespace, m.name),
        Message::Insert(m) => format!("Insert {} {}", m.relation, row(m.new)),
        Message::Update(m) => match m.old {
            Some(old) => format!("Update {} {} to {}", m.relation, old_row(old), row(m.new)),
            None => format!("Update {} to {}", m.relation, row(m.new)),
        },
        Message::Delete(m) => format!("Delete {} {}", m.relation, old_row(m.old)),
        Message::Truncate(m) => {
            let relations: Vec<u32> = m.relations.iter().map(Oid::as_u32).collect();
            let (cascade, restart) = (m.cascade(), m.restart_identity());
            format!("Truncate {relations:?} cascade {cascade} restart identity {restart}")
        }
        Message::Message(m) => format!(
            "Message transactional {} {} {:?} {}",
            m.transactional,
            m.lsn,
            m.prefix,
            bytes(m.content)
        ),
        Message::StreamAbort(m) => abort(m),
    }
}

/// Renders a message of any version; what stands in a segment is set in.
pub(crate) fn any(any: &AnyMessage<'_>) -> String {
    match any {
        AnyMessage::Whole(m) => message(m),
        AnyMessage::Streamed(m) => format!("    {} {}", m.xid, message(&m.change.into())),
        AnyMessage::StreamStart(m) => format!("StreamStart xid {} first {}", m.xid, m.first),
        AnyMessage::StreamStop => "StreamStop".to_owned(),
        AnyMessage::StreamCommit(m) => format!(
            "StreamCommit xid {} flags {} commit {} end {} at {}",
            m.xid,
            m.flags,
            m.commit_lsn,
            m.end_lsn,
            m.commit_time.as_micros()
        ),
        AnyMessage::StreamAbort(m) => abort(m),
        AnyMessage::BeginPrepare(m) => format!(
            "BeginPrepare {:?} prepare {} end {} at {} xid {}",
            m.gid,
            m.prepare_lsn,
            m.end_lsn,
            m.prepare_time.as_micros(),
            m.xid
        ),
        AnyMessage::Prepare(m) => format!("Prepare {}", prepare(m)),
        AnyMessage::CommitPrepared(m) => format!(
            "CommitPrepared {:?} flags {} commit {} end {} at {} xid {}",
            m.gid,
            m.flags,
            m.commit_lsn,
            m.end_lsn,
            m.commit_time.as_micros(),
            m.xid
        ),
        AnyMessage::RollbackPrepared(m) => format!(
            "RollbackPrepared {:?} flags {} prepare end {} rollback end {} from {} to {} xid {}",
            m.gid,
            m.flags,
            m.prepare_end_lsn,
            m.rollback_end_lsn,
            m.prepare_time.as_micros(),
            m.rollback_time.as_micros(),
            m.xid
        ),
        AnyMessage::StreamPrepare(m) => format!("StreamPrepare {}", prepare(m)),
    }
}

/// Renders an abort.
fn abort(m: &StreamAbort) -> String {
    let short = format!("StreamAbort xid {} subxid {}", m.xid, m.subxid);
    match m.record {
        Some(record) => format!("{short} {} at {}", record.lsn, record.time.as_micros()),
        None => short,
    }
}

/// Renders what became of a prepared transaction.
fn prepare(m: &Prepare<'_>) -> String {
    format!(
        "{:?} flags {} prepare {} end {} at {} xid {}",
        m.gid,
        m.flags,
        m.prepare_lsn,
        m.end_lsn,
        m.prepare_time.as_micros(),
        m.xid
    )
}

/// Gives the rows of a message, each with its relation.
pub(crate) fn rows<'a>(message: &Message<'a>) -> Vec<(Oid, Tuple<'a>)> {
    let inner = |old| match old {
        OldTuple::Key(row) | OldTuple::Full(row) => row,
    };
    match message {
        Message::Insert(m) => vec![(m.relation, m.new)],
        Message::Update(m) => {
            let old = m.old.map(|old| (m.relation, inner(old)));
            old.into_iter().chain([(m.relation, m.new)]).collect()
        }
        Message::Delete(m) => vec![(m.relation, inner(m.old))],
        Message::Begin(_)
        | Message::Commit(_)
        | Message::Origin(_)
        | Message::Relation(_)
        | Message::Type(_)
        | Message::Truncate(_)
        | Message::Message(_)
        | Message::StreamAbort(_) => vec![],
    }
}

/// Renders a relation, its key columns with a star.
fn relation(relation: &Relation<'_>) -> String {
    let column = |column: Column<'_>| {
        let star = if column.key { "*" } else { "" };
        format!(
            "{star}{:?} {} {}",
            column.name, column.type_oid, column.type_modifier
        )
    };
    let columns: Vec<String> = relation.columns.iter().map(column).collect();
    format!(
        "Relation {} {:?}.{:?} identity {:?} ({})",
        relation.id,
        relation.namespace,
        relation.name,
        relation.replica_identity,
        columns.join(", ")
    )
}

/// Renders an old row.
fn old_row(old: OldTuple<'_>) -> String {
    match old {
        OldTuple::Key(key) => format!("key {}", row(key)),
        OldTuple::Full(full) => format!("row {}", row(full)),
    }
}

/// Renders a row.
fn row(row: Tuple<'_>) -> String {
    let value = |value| match value {
        Value::Null => "null".to_owned(),
        Value::Unchanged => "unchanged".to_owned(),
        Value::Text(text) => bytes(text),
        Value::Binary(binary) => format!("binary {}", bytes(binary)),
    };
    let values: Vec<String> = row.iter().map(value).collect();
    format!("[{}]", values.join(", "))
}

/// Renders bytes, long ones by their beginning and their length.
fn bytes(bytes: &[u8]) -> String {
    match bytes.get(..LONG) {
        Some(start) => format!("\"{}..\" ({} bytes)", start.escape_ascii(), bytes.len()),
        None => format!("\"{}\"", bytes.escape_ascii()),
    }
}

/// From this length on, bytes are cut.
const LONG: usize = 100;
