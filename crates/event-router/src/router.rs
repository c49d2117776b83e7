//! The router: told of tables, asked about their changes.

use std::borrow::Cow;

use outflow_pgoutput::{
    Delete, Insert, LogicalMessage, Oid, OldTuple, Relation, Tuple, Type, Update, Value,
};

use crate::column::{Column, ColumnKind};
use crate::error::RouteError;
use crate::event::Event;
use crate::make;
use crate::message::MessagePlan;
use crate::plan::Plan;
use crate::relations::{Known, Relations};
use crate::route::Routes;
use crate::routed::{Change, Routed, SkipCause, Skipped, UpdateRefused};
use crate::row_id::RowId;
use crate::scratch::Scratch;
use crate::{
    ColumnUse, NullPayload, OnUpdate, OutboxConfig, PlanError, Severity, TableName, TopicId,
    TopicName,
};

/// Makes records of the rows that are inserted into outbox tables.
///
/// It is told of tables as the stream describes them, and of their changes in order. It does no
/// I/O, keeps one plan a table and one set of buffers, and allocates for a row only what its
/// payload needs when that is not passed on as it stands in the frame.
///
/// ```
/// use outflow_event_router::{OutboxConfig, Role, Router};
/// use outflow_pgoutput::Oid;
///
/// let router = Router::new(OutboxConfig::default());
/// let (uuid, text, jsonb) = (Oid::new(2950), Oid::new(25), Oid::new(3802));
/// let columns = [
///     ("id", uuid),
///     ("aggregatetype", text),
///     ("aggregateid", text),
///     ("type", text),
///     ("payload", jsonb),
/// ];
/// let found = router.check("public.outbox", &columns)?;
/// assert_eq!(found.column(Role::EventType), Some("type"));
///
/// let error = router.check("public.orders", &columns[..2]).unwrap_err();
/// assert_eq!(error.columns(), ["id", "aggregatetype"]);
/// # Ok::<(), outflow_event_router::PlanError>(())
/// ```
#[derive(Debug)]
pub struct Router {
    /// How tables become records.
    config: OutboxConfig,
    /// The tables that were described.
    relations: Relations,
    /// The topics that are known.
    routes: Routes,
    /// What is done with messages, if they are events.
    messages: Option<Result<Box<MessagePlan>, PlanError>>,
    /// How many messages were left out because they are outside of transactions.
    loose_messages: u64,
    /// What the record of the last row borrows.
    scratch: Scratch,
}

/// What a table was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelationUse {
    /// An outbox, whose columns are used like this.
    Outbox(ColumnUse),
    /// None of the configured tables; its changes are skipped.
    Ignored,
}

impl Router {
    /// A router that knows no table yet.
    pub fn new(config: OutboxConfig) -> Self {
        let (relations, routes) = (Relations::default(), Routes::default());
        let messages = config
            .messages
            .is_wanted()
            .then(|| MessagePlan::compile(&config).map(Box::new));
        Self {
            config,
            messages,
            loose_messages: 0,
            relations,
            routes,
            scratch: Scratch::default(),
        }
    }

    /// The settings.
    pub fn config(&self) -> &OutboxConfig {
        &self.config
    }

    /// Takes the description of a type, which comes before that of a table whose columns are of
    /// it: a domain over `bytea` or over a time is then known to be one.
    pub fn describe_type(&mut self, described: &Type<'_>) {
        let built_in = matches!(described.namespace.as_bytes(), b"" | b"pg_catalog");
        let kind = if built_in {
            ColumnKind::of_name(described.name.as_bytes())
        } else {
            ColumnKind::Other
        };
        self.relations.describe_type(described.id, kind);
    }

    /// Takes the description of a table, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when the table is to be an outbox and lacks a column for it. The table is then
    /// unknown, so that none of its rows can be left out.
    pub fn relation(&mut self, relation: &Relation<'_>) -> Result<RelationUse, PlanError> {
        let (schema, name) = (relation.namespace.to_string(), relation.name.to_string());
        let table = TableName::new(schema.as_str(), name.as_str()).to_string();
        self.relations.forget(relation.id);
        if !self.config.takes(&schema, &name) {
            self.relations
                .insert(relation.id, Known::Ignored(table.into()));
            return Ok(RelationUse::Ignored);
        }
        let columns = relation.columns.iter().map(|column| Column {
            name: String::from_utf8_lossy(column.name.as_bytes()),
            kind: self.relations.kind(column.type_oid),
        });
        let columns: Vec<_> = columns.collect();
        let (plan, usage) = Plan::compile(&self.config, &table, &columns)?;
        self.relations
            .insert(relation.id, Known::Outbox(Box::new(plan)));
        Ok(RelationUse::Outbox(usage))
    }

    /// Checks ahead of time whether a table can be an outbox, by the names and types of the columns
    /// that will be sent. For a domain, give the type under it.
    ///
    /// # Errors
    ///
    /// [`PlanError`] with all that it lacks; the same as [`Router::relation`] would give.
    pub fn check(&self, relation: &str, columns: &[(&str, Oid)]) -> Result<ColumnUse, PlanError> {
        let columns = columns.iter().map(|(name, type_oid)| Column {
            name: Cow::Borrowed(name),
            kind: self.relations.kind(*type_oid),
        });
        let columns: Vec<_> = columns.collect();
        Plan::compile(&self.config, relation, &columns).map(|(_, usage)| usage)
    }

