//! Which column plays which role, and what is said when one is missing.

use outflow_event_router::{
    OutboxConfig, PlanError, PlanProblem, RelationUse, Role, Router, TableName, TopicRule,
};
use outflow_pgoutput::{Message, Oid};

use crate::fixture::{
    Columns, DEBEZIUM, Fixture, Out, TABLE, WIDE, config, header, relation, template,
    topic_template,
};
use crate::wire::{self, BYTEA, Cell, TEXT, UUID};
use outflow_event_router::{RouteErrorKind, SkipCause};

fn error(config: OutboxConfig, columns: &Columns<'_>) -> PlanError {
    relation(&mut Router::new(config), "public", "orders", columns).unwrap_err()
}

#[test]
fn the_first_of_the_usual_names_counts() {
    let columns = [
        ("data", TEXT),
        ("payload", TEXT),
        ("event_id", UUID),
        ("type", TEXT),
        ("event_type", TEXT),
        ("aggregateid", TEXT),
        ("aggregatetype", TEXT),
        ("aggregate_type", TEXT),
    ];
    let mut fixture = Fixture::new(OutboxConfig::default(), &columns);
    let sent = fixture
        .insert_texts(&["d", "p", "i", "t", "et", "ai", "at1", "at2"])
        .record();
    assert_eq!(sent.topic, "at2.events");
    assert_eq!(
        (sent.key.as_deref(), sent.value.as_deref()),
        (Some("ai"), Some("p"))
    );
    let headers = [("id".into(), "i".into()), ("eventType".into(), "et".into())];
    assert_eq!(sent.headers, headers);
}

#[test]
fn named_columns_come_before_usual_names() {
    let config = config(|config| {
        config.columns.set(Role::AggregateId, "tenant");
        config.columns.set(Role::Payload, "note");
    });
    let mut fixture = Fixture::new(config, WIDE);
    let sent = fixture
        .insert_texts(&["i", "T", "a", "tenant", "p", "note"])
        .record();
    assert_eq!(
        (sent.key.as_deref(), sent.value.as_deref()),
        (Some("tenant"), Some("note"))
    );
}

#[test]
fn only_what_is_used_is_needed() {
    let columns = [("id", UUID), ("payload", TEXT)];
    let all_constant = || {
        config(|config| {
            config.topic = topic_template("events");
            config.key = template("");
            config.headers = vec![];
        })
    };
    let sent = Fixture::new(all_constant(), &columns)
        .insert_texts(&["1", "p"])
        .record();
    assert_eq!(
        (sent.topic.as_str(), sent.key, sent.headers),
        ("events", None, vec![])
    );
    let without_id = error(all_constant(), &[("payload", TEXT)]);
    assert_eq!(
        without_id.problems(),
        [PlanProblem::NotFound { role: Role::Id }]
    );
}

#[test]
fn a_header_left_out_is_reported() {
    let mut router = Router::new(OutboxConfig::default());
    let Ok(RelationUse::Outbox(found)) = relation(&mut router, "public", "outbox", WIDE) else {
        panic!("no outbox");
    };
    assert_eq!(found.omitted_headers().collect::<Vec<_>>(), ["eventType"]);
}

#[test]
fn all_that_is_missing_is_said_at_once() {
    let columns = [("order_no", TEXT), ("total", TEXT), ("id", UUID)];
    insta::assert_snapshot!(error(OutboxConfig::default(), &columns), @"table public.orders can't be used as an outbox: no column for aggregate_type: none is called aggregate_type or aggregatetype, and outbox.columns.aggregate_type is not set; no column for aggregate_id: none is called aggregate_id or aggregateid, and outbox.columns.aggregate_id is not set; no column for payload: none is called payload, event_data or data, and outbox.columns.payload is not set; its columns are order_no, total, id");

    let config = config(|config| {
        config.columns.set(Role::Payload, "body");
        config.columns.set(Role::Timestamp, "note");
        config.key = template("{column:aggregate_idd}");
        config.headers = vec![header("kind", "{event_type}"), header("who", "{user}")];
    });
    insta::assert_snapshot!(error(config, WIDE), @r#"table public.orders can't be used as an outbox: outbox.columns.payload names "body", and there is no such column; outbox.key uses {aggregate_idd}, and there is no such column; no column for event_type: none is called event_type, eventtype or type, and outbox.columns.event_type is not set; outbox.headers.who uses {user}, and there is no such column; outbox.columns.timestamp names "note", which is no timestamp, timestamptz or bigint; its columns are id, aggregate_type, aggregate_id, tenant, payload, note"#);
    insta::assert_snapshot!(error(OutboxConfig::default(), &[]), @"table public.orders can't be used as an outbox: no column for id: none is called id or event_id, and outbox.columns.id is not set; no column for aggregate_type: none is called aggregate_type or aggregatetype, and outbox.columns.aggregate_type is not set; no column for aggregate_id: none is called aggregate_id or aggregateid, and outbox.columns.aggregate_id is not set; no column for payload: none is called payload, event_data or data, and outbox.columns.payload is not set; the table has no columns");
}

#[test]
fn a_name_that_no_header_can_have_is_reported() {
    let config = config(|config| config.headers = vec![header("", "1"), header("a\0b", "2")]);
    let name = |name: &str| PlanProblem::HeaderName {
        name: name.to_owned(),
    };
    assert_eq!(error(config, WIDE).problems(), [name(""), name("a\0b")]);
}

#[test]
fn a_pattern_needs_the_aggregate_type() {
    let config = config(|config| config.topic = TopicRule::regex("(.*)", "$1").unwrap());
    let columns = [("id", UUID), ("payload", TEXT), ("aggregate_id", TEXT)];
    let missing = PlanProblem::NotFound {
        role: Role::AggregateType,
    };
    assert_eq!(error(config, &columns).problems(), [missing]);
}

#[test]
fn checking_ahead_says_the_same() {
    let checked = |config: OutboxConfig, columns: &Columns<'_>| {
        let columns: Vec<_> = columns
            .iter()
            .map(|(name, oid)| (*name, Oid::new(*oid)))
            .collect();
        Router::new(config).check("public.orders", &columns)
    };
    let default = OutboxConfig::default;
    assert_eq!(
        checked(default(), &[("id", UUID)]).unwrap_err(),
        error(default(), &[("id", UUID)])
    );
    let Ok(RelationUse::Outbox(found)) =
        relation(&mut Router::new(default()), "public", "orders", DEBEZIUM)
    else {
        panic!("no outbox");
    };
    assert_eq!(checked(default(), DEBEZIUM), Ok(found));
}

