//! The thread that polls librdkafka for reports, and destroys it in the end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, Thread};
use std::time::Duration;

use rdkafka::producer::{BaseProducer, Producer as _};
use tracing::debug;

use crate::context::Context;

/// The session's hold on the delivery thread.
#[derive(Debug)]
pub(super) struct DeliveryThread {
    /// Tells the thread to end, once it alone holds the producer.
    stop: Arc<AtomicBool>,
    /// Wakes the thread where it rests.
    thread: Thread,
    /// Is disconnected when the thread has ended.
    gone: Option<Receiver<()>>,
}

/// How the thread shares its time out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    /// How long it rests where nothing is in flight, before it looks for errors and log lines.
    pub(super) rest: Duration,
    /// How long a poll takes where something is in flight; one after another without a report
    /// takes twice as long, until the longest.
    pub(super) shortest: Duration,
    /// How long a poll takes at most.
    pub(super) longest: Duration,
}

/// A producer that is being torn down in the background.
///
/// A process that is about to exit can wait for it, so that librdkafka's threads don't run into
/// the exit handlers of the libraries they use.
#[derive(Debug)]
pub struct Remains {
    /// Is disconnected when the thread has ended.
    gone: Option<Receiver<()>>,
}

impl Remains {
    /// Waits until librdkafka is destroyed, for at most that long; says whether it is.
    pub fn wait(self, within: Duration) -> bool {
        self.gone.is_none_or(|gone| {
            matches!(
                gone.recv_timeout(within),
                Err(RecvTimeoutError::Disconnected)
            )
        })
    }
}

impl DeliveryThread {
    /// Starts to poll.
    pub(super) fn start(
        client: &Arc<BaseProducer<Context>>,
        session: u64,
        rhythm: Rhythm,
    ) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (here, gone) = mpsc::channel();
        let (client, stopping) = (Arc::clone(client), Arc::clone(&stop));
        let handle = thread::Builder::new()
            .name("kafka-reports".to_owned())
            .spawn(move || {
                poll(client, &stopping, rhythm);
                debug!(session, "librdkafka's producer is destroyed");
                drop::<mpsc::Sender<()>>(here);
            })?;
        Ok(Self {
            stop,
            thread: handle.thread().clone(),
            gone: Some(gone),
        })
    }

    /// Says that something is in flight now, so that the thread does not rest.
    pub(super) fn attend(&self) {
        self.thread.unpark();
    }

    /// Lets the thread end when nobody else holds the producer: at once, where nothing is in flight.
    pub(super) fn stop(&mut self) -> Remains {
        self.stop.store(true, Ordering::Release);
        self.thread.unpark();
        Remains {
            gone: self.gone.take(),
        }
    }
}

/// Polls until told to stop, and drops the producer as its last holder: that is what destroys it.
///
/// A poll of rdkafka 0.39 ends at its deadline and nothing ends it before; it does not sleep in its
/// last millisecond but looks without pause, so that short ones would cost. Where a broker answers and
/// nothing is in flight, the thread does not poll but rests, which can be ended.
fn poll(client: Arc<BaseProducer<Context>>, stop: &AtomicBool, rhythm: Rhythm) {
    let mut length = rhythm.shortest;
    loop {
        if stop.load(Ordering::Acquire) {
            if Arc::strong_count(&client) == 1 {
                break;
            }
            // The thread of the topics lets go of it within one of its looks.
            length = rhythm.shortest;
        }
        let quiet = client.in_flight_count() == 0 && is_up(&client);
        if !quiet || stop.load(Ordering::Acquire) {
            let before = reported(&client);
            client.poll(length);
            length = match reported(&client) == before {
                true => length.saturating_mul(2).min(rhythm.longest),
                false => rhythm.shortest,
            };
        } else {
            length = rhythm.shortest;
            thread::park_timeout(rhythm.rest);
            client.poll(Duration::ZERO);
        }
    }
    drop(client);
}

/// Says whether a broker answers: else there are errors to be heard of soon.
fn is_up(client: &BaseProducer<Context>) -> bool {
    client.client().context().link.is_up()
}

/// Counts the reports so far.
fn reported(client: &BaseProducer<Context>) -> usize {
    client.client().context().inbox.reported()
}

impl Rhythm {
    /// What a session has. Reports are handed over one by one during a poll, so that its length
    /// delays nothing but the end of the thread; its growth keeps a long wait for Kafka quiet.
    pub(super) const SESSION: Self = Self {
        rest: Duration::from_millis(250),
        shortest: Duration::from_millis(50),
        longest: Duration::from_secs(1),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::Advisor;
    use crate::config::{ProducerConfig, TopicPolicy};
    use crate::inbox::Inbox;
    use crate::link::Link;
    use crate::waker::Waker;

    #[test]
    fn a_thread_with_nothing_in_flight_ends_when_it_is_told_to() {
        let waker = Waker::new();
        let config = ProducerConfig {
            brokers: vec!["127.0.0.1:1".to_owned()],
            name: "orders".to_owned(),
            properties: Vec::new(),
            topics: TopicPolicy::default(),
            in_flight_bytes: 1 << 20,
        };
        let context = Context {
            inbox: Arc::new(Inbox::new(waker.clone())),
            link: Arc::new(Link::new(Advisor::new(&config), waker)),
        };
        let client = config.producer().create_with_context(context);
        let client: Arc<BaseProducer<Context>> = Arc::new(client.expect("a producer"));
        // Left alone, it would rest or poll for far longer than the test waits.
        let rhythm = Rhythm {
            rest: Duration::from_secs(3600),
            shortest: Duration::from_millis(1),
            longest: Duration::from_secs(3600),
        };
        client.client().context().link.answered();
        let mut thread = DeliveryThread::start(&client, 1, rhythm).expect("a thread");
        drop(client);
        let remains = thread.stop();
        assert!(remains.wait(Duration::from_secs(60)), "it rests on");
    }
}
