//! The producer of one session: takes records, gives them to librdkafka, settles its reports.
//!
//! ```text
//!   Open ──── a delivery or librdkafka fails ────► Poisoned ──┐
//!    │            (enqueue refuses)                           │
//!    └────────────── close, or drop ──────────────────────────┴──► Closed (purged, destroyed)
//! ```
//!
//! Its delivery thread is detached. librdkafka is destroyed there, because that can block, for as
//! long as a name is being resolved for instance; a session never waits for it.

mod send;
mod thread;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outflow_event_router::{Record, TopicId, TopicName};
use outflow_replication_slot::{EventId, Ledger, Ticket};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, Producer as _, PurgeConfig};

pub use self::thread::Remains;
use self::thread::{DeliveryThread, Rhythm};
use crate::advice::{Advisor, Doing};
use crate::config::{ProducerConfig, message_max_bytes};
use crate::context::Context;
use crate::error::{DeliveryError, Rejected, StartError};
use crate::flight::{Entry, Flight, InFlight, Purpose};
use crate::inbox::{Inbox, Report};
use crate::link::{Connectivity, Link};
use crate::report::{self, Failures, Settled};
use crate::topics::{KafkaCluster, Resolver, TopicMemory, TopicState, Topics};
use crate::waker::Waker;

/// The producer of one session.
pub struct Producer {
    /// librdkafka.
    client: Arc<BaseProducer<Context>>,
    /// The thread that polls it.
    thread: DeliveryThread,
    /// Where reports wait.
    inbox: Arc<Inbox>,
    /// What is known of the brokers.
    link: Arc<Link>,
    /// Says what a refusal means.
    advisor: Advisor,
    /// The records in flight.
    flight: Flight,
    /// The topics asked for.
    topics: Topics,
    /// What went wrong.
    failures: Failures,
    /// The vector that is exchanged for the inbox's.
    reports: Vec<Report>,
    /// The largest record that is taken.
    message_max_bytes: u64,
    /// When a probe was asked for last.
    probed: Option<Instant>,
}

/// What a closed producer leaves.
#[derive(Debug)]
pub struct Closed {
    /// What was confirmed meanwhile, and is settled.
    pub settled: Settled,
    /// The cause of a failure, where there was one: it can say more than what `settle` returned
    /// before, as more reports have come in.
    pub failure: Option<DeliveryError>,
    /// The records without a report at the deadline. Their tickets are lost, so that the ledger
    /// stays before them.
    pub unreported: u64,
    /// What is still being torn down in the background.
    pub remains: Remains,
}

impl Producer {
    /// Starts a producer and its delivery thread; connecting goes on in the background.
    ///
    /// # Errors
    ///
    /// [`StartError`], if the configuration can't be used or a thread can't be started.
    pub fn start(
        config: &ProducerConfig,
        session: u64,
        waker: Waker,
        memory: TopicMemory,
    ) -> Result<Self, StartError> {
        config.check().map_err(StartError::Properties)?;
        let librdkafka = config.producer();
        let message_max_bytes =
            message_max_bytes(&librdkafka).map_err(StartError::Configuration)?;
        let inbox = Arc::new(Inbox::new(waker.clone()));
        let advisor = Advisor::new(config);
        let link = Arc::new(Link::new(advisor.clone(), waker.clone()));
        let context = Context {
            inbox: Arc::clone(&inbox),
            link: Arc::clone(&link),
        };
        let client = librdkafka
            .create_with_context(context)
            .map_err(StartError::Configuration)?;
        let client: Arc<BaseProducer<Context>> = Arc::new(client);
        let thread =
            DeliveryThread::start(&client, session, Rhythm::SESSION).map_err(StartError::Thread)?;
        let cluster = KafkaCluster::new(
            Arc::clone(&client),
            Arc::clone(&link),
            advisor.clone(),
            config.client(),
        );
        let resolver = Resolver::new(cluster, config.topics.clone(), memory, waker);
        Ok(Self {
            client,
            thread,
            inbox,
            link,
            advisor,
            flight: Flight::new(config.in_flight_bytes),
            topics: Topics::new(resolver),
            failures: Failures::default(),
            reports: Vec::new(),
            message_max_bytes,
            probed: None,
        })
    }

