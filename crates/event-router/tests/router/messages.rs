//! Messages of `pg_logical_emit_message`, read as rows would be.

use outflow_event_router::{
    Header, Messages, NullPayload, OutboxConfig, PoisonReason, Role, Routed, Router, SkipCause,
    TimestampFault, TopicRule,
};
use outflow_pgoutput::{LogicalMessage, Lsn, Text};

use crate::fixture::{Out, Sent, config, header, owned, pairs, template};

/// A router that takes messages with the prefix `outbox`, with further settings.
fn router(change: impl FnOnce(&mut OutboxConfig)) -> Router {
    Router::new(config(|config| {
        config.messages = Messages::of("outbox");
        change(config);
    }))
}

/// What comes of a message.
fn emit(router: &mut Router, content: &[u8]) -> Out {
    route(router, true, "outbox", content)
}

fn route(router: &mut Router, transactional: bool, prefix: &str, content: &[u8]) -> Out {
    let message = LogicalMessage {
        transactional,
        lsn: Lsn::new(0x16_B374_D848),
        prefix: Text::new(prefix.as_bytes()),
        content,
    };
    match router.message(&message).unwrap() {
        Routed::Record(record) => {
            assert_eq!(record.row_id(), "16/B374D848");
            Out::Record(Sent {
                topic: record.topic().to_string(),
                key: record.key().map(utf8),
                value: record.value().map(utf8),
                headers: pairs(record.headers()),
                timestamp: record.timestamp(),
            })
        }
        Routed::Skipped(skipped) => Out::Skipped(skipped.cause(), skipped.row_id().to_owned()),
        Routed::Poison(poison) => {
            let chain = format!("{poison}: {}", poison.reason());
            Out::Poison(poison.reason().clone(), chain, poison.into_draft())
        }
    }
}

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_message_becomes_the_record_that_its_row_would_be() {
    let mut router = router(|_| {});
    let sent = emit(
        &mut router,
        br#" {"payload": {"total": 9.90, "a" : [1]}, "id": "7", "aggregate_type": "order",
             "aggregate_id": 42, "event_type": "Paid", "other": null} "#,
    );
    let expected = Sent {
        topic: "order.events".to_owned(),
        key: Some("42".to_owned()),
        value: Some(r#"{"total": 9.90, "a" : [1]}"#.to_owned()),
        headers: owned(&[("id", "7"), ("eventType", "Paid")]),
        timestamp: None,
    };
    assert_eq!(sent.record(), expected);
    // By Debezium's names, the payload as text, and without an event type.
    let sent = emit(
        &mut router,
        br#"{"id":7,"aggregatetype":"order","aggregateid":"\u00e9\"","payload":"{\"a\": 1}"}"#,
    );
    let sent = sent.record();
    assert_eq!(sent.key.as_deref(), Some("é\""));
    assert_eq!(sent.value.as_deref(), Some(r#"{"a": 1}"#));
    assert_eq!(sent.headers, owned(&[("id", "7")]));
}

#[test]
fn the_first_of_the_usual_names_counts_and_of_equal_names_the_last() {
    let mut router = router(|_| {});
    let sent = emit(
        &mut router,
        br#"{"type":"b","event_type":"a","eventtype":"c","data":1,"payload":2,"payload":3,
             "id":1,"aggregate_type":"t","aggregate_id":"k"}"#,
    );
    let sent = sent.record();
    assert_eq!(sent.headers, owned(&[("id", "1"), ("eventType", "a")]));
    assert_eq!(sent.value.as_deref(), Some("3"));
}

#[test]
fn settings_hold_as_for_tables() {
    let mut router = router(|config| {
        config.columns.set(Role::Payload, "body");
        config.columns.set(Role::Timestamp, "at");
        config.key = template("{tenant}/{aggregate_id}");
        config.topic = TopicRule::regex("(.*)", "out.$1").unwrap();
        config.headers = vec![header("t", "{tenant}"), Header::new("at", template("{at}"))];
    });
    let mut at = |at: &str| {
        let content = format!(
            r#"{{"id":1,"aggregate_type":"o","aggregate_id":2,"tenant":true,"body":"b","at":{at}}}"#
        );
        emit(&mut router, content.as_bytes())
    };
    let sent = at("1767323045678").record();
    assert_eq!(
        (sent.topic.as_str(), sent.key.as_deref()),
        ("out.o", Some("true/2"))
    );
    assert_eq!(
        sent.headers,
        owned(&[("t", "true"), ("at", "1767323045678")])
    );
    for (text, millis) in [
        ("1767323045678", 1_767_323_045_678),
        (r#""1767323045678""#, 1_767_323_045_678),
        (r#""2026-01-02T03:04:05.678+00:00""#, 1_767_323_045_678),
        (r#""2026-01-02T03:04:05.678Z""#, 1_767_323_045_678),
        (r#""2026-01-02 03:04:05.678""#, 1_767_323_045_678),
        (r#""2026-01-02 05:04:05.678+02""#, 1_767_323_045_678),
    ] {
        assert_eq!(at(text).record().timestamp, Some(millis), "{text}");
    }
    assert_eq!(at("null").record().timestamp, None);
    for (text, expected) in [
        (r#""infinity""#, TimestampFault::Infinite),
        (r#""soon""#, TimestampFault::Unreadable),
        (r#""""#, TimestampFault::Unreadable),
        ("-1", TimestampFault::BeforeEpoch),
    ] {
        let (reason, _) = at(text).poison();
        let PoisonReason::Timestamp { fault, .. } = reason else {
            panic!("{text}: {reason}")
        };
        assert_eq!(fault, expected, "{text}");
    }
}

#[test]
fn a_message_brings_headers_along() {
    let mut router = router(|_| {});
    let base = r#""id":1,"aggregate_type":"o","aggregate_id":2,"payload":null"#;
    let mut with = |headers: &str| {
        emit(
            &mut router,
            format!("{{{base},\"headers\":{headers}}}").as_bytes(),
        )
    };
    let sent = with(r#"{"a":"x\ny","n":1.50,"none":null,"o":{"b": [1]},"id":"2"}"#).record();
    assert_eq!(
        sent.headers,
        owned(&[
            ("id", "1"),
            ("a", "x\ny"),
            ("n", "1.50"),
            ("o", "{\"b\": [1]}"),
            ("id", "2")
        ])
    );
    assert_eq!(sent.value, None);
    assert_eq!(with("null").record().headers, owned(&[("id", "1")]));
    assert_eq!(with("{}").record().headers, owned(&[("id", "1")]));
    for wrong in [
        "[]",
        "\"a\"",
        "7",
        r#"{"":1}"#,
        r#"{"a\u0000":1}"#,
        r#"{"a":"\ud800"}"#,
    ] {
        assert_eq!(
            with(wrong).poison().0,
            PoisonReason::InvalidHeaders,
            "{wrong}"
        );
    }
}

#[test]
fn what_is_no_event_is_poison_that_keeps_its_content() {
    let mut router = router(|_| {});
    let missing = |names: &str| PoisonReason::MissingField {
        names: names.to_owned(),
    };
    let whole = r#"{"id":1,"aggregate_type":"o","aggregate_id":2,"payload":3}"#;
    let cases = [
        (
            "secret",
            PoisonReason::InvalidMessage { line: 1, column: 1 },
        ),
        ("[1]", PoisonReason::InvalidMessage { line: 1, column: 0 }),
        ("", PoisonReason::InvalidMessage { line: 1, column: 0 }),
        (
            "{\"id\":1,\n}",
            PoisonReason::InvalidMessage { line: 2, column: 1 },
        ),
        (
            r#"{"aggregate_type":"o","aggregate_id":2,"payload":3}"#,
            missing("id or event_id"),
        ),
        (
            r#"{"id":1,"aggregate_id":2,"payload":3}"#,
            missing("aggregate_type or aggregatetype"),
        ),
        (
            r#"{"id":1,"aggregate_type":"o","aggregate_id":2}"#,
            missing("payload or event_data or data"),
        ),
        (
            r#"{"id":1,"aggregate_type":null,"aggregate_id":2,"payload":3}"#,
            PoisonReason::NoRoute {
                column: "aggregate_type".to_owned(),
            },
        ),
        (
            r#"{"id":1,"aggregate_type":"o","aggregate_id":"\udc00","payload":3}"#,
            PoisonReason::InvalidField {
                field: "aggregate_id".to_owned(),
            },
        ),
    ];
    for (content, expected) in cases {
        let Out::Poison(reason, chain, draft) = emit(&mut router, content.as_bytes()) else {
            panic!("no poison: {content}")
        };
        assert_eq!(reason, expected, "{content}");
        assert!(
            chain.starts_with("row 16/B374D848 of messages \"outbox\""),
            "{chain}"
        );
        assert!(!chain.contains("secret"), "{chain}");
        if matches!(reason, PoisonReason::InvalidMessage { .. }) {
            assert_eq!(draft.value.as_deref(), Some(content.as_bytes()));
        }
    }
    let (reason, draft) = emit(&mut router, b"{\"id\":\"\xe9\"}").poison();
    assert_eq!(reason, PoisonReason::NotUtf8);
    assert_eq!(draft.value.as_deref(), Some(&b"{\"id\":\"\xe9\"}"[..]));
    emit(&mut router, whole.as_bytes()).record();
}

#[test]
fn only_transactional_messages_with_the_prefix_are_events() {
    let mut exact = router(|_| {});
    let skipped = |cause, row: &str| Out::Skipped(cause, row.to_owned());
    assert_eq!(
        route(&mut exact, true, "outbox2", b"x"),
        skipped(SkipCause::OtherPrefix, "(null)")
    );
    assert_eq!(exact.loose_messages(), 0);
    assert_eq!(
        route(&mut exact, false, "outbox", b"x"),
        skipped(SkipCause::NotTransactional, "16/B374D848")
    );
    assert_eq!(exact.loose_messages(), 1);
    let mut any = router(|config| config.messages = Messages::of("*"));
    route(&mut any, true, "anything", b"x").poison();
    let mut none = router(|config| config.messages = Messages::None);
    assert_eq!(
        route(&mut none, true, "outbox", b"x"),
        skipped(SkipCause::OtherPrefix, "(null)")
    );
}

#[test]
fn a_null_payload_follows_its_setting() {
    let content = br#"{"id":1,"aggregate_type":"o","aggregate_id":2,"payload":null}"#;
    let with = |rule| {
        let mut router = router(|config| config.on_null_payload = rule);
        emit(&mut router, content)
    };
    assert_eq!(with(NullPayload::Null).record().value, None);
    assert_eq!(
        with(NullPayload::Skip),
        Out::Skipped(SkipCause::NullPayload, "16/B374D848".to_owned())
    );
    assert_eq!(
        with(NullPayload::Error).poison().0,
        PoisonReason::NullPayload
    );
}