    /// Makes a record of a new row.
    ///
    /// # Errors
    ///
    /// [`RouteError`] when the row does not go with its table: the session can't go on.
    pub fn insert<'r>(&'r mut self, insert: &Insert<'r>) -> Result<Routed<'r>, RouteError> {
        let Self {
            config,
            relations,
            routes,
            scratch,
            ..
        } = self;
        let plan = match relations.find(insert.relation)? {
            Known::Outbox(plan) => plan,
            Known::Ignored(relation) => {
                return Ok(Routed::Skipped(Skipped::new(
                    SkipCause::NotAnOutbox,
                    relation,
                )));
            }
        };
        let event = Event::read(plan, insert.new, scratch)?;
        if event.payload.is_null() && config.on_null_payload == NullPayload::Skip {
            let skipped = Skipped::new(SkipCause::NullPayload, &plan.relation);
            return Ok(Routed::Skipped(skipped.row(event.row_id)));
        }
        Ok(make::record(config, plan, routes, event, scratch))
    }

    /// Makes a record of a message with the configured prefix, if it belongs to a transaction. For
    /// messages, the id of the row is the position that `pg_logical_emit_message` returned.
    ///
    /// # Errors
    ///
    /// [`PlanError`] where no message can be an event: a header has a name that none can have.
    pub fn message<'r>(
        &'r mut self,
        message: &LogicalMessage<'r>,
    ) -> Result<Routed<'r>, PlanError> {
        let Self {
            config,
            routes,
            messages,
            loose_messages,
            scratch,
            ..
        } = self;
        let plan = match messages {
            Some(plan) if config.messages.takes(message.prefix.as_bytes()) => {
                plan.as_mut().map_err(|error| error.clone())?
            }
            Some(_) | None => {
                let skipped = Skipped::new(SkipCause::OtherPrefix, "messages");
                return Ok(Routed::Skipped(skipped));
            }
        };
        plan.locate(message.lsn);
        let (plan, relation) = (&*plan, &plan.plan.relation);
        if !message.transactional {
            *loose_messages = loose_messages.saturating_add(1);
            let skipped = Skipped::new(SkipCause::NotTransactional, relation);
            return Ok(Routed::Skipped(skipped.row(plan.row_id())));
        }
        let event = plan.read(message.content, scratch);
        let null = event.payload.is_null() && event.fault.is_none();
        if null && config.on_null_payload == NullPayload::Skip {
            let skipped = Skipped::new(SkipCause::NullPayload, relation);
            return Ok(Routed::Skipped(skipped.row(event.row_id)));
        }
        Ok(make::record(config, &plan.plan, routes, event, scratch))
    }

    /// How many messages with the configured prefix were left out so far, because they are outside
    /// of transactions.
    pub fn loose_messages(&self) -> u64 {
        self.loose_messages
    }

    /// Judges an update, of which no record is made.
    ///
    /// # Errors
    ///
    /// [`RouteError`] for a table that is unknown.
    pub fn update<'r>(&'r self, update: &Update<'r>) -> Result<Change<'r>, RouteError> {
        let plan = match self.relations.find(update.relation)? {
            Known::Outbox(plan) => plan,
            Known::Ignored(relation) => {
                return Ok(Change::Skipped(Skipped::new(
                    SkipCause::NotAnOutbox,
                    relation,
                )));
            }
        };
        let row = row_id(plan, update.new);
        let skipped = |severity| {
            let cause = SkipCause::Update(severity);
            Ok(Change::Skipped(
                Skipped::new(cause, &plan.relation).row(row),
            ))
        };
        match self.config.on_update {
            OnUpdate::Warn => skipped(Severity::Warning),
            OnUpdate::Error => skipped(Severity::Error),
            OnUpdate::Stop => Ok(Change::Stop(UpdateRefused::new(row, &plan.relation))),
        }
    }

    /// Judges a delete: it is left out, always.
    ///
    /// # Errors
    ///
    /// [`RouteError`] for a table that is unknown.
    pub fn delete<'r>(&'r self, delete: &Delete<'r>) -> Result<Skipped<'r>, RouteError> {
        let (OldTuple::Key(old) | OldTuple::Full(old)) = delete.old;
        Ok(match self.relations.find(delete.relation)? {
            Known::Outbox(plan) => {
                Skipped::new(SkipCause::Delete, &plan.relation).row(row_id(plan, old))
            }
            Known::Ignored(relation) => Skipped::new(SkipCause::NotAnOutbox, relation),
        })
    }

    /// Judges a truncate of one of the tables that the message lists: it is left out, always.
    ///
    /// # Errors
    ///
    /// [`RouteError`] for a table that is unknown.
    pub fn truncate(&self, relation: Oid) -> Result<Skipped<'_>, RouteError> {
        Ok(match self.relations.find(relation)? {
            Known::Outbox(plan) => Skipped::new(SkipCause::Truncate, &plan.relation),
            Known::Ignored(relation) => Skipped::new(SkipCause::NotAnOutbox, relation),
        })
    }

    /// The name of a topic; none for a number that this router did not give.
    pub fn topic(&self, id: TopicId) -> Option<&TopicName> {
        self.routes.topics().name(id)
    }

    /// The number of a topic by its name, a new one if need be: for topics that no row leads to,
    /// such as that of dead letters.
    pub fn intern(&mut self, name: TopicName) -> TopicId {
        self.routes.intern(name)
    }
}

/// The id of a row of which only the id matters.
fn row_id<'r>(plan: &Plan, tuple: Tuple<'r>) -> RowId<'r> {
    let id = plan
        .columns
        .iter()
        .zip(tuple.iter())
        .find(|(column, _)| column.id);
    RowId(match id {
        Some((_, Value::Text(id) | Value::Binary(id))) => Some(id),
        Some((_, Value::Null | Value::Unchanged)) | None => None,
    })
}
