//! Which change of the stream a record came from.

use std::fmt;

use outflow_pgoutput::Lsn;

/// The identity of a change: the same whenever PostgreSQL sends it again, and in commit order.
///
/// Rows of one COPY share an LSN, so the place in the transaction counts, not the row's LSN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// Where the transaction's commit record starts.
    pub commit_lsn: Lsn,
    /// The change's number among those the transaction sends, from 0.
    pub ordinal: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.commit_lsn, self.ordinal)
    }
}
