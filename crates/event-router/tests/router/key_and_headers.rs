//! The key and the headers of a record.

use outflow_event_router::{Header, OutboxConfig, PoisonReason};

use crate::fixture::{Fixture, WIDE, config, header, owned, template};
use crate::wire::{self, BYTEA, Cell, TEXT, UUID};

fn with_key(key: &str) -> Fixture {
    Fixture::new(config(|config| config.key = template(key)), WIDE)
}

fn with_headers(headers: Vec<Header>) -> Fixture {
    Fixture::new(config(|config| config.headers = headers), WIDE)
}

const ROW: [&str; 6] = ["7", "Order", "a", "shop", "{}", "n"];

/// The row with one column NULL.
fn null_at(column: usize) -> Vec<Cell> {
    let mut cells = wire::row(&ROW);
    cells[column] = Cell::Null;
    cells
}

#[test]
fn a_key_is_any_text_with_fields() {
    let key = |template| with_key(template).insert_texts(&ROW).record().key;
    assert_eq!(key("{aggregate_id}").as_deref(), Some("a"));
    assert_eq!(key("{id}").as_deref(), Some("7"));
    assert_eq!(
        key("{tenant}/{aggregate_id}:{tenant}").as_deref(),
        Some("shop/a:shop")
    );
    assert_eq!(key("all").as_deref(), Some("all"));
    assert_eq!(key("{{{note}}}").as_deref(), Some("{n}"));
    assert_eq!(key(""), None);
}

#[test]
fn a_null_key_is_no_key_and_a_null_in_a_key_is_poison() {
    assert_eq!(
        with_key("{aggregate_id}").insert(&null_at(2)).record().key,
        None
    );
    let (reason, draft) = with_key("{tenant}/{aggregate_id}")
        .insert(&null_at(2))
        .poison();
    assert_eq!(
        reason,
        PoisonReason::NullInKey {
            column: "aggregate_id".into()
        }
    );
    assert_eq!(
        (draft.key, draft.topic),
        (None, Some(b"Order.events".to_vec()))
    );
    insta::assert_snapshot!(reason, @"a part of the key, column aggregate_id, is NULL");
}

#[test]
fn an_empty_key_is_a_key() {
    let sent = with_key("{aggregate_id}")
        .insert_texts(&["7", "T", "", "s", "{}", ""])
        .record();
    assert_eq!(sent.key.as_deref(), Some(""));
}

#[test]
fn headers_keep_their_order_and_names_may_repeat() {
    let headers = vec![
        header("b", "{tenant}"),
        header("a", "{note}"),
        header("b", "{id}-{note}"),
        header("constant", "1"),
        header("empty", ""),
    ];
    let sent = with_headers(headers).insert_texts(&ROW).record();
    let expected = [("b", "shop"), ("a", "n"), ("b", "7-n"), ("constant", "1")];
    assert_eq!(sent.headers, owned(&expected));
}

#[test]
fn a_header_that_is_null_is_left_out() {
    let headers = vec![
        header("tenant", "{tenant}"),
        header("both", "{tenant}-{note}"),
        header("note", "{note}"),
    ];
    let mut fixture = with_headers(headers);
    assert_eq!(
        fixture.insert(&null_at(3)).record().headers,
        owned(&[("note", "n")])
    );
    assert_eq!(
        fixture.insert(&null_at(5)).record().headers,
        owned(&[("tenant", "shop")])
    );
    let all = [("tenant", "shop"), ("both", "shop-n"), ("note", "n")];
    assert_eq!(fixture.insert_texts(&ROW).record().headers, owned(&all));
}

#[test]
fn a_null_id_leaves_its_header_out() {
    let sent = Fixture::new(OutboxConfig::default(), WIDE)
        .insert(&null_at(0))
        .record();
    assert_eq!((sent.headers, sent.key.as_deref()), (vec![], Some("a")));
}

#[test]
fn a_bytea_is_its_bytes_everywhere() {
    let columns = [
        ("id", BYTEA),
        ("aggregate_type", BYTEA),
        ("aggregate_id", BYTEA),
        ("payload", BYTEA),
    ];
    let config = config(|config| config.key = template("<{aggregate_id}>"));
    let mut fixture = Fixture::new(config, &columns);
    let hex = ["\\x37", "\\x4f72646572", "\\x61", "\\x7b7d"];
    let raw = ["7", "Order", "a", "{}"].map(|text| Cell::Binary(text.as_bytes().to_vec()));
    for cells in [wire::row(&hex), raw.to_vec()] {
        let sent = fixture.insert(&cells).record();
        assert_eq!(
            (sent.topic.as_str(), sent.key.as_deref()),
            ("Order.events", Some("<a>"))
        );
        assert_eq!(sent.value.as_deref(), Some("{}"));
        assert_eq!(sent.headers, owned(&[("id", "7")]));
    }
}

#[test]
fn a_bytea_that_cannot_be_read_is_poison() {
    let columns = [
        ("id", UUID),
        ("aggregate_type", TEXT),
        ("aggregate_id", BYTEA),
        ("data", BYTEA),
    ];
    let mut fixture = Fixture::new(OutboxConfig::default(), &columns);
    let (reason, draft) = fixture.insert_texts(&["1", "T", "\\x6", "\\xzz"]).poison();
    assert_eq!(
        reason,
        PoisonReason::Bytea {
            column: "aggregate_id".into()
        }
    );
    assert_eq!(
        (draft.key.as_deref(), draft.value.as_deref()),
        (Some(&b"\\x6"[..]), Some(&b"\\xzz"[..]))
    );
}
