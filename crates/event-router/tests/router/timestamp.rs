//! The time of a record.

use outflow_event_router::{PlanProblem, PoisonReason, Role, Router, TimestampFault};
use outflow_pgoutput::Message;

use crate::fixture::{Fixture, config, relation};
use crate::wire::{self, Cell, INT8, JSONB, TEXT, TIMESTAMP, TIMESTAMPTZ, UUID};

fn columns(clock: u32) -> [(&'static str, u32); 5] {
    let (kind, id) = (("aggregate_type", TEXT), ("aggregate_id", TEXT));
    [("id", UUID), kind, id, ("payload", JSONB), ("at", clock)]
}

fn fixture(clock: u32) -> Fixture {
    Fixture::new(
        config(|config| config.columns.set(Role::Timestamp, "at")),
        &columns(clock),
    )
}

/// A row of this time.
fn at(time: impl Into<Cell>) -> Vec<Cell> {
    vec!["7".into(), "T".into(), "a".into(), "{}".into(), time.into()]
}

#[test]
fn each_type_of_time_is_read() {
    let time = |clock, text: &str| fixture(clock).insert(&at(text)).record().timestamp;
    assert_eq!(
        time(TIMESTAMP, "2026-01-02 03:04:05.678901"),
        Some(1_767_323_045_678)
    );
    assert_eq!(
        time(TIMESTAMPTZ, "2026-01-02 03:04:05.678901+02"),
        Some(1_767_315_845_678)
    );
    assert_eq!(time(INT8, "1767323045678"), Some(1_767_323_045_678));
}

#[test]
fn a_null_is_the_time_of_sending() {
    assert_eq!(
        fixture(TIMESTAMP).insert(&at(None)).record().timestamp,
        None
    );
}

#[test]
fn what_kafka_has_no_number_for_is_poison() {
    let mut fixture = fixture(TIMESTAMPTZ);
    for (text, fault) in [
        ("infinity", TimestampFault::Infinite),
        ("1969-07-20 20:17:40+00", TimestampFault::BeforeEpoch),
        ("0044-03-15 12:00:00+00 BC", TimestampFault::BeforeEpoch),
        ("15.03.2026 12:00:00", TimestampFault::Unreadable),
    ] {
        let (reason, draft) = fixture.insert(&at(text)).poison();
        assert_eq!(
            reason,
            PoisonReason::Timestamp {
                column: "at".into(),
                fault
            }
        );
        assert_eq!(
            (draft.timestamp, draft.value.as_deref()),
            (None, Some(&b"{}"[..]))
        );
    }
}

#[test]
fn another_type_is_no_time() {
    let config = config(|config| config.columns.set(Role::Timestamp, "at"));
    let error = relation(&mut Router::new(config), "public", "outbox", &columns(TEXT)).unwrap_err();
    assert_eq!(
        error.problems(),
        [PlanProblem::NoTime {
            column: "at".into()
        }]
    );
}

#[test]
fn a_domain_over_a_time_is_a_time() {
    let mut router = Router::new(config(|config| config.columns.set(Role::Timestamp, "at")));
    let frame = wire::described_type(70_000, "", "timestamptz");
    let Ok(Message::Type(described)) = Message::decode(&frame) else {
        panic!("no type")
    };
    router.describe_type(&described);
    let mut fixture = Fixture { router };
    fixture.describe(&columns(70_000)).unwrap();
    let sent = fixture.insert(&at("2026-01-02 03:04:05+00")).record();
    assert_eq!(sent.timestamp, Some(1_767_323_045_000));
}
