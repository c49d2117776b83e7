//! From a row of an outbox table, or a message of the WAL, to a record for Kafka.
//!
//! Invariants:
//! - It does no I/O and reads no clock: what comes out depends on the settings, on what the stream
//!   said of a table, and on the row.
//! - A row of an outbox becomes a [`Record`], a [`Poison`] or a [`Skipped`] with its cause. None is
//!   left out in silence, and none is taken by half.
//! - No error and no `Debug` shows a value of a row but its id.
//! - A row whose payload is passed on as it came allocates nothing: its record borrows the frame
//!   and the buffers of the [`Router`], and its topic is known by a number.
//!
//! What a NULL means depends on where it stands: a header is left out; a key that is one field
//! alone is no key, while one that has several parts is poison, as a part of it would be lost;
//! a topic is poison; a payload is what [`NullPayload`] says; a time is the time of sending; and an
//! id is shown as `(null)`.

mod bytea;
mod column;
mod config;
mod draft;
mod error;
mod event;
mod header;
mod json;
mod make;
mod message;
mod messages;
mod plan;
mod poison;
mod record;
mod relations;
mod replacement;
mod role;
mod route;
mod routed;
mod router;
mod row_id;
mod scratch;
mod table_name;
mod template;
mod timestamp;
mod topic;
mod topic_rule;

pub use config::{ColumnNames, NullPayload, OnUpdate, OutboxConfig, PayloadMode};
pub use draft::Draft;
pub use error::{RouteError, RouteErrorKind};
pub use header::Header;
pub use messages::Messages;
pub use plan::{ColumnUse, PlanError, PlanProblem};
pub use poison::{Poison, PoisonReason};
pub use record::{Headers, Record, RecordParts};
pub use replacement::ReplacementError;
pub use role::Role;
pub use routed::{Change, Routed, Severity, SkipCause, Skipped, UpdateRefused};
pub use router::{RelationUse, Router};
pub use table_name::{TableName, TableNameError};
pub use template::{Field, Template, TemplateError};
pub use timestamp::TimestampFault;
pub use topic::{TopicId, TopicName, TopicNameError};
pub use topic_rule::{RegexRule, TopicRule, TopicRuleError, TopicTemplate};

/// The code of the crate's README, so that it is run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
