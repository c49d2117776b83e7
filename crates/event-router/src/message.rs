//! One message of the WAL, read as a row would be.
//!
//! A message has no columns but the members of its JSON object, which differ from one message to the
//! next. So the plan is made once, of all fields that the settings can use, each under the names that
//! a column could have; and each message fills in those that it has. The value of a field is what
//! `->>` gives in SQL: the text of a string, NULL for null, and the JSON text of anything else.

use std::borrow::Cow;
use std::fmt::Write as _;

use outflow_pgoutput::Lsn;
use serde_json::value::RawValue;

use crate::column::{Column, ColumnKind};
use crate::event::{Event, Payload};
use crate::json;
use crate::plan::{ColumnPlan, Plan};
use crate::poison::PoisonReason;
use crate::row_id::RowId;
use crate::scratch::{Scratch, Span};
use crate::timestamp::{self, Clock};
use crate::{Field, OutboxConfig, PlanError, Role, Template, TopicRule};

/// What is done with messages.
#[derive(Debug)]
pub(crate) struct MessagePlan {
    /// What is done with the fields, as with the columns of a table.
    pub(crate) plan: Plan,
    /// The fields, in the order of the plan's columns.
    fields: Vec<FieldNames>,
    /// The position of the message at hand, as text.
    lsn: String,
}

/// A field that the settings use.
#[derive(Debug)]
struct FieldNames {
    /// What it may be called, best first.
    names: Vec<String>,
    /// Whether a message without it is no event.
    required: bool,
}

/// A value found for a field: how good the name was, and the JSON.
type Found<'m> = Option<(usize, &'m RawValue)>;

/// The text of a value.
#[derive(Clone, Copy)]
enum Text<'m> {
    /// As it stands in the message.
    Frame(&'m str),
    /// Written anew, without escapes.
    Scratch(Span),
}

impl MessagePlan {
    /// Works out what is done with messages.
    pub(crate) fn compile(config: &OutboxConfig) -> Result<Self, PlanError> {
        let fields = fields(config);
        let columns = fields.iter().map(|field| {
            let name = field.names.first().map(String::as_str).unwrap_or_default();
            let time = config.columns.timestamp.as_deref() == Some(name);
            Column {
                name: Cow::Borrowed(name),
                kind: match time {
                    true => ColumnKind::Clock(Clock::Any),
                    false => ColumnKind::Other,
                },
            }
        });
        let columns: Vec<_> = columns.collect();
        let (plan, _) = Plan::compile(config, &config.messages.name(), &columns)?;
        drop(columns);
        Ok(Self {
            plan,
            fields,
            lsn: String::new(),
        })
    }

    /// Takes the position of the message that is read next, which names it.
    pub(crate) fn locate(&mut self, lsn: Lsn) {
        self.lsn.clear();
        // Writing into a String can't fail.
        write!(self.lsn, "{lsn}").unwrap_or_default();
    }

    /// The name of the message at hand.
    pub(crate) fn row_id(&self) -> RowId<'_> {
        RowId(Some(self.lsn.as_bytes()))
    }

    /// Reads the content of the message at hand. One that is no event has its fault noted, and its
    /// content whole in place of a payload.
    pub(crate) fn read<'r>(&'r self, content: &'r [u8], scratch: &mut Scratch) -> Event<'r> {
        scratch.begin(self.plan.fields.len());
        let mut event = Event {
            row_id: self.row_id(),
            payload: Payload::Null,
            timestamp: None,
            fault: None,
        };
        if let Err(reason) = self.take_members(&mut event, content, scratch) {
            event.blame(reason);
            event.payload = Payload::Frame(content);
        }
        event
    }

    /// Takes the members of the object.
    fn take_members<'r>(
        &'r self,
        event: &mut Event<'r>,
        content: &'r [u8],
        scratch: &mut Scratch,
    ) -> Result<(), PoisonReason> {
        let text = std::str::from_utf8(content).map_err(|_| PoisonReason::NotUtf8)?;
        let mut found: Vec<Found<'r>> = vec![None; self.fields.len()];
        let mut headers = None;
        json::members(text, |name, value| {
            if name == HEADERS {
                headers = Some(value);
            }
            for (field, found) in self.fields.iter().zip(&mut found) {
                let rank = field.names.iter().position(|own| *own == name);
                // Of a name that stands twice the last counts, as in jsonb.
                if let Some(rank) = rank
                    && found.is_none_or(|(best, _)| rank <= best)
                {
                    *found = Some((rank, value));
                }
            }
        })
        .map_err(|fault| PoisonReason::InvalidMessage {
            line: fault.line,
            column: fault.column,
        })?;
        for ((column, field), found) in self.plan.columns.iter().zip(&self.fields).zip(found) {
            match found {
                None if field.required => event.blame(PoisonReason::MissingField {
                    names: field.names.join(" or "),
                }),
                None => {}
                Some((_, value)) => take(event, column, value, scratch)?,
            }
        }
        headers.map_or(Ok(()), |headers| take_headers(headers, scratch))
    }
}

