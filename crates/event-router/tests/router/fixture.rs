//! A router with one table, and what comes out of it as values to compare.

use outflow_event_router::{
    Draft, Header, OutboxConfig, PlanError, PoisonReason, RelationUse, RouteErrorKind, Routed,
    Router, SkipCause, Template, TopicRule,
};
use outflow_pgoutput::Message;

use crate::wire::{self, Cell, JSONB, TEXT, TIMESTAMP, TIMESTAMPTZ, UUID, VARCHAR};

/// The number of the table.
pub(crate) const TABLE: u32 = 16_384;

/// Columns as they stand in a table.
pub(crate) type Columns<'a> = [(&'a str, u32)];

/// Debezium's table.
pub(crate) const DEBEZIUM: &Columns<'static> = &[
    ("id", UUID),
    ("aggregatetype", VARCHAR),
    ("aggregateid", VARCHAR),
    ("type", VARCHAR),
    ("payload", JSONB),
];

/// A table in use, with a `timestamp`.
pub(crate) const OUTBOX: &Columns<'static> = &[
    ("id", UUID),
    ("aggregate_type", VARCHAR),
    ("aggregate_id", VARCHAR),
    ("event_type", VARCHAR),
    ("payload", JSONB),
    ("created_at", TIMESTAMP),
];

/// Another table in use, with a `timestamptz`.
pub(crate) const OUTBOX_EVENTS: &Columns<'static> = &[
    ("id", UUID),
    ("aggregate_type", VARCHAR),
    ("aggregate_id", VARCHAR),
    ("type", VARCHAR),
    ("payload", JSONB),
    ("created_at", TIMESTAMPTZ),
];

/// A small table with two columns that play no role.
pub(crate) const WIDE: &Columns<'static> = &[
    ("id", UUID),
    ("aggregate_type", TEXT),
    ("aggregate_id", TEXT),
    ("tenant", TEXT),
    ("payload", TEXT),
    ("note", TEXT),
];

/// What comes out, as owned values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Out {
    Record(Sent),
    Skipped(SkipCause, String),
    Poison(PoisonReason, String, Draft),
    Wrong(RouteErrorKind),
}

/// A record as text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) topic: String,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) timestamp: Option<i64>,
}

impl Out {
    pub(crate) fn record(self) -> Sent {
        match self {
            Self::Record(sent) => sent,
            other @ (Self::Skipped(..) | Self::Poison(..) | Self::Wrong(_)) => {
                panic!("no record but {other:?}")
            }
        }
    }

    pub(crate) fn poison(self) -> (PoisonReason, Draft) {
        match self {
            Self::Poison(reason, _, draft) => (reason, draft),
            other @ (Self::Record(_) | Self::Skipped(..) | Self::Wrong(_)) => {
                panic!("no poison but {other:?}")
            }
        }
    }
}

/// A router with one table.
pub(crate) struct Fixture {
    pub(crate) router: Router,
}

impl Fixture {
    /// A router for a table that is an outbox.
    pub(crate) fn new(config: OutboxConfig, columns: &Columns<'_>) -> Self {
        let mut fixture = Self {
            router: Router::new(config),
        };
        assert!(matches!(
            fixture.describe(columns),
            Ok(RelationUse::Outbox(_))
        ));
        fixture
    }

    /// Describes the table anew.
    pub(crate) fn describe(&mut self, columns: &Columns<'_>) -> Result<RelationUse, PlanError> {
        relation(&mut self.router, "public", "outbox", columns)
    }

    /// Inserts a row.
    pub(crate) fn insert(&mut self, cells: &[Cell]) -> Out {
        let frame = wire::insert(TABLE, cells);
        let Ok(Message::Insert(insert)) = Message::decode(&frame) else {
            panic!("no insert")
        };
        match self.router.insert(&insert) {
            Ok(Routed::Record(record)) => {
                let sent = Sent {
                    topic: record.topic().to_string(),
                    key: record.key().map(text),
                    value: record.value().map(text),
                    headers: pairs(record.headers()),
                    timestamp: record.timestamp(),
                };
                let id = record.topic_id();
                assert_eq!(self.router.topic(id).unwrap().as_str(), sent.topic);
                Out::Record(sent)
            }
            Ok(Routed::Skipped(skipped)) => {
                Out::Skipped(skipped.cause(), skipped.row_id().to_owned())
            }
            Ok(Routed::Poison(poison)) => {
                let chain = format!("{poison}: {}", poison.reason());
                Out::Poison(poison.reason().clone(), chain, poison.into_draft())
            }
            Err(error) => Out::Wrong(error.kind().clone()),
        }
    }

    /// Inserts a row of texts.
    pub(crate) fn insert_texts(&mut self, cells: &[&str]) -> Out {
        self.insert(&wire::row(cells))
    }
}

/// Describes a table to a router.
pub(crate) fn relation(
    router: &mut Router,
    schema: &str,
    name: &str,
    columns: &Columns<'_>,
) -> Result<RelationUse, PlanError> {
    let frame = wire::relation(TABLE, schema, name, columns);
    let Ok(Message::Relation(relation)) = Message::decode(&frame) else {
        panic!("no relation")
    };
    router.relation(&relation)
}

/// Settings that differ from the defaults.
pub(crate) fn config(change: impl FnOnce(&mut OutboxConfig)) -> OutboxConfig {
    let mut config = OutboxConfig::default();
    change(&mut config);
    config
}

pub(crate) fn template(source: &str) -> Template {
    Template::parse(source).unwrap()
}

pub(crate) fn topic_template(source: &str) -> TopicRule {
    TopicRule::template(source).unwrap()
}

pub(crate) fn header(name: &str, value: &str) -> Header {
    Header::new(name, template(value))
}

pub(crate) fn pairs<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Vec<(String, String)> {
    headers
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect()
}

pub(crate) fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