    /// Gives what is known of a topic, and begins to resolve it the first time; never blocks.
    ///
    /// The waker is used when that changes.
    pub fn topic(&mut self, id: TopicId, name: &TopicName) -> TopicState<'_> {
        self.topics.state(id, name)
    }

    /// Says whether a record of that many bytes fits into the window. If nothing is in flight,
    /// any does.
    pub fn has_room(&self, bytes: u64) -> bool {
        self.flight.has_room(bytes)
    }

    /// Gives a record to librdkafka; its report will settle the ticket as delivered.
    ///
    /// # Errors
    ///
    /// [`Rejected`] gives the ticket back, unsettled, and says why. Where its error has no class,
    /// as with a full window, that is no failure: the record waits.
    pub fn enqueue(
        &mut self,
        record: &Record<'_>,
        event: EventId,
        ticket: Ticket,
    ) -> Result<(), Rejected> {
        self.put(record, event, ticket, Purpose::Deliver)
    }

    /// Gives a dead letter to librdkafka; its report will settle the ticket as parked.
    ///
    /// # Errors
    ///
    /// As [`Producer::enqueue`].
    pub fn park(
        &mut self,
        letter: &Record<'_>,
        event: EventId,
        ticket: Ticket,
    ) -> Result<(), Rejected> {
        self.put(letter, event, ticket, Purpose::Park)
    }

    /// Settles what was reported since the last time.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`], after every success at hand was settled. From then on each call gives
    /// it again, or an earlier event's, and nothing more can be enqueued.
    pub fn settle(&mut self, ledger: &mut Ledger) -> Result<Settled, DeliveryError> {
        let settled = self.collect(ledger);
        let Some(failure) = self.failure() else {
            return Ok(settled);
        };
        self.inbox.fail();
        Err(failure)
    }

    /// Counts what is in flight: given to librdkafka, and not settled.
    pub fn in_flight(&self) -> InFlight {
        self.flight.count()
    }

    /// Asks for one wake as soon as a fair part of what is in flight was reported; at once if
    /// that is so already. A failure wakes without being asked for.
    pub fn request_wake(&self) {
        self.inbox.request_wake(self.flight.worth_waking());
    }

    /// Gives what is known of the way to Kafka. While it is down, looking at it makes sure that
    /// an answer of a broker is noticed.
    pub fn connectivity(&mut self) -> Connectivity {
        let connectivity = self.link.connectivity();
        let rested = self.probed.is_none_or(|at| at.elapsed() >= PROBE_PAUSE);
        if rested && matches!(connectivity, Connectivity::Down { .. }) {
            self.probed = Some(Instant::now());
            self.topics.probe();
        }
        connectivity
    }

    /// Says what mends a failure, where that is known.
    pub fn hint(&self, error: &DeliveryError) -> Option<String> {
        match error {
            DeliveryError::Refused { code, topic, .. } => {
                self.advisor.topic(*code, topic, Doing::Write)
            }
            DeliveryError::Producer { code, .. } => self.advisor.producer(*code),
            DeliveryError::UnknownReport { .. } => None,
        }
    }

    /// Gives up what is in flight: purges it, collects every report for at most that long, and
    /// leaves the rest to the delivery thread. To lose nothing, settle until nothing is in flight
    /// and then close.
    pub fn close(mut self, ledger: &mut Ledger, within: Duration) -> Closed {
        let deadline = Instant::now() + within;
        let mut settled = self.collect(ledger);
        let before = self.failure();
        self.purge();
        settled += self.collect(ledger);
        while !self.flight.is_empty() && self.inbox.wait(deadline) {
            settled += self.collect(ledger);
        }
        let failure = self.cause().or(before).or_else(|| self.fatal());
        Closed {
            settled,
            failure,
            unreported: self.flight.count().records,
            remains: self.thread.stop(),
        }
    }

    /// Takes the reports that wait, settles the successes and notes the failures.
    fn collect(&mut self, ledger: &mut Ledger) -> Settled {
        self.inbox.take(&mut self.reports);
        report::settle(
            &mut self.reports,
            &mut self.flight,
            &mut self.failures,
            ledger,
        )
    }

    /// Gives what went wrong, as far as it can be told.
    ///
    /// librdkafka stops at a refusal by failing as a whole (`enable.gapless.guarantee`), and may
    /// say so before the report of the very record has come: that report is waited for.
    fn failure(&self) -> Option<DeliveryError> {
        if let Some(cause) = self.cause() {
            return Some(cause);
        }
        let fatal = self.fatal();
        if fatal.as_ref().and_then(DeliveryError::code) == Some(RDKafkaErrorCode::GaplessGuarantee)
            && !self.flight.is_empty()
        {
            return None;
        }
        fatal.or_else(|| {
            let code = self.failures.consequence()?;
            Some(DeliveryError::Producer {
                code,
                text: code.to_string(),
            })
        })
    }

    /// Gives the failure that is the cause of the others, once it is known.
    fn cause(&self) -> Option<DeliveryError> {
        self.failures
            .cause(|topic| self.topics.name(topic).to_owned())
    }

    /// Gives the error after which librdkafka takes nothing more.
    fn fatal(&self) -> Option<DeliveryError> {
        let (code, text) = self.client.client().fatal_error()?;
        Some(DeliveryError::Producer { code, text })
    }

    /// Gives a record to librdkafka, and keeps its ticket.
    fn put(
        &mut self,
        record: &Record<'_>,
        event: EventId,
        ticket: Ticket,
        purpose: Purpose,
    ) -> Result<(), Rejected> {
        let bytes = u64::try_from(record.size_bytes()).unwrap_or(u64::MAX);
        if let Err(error) = self.send(record, bytes) {
            return Err(Rejected { ticket, error });
        }
        self.thread.attend();
        let topic = record.topic_id();
        self.flight.insert(Entry {
            purpose,
            ticket,
            event,
            topic,
            bytes,
        });
        Ok(())
    }

    /// Takes back from librdkafka what was not delivered; the reports of it follow.
    fn purge(&self) {
        self.client
            .purge(PurgeConfig::default().queue().inflight().non_blocking());
    }
}

/// Gives up what is in flight, and leaves librdkafka's end to the delivery thread.
impl Drop for Producer {
    fn drop(&mut self) {
        self.purge();
        self.thread.stop();
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Producer")
            .field("in_flight", &self.flight.count())
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

/// How long a probe of a broken connection is worth.
const PROBE_PAUSE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
