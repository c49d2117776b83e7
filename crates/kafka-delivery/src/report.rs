//! From delivery reports to the ledger: the only place where a [`BrokerAck`] is made.

use std::ops::AddAssign;

use outflow_event_router::TopicId;
use outflow_replication_slot::{BrokerAck, EventId, Ledger, Settlement};
use rdkafka::error::RDKafkaErrorCode;

use crate::classify::is_consequence;
use crate::error::DeliveryError;
use crate::flight::{Entry, Flight, Purpose};
use crate::inbox::Report;

/// What was settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// How many records Kafka has confirmed.
    pub records: u64,
    /// The bytes of their keys, values and headers.
    pub bytes: u64,
}

impl AddAssign for Settled {
    fn add_assign(&mut self, other: Self) {
        self.records = self.records.saturating_add(other.records);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// What went wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// Of the records that were refused, the first in commit order.
    refused: Option<Refused>,
    /// The code of the first report that only follows from another failure.
    consequence: Option<RDKafkaErrorCode>,
    /// The first report that named no record in flight.
    unknown: Option<usize>,
}

/// A record that was refused.
#[derive(Clone, Copy, Debug)]
struct Refused {
    /// The event it came from.
    event: EventId,
    /// Why.
    code: RDKafkaErrorCode,
    /// For which topic.
    topic: TopicId,
}

/// Settles what the reports confirm, and notes what they refuse.
pub(crate) fn settle(
    reports: &mut Vec<Report>,
    flight: &mut Flight,
    failures: &mut Failures,
    ledger: &mut Ledger,
) -> Settled {
    let mut settled = Settled::default();
    for Report { opaque, refused } in reports.drain(..) {
        match (flight.take(opaque), refused) {
            (Some(entry), None) => settled += confirm(entry, ledger),
            (Some(entry), Some(code)) => failures.refuse(&entry, code),
            (None, _) => failures.unknown = failures.unknown.or(Some(opaque)),
        }
    }
    settled
}

/// Settles a record whose delivery was reported as a success by the producer, which asks every
/// in-sync replica for its acknowledgement (`acks=all` is fixed).
#[expect(
    clippy::disallowed_methods,
    reason = "a delivery report is the proof of delivery"
)]
fn confirm(entry: Entry, ledger: &mut Ledger) -> Settled {
    let ack = BrokerAck::assertion();
    let how = match entry.purpose {
        Purpose::Deliver => Settlement::Delivered(ack),
        Purpose::Park => Settlement::Parked(ack),
    };
    ledger.settle(entry.ticket, how);
    Settled {
        records: 1,
        bytes: entry.bytes,
    }
}

impl Failures {
    /// Notes a refusal. The record's ticket goes with it: it stays unsettled for good.
    fn refuse(&mut self, entry: &Entry, code: RDKafkaErrorCode) {
        if is_consequence(code) {
            self.consequence = self.consequence.or(Some(code));
        } else if self
            .refused
            .as_ref()
            .is_none_or(|first| entry.event < first.event)
        {
            self.refused = Some(Refused {
                event: entry.event,
                code,
                topic: entry.topic,
            });
        }
    }

    /// Gives the error that names a cause: a bug before a refusal.
    pub(crate) fn cause(&self, name: impl FnOnce(TopicId) -> String) -> Option<DeliveryError> {
        if let Some(opaque) = self.unknown {
            return Some(DeliveryError::UnknownReport { opaque });
        }
        let Refused { event, code, topic } = self.refused?;
        Some(DeliveryError::Refused {
            code,
            event,
            topic: name(topic),
        })
    }

    /// Gives the code of a report that only follows from another failure.
    pub(crate) const fn consequence(&self) -> Option<RDKafkaErrorCode> {
        self.consequence
    }
}

#[cfg(test)]
mod tests;
