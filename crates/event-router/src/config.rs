//! What an outbox is and how its rows become records, as configured.

use crate::{Header, Messages, Role, TableName, Template, TopicRule};

/// The settings of the router, parsed and with defaults.
///
/// ```
/// use outflow_event_router::{OutboxConfig, Role, Template, TopicRule};
///
/// let mut config = OutboxConfig::default();
/// config.columns.set(Role::Payload, "body");
/// config.key = Template::parse("{tenant}/{aggregate_id}")?;
/// config.topic = TopicRule::regex("(.*)", "outbox.event.$1")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxConfig {
    /// The tables that are outboxes; none named means every published table.
    pub tables: Vec<TableName>,
    /// The columns that play a role, where they are not to be detected.
    pub columns: ColumnNames,
    /// How the topic comes from the row.
    pub topic: TopicRule,
    /// How the key comes from the row. A template of one field that is NULL, and an empty one,
    /// make a record without a key.
    pub key: Template,
    /// The headers of a record, in order; names may repeat.
    pub headers: Vec<Header>,
    /// What is done with the payload.
    pub payload: PayloadMode,
    /// What becomes of a row whose payload is NULL.
    pub on_null_payload: NullPayload,
    /// What becomes of an update in an outbox.
    pub on_update: OnUpdate,
    /// The messages that are events, beside the rows of tables.
    pub messages: Messages,
}

impl OutboxConfig {
    /// Whether a table, by its names in the catalog, is to be taken as an outbox.
    pub fn takes(&self, schema: &str, name: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|table| table.matches(schema, name))
    }
}

impl Default for OutboxConfig {
    fn default() -> Self {
        Self {
            tables: Vec::new(),
            columns: ColumnNames::default(),
            topic: TopicRule::default(),
            key: Template::role(Role::AggregateId),
            headers: Header::defaults(),
            payload: PayloadMode::Passthrough,
            on_null_payload: NullPayload::Null,
            on_update: OnUpdate::Warn,
            messages: Messages::None,
        }
    }
}

/// The names of the columns that play a role; none where it is to be detected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnNames {
    /// The event's id.
    pub id: Option<String>,
    /// The kind of thing that the event is about.
    pub aggregate_type: Option<String>,
    /// The thing that the event is about.
    pub aggregate_id: Option<String>,
    /// What happened.
    pub event_type: Option<String>,
    /// The value of the record.
    pub payload: Option<String>,
    /// The time of the record; never detected.
    pub timestamp: Option<String>,
}

impl ColumnNames {
    /// The column named for a role.
    pub fn name(&self, role: Role) -> Option<&str> {
        match role {
            Role::Id => self.id.as_deref(),
            Role::AggregateType => self.aggregate_type.as_deref(),
            Role::AggregateId => self.aggregate_id.as_deref(),
            Role::EventType => self.event_type.as_deref(),
            Role::Payload => self.payload.as_deref(),
            Role::Timestamp => self.timestamp.as_deref(),
        }
    }

    /// Names the column for a role.
    pub fn set(&mut self, role: Role, column: impl Into<String>) {
        let place = match role {
            Role::Id => &mut self.id,
            Role::AggregateType => &mut self.aggregate_type,
            Role::AggregateId => &mut self.aggregate_id,
            Role::EventType => &mut self.event_type,
            Role::Payload => &mut self.payload,
            Role::Timestamp => &mut self.timestamp,
        };
        *place = Some(column.into());
    }
}

/// What is done with a payload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PayloadMode {
    /// Its bytes as PostgreSQL prints them; those of a `bytea` as they are stored.
    #[default]
    Passthrough,
    /// Checked to be JSON and written without blanks between its parts; all else in it, such as
    /// the digits of a number and a name that stands twice, stays as it is.
    Json,
}

/// What becomes of a row whose payload is NULL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NullPayload {
    /// A record with a null value, which is a tombstone in a compacted topic.
    #[default]
    Null,
    /// No record.
    Skip,
    /// An event that can't be delivered.
    Error,
}

/// What becomes of an update in an outbox, of which no record is ever made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnUpdate {
    /// It is left out, with a warning.
    #[default]
    Warn,
    /// It is left out, with an error in the log.
    Error,
    /// The stream stops.
    Stop,
}
