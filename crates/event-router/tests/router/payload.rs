//! The value of a record.

use outflow_event_router::{
    Draft, NullPayload, OutboxConfig, PayloadMode, PoisonReason, Routed, SkipCause,
};
use outflow_pgoutput::Message;

use crate::fixture::{Fixture, Out, TABLE, config};
use crate::wire::{self, BYTEA, Cell, JSONB, TEXT, UUID};

fn fixture(payload: u32, change: impl FnOnce(&mut OutboxConfig)) -> Fixture {
    let columns = [
        ("id", UUID),
        ("aggregate_type", TEXT),
        ("aggregate_id", TEXT),
        ("payload", payload),
    ];
    Fixture::new(config(change), &columns)
}

/// A row with this payload.
fn paid(payload: impl Into<Cell>) -> Vec<Cell> {
    vec!["7".into(), "T".into(), "a".into(), payload.into()]
}

#[test]
fn passthrough_changes_nothing() {
    let mut fixture = fixture(JSONB, |_| {});
    for payload in [
        "",
        " ",
        "null",
        "{\"a\": 1.10}",
        "not json",
        "{\"a\":1,\"a\":2}",
    ] {
        let sent = fixture.insert(&paid(payload)).record();
        assert_eq!(sent.value.as_deref(), Some(payload));
    }
    let large = "x".repeat(3 << 20);
    assert_eq!(
        fixture.insert(&paid(large.as_str())).record().value,
        Some(large)
    );
}

#[test]
fn json_is_checked_and_written_without_blanks() {
    let mut text = fixture(TEXT, |config| config.payload = PayloadMode::Json);
    let stored = "{ \"d\": 1.10,\n \"big\": 123456789012345678901234567890, \"s\": \" a \" }";
    let compact = r#"{"d":1.10,"big":123456789012345678901234567890,"s":" a "}"#;
    assert_eq!(
        text.insert(&paid(stored)).record().value.as_deref(),
        Some(compact)
    );

    let mut bytea = fixture(BYTEA, |config| config.payload = PayloadMode::Json);
    let hex: String = stored.bytes().map(|byte| format!("{byte:02x}")).collect();
    let sent = bytea.insert(&paid(format!("\\x{hex}").as_str())).record();
    assert_eq!(sent.value.as_deref(), Some(compact));
}

#[test]
fn what_is_no_json_is_poison_that_keeps_it() {
    let mut fixture = fixture(TEXT, |config| config.payload = PayloadMode::Json);
    let Out::Poison(reason, message, draft) = fixture.insert(&paid("{\"secret\": x}")) else {
        panic!("no poison");
    };
    assert_eq!(
        reason,
        PoisonReason::InvalidJson {
            line: 1,
            column: 12
        }
    );
    insta::assert_snapshot!(message, @"row 7 of public.outbox can't become a record: the payload stops being JSON at line 1, column 12");
    assert_eq!(draft.value.as_deref(), Some(&b"{\"secret\": x}"[..]));
    assert_eq!(draft.topic.as_deref(), Some(&b"T.events"[..]));
    let shown = format!(
        "{draft:?} {:?}",
        Out::Poison(reason, message, draft.clone())
    );
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn a_null_payload_is_what_the_settings_say() {
    let with = |rule| {
        let mut fixture = fixture(JSONB, |config| config.on_null_payload = rule);
        fixture.insert(&paid(None))
    };
    let sent = with(NullPayload::Null).record();
    assert_eq!((sent.value, sent.key.as_deref()), (None, Some("a")));
    assert_eq!(
        with(NullPayload::Skip),
        Out::Skipped(SkipCause::NullPayload, "7".into())
    );
    let (reason, draft) = with(NullPayload::Error).poison();
    assert_eq!((reason, draft.value), (PoisonReason::NullPayload, None));
}

#[test]
fn a_json_null_is_no_null() {
    let mut fixture = fixture(JSONB, |config| {
        config.on_null_payload = NullPayload::Error;
        config.payload = PayloadMode::Json;
    });
    assert_eq!(
        fixture.insert(&paid("null")).record().value.as_deref(),
        Some("null")
    );
}

#[test]
fn a_null_payload_is_skipped_before_anything_else_is_found_wrong() {
    let mut fixture = fixture(JSONB, |config| config.on_null_payload = NullPayload::Skip);
    let cells = vec!["7".into(), Cell::Null, "a".into(), Cell::Null];
    assert_eq!(
        fixture.insert(&cells),
        Out::Skipped(SkipCause::NullPayload, "7".into())
    );
}

#[test]
fn nothing_shows_a_payload() {
    let mut fixture = fixture(BYTEA, |_| {});
    let frame = wire::insert(TABLE, &paid("\\x736563726574"));
    let Ok(Message::Insert(insert)) = Message::decode(&frame) else {
        panic!("no insert")
    };
    let Ok(Routed::Record(record)) = fixture.router.insert(&insert) else {
        panic!("no record")
    };
    assert_eq!(record.value(), Some(&b"secret"[..]));
    insta::assert_snapshot!(format!("{record:?}"), @r#"Record { topic: "T.events", key_bytes: Some(1), value_bytes: Some(6), headers: 1, row_id: "7", .. }"#);
    insta::assert_snapshot!(format!("{:?}", Draft::from(&record)), @"Draft { topic_bytes: Some(8), key_bytes: Some(1), value_bytes: Some(6), headers: 1, timestamp: None }");
    let router = format!("{:?}", fixture.router);
    assert!(
        !router.contains("secret") && !router.contains("115, 101"),
        "{router}"
    );
}
