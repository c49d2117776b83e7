//! Tables as they are found in use, with the settings that nobody changed.

use outflow_event_router::{OutboxConfig, RelationUse, Role, Router};

use crate::fixture::{Columns, DEBEZIUM, Fixture, OUTBOX, OUTBOX_EVENTS, Sent, owned, relation};

const ID: &str = "00000001-0000-4000-8000-000000000001";

fn sent_by_default(columns: &Columns<'_>, cells: &[&str]) -> Sent {
    Fixture::new(OutboxConfig::default(), columns)
        .insert_texts(cells)
        .record()
}

#[test]
fn an_outbox_with_timestamp() {
    let payload = r#"{"title": "x", "task_id": "t-1"}"#;
    let cells = [
        ID,
        "Task",
        "t-1",
        "TaskCreated",
        payload,
        "2026-01-02 03:04:05.678901",
    ];
    let expected = Sent {
        topic: "Task.events".into(),
        key: Some("t-1".into()),
        value: Some(payload.into()),
        headers: owned(&[("id", ID), ("eventType", "TaskCreated")]),
        timestamp: None,
    };
    assert_eq!(sent_by_default(OUTBOX, &cells), expected);
}

#[test]
fn an_outbox_with_type_and_timestamptz() {
    let payload = r#"{"email": "a@b.c"}"#;
    let cells = [
        ID,
        "User",
        "u-9",
        "UserCreated",
        payload,
        "2026-01-02 03:04:05.678901+00",
    ];
    let expected = Sent {
        topic: "User.events".into(),
        key: Some("u-9".into()),
        value: Some(payload.into()),
        headers: owned(&[("id", ID), ("eventType", "UserCreated")]),
        timestamp: None,
    };
    assert_eq!(sent_by_default(OUTBOX_EVENTS, &cells), expected);
}

#[test]
fn debeziums_outbox() {
    let cells = [ID, "Order", "42", "OrderCreated", r#"{"a": 1}"#];
    let expected = Sent {
        topic: "Order.events".into(),
        key: Some("42".into()),
        value: Some(r#"{"a": 1}"#.into()),
        headers: owned(&[("id", ID), ("eventType", "OrderCreated")]),
        timestamp: None,
    };
    assert_eq!(sent_by_default(DEBEZIUM, &cells), expected);
}

#[test]
fn what_was_found_can_be_shown() {
    let mut router = Router::new(OutboxConfig::default());
    let Ok(RelationUse::Outbox(found)) = relation(&mut router, "public", "outbox", DEBEZIUM) else {
        panic!("no outbox");
    };
    assert_eq!(found.column(Role::EventType), Some("type"));
    assert_eq!(found.column(Role::Timestamp), None);
    insta::assert_snapshot!(found, @"id = id, aggregate_type = aggregatetype, aggregate_id = aggregateid, event_type = type, payload = payload");
}
