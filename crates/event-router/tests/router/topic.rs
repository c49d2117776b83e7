//! The topic of a record.

use outflow_event_router::{OutboxConfig, PoisonReason, TopicName, TopicNameError, TopicRule};

use crate::fixture::{Fixture, Out, WIDE, config, topic_template};
use crate::wire::{self, Cell};

/// A row of the wide table with this aggregate type.
fn typed(aggregate_type: &str) -> Vec<Cell> {
    wire::row(&["7", aggregate_type, "a", "shop", "{}", "n"])
}

fn by_pattern(pattern: &str, replacement: &str) -> Fixture {
    let rule = TopicRule::regex(pattern, replacement).unwrap();
    Fixture::new(config(|config| config.topic = rule), WIDE)
}

#[test]
fn a_topic_has_any_fields() {
    let rule = topic_template("{tenant}.{aggregate_type}.{column:note}-v1");
    let mut fixture = Fixture::new(config(|config| config.topic = rule), WIDE);
    assert_eq!(
        fixture.insert(&typed("Order")).record().topic,
        "shop.Order.n-v1"
    );
}

#[test]
fn a_pattern_takes_the_aggregate_type() {
    let mut fixture = by_pattern("(?<routedByValue>[A-Z].*)", "outbox.event.${routedByValue}");
    for _ in 0..2 {
        assert_eq!(
            fixture.insert(&typed("Order")).record().topic,
            "outbox.event.Order"
        );
        assert_eq!(fixture.insert(&typed("order")).record().topic, "order");
    }
}

#[test]
fn topics_are_numbered_once() {
    let mut fixture = by_pattern("(.).*", "$1");
    let dead_letter = TopicName::new("dead").unwrap();
    let id = fixture.router.intern(dead_letter.clone());
    for word in ["apple", "avocado", "banana", "apple"] {
        fixture.insert(&typed(word)).record();
    }
    let names: Vec<_> = (0..4)
        .map(|index| {
            fixture
                .router
                .topic(outflow_event_router::TopicId::new(index))
        })
        .map(|name| name.map(TopicName::as_str))
        .collect();
    assert_eq!(names, [Some("dead"), Some("a"), Some("b"), None]);
    assert_eq!(fixture.router.intern(dead_letter), id);
}

#[test]
fn many_aggregate_types_are_no_matter() {
    let mut fixture = by_pattern(".*", "all");
    for number in 0..10_000 {
        assert_eq!(
            fixture.insert(&typed(&number.to_string())).record().topic,
            "all"
        );
    }
}

#[test]
fn an_invalid_name_is_poison_that_names_the_row() {
    let mut fixture = Fixture::new(OutboxConfig::default(), WIDE);
    let Out::Poison(reason, message, draft) = fixture.insert(&typed("Sales Order/é")) else {
        panic!("no poison");
    };
    let bad = TopicNameError::Character {
        position: 6,
        found: ' ',
    };
    assert_eq!(
        (&reason, reason.code()),
        (&PoisonReason::InvalidTopic(bad), "invalid-topic")
    );
    insta::assert_snapshot!(message, @"row 7 of public.outbox can't become a record: character 6 of the topic name, ' ', is none of a-z, A-Z, 0-9, '.', '_', '-'");
    assert_eq!(
        draft.topic.as_deref(),
        Some("Sales Order/é.events".as_bytes())
    );
    assert_eq!(draft.key.as_deref(), Some("a".as_bytes()));
    assert_eq!(draft.value.as_deref(), Some("{}".as_bytes()));
    assert_eq!(draft.headers, [("id".to_owned(), b"7".to_vec())]);
    // The next row is as good as ever.
    fixture.insert(&typed("Order")).record();
}

#[test]
fn each_way_to_an_invalid_name_is_found() {
    let mut fixture = by_pattern("(.*)", "$1");
    for bad in ["", ".", "..", "a b", "a/b", "ä", "a\n", &"a".repeat(250)] {
        let (reason, draft) = fixture.insert(&typed(bad)).poison();
        assert!(matches!(reason, PoisonReason::InvalidTopic(_)), "{bad}");
        assert_eq!(draft.topic.as_deref(), Some(bad.as_bytes()));
    }
    for good in ["a", "...", "a_b-c.D9", &"a".repeat(249)] {
        assert_eq!(fixture.insert(&typed(good)).record().topic, good);
    }
    let mut cells = typed("");
    cells[1] = Cell::Text(b"a\xff".to_vec());
    assert_eq!(fixture.insert(&cells).poison().0.code(), "invalid-topic");
}

#[test]
fn a_null_has_no_route() {
    let mut cells = typed("");
    cells[1] = Cell::Null;
    let null = PoisonReason::NoRoute {
        column: "aggregate_type".into(),
    };
    for rule in [
        topic_template("{aggregate_type}"),
        topic_template("{tenant}.{aggregate_type}"),
        TopicRule::regex(".*", "constant").unwrap(),
    ] {
        let mut fixture = Fixture::new(config(|config| config.topic = rule), WIDE);
        let (reason, draft) = fixture.insert(&cells).poison();
        assert_eq!((&reason, reason.code()), (&null, "no-route"));
        assert_eq!((draft.topic, draft.key), (None, Some(b"a".to_vec())));
    }
}
