//! What is done with one frame.

use outflow_event_router::{
    Change, PlanError, Record, Routed, Router, Severity, SkipCause, Skipped,
};
use outflow_pgoutput::LogicalMessage;
use outflow_replication_slot::{Ended, Event, EventId, RawFrame, Session, Settlement, SkipReason};

use super::failure::server_leaving;
use super::{Failed, PoisonEvent};
use crate::exit::{Exit, Failure, Hint};
use crate::sink::{Parcel, Sink};

/// Whether a frame was dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It can be consumed.
    Yes,
    /// It must wait.
    No,
}

/// What frames are handled with.
pub(super) struct Handler<'p, S> {
    /// Decodes, and counts.
    pub session: &'p mut Session,
    /// From rows to records.
    pub router: &'p mut Router,
    /// Where records go.
    pub sink: &'p mut S,
    /// Up to here records are sent one at a time.
    pub caution: Option<EventId>,
}

impl<S: Sink> Handler<'_, S> {
    /// Handles one frame.
    pub(super) fn handle(&mut self, frame: RawFrame<'_>) -> Result<Taken, Failed> {
        match self.session.handle_frame(frame)? {
            Event::Nothing | Event::Committed { .. } => {}
            Event::Relation(relation) => {
                self.router.relation(&relation).map_err(|error| {
                    let what = format!(
                        "table {} can't be read as an outbox any more",
                        error.relation()
                    );
                    let failure = Failure::new(Exit::Config, what).because(error);
                    Failed::Fatal(failure.hint(Hint::OutboxColumns))
                })?;
            }
            Event::Type(described) => self.router.describe_type(&described),
            Event::Insert(insert, event) => {
                let routed = self.router.insert(&insert).map_err(unroutable)?;
                return take(self.session, self.sink, self.caution, routed, event);
            }
            Event::Message(message, Some(event)) => {
                let routed = self.router.message(&message).map_err(unusable)?;
                return take(self.session, self.sink, self.caution, routed, event);
            }
            Event::Message(message, None) => leave_out(self.router, &message)?,
            Event::Update(update, event) => {
                match self.router.update(&update).map_err(unroutable)? {
                    Change::Skipped(skipped) => skip(self.session, skipped),
                    Change::Stop(refused) => {
                        return Err(Failed::Poison(PoisonEvent {
                            row_id: refused.row_id().to_owned(),
                            relation: refused.relation().to_owned(),
                            event,
                            reason: refused.into(),
                        }));
                    }
                }
            }
            Event::Delete(..) | Event::Truncate(..) => self.session.pass(),
            Event::Ended(Ended::ByServer | Ended::Closed) => return Err(server_leaving()),
        }
        Ok(Taken::Yes)
    }
}

/// Takes what came of a row or of a message.
fn take<S: Sink>(
    session: &mut Session,
    sink: &mut S,
    caution: Option<EventId>,
    routed: Routed<'_>,
    event: EventId,
) -> Result<Taken, Failed> {
    match routed {
        Routed::Record(record) => deliver(session, sink, caution, &record, event),
        Routed::Skipped(skipped) => {
            skip(session, skipped);
            Ok(Taken::Yes)
        }
        Routed::Poison(poison) => Err(Failed::Poison(PoisonEvent::unroutable(&poison, event))),
    }
}

/// Takes note of a message outside of transactions: it is no event, because it would be one even
/// where its writer rolled back. Whoever wrote it under the prefix of events is told, and not so
/// often that the log is full of it.
fn leave_out(router: &mut Router, message: &LogicalMessage<'_>) -> Result<(), Failed> {
    let cause = match router.message(message).map_err(unusable)? {
        Routed::Skipped(skipped) => skipped.cause(),
        Routed::Record(_) | Routed::Poison(_) => return Ok(()),
    };
    let count = router.loose_messages();
    if cause == SkipCause::NotTransactional && count.is_power_of_two() {
        tracing::warn!(
            lsn = %message.lsn,
            count,
            "a message outside of transactions is no event and is left out; an event is written \
             with pg_logical_emit_message(true, ..)"
        );
    }
    Ok(())
}

/// Gives a record to the sink, if it can take it now.
fn deliver<S: Sink>(
    session: &mut Session,
    sink: &mut S,
    caution: Option<EventId>,
    record: &Record<'_>,
    event: EventId,
) -> Result<Taken, Failed> {
    let alone = caution.is_some_and(|until| event <= until);
    if (alone && session.unsettled() > 0) || !sink.is_ready(record) {
        return Ok(Taken::No);
    }
    let Some(ticket) = session.admit() else {
        // The session refuses a row outside a transaction; if it did not, the row must not be lost.
        let what = format!("a row of {} came outside a transaction", record.relation());
        return Err(Failed::Fatal(
            Failure::new(Exit::Bug, what).hint(Hint::ReportBug),
        ));
    };
    sink.deliver(Parcel {
        record,
        event,
        ticket,
        alone,
    })?;
    Ok(Taken::Yes)
}

/// Takes note of a change that makes no record.
fn skip(session: &mut Session, skipped: Skipped<'_>) {
    let (relation, row) = (skipped.relation(), skipped.row_id());
    match skipped.cause() {
        SkipCause::NullPayload => {
            tracing::debug!(relation, row, "no payload, no record");
            if let Some(ticket) = session.admit() {
                session
                    .ledger()
                    .settle(ticket, Settlement::Skipped(SkipReason::NullPayload));
            }
            return;
        }
        SkipCause::Update(Severity::Warning) => {
            tracing::warn!(relation, row, "an update of the outbox makes no record");
        }
        SkipCause::Update(Severity::Error) => {
            tracing::error!(relation, row, "an update of the outbox makes no record");
        }
        SkipCause::NotAnOutbox
        | SkipCause::Delete
        | SkipCause::Truncate
        | SkipCause::OtherPrefix
        | SkipCause::NotTransactional => {}
    }
    session.pass();
}

/// Says that no message can be an event.
fn unusable(error: PlanError) -> Failed {
    let what = "messages can't be read as events";
    Failed::Fatal(
        Failure::new(Exit::Config, what)
            .because(error)
            .hint(Hint::ConfigSchema),
    )
}

/// Says that a change does not go with its table.
fn unroutable(error: outflow_event_router::RouteError) -> Failed {
    let what = "a change does not go with what PostgreSQL said of its table";
    Failed::Fatal(
        Failure::new(Exit::Other, what)
            .because(error)
            .hint(Hint::Undecodable),
    )
}
