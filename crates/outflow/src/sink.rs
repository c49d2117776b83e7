//! Where records go: Kafka, or standard output.
//!
//! A sink takes a record together with its ticket and gives the ticket back to the ledger, with a
//! proof, once the record is safe. It never blocks the session's thread.

pub(crate) mod kafka;
pub(crate) mod stdout;

use outflow_event_router::Record;
use outflow_kafka_delivery::Waker;
use outflow_replication_slot::{EventId, Ledger, Ticket};

use crate::pipeline::Failed;

/// A record on its way, and how it goes.
pub(crate) struct Parcel<'p> {
    /// The record.
    pub record: &'p Record<'p>,
    /// Which event it came from.
    pub event: EventId,
    /// Its claim on the transaction.
    pub ticket: Ticket,
    /// Whether nothing else is in flight, so that a refusal can mean this record only.
    pub alone: bool,
}

/// What keeps records from being delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What it is, in one line.
    pub what: String,
    /// What mends it, where that is known.
    pub hint: Option<String>,
}

/// Takes records, and settles them.
pub(crate) trait Sink {
    /// Says whether the record can be taken now; asking may begin the search for its topic.
    fn is_ready(&mut self, record: &Record<'_>) -> bool;

    /// Takes a record that it is ready for.
    ///
    /// # Errors
    /// [`Failed`] where the record can never be delivered, or the session is over.
    fn deliver(&mut self, parcel: Parcel<'_>) -> Result<(), Failed>;

    /// Passes on what was taken: nothing more comes for the moment.
    fn pass_on(&mut self) {}

    /// Settles what has become safe since, and says how many records that are.
    ///
    /// # Errors
    /// [`Failed`] where a record was refused, after those before it were settled.
    fn settle(&mut self, ledger: &mut Ledger) -> Result<u64, Failed>;

    /// Says what keeps records from being delivered, if anything does.
    fn trouble(&mut self) -> Option<Trouble>;

    /// Gives what wakes when something has become safe, or a topic was found.
    fn waker(&self) -> Waker;

    /// Asks to be woken.
    fn want_wake(&self);

    /// Gives up what is in flight, and settles what is still confirmed meanwhile. The `last` sink
    /// of a process is given time to end its threads.
    fn close(self, ledger: &mut Ledger, last: bool);
}
