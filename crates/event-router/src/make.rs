//! From a row that was read to a record, or to what there is of one.

use crate::draft::Draft;
use crate::event::{Event, Payload};
use crate::plan::Plan;
use crate::poison::{Poison, PoisonReason};
use crate::record::{Headers, Record, Source};
use crate::route::Routes;
use crate::routed::Routed;
use crate::scratch::{Scratch, Span};
use crate::{NullPayload, OutboxConfig, PayloadMode, TopicId, TopicName};

/// The parts of a record, some as places in the scratch.
struct Parts<'r> {
    /// What is done with the rows of the table.
    plan: &'r Plan,
    /// What the row holds.
    event: Event<'r>,
    /// The key, if there is one.
    key: Option<Span>,
    /// Where the places are.
    scratch: &'r Scratch,
}

/// Makes a record of a row.
///
/// All parts are made even when one of them can't be, so that a dead letter has the others.
pub(crate) fn record<'r>(
    config: &OutboxConfig,
    plan: &'r Plan,
    routes: &'r mut Routes,
    mut event: Event<'r>,
    scratch: &'r mut Scratch,
) -> Routed<'r> {
    check_payload(config, &mut event, scratch);
    let key = render_key(plan, &mut event, scratch);
    for header in &plan.headers {
        // A NULL among other text makes the header NULL, as || does in SQL.
        let value = header.value.render(scratch).unwrap_or_default();
        scratch.push_header(value);
    }
    let found = routes.find(plan, scratch);
    let fault = event.fault.take();
    let parts = Parts {
        plan,
        event,
        key,
        scratch,
    };
    match (found, fault) {
        (Ok(id), None) => parts.finish(id, routes.topics().known(id)),
        (Ok(id), Some(reason)) => {
            let name = routes.topics().known(id).as_str().as_bytes();
            Routed::Poison(parts.poison(reason, Some(name)))
        }
        (Err(missing), fault) => {
            let name = missing.name.map(|name| name.of(parts.scratch.bytes()));
            Routed::Poison(parts.poison(fault.unwrap_or(missing.reason), name))
        }
    }
}

/// Applies the rules for payloads.
fn check_payload(config: &OutboxConfig, event: &mut Event<'_>, scratch: &mut Scratch) {
    match (event.payload, config.payload) {
        (Payload::Null, _) => match config.on_null_payload {
            NullPayload::Error => event.blame(PoisonReason::NullPayload),
            NullPayload::Null | NullPayload::Skip => {}
        },
        (Payload::Frame(_) | Payload::Scratch(_), PayloadMode::Json) => {
            event.rewrite_json(scratch);
        }
        (Payload::Frame(_) | Payload::Scratch(_), PayloadMode::Passthrough) => {}
    }
}

/// Makes the key; one that is NULL in part is none.
fn render_key(plan: &Plan, event: &mut Event<'_>, scratch: &mut Scratch) -> Option<Span> {
    plan.key.render(scratch).unwrap_or_else(|field| {
        event.blame(PoisonReason::NullInKey {
            column: plan.field_name(field).to_owned(),
        });
        None
    })
}

impl<'r> Parts<'r> {
    /// The record.
    fn finish(self, topic_id: TopicId, topic: &'r TopicName) -> Routed<'r> {
        let bytes = self.scratch.bytes();
        let headers = self.headers();
        Routed::Record(Record {
            topic_id,
            topic,
            key: self.key.map(|key| key.of(bytes)),
            value: self.event.payload.of(bytes),
            headers,
            partition: None,
            timestamp: self.event.timestamp,
            row_id: self.event.row_id,
            relation: &self.plan.relation,
        })
    }

    /// What there is of a record that can't be.
    fn poison(self, reason: PoisonReason, topic: Option<&[u8]>) -> Poison {
        let bytes = self.scratch.bytes();
        let headers = Headers(self.headers());
        let draft = Draft {
            topic: topic.map(<[u8]>::to_vec),
            key: self.key.map(|key| key.of(bytes).to_vec()),
            value: self.event.payload.of(bytes).map(<[u8]>::to_vec),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_vec()))
                .collect(),
            timestamp: self.event.timestamp,
        };
        Poison {
            reason,
            row_id: self.event.row_id.as_str().to_owned(),
            relation: self.plan.relation.as_ref().to_owned(),
            draft: Box::new(draft),
        }
    }

    /// The headers that the row has.
    fn headers(&self) -> Source<'r> {
        let (plans, values) = (self.plan.headers.as_slice(), self.scratch.headers());
        Source::Planned {
            plans,
            values,
            own: self.scratch.own_headers(),
            bytes: self.scratch.bytes(),
        }
    }
}
