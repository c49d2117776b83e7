//! The `[outbox]` section.

use outflow_event_router::{
    ColumnNames, Header, Messages, NullPayload, OnUpdate, OutboxConfig, PayloadMode, Role,
    TableName, Template, TopicRule,
};

use super::Resolver;
use crate::config::value::{Item, Located, Scalar, Value};

impl Resolver<'_> {
    /// The whole section.
    pub(super) fn outbox(&mut self) -> Option<OutboxConfig> {
        let (tables, columns) = (self.tables(), self.columns());
        let (topic, headers) = (self.topic(), self.headers());
        let key = self.parsed("outbox.key", Template::parse);
        let payload = match self.text("outbox.payload")?.value {
            "json" => PayloadMode::Json,
            _ => PayloadMode::Passthrough,
        };
        let on_null_payload = match self.text("outbox.on_null_payload")?.value {
            "skip" => NullPayload::Skip,
            "error" => NullPayload::Error,
            _ => NullPayload::Null,
        };
        let on_update = match self.text("outbox.on_update")?.value {
            "error" => OnUpdate::Error,
            "stop" => OnUpdate::Stop,
            _ => OnUpdate::Warn,
        };
        let messages = Messages::of(self.text("outbox.messages")?.value);
        let (topic, key) = (topic?, key?);
        Some(OutboxConfig {
            tables,
            columns,
            topic,
            key,
            headers,
            payload,
            on_null_payload,
            on_update,
            messages,
        })
    }

    /// The tables that are outboxes.
    fn tables(&mut self) -> Vec<TableName> {
        let Some(Located {
            value: Value::List(names),
            ..
        }) = self.get("outbox.tables")
        else {
            return Vec::new();
        };
        let parse = |name: &Located<String>| {
            self.taken("outbox.tables", &name.origin, TableName::parse(&name.value))
        };
        names.iter().filter_map(parse).collect()
    }

    /// The columns that were named.
    fn columns(&mut self) -> ColumnNames {
        let mut columns = ColumnNames::default();
        let roles = [
            (Role::Id, "outbox.columns.id"),
            (Role::AggregateType, "outbox.columns.aggregate_type"),
            (Role::AggregateId, "outbox.columns.aggregate_id"),
            (Role::EventType, "outbox.columns.event_type"),
            (Role::Payload, "outbox.columns.payload"),
            (Role::Timestamp, "outbox.columns.timestamp"),
        ];
        for (role, key) in roles {
            match self.text(key) {
                Some(name) if name.value.is_empty() => {
                    self.refuse(key, "takes a column's name", &name.origin);
                }
                Some(name) => columns.set(role, name.value),
                None => {}
            }
        }
        columns
    }

    /// The rule for topics.
    fn topic(&mut self) -> Option<TopicRule> {
        let key = "outbox.topic";
        match self.get(key)? {
            Located {
                value: Value::Regex { regex, replacement },
                origin,
            } => self.taken(
                key,
                origin,
                TopicRule::regex(&regex.value, &replacement.value),
            ),
            _ => self.parsed(key, TopicRule::template),
        }
    }

    /// The headers; the default ones, also where they are written out, ask less of a table.
    fn headers(&mut self) -> Vec<Header> {
        let key = "outbox.headers";
        let defaults = Header::defaults();
        let items = self.items(key);
        let same = |(item, header): (&Item, &Header)| {
            let template = header.value().as_str();
            item.name == header.name() && matches!(&item.value, Scalar::Text(t) if t == template)
        };
        if items.len() == defaults.len() && items.iter().zip(&defaults).all(same) {
            return defaults;
        }
        let mut headers = Vec::new();
        for item in items {
            let Scalar::Text(template) = &item.value else {
                continue;
            };
            let at = format!("{key}.{}", item.name);
            let value = self.taken(&at, &item.origin, Template::parse(template));
            match value {
                Some(_) if item.name.is_empty() || item.name.contains('\0') => {
                    self.refuse(key, "takes headers with a name, without NUL", &item.origin);
                }
                Some(value) => headers.push(Header::new(&item.name, value)),
                None => {}
            }
        }
        headers
    }
}
