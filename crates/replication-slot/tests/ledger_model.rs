//! The ledger against a naive model: a list of all that arrived, searched from the front each time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use outflow_pgoutput::Lsn;
use outflow_replication_slot::{Ledger, Settlement, SkipReason, Ticket};
use proptest::prelude::*;

/// One step of a schedule; indexes are taken modulo what exists.
#[derive(Clone, Debug)]
enum Step {
    Begin,
    Admit,
    Commit { gap: u64 },
    Settle { which: usize },
    SettleForeign,
    Lose { which: usize },
    Mark { gap: u64 },
}

/// All that ever arrived, in order.
#[derive(Default)]
struct Model {
    entries: Vec<ModelEntry>,
    confirmed: u64,
}

enum ModelEntry {
    Transaction { end: Option<u64>, unsettled: usize },
    Mark(u64),
}

impl Model {
    /// Walks from the very beginning to the first entry that is not settled.
    fn flushed(&self) -> u64 {
        let mut flushed = self.confirmed;
        for entry in &self.entries {
            match entry {
                ModelEntry::Transaction {
                    end: Some(end),
                    unsettled: 0,
                } => flushed = flushed.max(*end),
                ModelEntry::Transaction { .. } => break,
                ModelEntry::Mark(at) => flushed = flushed.max(*at),
            }
        }
        flushed
    }

    fn unsettled(&mut self, entry: usize) -> &mut usize {
        match &mut self.entries[entry] {
            ModelEntry::Transaction { unsettled, .. } => unsettled,
            ModelEntry::Mark(_) => panic!("a ticket of a mark"),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Begin),
        8 => Just(Step::Admit),
        4 => (1_u64..500).prop_map(|gap| Step::Commit { gap }),
        10 => any::<usize>().prop_map(|which| Step::Settle { which }),
        1 => Just(Step::SettleForeign),
        1 => any::<usize>().prop_map(|which| Step::Lose { which }),
        3 => (0_u64..200).prop_map(|gap| Step::Mark { gap }),
    ]
}

fn skipped() -> Settlement {
    Settlement::Skipped(SkipReason::NullPayload)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn agrees_with_the_naive_model(steps in prop::collection::vec(step(), 1..120)) {
        let confirmed = 1_000;
        let mut ledger = Ledger::new(7, Lsn::new(confirmed));
        let mut model = Model { entries: Vec::new(), confirmed };
        let mut tickets: Vec<(Ticket, usize)> = Vec::new();
        let mut open: Option<usize> = None;
        let mut lsn = confirmed;
        for step in steps {
            let before = ledger.flushed();
            let moved = match step {
                Step::Begin if open.is_none() => {
                    ledger.begin();
                    open = Some(model.entries.len());
                    model.entries.push(ModelEntry::Transaction { end: None, unsettled: 0 });
                    None
                }
                Step::Admit => {
                    let ticket = ledger.admit();
                    prop_assert_eq!(ticket.is_some(), open.is_some());
                    if let (Some(ticket), Some(entry)) = (ticket, open) {
                        *model.unsettled(entry) += 1;
                        tickets.push((ticket, entry));
                    }
                    None
                }
                Step::Commit { gap } => {
                    let Some(entry) = open.take() else { continue };
                    lsn += gap;
                    if let ModelEntry::Transaction { end, .. } = &mut model.entries[entry] {
                        *end = Some(lsn);
                    }
                    ledger.commit(Lsn::new(lsn))
                }
                Step::Settle { which } if !tickets.is_empty() => {
                    let (ticket, entry) = tickets.swap_remove(which % tickets.len());
                    *model.unsettled(entry) -= 1;
                    ledger.settle(ticket, skipped())
                }
                Step::SettleForeign => {
                    let mut other = Ledger::new(8, Lsn::ZERO);
                    other.begin();
                    let ticket = other.admit().expect("a transaction is open");
                    ledger.settle(ticket, skipped())
                }
                Step::Lose { which } if !tickets.is_empty() => {
                    let (ticket, _) = tickets.swap_remove(which % tickets.len());
                    let _lost = ticket;
                    None
                }
                Step::Mark { gap } => {
                    // Inside a transaction the server has not read past its commit record.
                    let at = if open.is_some() { lsn } else { lsn + gap };
                    lsn = at;
                    model.entries.push(ModelEntry::Mark(at));
                    ledger.mark(Lsn::new(at))
                }
                Step::Begin | Step::Settle { .. } | Step::Lose { .. } => None,
            };
            prop_assert_eq!(ledger.flushed().as_lsn(), Lsn::new(model.flushed()));
            prop_assert_eq!(moved, (ledger.flushed() > before).then_some(ledger.flushed()));
            let unsettled: usize = model.entries.iter().map(|entry| match entry {
                ModelEntry::Transaction { unsettled, .. } => *unsettled,
                ModelEntry::Mark(_) => 0,
            }).sum();
            prop_assert_eq!(ledger.unsettled(), u64::try_from(unsettled).unwrap());
        }
    }
}

#[test]
fn a_lost_ticket_holds_the_slot_back() {
    let mut ledger = Ledger::new(1, Lsn::new(10));
    ledger.begin();
    let _lost = ledger.admit();
    assert_eq!(ledger.commit(Lsn::new(20)), None);
    ledger.begin();
    let ticket = ledger.admit().unwrap();
    assert_eq!(ledger.commit(Lsn::new(30)), None);
    assert_eq!(ledger.settle(ticket, skipped()), None);
    assert_eq!(ledger.mark(Lsn::new(40)), None);
    assert_eq!(ledger.flushed().as_lsn(), Lsn::new(10));
}

#[test]
fn a_keepalive_inside_a_transaction_queues_behind_it() {
    let mut ledger = Ledger::new(1, Lsn::new(10));
    ledger.begin();
    let ticket = ledger.admit().unwrap();
    assert_eq!(ledger.mark(Lsn::new(15)), None);
    assert_eq!(ledger.commit(Lsn::new(20)), None);
    let moved = ledger.settle(ticket, skipped()).unwrap();
    assert_eq!(moved.as_lsn(), Lsn::new(20));
}