/// Takes one value.
fn take<'r>(
    event: &mut Event<'r>,
    column: &ColumnPlan,
    value: &'r RawValue,
    scratch: &mut Scratch,
) -> Result<(), PoisonReason> {
    let invalid = || PoisonReason::InvalidField {
        field: column.name.to_string(),
    };
    let Some(text) = text(value, scratch).ok_or_else(invalid)? else {
        return Ok(());
    };
    if let Some(slot) = column.field {
        let span = text.span(scratch);
        scratch.set_field(slot, span);
    }
    if column.payload {
        event.payload = match text {
            Text::Frame(text) => Payload::Frame(text.as_bytes()),
            Text::Scratch(span) => Payload::Scratch(span),
        };
    }
    if let Some(clock) = column.clock {
        match timestamp::parse(clock, text.of(scratch)) {
            Ok(millis) => event.timestamp = Some(millis),
            Err(fault) => event.blame(PoisonReason::Timestamp {
                column: column.name.to_string(),
                fault,
            }),
        }
    }
    Ok(())
}

/// Takes the headers that a message brings along; one that is null is left out.
fn take_headers(headers: &RawValue, scratch: &mut Scratch) -> Result<(), PoisonReason> {
    if headers.get() == "null" {
        return Ok(());
    }
    let mut pairs = Vec::new();
    json::members(headers.get(), |name, value| pairs.push((name, value)))
        .map_err(|_| PoisonReason::InvalidHeaders)?;
    for (name, value) in pairs {
        if name.is_empty() || name.contains('\0') {
            return Err(PoisonReason::InvalidHeaders);
        }
        if let Some(text) = text(value, scratch).ok_or(PoisonReason::InvalidHeaders)? {
            let name = scratch.push(name.as_bytes());
            let value = text.span(scratch);
            scratch.push_own_header(name, value);
        }
    }
    Ok(())
}

impl Text<'_> {
    /// The place of the text, which is put into the scratch if it is not there.
    fn span(self, scratch: &mut Scratch) -> Span {
        match self {
            Self::Frame(text) => scratch.push(text.as_bytes()),
            Self::Scratch(span) => span,
        }
    }

    /// The bytes of the text.
    fn of<'s>(&'s self, scratch: &'s Scratch) -> &'s [u8] {
        match self {
            Self::Frame(text) => text.as_bytes(),
            Self::Scratch(span) => span.of(scratch.bytes()),
        }
    }
}

/// The text of a value, none for null; nothing at all for a string whose escapes stand for no text.
fn text<'m>(value: &'m RawValue, scratch: &mut Scratch) -> Option<Option<Text<'m>>> {
    let raw = value.get();
    let inner = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    Some(match inner {
        None if raw == "null" => None,
        None => Some(Text::Frame(raw)),
        Some(inner) if !inner.contains('\\') => Some(Text::Frame(inner)),
        Some(_) => {
            let text: String = serde_json::from_str(raw).ok()?;
            Some(Text::Scratch(scratch.push(text.as_bytes())))
        }
    })
}

/// Lists the fields that the settings can use.
fn fields(config: &OutboxConfig) -> Vec<FieldNames> {
    let mut fields: Vec<FieldNames> = Vec::new();
    let mut add = |names: Vec<String>, required: bool| {
        let known = fields
            .iter_mut()
            .find(|field| field.names.first() == names.first());
        match known {
            Some(field) => field.required |= required,
            None => fields.push(FieldNames { names, required }),
        }
    };
    // The time comes first: a field with two roles is then known to be one.
    add_role(config, Role::Timestamp, false, &mut add);
    add_role(config, Role::Id, true, &mut add);
    add_role(config, Role::Payload, true, &mut add);
    match &config.topic {
        TopicRule::Template(rule) => add_template(config, rule.as_template(), true, &mut add),
        TopicRule::Regex(_) => add_role(config, Role::AggregateType, true, &mut add),
    }
    add_template(config, &config.key, true, &mut add);
    for header in &config.headers {
        add_template(config, header.value(), header.is_required(), &mut add);
    }
    // A name that is given to a role that nothing uses is checked too; there is nothing to check.
    for role in Role::ALL {
        add_role(config, role, false, &mut add);
    }
    fields
}

/// Adds the field of a role.
fn add_role(
    config: &OutboxConfig,
    role: Role,
    required: bool,
    add: &mut impl FnMut(Vec<String>, bool),
) {
    let names = match config.columns.name(role) {
        Some(name) => vec![name.to_owned()],
        None => role.candidates().iter().map(|&n| n.to_owned()).collect(),
    };
    if !names.is_empty() {
        add(names, required);
    }
}

/// Adds the fields of a template.
fn add_template(
    config: &OutboxConfig,
    template: &Template,
    required: bool,
    add: &mut impl FnMut(Vec<String>, bool),
) {
    for field in template.fields() {
        match field {
            Field::Role(role) => add_role(config, *role, required, add),
            Field::Column(name) => add(vec![name.clone()], required),
        }
    }
}

/// The member that holds further headers.
const HEADERS: &str = "headers";
