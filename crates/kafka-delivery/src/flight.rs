//! The records in flight: which ticket each settles, and how many bytes they are.
//!
//! Invariants:
//! - What librdkafka is given with a record (its opaque) names one entry here, and each entry is
//!   taken out once. A number that is used again bears another generation, so that a second
//!   report of one record finds nothing instead of another's ticket.
//! - The bytes are the sum over the entries.

use outflow_event_router::TopicId;
use outflow_replication_slot::{EventId, Ticket};
use slab::Slab;

/// What a record counts beside its key, value and headers: what librdkafka and we keep for it.
pub(crate) const OVERHEAD_BYTES: u64 = 512;

/// The records in flight, within a window of bytes.
#[derive(Debug)]
pub(crate) struct Flight {
    /// The records, by the low half of their opaque.
    entries: Slab<Numbered>,
    /// The next entry's generation.
    generation: u32,
    /// What the entries count together.
    bytes: u64,
    /// What they may count together, unless it is one alone.
    limit: u64,
}

/// An entry and the high half of its opaque.
#[derive(Debug)]
struct Numbered {
    /// Tells it from earlier entries in the same place.
    generation: u32,
    /// The record.
    entry: Entry,
}

/// What the delivery of a record settles its ticket as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// As delivered.
    Deliver,
    /// As parked: the record is a dead letter.
    Park,
}

/// One record in flight.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What its delivery means.
    pub(crate) purpose: Purpose,
    /// Its claim on its transaction.
    pub(crate) ticket: Ticket,
    /// The event it came from.
    pub(crate) event: EventId,
    /// The topic it goes to.
    pub(crate) topic: TopicId,
    /// The bytes of its key, value and headers.
    pub(crate) bytes: u64,
}

/// How much is in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InFlight {
    /// How many records.
    pub records: u64,
    /// What they count against the window, in bytes.
    pub bytes: u64,
}

impl Flight {
    /// Makes an empty window of that many bytes.
    pub(crate) const fn new(limit: u64) -> Self {
        Self {
            entries: Slab::new(),
            generation: 0,
            bytes: 0,
            limit,
        }
    }

    /// Says whether a record of that many bytes fits; if there is no other, it always does.
    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.entries.is_empty() || self.bytes.saturating_add(counted(bytes)) <= self.limit
    }

    /// Gives the opaque that the next insertion will have.
    pub(crate) fn next_opaque(&self) -> Option<usize> {
        opaque(self.entries.vacant_key(), self.generation)
    }

    /// Puts in a record that librdkafka has taken, under the opaque given by `next_opaque`.
    pub(crate) fn insert(&mut self, entry: Entry) {
        self.bytes = self.bytes.saturating_add(counted(entry.bytes));
        self.entries.insert(Numbered {
            generation: self.generation,
            entry,
        });
        self.generation = self.generation.wrapping_add(1);
    }

    /// Takes out the record of an opaque; `None` if it is not in flight.
    pub(crate) fn take(&mut self, opaque: usize) -> Option<Entry> {
        let (key, generation) = parts(opaque)?;
        if self.entries.get(key)?.generation != generation {
            return None;
        }
        let entry = self.entries.try_remove(key)?.entry;
        self.bytes = self.bytes.saturating_sub(counted(entry.bytes));
        Some(entry)
    }

    /// Counts what is in flight.
    pub(crate) fn count(&self) -> InFlight {
        let records = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        InFlight {
            records,
            bytes: self.bytes,
        }
    }

    /// Says whether nothing is in flight.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Gives how many reports are worth waking for: an eighth of what is in flight, so that a
    /// session at its limit is not woken for each record, and gets on before the rest is done.
    pub(crate) fn worth_waking(&self) -> usize {
        self.entries.len().div_ceil(8).clamp(1, 1024)
    }
}

/// Gives what a record of that many bytes counts.
const fn counted(bytes: u64) -> u64 {
    bytes.saturating_add(OVERHEAD_BYTES)
}

/// Joins a key and a generation into an opaque.
fn opaque(key: usize, generation: u32) -> Option<usize> {
    let high = u64::from(generation) << u32::BITS;
    let low = u64::from(u32::try_from(key).ok()?);
    usize::try_from(high | low).ok()
}

/// Takes an opaque apart.
fn parts(opaque: usize) -> Option<(usize, u32)> {
    let opaque = u64::try_from(opaque).ok()?;
    let key = usize::try_from(opaque & u64::from(u32::MAX)).ok()?;
    Some((key, u32::try_from(opaque >> u32::BITS).ok()?))
}

/// An opaque is a pointer's width, and holds two 32-bit numbers.
const _: () = assert!(usize::BITS >= 64, "a pointer of 64 bits is needed");

#[cfg(test)]
mod tests {
    use outflow_event_router::TopicId;
    use outflow_pgoutput::Lsn;
    use outflow_replication_slot::{EventId, Ledger};

    use super::{Entry, Flight, InFlight, Purpose};

    /// Puts a record of that many bytes in flight, and gives its opaque.
    fn put(flight: &mut Flight, ledger: &mut Ledger, bytes: u64) -> usize {
        let opaque = flight.next_opaque().expect("a 64-bit machine");
        flight.insert(Entry {
            purpose: Purpose::Deliver,
            ticket: ledger.admit().expect("an open transaction"),
            event: EventId {
                commit_lsn: Lsn::new(1),
                ordinal: 0,
            },
            topic: TopicId::new(0),
            bytes,
        });
        opaque
    }

    /// A ledger with an open transaction.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(1, Lsn::ZERO);
        ledger.begin();
        ledger
    }

    #[test]
    fn each_record_is_taken_out_once_even_when_its_place_is_used_again() {
        let (mut flight, mut ledger) = (Flight::new(1 << 20), ledger());
        let first = put(&mut flight, &mut ledger, 1);
        assert!(flight.take(first).is_some());
        assert!(flight.take(first).is_none());
        let second = put(&mut flight, &mut ledger, 2);
        assert_eq!(
            u32::try_from(first & 0xffff_ffff),
            u32::try_from(second & 0xffff_ffff)
        );
        assert!(
            flight.take(first).is_none(),
            "a late second report of the first"
        );
        assert_eq!(flight.take(second).map(|entry| entry.bytes), Some(2));
        assert!(flight.take(usize::MAX).is_none());
    }

    #[test]
    fn the_window_counts_512_bytes_a_record_more_than_it_has() {
        let (mut flight, mut ledger) = (Flight::new(2048), ledger());
        let first = put(&mut flight, &mut ledger, 488);
        assert!(flight.has_room(536));
        assert!(!flight.has_room(537));
        assert_eq!(
            flight.count(),
            InFlight {
                records: 1,
                bytes: 1000
            }
        );
        flight.take(first).expect("it is in flight");
        assert_eq!(flight.count(), InFlight::default());
    }

    #[test]
    fn a_record_that_is_larger_than_the_window_goes_alone() {
        let (mut flight, mut ledger) = (Flight::new(10), ledger());
        assert!(flight.has_room(1 << 30));
        let giant = put(&mut flight, &mut ledger, 1 << 30);
        assert!(!flight.has_room(0));
        flight.take(giant).expect("it is in flight");
        assert!(flight.has_room(1 << 30));
    }

    #[test]
    fn a_wake_is_worth_it_for_one_record_and_for_a_part_of_many() {
        let (mut flight, mut ledger) = (Flight::new(u64::MAX), ledger());
        assert_eq!(flight.worth_waking(), 1);
        for _ in 0..80 {
            put(&mut flight, &mut ledger, 1);
        }
        assert_eq!(flight.worth_waking(), 10);
    }
}
