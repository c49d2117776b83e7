//! One row, read by the plan of its table.

use outflow_pgoutput::{Tuple, Value};

use crate::bytea;
use crate::error::{RouteError, RouteErrorKind};
use crate::json;
use crate::plan::{ColumnPlan, Plan};
use crate::poison::PoisonReason;
use crate::row_id::RowId;
use crate::scratch::{Scratch, Span};
use crate::timestamp::{self, Clock};

/// What a row holds; the values of its fields are in the scratch.
pub(crate) struct Event<'r> {
    /// For messages.
    pub(crate) row_id: RowId<'r>,
    /// Where the value of the record stands.
    pub(crate) payload: Payload<'r>,
    /// The time of the record, in milliseconds since 1970.
    pub(crate) timestamp: Option<i64>,
    /// The first thing found that no record can be made of.
    pub(crate) fault: Option<PoisonReason>,
}

/// Where the payload stands.
#[derive(Clone, Copy)]
pub(crate) enum Payload<'r> {
    /// NULL.
    Null,
    /// In the frame, as it came.
    Frame(&'r [u8]),
    /// In the scratch, decoded or written anew.
    Scratch(Span),
}

impl<'r> Payload<'r> {
    /// Whether it is NULL.
    pub(crate) fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// The payload, none if it is NULL.
    pub(crate) fn of(self, bytes: &'r [u8]) -> Option<&'r [u8]> {
        match self {
            Self::Null => None,
            Self::Frame(payload) => Some(payload),
            Self::Scratch(span) => Some(span.of(bytes)),
        }
    }
}

impl<'r> Event<'r> {
    /// Reads what the plan needs of a new row.
    pub(crate) fn read(
        plan: &Plan,
        tuple: Tuple<'r>,
        scratch: &mut Scratch,
    ) -> Result<Self, RouteError> {
        if tuple.len() != plan.columns.len() {
            let (expected, found) = (plan.columns.len(), tuple.len());
            return Err(plan.error(RouteErrorKind::Columns { expected, found }));
        }
        scratch.begin(plan.fields.len());
        let mut event = Self {
            row_id: RowId(None),
            payload: Payload::Null,
            timestamp: None,
            fault: None,
        };
        for (column, value) in plan.columns.iter().zip(tuple.iter()) {
            if column.needed {
                event
                    .take(column, value, scratch)
                    .map_err(|kind| plan.error(kind))?;
            }
        }
        Ok(event)
    }

    /// Takes one value that is needed.
    fn take(
        &mut self,
        column: &ColumnPlan,
        value: Value<'r>,
        scratch: &mut Scratch,
    ) -> Result<(), RouteErrorKind> {
        let name = || column.name.to_string();
        let (raw, encoded) = match value {
            Value::Null => return Ok(()),
            Value::Unchanged => return Err(RouteErrorKind::Unchanged { column: name() }),
            Value::Text(text) => (text, column.bytea),
            Value::Binary(bytes) if column.bytea => (bytes, false),
            Value::Binary(_) => return Err(RouteErrorKind::Binary { column: name() }),
        };
        if column.id {
            self.row_id = RowId(Some(raw));
        }
        let decoded = if encoded {
            self.decode(column, raw, scratch)
        } else {
            None
        };
        if let Some(slot) = column.field {
            let span = decoded.unwrap_or_else(|| scratch.push(raw));
            scratch.set_field(slot, span);
        }
        if column.payload {
            self.payload = decoded.map_or(Payload::Frame(raw), Payload::Scratch);
        }
        if let Some(clock) = column.clock {
            self.read_time(column, clock, raw);
        }
        Ok(())
    }

    /// The bytes of a `bytea`, put into the scratch.
    fn decode(&mut self, column: &ColumnPlan, raw: &[u8], scratch: &mut Scratch) -> Option<Span> {
        let decoded = scratch.write(|out| bytea::decode(raw, out).ok_or(()));
        if decoded.is_err() {
            self.blame(PoisonReason::Bytea {
                column: column.name.to_string(),
            });
        }
        decoded.ok()
    }

    /// Reads the time of the record.
    fn read_time(&mut self, column: &ColumnPlan, clock: Clock, text: &[u8]) {
        match timestamp::parse(clock, text) {
            Ok(millis) => self.timestamp = Some(millis),
            Err(fault) => {
                self.blame(PoisonReason::Timestamp {
                    column: column.name.to_string(),
                    fault,
                });
            }
        }
    }

    /// Checks the payload to be JSON and writes it anew; one that is not stays as it is.
    pub(crate) fn rewrite_json(&mut self, scratch: &mut Scratch) {
        let written = match self.payload {
            Payload::Null => return,
            Payload::Frame(text) => scratch.write(|out| json::compact(text, out)),
            Payload::Scratch(span) => {
                let text = span.of(scratch.bytes()).to_vec();
                scratch.write(|out| json::compact(&text, out))
            }
        };
        match written {
            Ok(span) => self.payload = Payload::Scratch(span),
            Err(fault) => self.blame(PoisonReason::InvalidJson {
                line: fault.line,
                column: fault.column,
            }),
        }
    }

    /// Notes why no record can be made; what is noted first stays.
    pub(crate) fn blame(&mut self, reason: PoisonReason) {
        self.fault.get_or_insert(reason);
    }
}
