//! Which event a record came from.

use std::fmt;

use outflow_pgoutput::Lsn;

/// The identity of an event: rows of one COPY share an LSN, so the LSN alone is none.
///
/// It is the same each time the slot sends the event, and orders events as they were committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The commit LSN of its transaction.
    pub commit_lsn: Lsn,
    /// Its place in the transaction, from 0.
    pub ordinal: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}#{}", self.commit_lsn, self.ordinal)
    }
}

#[cfg(test)]
mod tests {
    use outflow_pgoutput::Lsn;

    use super::EventId;

    #[test]
    fn events_order_by_commit_and_then_by_place() {
        let event = |lsn, ordinal| EventId {
            commit_lsn: Lsn::new(lsn),
            ordinal,
        };
        assert!(event(1, 9) < event(2, 0));
        assert!(event(2, 0) < event(2, 1));
        assert_eq!(event(0x16_0000_0001, 3).to_string(), "16/1#3");
    }
}
