//! One session: from the slot through the router into the sink, and back into the ledger.
//!
//! ```text
//!  Connection ─ frame ─► Session ─ row ─► Router ─ record + ticket ─► Sink
//!       ▲                   │                                          │
//!       └── status update ◄─┴──────────── Ledger ◄──── settlements ────┘
//! ```
//! One task owns all of it. There is no queue between the parts: a record that the sink cannot take
//! stays in the receive buffer as the frame it came in, and is read again later. Meanwhile nothing
//! is received, and the status timer goes on.

mod failure;
mod frame;
mod goal;
mod probe;

use std::time::Duration;

use outflow_event_router::Router;
use outflow_kafka_delivery::Waker;
use outflow_replication_slot::{Connection, EventId, Session};
use tokio::time::{Instant, sleep_until, timeout};

pub(crate) use failure::{Cause, Failed, PoisonEvent, Retry, classify};
pub(crate) use goal::{Goal, Progress};
pub(crate) use probe::Prober;

use crate::shutdown::Shutdown;
use crate::sink::Sink;
use failure::server_leaving;
use frame::{Handler, Taken};

/// One session and all it owns.
pub(crate) struct Pipeline<'a, S> {
    /// The socket and what was received.
    pub connection: Connection,
    /// What is to be answered, and what is unsettled.
    pub session: Session,
    /// From rows to records.
    pub router: &'a mut Router,
    /// Where records go.
    pub sink: S,
    /// When to end by itself.
    pub goal: &'a mut Goal,
    /// How long an orderly end may take.
    pub drain: Duration,
    /// Up to here records are sent one at a time.
    pub caution: Option<EventId>,
    /// Asks whether the server still takes connections.
    pub prober: Prober,
}

/// How a session ended as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A signal asked for it.
    Stopped,
    /// All that was to be delivered is.
    CaughtUp,
}

/// Why the pipeline stopped taking frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    /// There is no whole frame left.
    Starved,
    /// The sink must deliver first.
    Full,
}

/// What woke the pipeline.
enum Woken {
    /// Bytes, reports or a timer.
    Work,
    /// A signal.
    Signal,
}

