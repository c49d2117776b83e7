//! The acknowledgement ledger: which position of the stream everything before is settled.
//!
//! Invariants:
//! - There is one FIFO, in the order of arrival, of transactions and of the positions that
//!   keepalives report. The flush position is that of the last entry of the longest prefix in
//!   which nothing is unsettled. Nothing else is ever sent as flush position.
//! - A [`FlushLsn`] comes from a [`Ledger`] only, and a ledger moves only by settlements. A record
//!   is settled by its own [`Ticket`], once, with a proof of what became of it.
//! - It fails closed: a ticket that is lost holds the slot back for ever.
//!
//! Why this is safe (PostgreSQL manual, "Streaming Replication Protocol"; `SnapBuildXactNeedsSkip`
//! skips a transaction only if its commit record starts before `confirmed_flush_lsn`): commit
//! records are disjoint and transactions are sent in commit order, so whatever commits before the
//! `end_lsn` of a transaction has arrived before it; and a keepalive's `wal_end` is taken after
//! the decoder has finished with the WAL before it and has queued its output on the same socket.
//!
//! # Misuse that the compiler refuses
//!
//! A flush position cannot be invented; it is read from the ledger:
//! ```
//! use outflow_pgoutput::Lsn;
//! use outflow_replication_slot::{FlushLsn, Ledger};
//! let flush: FlushLsn = Ledger::new(1, Lsn::new(7)).flushed();
//! ```
//! ```compile_fail
//! use outflow_pgoutput::Lsn;
//! use outflow_replication_slot::{FlushLsn, Ledger};
//! let flush: FlushLsn = FlushLsn(Lsn::new(7));
//! ```
//! ```compile_fail
//! use outflow_pgoutput::Lsn;
//! use outflow_replication_slot::{FlushLsn, Ledger};
//! let flush: FlushLsn = Lsn::new(7).into();
//! ```
//! A ticket settles one record; it cannot be used twice:
//! ```
//! use outflow_pgoutput::Lsn;
//! use outflow_replication_slot::{Ledger, Settlement, SkipReason};
//! # let mut ledger = Ledger::new(1, Lsn::ZERO);
//! # ledger.begin();
//! let ticket = ledger.admit().unwrap();
//! ledger.settle(ticket, Settlement::Skipped(SkipReason::NullPayload));
//! ```
//! ```compile_fail
//! use outflow_pgoutput::Lsn;
//! use outflow_replication_slot::{Ledger, Settlement, SkipReason};
//! # let mut ledger = Ledger::new(1, Lsn::ZERO);
//! # ledger.begin();
//! let ticket = ledger.admit().unwrap();
//! ledger.settle(ticket, Settlement::Skipped(SkipReason::NullPayload));
//! ledger.settle(ticket, Settlement::Skipped(SkipReason::NullPayload));
//! ```
//! ```compile_fail
//! use outflow_pgoutput::Lsn;
//! use outflow_replication_slot::{Ledger, Settlement, SkipReason};
//! # let mut ledger = Ledger::new(1, Lsn::ZERO);
//! # ledger.begin();
//! let ticket = ledger.admit().unwrap();
//! ledger.settle(ticket.clone(), Settlement::Skipped(SkipReason::NullPayload));
//! ```
//! A delivery is not claimed without a proof:
//! ```
//! use outflow_replication_slot::{BrokerAck, Settlement};
//! fn settled(ack: BrokerAck) -> Settlement { Settlement::Delivered(ack) }
//! ```
//! ```compile_fail
//! use outflow_replication_slot::{BrokerAck, Settlement};
//! fn settled() -> Settlement { Settlement::Delivered(BrokerAck(())) }
//! ```
//! And a status update takes no other position (see [`crate::StatusUpdate`]):
//! ```compile_fail
//! use outflow_pgoutput::Lsn;
//! use outflow_replication_slot::{Ledger, StatusUpdate};
//! let update = StatusUpdate::confirming(Lsn::new(9), Lsn::new(7));
//! ```
//! ```
//! use outflow_pgoutput::Lsn;
//! use outflow_replication_slot::{Ledger, StatusUpdate};
//! let update = StatusUpdate::confirming(Lsn::new(9), Ledger::new(1, Lsn::new(7)).flushed());
//! ```

use std::collections::VecDeque;

use outflow_pgoutput::Lsn;

use crate::proof::Settlement;

/// Everything before this position is settled: the only position a status update may confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlushLsn(Lsn);

impl FlushLsn {
    /// Gives the position for display and comparison.
    pub const fn as_lsn(self) -> Lsn {
        self.0
    }
}

/// The claim of one record on its transaction: taken at admission, given back at settlement.
#[must_use = "a ticket that is dropped holds the slot back for ever"]
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The number of the session that issued it.
    session: u64,
    /// The transaction's number in the order of arrival.
    entry: u64,
}

