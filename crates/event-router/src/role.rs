//! The parts that columns play in an outbox.

use std::fmt;

/// What a column of an outbox table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Names the event: the header `id`, and the row in messages.
    Id,
    /// The kind of thing that the event is about; the topic comes of it.
    AggregateType,
    /// The one thing that the event is about; the key comes of it.
    AggregateId,
    /// What happened.
    EventType,
    /// The value of the record.
    Payload,
    /// The time of the record.
    Timestamp,
}

impl Role {
    /// All roles, in the order in which they are documented.
    pub const ALL: [Self; 6] = [
        Self::Id,
        Self::AggregateType,
        Self::AggregateId,
        Self::EventType,
        Self::Payload,
        Self::Timestamp,
    ];

    /// The name of the role in the configuration, under `outbox.columns`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::AggregateType => "aggregate_type",
            Self::AggregateId => "aggregate_id",
            Self::EventType => "event_type",
            Self::Payload => "payload",
            Self::Timestamp => "timestamp",
        }
    }

    /// The columns that are taken for the role when none is named, best first.
    pub const fn candidates(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id", "event_id"],
            Self::AggregateType => &["aggregate_type", "aggregatetype"],
            Self::AggregateId => &["aggregate_id", "aggregateid"],
            Self::EventType => &["event_type", "eventtype", "type"],
            Self::Payload => &["payload", "event_data", "data"],
            Self::Timestamp => &[],
        }
    }

    /// The role that a field of a template names; payload and timestamp are none there.
    pub(crate) fn in_templates(name: &str) -> Option<Self> {
        [
            Self::Id,
            Self::AggregateType,
            Self::AggregateId,
            Self::EventType,
        ]
        .into_iter()
        .find(|role| role.as_str() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