impl<S: Sink> Pipeline<'_, S> {
    /// Streams until the goal is reached, a signal comes, or something fails.
    ///
    /// # Errors
    /// [`Failed`]: how the session ended. What was delivered before is settled, and confirmed where
    /// the connection still allows it.
    ///
    /// # Cancel safety
    /// Not cancelled by its caller.
    pub(crate) async fn run(mut self, shutdown: &mut Shutdown) -> Result<Outcome, Failed> {
        let waker = self.sink.waker();
        let end = self.stream(shutdown, &waker).await;
        let deadline = Instant::now() + self.drain;
        let left = match end {
            Ok(_) => {
                let finished = self.finish_transaction(deadline, shutdown, &waker).await;
                // What is in the way of the rest is found again by the next start.
                let deadline = finished.unwrap_or(deadline);
                self.leave(deadline, shutdown, &waker).await
            }
            // Nothing more is taken; what was taken before is delivered and confirmed, if it can be.
            Err(Failed::Poison(_) | Failed::Fatal(_)) => {
                self.leave(deadline, shutdown, &waker).await
            }
            Err(Failed::Retry(_) | Failed::OutputClosed) => Ok(()),
        };
        if let Err(failed) = left {
            tracing::debug!(error = ?failed, "the session did not end in good order");
        }
        let last = !matches!(end, Err(Failed::Retry(_)));
        self.sink.close(self.session.ledger(), last);
        end
    }

    /// Takes frames until there is a reason to end.
    async fn stream(&mut self, shutdown: &mut Shutdown, waker: &Waker) -> Result<Outcome, Failed> {
        loop {
            let pause = self.take_frames(|_| false)?;
            self.sink.pass_on();
            let settled = self.sink.settle(self.session.ledger())?;
            self.connection.transmit(&mut self.session).await?;
            let trouble = match pause == Pause::Full || self.session.unsettled() > 0 {
                true => self.sink.trouble(),
                false => None,
            };
            self.goal.note(&self.session, settled, trouble)?;
            if self.goal.is_reached(&self.session) {
                return Ok(Outcome::CaughtUp);
            }
            match self.wait(pause, shutdown, waker).await? {
                Woken::Work => {}
                Woken::Signal => return Ok(Outcome::Stopped),
            }
        }
    }

    /// Handles the frames that wait, as far as the sink takes their records, and not on from where
    /// it is enough.
    fn take_frames(&mut self, is_enough: fn(&Session) -> bool) -> Result<Pause, Failed> {
        let mut handler = Handler {
            session: &mut self.session,
            router: self.router,
            sink: &mut self.sink,
            caution: self.caution,
        };
        while let Some(frame) = self.connection.frame()? {
            if is_enough(handler.session) {
                break;
            }
            let bytes = frame.wire_len();
            match handler.handle(frame)? {
                Taken::Yes => self.connection.consume(bytes),
                Taken::No => return Ok(Pause::Full),
            }
        }
        Ok(Pause::Starved)
    }

    /// Waits for the next thing to do.
    async fn wait(
        &mut self,
        pause: Pause,
        shutdown: &mut Shutdown,
        waker: &Waker,
    ) -> Result<Woken, Failed> {
        let reading = pause == Pause::Starved;
        if !reading || self.connection.is_backlog() {
            self.prober.start_if_due();
        }
        let wants_reports = !reading || self.goal.is_waiting(&self.session);
        if wants_reports {
            self.sink.want_wake();
        }
        let timer = Instant::from_std(self.session.poll_timeout());
        tokio::select! {
            biased;
            () = shutdown.signalled() => return Ok(Woken::Signal),
            leaving = self.prober.server_is_leaving() => if leaving {
                return Err(server_leaving());
            },
            received = self.connection.receive(), if reading => received?,
            () = waker.notified() => {}
            () = sleep_until(timer) => {}
        }
        Ok(Woken::Work)
    }

    /// Takes the rest of a transaction of which records were sent: the slot can only move past a
    /// whole one, so the next start would repeat them. Gives the deadline for what is left to do,
    /// which a second signal brings forward.
    async fn finish_transaction(
        &mut self,
        deadline: Instant,
        shutdown: &mut Shutdown,
        waker: &Waker,
    ) -> Result<Instant, Failed> {
        while self.session.has_open_records() && Instant::now() < deadline {
            let pause = self.take_frames(|session| !session.has_open_records())?;
            self.sink.pass_on();
            self.sink.settle(self.session.ledger())?;
            self.connection.transmit(&mut self.session).await?;
            let is_stuck = pause == Pause::Full && self.session.unsettled() == 0;
            if !self.session.has_open_records() || (is_stuck && self.sink.trouble().is_some()) {
                break;
            }
            self.sink.want_wake();
            let timer = Instant::from_std(self.session.poll_timeout()).min(deadline);
            tokio::select! {
                biased;
                () = shutdown.signalled() => return Ok(Instant::now()),
                received = self.connection.receive(), if pause == Pause::Starved => received?,
                () = waker.notified() => {}
                () = sleep_until(timer) => {}
            }
        }
        Ok(deadline)
    }

    /// Ends in good order: delivers what was taken, confirms it, and takes leave of the server.
    async fn leave(
        &mut self,
        deadline: Instant,
        shutdown: &mut Shutdown,
        waker: &Waker,
    ) -> Result<(), Failed> {
        self.sink.pass_on();
        while self.session.unsettled() > 0 && Instant::now() < deadline {
            self.sink.want_wake();
            self.sink.settle(self.session.ledger())?;
            self.connection.transmit(&mut self.session).await?;
            if self.session.unsettled() == 0 {
                break;
            }
            let timer = Instant::from_std(self.session.poll_timeout()).min(deadline);
            tokio::select! {
                () = waker.notified() => {}
                () = sleep_until(timer) => {}
                () = shutdown.signalled() => break,
            }
        }
        let left = self.session.unsettled();
        if left > 0 {
            tracing::warn!(
                records = left,
                "undelivered events are left to the next start"
            );
        }
        self.session.close();
        self.connection.transmit(&mut self.session).await?;
        let patience = LEAVE.max(deadline.saturating_duration_since(Instant::now()));
        let ended = tokio::select! {
            ended = timeout(patience, self.read_to_the_end()) => ended,
            () = shutdown.signalled() => return Ok(()),
        };
        match ended {
            Ok(ended) => ended?,
            Err(_) => return Ok(()),
        }
        Ok(self.connection.terminate().await?)
    }

    /// Reads until the server has answered our end of the stream.
    async fn read_to_the_end(&mut self) -> Result<(), Failed> {
        loop {
            while let Some(frame) = self.connection.frame()? {
                let bytes = frame.wire_len();
                if let outflow_replication_slot::Event::Ended(_) =
                    self.session.handle_frame(frame)?
                {
                    return Ok(());
                }
                self.connection.consume(bytes);
            }
            self.connection.receive().await?;
        }
    }
}

/// How long the server may take to answer our end of the stream, even past the deadline. To leave
/// before would reset the connection, and the last confirmation could be lost with it.
const LEAVE: Duration = Duration::from_secs(2);