/// Counts what is unsettled, in the order of arrival, and says how far the slot may move.
///
/// Owned by the session's task: no lock, no I/O, no clock.
#[derive(Debug)]
pub struct Ledger {
    /// The session whose tickets count.
    session: u64,
    /// The highest position everything before which is settled.
    flushed: Lsn,
    /// What has arrived and is not behind `flushed` yet.
    queue: VecDeque<Entry>,
    /// The number of the queue's first entry.
    first: u64,
    /// The number of the transaction between Begin and Commit.
    open: Option<u64>,
    /// Records admitted and not settled.
    unsettled: u64,
}

/// One place in the queue.
#[derive(Debug)]
enum Entry {
    /// A transaction; `end` is known from its Commit on.
    Transaction { end: Option<Lsn>, unsettled: u64 },
    /// A position that needs nothing: a keepalive's, or the end of a transaction without records.
    Mark(Lsn),
}

impl Ledger {
    /// Starts the ledger of a session at the position the server itself reports as confirmed.
    pub const fn new(session: u64, confirmed: Lsn) -> Self {
        Self {
            session,
            flushed: confirmed,
            queue: VecDeque::new(),
            first: 0,
            open: None,
            unsettled: 0,
        }
    }

    /// Gives what every status update repeats.
    pub const fn flushed(&self) -> FlushLsn {
        FlushLsn(self.flushed)
    }

    /// Counts the records that were admitted and are not settled.
    pub const fn unsettled(&self) -> u64 {
        self.unsettled
    }

    /// Says whether all that has arrived is settled and no transaction is open.
    pub fn is_settled(&self) -> bool {
        self.queue.is_empty()
    }

    /// Opens the next transaction, in commit order.
    pub fn begin(&mut self) {
        self.open = Some(self.first.saturating_add(self.len()));
        self.queue.push_back(Entry::Transaction {
            end: None,
            unsettled: 0,
        });
    }

    /// Admits one more record of the open transaction; `None` where none is open.
    pub fn admit(&mut self) -> Option<Ticket> {
        let entry = self.open?;
        match self.entry(entry)? {
            Entry::Transaction { unsettled, .. } => *unsettled = unsettled.saturating_add(1),
            Entry::Mark(_) => return None,
        }
        self.unsettled = self.unsettled.saturating_add(1);
        Some(Ticket {
            session: self.session,
            entry,
        })
    }

    /// Closes the open transaction at its `end_lsn`; `Some` if the flush position moved.
    pub fn commit(&mut self, end_lsn: Lsn) -> Option<FlushLsn> {
        let entry = self.open.take()?;
        if let Some(Entry::Transaction { end, .. }) = self.entry(entry) {
            *end = Some(end_lsn);
        }
        self.advance()
    }

    /// Settles one record; `Some` if the flush position moved. A ticket of another session
    /// settles nothing.
    pub fn settle(&mut self, ticket: Ticket, how: Settlement) -> Option<FlushLsn> {
        let (Settlement::Delivered(_)
        | Settlement::Parked(_)
        | Settlement::Written(_)
        | Settlement::Skipped(_)) = how;
        if ticket.session != self.session {
            return None;
        }
        match self.entry(ticket.entry)? {
            Entry::Transaction { unsettled, .. } => *unsettled = unsettled.saturating_sub(1),
            Entry::Mark(_) => return None,
        }
        self.unsettled = self.unsettled.saturating_sub(1);
        self.advance()
    }

    /// Takes a keepalive's `wal_end` to the end of the queue; `Some` if the flush position moved.
    pub fn mark(&mut self, wal_end: Lsn) -> Option<FlushLsn> {
        if let Some(Entry::Mark(last)) = self.queue.back_mut() {
            *last = wal_end.max(*last);
        } else {
            self.queue.push_back(Entry::Mark(wal_end));
        }
        self.advance()
    }

    /// Takes off the head of the queue what is settled.
    fn advance(&mut self) -> Option<FlushLsn> {
        let before = self.flushed;
        while let Some(position) = self.queue.front().and_then(Entry::settled_at) {
            self.flushed = self.flushed.max(position);
            self.queue.pop_front();
            self.first = self.first.saturating_add(1);
        }
        (self.flushed > before).then_some(FlushLsn(self.flushed))
    }

    /// Finds an entry by its number.
    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        let index = number.checked_sub(self.first)?;
        self.queue.get_mut(usize::try_from(index).ok()?)
    }

    /// Gives the queue's length as a number of entries.
    fn len(&self) -> u64 {
        u64::try_from(self.queue.len()).unwrap_or(u64::MAX)
    }
}

impl Entry {
    /// Gives the entry's position if nothing of it is unsettled.
    const fn settled_at(&self) -> Option<Lsn> {
        match self {
            Self::Transaction {
                end: Some(end),
                unsettled: 0,
            } => Some(*end),
            Self::Transaction { .. } => None,
            Self::Mark(position) => Some(*position),
        }
    }
}
