//! Batches of reports, and what becomes of the ledger.

use outflow_event_router::TopicId;
use outflow_pgoutput::Lsn;
use outflow_replication_slot::{EventId, Ledger};
use rdkafka::error::RDKafkaErrorCode as Code;

use super::{Failures, Settled, settle};
use crate::error::DeliveryError;
use crate::flight::{Entry, Flight, Purpose};
use crate::inbox::Report;

/// Three transactions of two records each, all in flight.
struct Scene {
    ledger: Ledger,
    flight: Flight,
    failures: Failures,
    opaques: Vec<usize>,
}

impl Scene {
    /// Puts them in flight; the transactions end at 10, 20 and 30.
    fn new() -> Self {
        let mut ledger = Ledger::new(1, Lsn::ZERO);
        let mut flight = Flight::new(u64::MAX);
        let mut opaques = Vec::new();
        for end in [10, 20, 30] {
            ledger.begin();
            for ordinal in 0..2 {
                opaques.push(flight.next_opaque().expect("a 64-bit machine"));
                flight.insert(Entry {
                    purpose: Purpose::Deliver,
                    ticket: ledger.admit().expect("an open transaction"),
                    event: EventId {
                        commit_lsn: Lsn::new(end - 5),
                        ordinal,
                    },
                    topic: TopicId::new(7),
                    bytes: 100,
                });
            }
            ledger.commit(Lsn::new(end));
        }
        Self {
            ledger,
            flight,
            failures: Failures::default(),
            opaques,
        }
    }

    /// Settles a batch: the records by their place, and how each fared.
    fn report(&mut self, batch: &[(usize, Option<Code>)]) -> Settled {
        let mut reports: Vec<Report> = batch
            .iter()
            .map(|(place, refused)| Report {
                opaque: self.opaques[*place],
                refused: *refused,
            })
            .collect();
        settle(
            &mut reports,
            &mut self.flight,
            &mut self.failures,
            &mut self.ledger,
        )
    }

    /// Where the slot may move to.
    fn flushed(&self) -> Lsn {
        self.ledger.flushed().as_lsn()
    }

    /// The error that names a cause.
    fn cause(&self) -> Option<DeliveryError> {
        self.failures
            .cause(|topic| format!("topic {}", topic.index()))
    }
}

#[test]
fn the_slot_moves_past_what_is_settled_before_it_whatever_the_order_of_reports() {
    let mut scene = Scene::new();
    let settled = scene.report(&[(5, None), (4, None), (1, None)]);
    assert_eq!(
        settled,
        Settled {
            records: 3,
            bytes: 300
        }
    );
    assert_eq!(scene.flushed(), Lsn::ZERO);
    scene.report(&[(0, None)]);
    assert_eq!(scene.flushed(), Lsn::new(10));
    scene.report(&[(3, None), (2, None)]);
    assert_eq!(scene.flushed(), Lsn::new(30));
    assert_eq!(scene.cause(), None);
}

#[test]
fn of_several_refusals_the_first_in_commit_order_is_the_error_and_successes_are_settled() {
    let mut scene = Scene::new();
    scene.report(&[
        (4, Some(Code::InvalidRecord)),
        (2, Some(Code::MessageSizeTooLarge)),
        (3, Some(Code::PurgeQueue)),
        (0, None),
        (1, None),
        (5, None),
    ]);
    assert_eq!(scene.flushed(), Lsn::new(10), "nothing past the refusal");
    let event = EventId {
        commit_lsn: Lsn::new(15),
        ordinal: 0,
    };
    let topic = "topic 7".to_owned();
    let code = Code::MessageSizeTooLarge;
    assert_eq!(
        scene.cause(),
        Some(DeliveryError::Refused { code, event, topic })
    );
}

#[test]
fn an_earlier_refusal_that_comes_later_takes_its_place() {
    let mut scene = Scene::new();
    scene.report(&[(4, Some(Code::InvalidRecord))]);
    scene.report(&[(1, Some(Code::InvalidRecord))]);
    let event = EventId {
        commit_lsn: Lsn::new(5),
        ordinal: 1,
    };
    assert_eq!(scene.cause().and_then(|error| error.event()), Some(event));
}

#[test]
fn what_was_purged_is_no_cause_and_is_not_settled() {
    let mut scene = Scene::new();
    let settled = scene.report(&[
        (0, Some(Code::PurgeInflight)),
        (1, Some(Code::InvalidDifferentRecord)),
    ]);
    assert_eq!(settled, Settled::default());
    assert_eq!(scene.cause(), None);
    assert_eq!(scene.failures.consequence(), Some(Code::PurgeInflight));
    assert_eq!(scene.flushed(), Lsn::ZERO);
}

#[test]
fn a_second_report_of_a_record_is_a_bug_and_settles_nothing() {
    let mut scene = Scene::new();
    scene.report(&[(0, None), (0, None)]);
    assert_eq!(
        scene.flushed(),
        Lsn::ZERO,
        "the transaction's other record is unsettled"
    );
    assert!(matches!(
        scene.cause(),
        Some(DeliveryError::UnknownReport { .. })
    ));
}
