//! Any settings and any rows, against a naive model.

use outflow_event_router::{OutboxConfig, PayloadMode, Role};
use proptest::prelude::*;

use crate::fixture::{Fixture, Out, WIDE, config, header, template, topic_template};
use crate::wire::{BYTEA, Cell, TEXT, TIMESTAMP};

/// One part of a template: how it is written, and its column or its text.
type Written = (&'static str, Result<&'static str, &'static str>);

/// What a template makes of a row: nothing for a lone NULL, an error for one among other text.
fn naive(template: &[Written], row: &[Cell]) -> Result<Option<String>, ()> {
    let value = |column: &str| {
        let at = WIDE.iter().position(|(name, _)| *name == column).unwrap();
        match &row[at] {
            Cell::Text(text) => Some(String::from_utf8(text.clone()).unwrap()),
            Cell::Null | Cell::Unchanged | Cell::Binary(_) => None,
        }
    };
    match template {
        [] => Ok(None),
        [(_, Ok(column))] => Ok(value(column)),
        parts => parts
            .iter()
            .map(|(_, part)| match part {
                Ok(column) => value(column).ok_or(()),
                Err(text) => Ok((*text).to_owned()),
            })
            .collect::<Result<String, ()>>()
            .map(Some),
    }
}

/// The text of a template.
fn source(template: &[Written]) -> String {
    template.iter().map(|(source, _)| *source).collect()
}

/// A template over the columns of the wide table.
fn any_template() -> impl Strategy<Value = Vec<Written>> {
    let part = prop::sample::select(vec![
        ("{id}", Ok("id")),
        ("{column:aggregate_id}", Ok("aggregate_id")),
        ("{tenant}", Ok("tenant")),
        ("{note}", Ok("note")),
        ("{{", Err("{")),
        ("}}", Err("}")),
        ("-é", Err("-é")),
    ]);
    prop::collection::vec(part, 0..4)
}

/// A row of the wide table with a route.
fn any_row() -> impl Strategy<Value = Vec<Cell>> {
    let cell = prop::option::weighted(0.8, "[a-c {}é]{0,4}");
    prop::collection::vec(cell, 6).prop_map(|cells| {
        let mut row: Vec<_> = cells
            .iter()
            .map(|cell| Cell::from(cell.as_deref()))
            .collect();
        row[1] = "T".into();
        row
    })
}

/// Any value, most of them wrong in most places.
fn any_cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        1 => Just(Cell::Null),
        1 => Just(Cell::Unchanged),
        4 => any::<Vec<u8>>().prop_map(Cell::Text),
        4 => r"(\\x[0-9a-f]{0,6}|\{ ?\}|[0-9: .-]{0,20})".prop_map(|text| Cell::from(text.as_str())),
        1 => any::<Vec<u8>>().prop_map(Cell::Binary),
    ]
}

proptest! {
    #[test]
    fn keys_and_headers_are_as_in_the_model(
        key in any_template(),
        headers in prop::collection::vec(any_template(), 0..4),
        rows in prop::collection::vec(any_row(), 1..4),
    ) {
        let config = config(|config| {
            config.key = template(&source(&key));
            config.headers =
                headers.iter().map(|value| header("h", &source(value))).collect();
        });
        let mut fixture = Fixture::new(config, WIDE);
        for row in &rows {
            let expected: Vec<_> = headers
                .iter()
                .filter_map(|value| Some(("h".to_owned(), naive(value, row).ok()??)))
                .collect();
            match (fixture.insert(row), naive(&key, row)) {
                (Out::Record(sent), Ok(key)) => {
                    prop_assert_eq!(sent.key, key);
                    prop_assert_eq!(sent.headers, expected);
                }
                (Out::Poison(reason, ..), Err(())) => {
                    prop_assert_eq!(reason.code(), "null-in-key");
                }
                (out, key) => prop_assert!(false, "{out:?}, key {key:?}"),
            }
        }
    }

    #[test]
    fn any_row_is_a_record_or_a_reason(
        rows in prop::collection::vec(prop::collection::vec(any_cell(), 5..8), 1..6),
        json: bool,
    ) {
        let columns = [
            ("id", BYTEA),
            ("aggregate_type", TEXT),
            ("aggregate_id", BYTEA),
            ("payload", if json { TEXT } else { BYTEA }),
            ("at", TIMESTAMP),
            ("unused", TEXT),
        ];
        let config = config(|config: &mut OutboxConfig| {
            config.topic = topic_template("t.{aggregate_type}");
            config.columns.set(Role::Timestamp, "at");
            config.payload = if json { PayloadMode::Json } else { PayloadMode::Passthrough };
        });
        let mut fixture = Fixture::new(config, &columns);
        for row in &rows {
            let wrong = row.len() != 6
                || row[..5].contains(&Cell::Unchanged)
                || [1, 4].iter().any(|at| matches!(row[*at], Cell::Binary(_)))
                || (json && matches!(row[3], Cell::Binary(_)));
            match fixture.insert(row) {
                Out::Wrong(_) => prop_assert!(wrong),
                Out::Record(sent) => {
                    prop_assert!(!wrong);
                    prop_assert_eq!(sent.value.is_none(), row[3] == Cell::Null);
                }
                Out::Poison(..) => prop_assert!(!wrong),
                Out::Skipped(..) => prop_assert!(false),
            }
        }
    }
}