#[test]
fn other_tables_are_ignored_where_tables_are_named() {
    let config = config(|config| config.tables = vec![TableName::parse("sales.outbox").unwrap()]);
    let mut fixture = Fixture {
        router: Router::new(config),
    };
    assert_eq!(fixture.describe(&[("x", TEXT)]), Ok(RelationUse::Ignored));
    let skipped = Out::Skipped(SkipCause::NotAnOutbox, "(null)".into());
    assert_eq!(fixture.insert_texts(&["1"]), skipped);
    let used = relation(&mut fixture.router, "sales", "outbox", DEBEZIUM);
    assert!(matches!(used, Ok(RelationUse::Outbox(_))));
}

#[test]
fn a_new_description_replaces_the_plan() {
    let mut fixture = Fixture::new(OutboxConfig::default(), DEBEZIUM);
    let swapped = [
        ("payload", TEXT),
        ("new", TEXT),
        ("id", UUID),
        ("aggregate_id", TEXT),
        ("aggregate_type", TEXT),
    ];
    fixture.describe(&swapped).unwrap();
    let sent = fixture.insert_texts(&["p", "n", "i", "a", "T"]).record();
    assert_eq!(
        (sent.topic.as_str(), sent.value.as_deref()),
        ("T.events", Some("p"))
    );
    assert_eq!(sent.headers, [("id".into(), "i".into())]);
}

#[test]
fn a_table_whose_plan_failed_is_unknown() {
    let mut fixture = Fixture::new(OutboxConfig::default(), DEBEZIUM);
    fixture.describe(&[("id", UUID)]).unwrap_err();
    let unknown = RouteErrorKind::UnknownRelation { relation: TABLE };
    assert_eq!(fixture.insert_texts(&["1"]), Out::Wrong(unknown));
}

#[test]
fn messages_that_contradict_each_other_are_errors() {
    let mut fixture = Fixture::new(OutboxConfig::default(), WIDE);
    let columns = RouteErrorKind::Columns {
        expected: 6,
        found: 2,
    };
    assert_eq!(fixture.insert_texts(&["1", "2"]), Out::Wrong(columns));

    let with = |at: usize, cell: Cell| {
        let mut cells = wire::row(&["i", "T", "a", "t", "p", "n"]);
        cells[at] = cell;
        cells
    };
    for (at, column) in [
        (0, "id"),
        (1, "aggregate_type"),
        (2, "aggregate_id"),
        (4, "payload"),
    ] {
        let column = column.to_owned();
        let unchanged = RouteErrorKind::Unchanged {
            column: column.clone(),
        };
        assert_eq!(
            fixture.insert(&with(at, Cell::Unchanged)),
            Out::Wrong(unchanged)
        );
        let binary = RouteErrorKind::Binary { column };
        assert_eq!(
            fixture.insert(&with(at, Cell::Binary(vec![1]))),
            Out::Wrong(binary)
        );
    }
    // What is not needed is not looked at.
    fixture.insert(&with(5, Cell::Unchanged)).record();
    fixture.insert(&with(3, Cell::Binary(vec![1]))).record();
}

#[test]
fn a_domain_over_bytea_is_a_bytea() {
    let mut fixture = Fixture {
        router: Router::new(OutboxConfig::default()),
    };
    for (id, schema) in [(70_000, ""), (70_001, "mine")] {
        let frame = wire::described_type(id, schema, "bytea");
        let Ok(Message::Type(described)) = Message::decode(&frame) else {
            panic!("no type")
        };
        fixture.router.describe_type(&described);
    }
    let columns = |payload| {
        [
            ("id", UUID),
            ("aggregate_type", TEXT),
            ("aggregate_id", BYTEA),
            ("data", payload),
        ]
    };
    for payload in [70_000, BYTEA] {
        fixture.describe(&columns(payload)).unwrap();
        let sent = fixture
            .insert_texts(&["1", "T", "\\x6b6579", "\\x7061796c6f6164"])
            .record();
        assert_eq!(
            (sent.key.as_deref(), sent.value.as_deref()),
            (Some("key"), Some("payload"))
        );
    }
    fixture.describe(&columns(70_001)).unwrap();
    let sent = fixture
        .insert_texts(&["1", "T", "\\x6b6579", "\\x70"])
        .record();
    assert_eq!(sent.value.as_deref(), Some("\\x70"));
}
