//! What follows a session: the end, or another one after a wait.
//!
//! Nothing is patched inside a session, so order cannot be broken by a retry. What a failure has
//! taught is kept here, from one session to the next.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use outflow_replication_slot::EventId;
use tokio::time::{Instant, sleep};

use crate::exit::Failure;
use crate::pipeline::{Cause, Failed, Outcome, Retry};
use crate::shutdown::Shutdown;

/// Judges how sessions end.
pub(crate) struct Supervisor {
    /// Whether the run is a one-shot, which does not wait.
    one_shot: bool,
    /// The waits that are left, growing.
    backoff: ExponentialBackoff,
    /// When the last session began.
    began: Instant,
    /// The trouble that lasts.
    trouble: Option<Trouble>,
    /// Up to here records are sent one at a time.
    caution: Option<EventId>,
}

/// A trouble that lasts.
struct Trouble {
    /// What kind it is.
    cause: Cause,
    /// What was said of it last.
    text: String,
    /// Since when.
    since: Instant,
    /// When it was last said.
    said: Instant,
    /// The number of attempts.
    attempts: u64,
}

/// What follows.
pub(crate) enum Verdict {
    /// Another session.
    Again,
    /// The end, as it should be.
    Done,
    /// The end, as it should not be.
    Failed(Failure),
}

impl Supervisor {
    /// Begins before the first session.
    pub(crate) fn new(one_shot: bool) -> Self {
        Self {
            one_shot,
            backoff: waits(),
            began: Instant::now(),
            trouble: None,
            caution: None,
        }
    }

    /// Gives up to where records are to be sent one at a time.
    pub(crate) const fn caution(&self) -> Option<EventId> {
        self.caution
    }

    /// Judges the end of a session, and waits if another one is to follow.
    ///
    /// # Cancel safety
    /// Not cancelled: a signal ends the wait.
    pub(crate) async fn judge(
        &mut self,
        ended: Result<Outcome, Failed>,
        shutdown: &mut Shutdown,
    ) -> Verdict {
        let retry = match ended {
            Ok(Outcome::Stopped) => {
                tracing::info!("stopped");
                return Verdict::Done;
            }
            Ok(Outcome::CaughtUp) | Err(Failed::OutputClosed) => return Verdict::Done,
            Err(Failed::Fatal(failure)) => return Verdict::Failed(failure),
            Err(Failed::Poison(poison)) => return Verdict::Failed(poison.into_failure()),
            Err(Failed::Retry(retry)) => retry,
        };
        if self.one_shot && retry.cause != Cause::Refused {
            return Verdict::Failed(retry.failure);
        }
        if retry.caution > self.caution {
            self.caution = retry.caution;
        }
        if self.began.elapsed() > STEADY {
            self.backoff = waits();
            self.trouble = None;
        }
        self.say(&retry);
        let wait = self.next_wait(retry.cause);
        tokio::select! {
            () = sleep(wait) => {}
            () = shutdown.signalled() => {
                tracing::info!("stopped");
                return Verdict::Done;
            }
        }
        self.began = Instant::now();
        Verdict::Again
    }

    /// Says a trouble when it begins or changes, and then every 30 seconds.
    fn say(&mut self, retry: &Retry) {
        let now = Instant::now();
        let text = retry.failure.in_one_line();
        let trouble = match &mut self.trouble {
            Some(trouble) if trouble.cause == retry.cause && trouble.text == text => trouble,
            other => {
                match retry.cause {
                    Cause::SlotBusy => tracing::info!(error = %text, "standing by"),
                    Cause::ServerLeaving | Cause::Refused | Cause::Other => {
                        let hint = retry.failure.what_to_do().map(tracing::field::display);
                        tracing::warn!(error = %text, hint, "the session ended; trying again");
                    }
                }
                *other = Some(Trouble {
                    cause: retry.cause,
                    text,
                    since: now,
                    said: now,
                    attempts: 1,
                });
                return;
            }
        };
        trouble.attempts = trouble.attempts.saturating_add(1);
        if now.saturating_duration_since(trouble.said) >= REPEAT {
            trouble.said = now;
            let waited_secs = trouble.since.elapsed().as_secs();
            let attempt = trouble.attempts;
            match retry.cause {
                Cause::SlotBusy => {
                    tracing::info!(error = %text, attempt, waited_secs, "still standing by")
                }
                Cause::ServerLeaving | Cause::Refused | Cause::Other => {
                    let hint = retry.failure.what_to_do().map(tracing::field::display);
                    tracing::warn!(error = %text, hint, attempt, waited_secs, "still trying");
                }
            }
        }
    }

    /// Gives the next wait.
    fn next_wait(&mut self, cause: Cause) -> Duration {
        let wait = self.backoff.next().unwrap_or(LONGEST);
        match cause {
            // A standby looks often, so as to take over within seconds.
            Cause::SlotBusy => {
                self.backoff = waits();
                STANDBY.mul_f64(0.75 + jitter(wait) / 2.0)
            }
            // A connection at once would start a walsender again that the server is waiting to see end.
            Cause::ServerLeaving => wait.max(LEAVING),
            Cause::Refused => Duration::ZERO,
            Cause::Other => wait,
        }
    }
}

/// Makes growing waits with jitter, without end.
fn waits() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(SHORTEST)
        .with_max_delay(LONGEST)
        .with_factor(2.0)
        .with_jitter()
        .without_max_times()
        .build()
}

/// Gives a part of 0 to 1 from a wait that has jitter in it.
fn jitter(wait: Duration) -> f64 {
    (f64::from(wait.subsec_nanos() % 1_000_003) / 1_000_003.0).clamp(0.0, 1.0)
}

/// The first wait.
const SHORTEST: Duration = Duration::from_millis(250);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(10);
/// How often a standby looks.
const STANDBY: Duration = Duration::from_secs(1);
/// The least wait for a server that is going down.
const LEAVING: Duration = Duration::from_secs(2);
/// A session that lasted so long was no failure from the start.
const STEADY: Duration = Duration::from_secs(10);
/// The time between two lines about the same trouble.
const REPEAT: Duration = Duration::from_secs(30);
