//! The thread that polls librdkafka for reports, and destroys it in the end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rdkafka::producer::BaseProducer;
use tracing::debug;

use crate::context::Context;

/// The session's hold on the delivery thread.
#[derive(Debug)]
pub(super) struct DeliveryThread {
    /// Tells the thread to end, once it alone holds the producer.
    stop: Arc<AtomicBool>,
    /// Is disconnected when the thread has ended.
    gone: Option<Receiver<()>>,
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
    pub(super) fn start(client: &Arc<BaseProducer<Context>>, session: u64) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (here, gone) = mpsc::channel();
        let (client, stopping) = (Arc::clone(client), Arc::clone(&stop));
        thread::Builder::new()
            .name("kafka-reports".to_owned())
            .spawn(move || {
                poll(client, &stopping);
                debug!(session, "librdkafka's producer is destroyed");
                drop::<mpsc::Sender<()>>(here);
            })?;
        Ok(Self {
            stop,
            gone: Some(gone),
        })
    }

    /// Lets the thread end when nobody else holds the producer.
    pub(super) fn stop(&mut self) -> Remains {
        self.stop.store(true, Ordering::Release);
        Remains {
            gone: self.gone.take(),
        }
    }
}

/// Polls until told to stop, and drops the producer as its last holder: that is what destroys it.
fn poll(client: Arc<BaseProducer<Context>>, stop: &AtomicBool) {
    while !(stop.load(Ordering::Acquire) && Arc::strong_count(&client) == 1) {
        client.poll(POLL);
    }
    drop(client);
}

/// How long one poll takes. Reports are handed over one by one while it lasts, so this delays
/// nothing but the end of the thread. rdkafka 0.39 does not sleep in the last millisecond of a
/// poll but looks without pause, which is why short polls would cost.
const POLL: Duration = Duration::from_secs(1);
