//! The count at the end: what was committed against what is in Kafka.

use std::collections::{HashMap, HashSet};
use std::fmt;

use harness::Consumed;

use crate::shop::Ledger;

/// What was committed against what is in Kafka.
#[derive(Debug, Default)]
pub(crate) struct Count {
    committed: usize,
    rolled_back: usize,
    delivered: usize,
    repeated: usize,
    /// Committed, and not in its topic under its key.
    pub(crate) missing: usize,
    out_of_order: usize,
    never_committed: usize,
}

impl Count {
    /// Counts. Records of one partition come in its order.
    pub(crate) fn of(ledger: &Ledger, records: &[Consumed]) -> Self {
        let place: HashMap<&str, usize> = ledger
            .committed
            .iter()
            .enumerate()
            .map(|(at, event)| (event.id.as_str(), at))
            .collect();
        let mut count = Self {
            committed: ledger.committed.len(),
            rolled_back: ledger.rolled_back.len(),
            ..Self::default()
        };
        let mut seen = HashSet::new();
        let mut last: HashMap<(&str, String), usize> = HashMap::new();
        for record in records {
            let id = record.header("id").unwrap_or_default();
            let Some((&at, event)) = place
                .get(id.as_str())
                .and_then(|at| Some((at, ledger.committed.get(*at)?)))
            else {
                count.never_committed += 1;
                continue;
            };
            if record.topic != event.topic || record.key_text() != event.key {
                continue;
            }
            if !seen.insert(at) {
                count.repeated += 1;
                continue;
            }
            let before = last.insert((&record.topic, record.key_text()), at);
            count.out_of_order += usize::from(before.is_some_and(|before| before > at));
        }
        count.delivered = seen.len();
        count.missing = count.committed - count.delivered;
        count
    }

    /// Says whether the promise was kept.
    pub(crate) const fn is_right(&self) -> bool {
        self.missing == 0 && self.out_of_order == 0 && self.never_committed == 0
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line =
            |number: usize, what: &str, note: &str| writeln!(f, "  {number:>8}  {what:<16} {note}");
        line(self.committed, "committed", "events in the outbox")?;
        line(
            self.rolled_back,
            "rolled back",
            "of which Kafka must never hear",
        )?;
        line(
            self.delivered,
            "delivered",
            "each in its topic, under its key",
        )?;
        line(
            self.repeated,
            "repeated",
            "after the kill: what Kafka had and the slot did not know yet",
        )?;
        writeln!(f)?;
        let mut promise = |name: &str, number: usize| writeln!(f, "  {name} {number}");
        promise("missing", self.missing)?;
        promise("out of order", self.out_of_order)?;
        promise("never committed", self.never_committed)
    }
}
