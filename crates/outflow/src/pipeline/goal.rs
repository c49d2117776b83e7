//! When a run ends by itself, what it shows on the way, and what it says while it waits for Kafka.

use std::time::Duration;

use outflow_pgoutput::Lsn;
use outflow_replication_slot::Session;
use tokio::time::Instant;

use crate::exit::{Exit, Failure, Hint};
use crate::pipeline::{Cause, Failed};
use crate::progress::Display;
use crate::sink::Trouble as Obstacle;

/// When a run ends by itself.
#[derive(Debug)]
pub(crate) struct Goal {
    /// All before this position is to be delivered; `None`: the run is a service.
    target: Option<Lsn>,
    /// What a person sees meanwhile.
    display: Display,
    /// What keeps records from being delivered, and since when.
    trouble: Option<Trouble>,
}

/// A lasting trouble of the sink.
#[derive(Debug)]
struct Trouble {
    /// When it began.
    since: Instant,
    /// When it was last said.
    said: Instant,
    /// What it is.
    obstacle: Obstacle,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// Records that became safe in this session.
    pub records: u64,
    /// Everything before is settled.
    pub flushed: Lsn,
    /// Where the run ends, if it does.
    pub target: Option<Lsn>,
}

impl Goal {
    /// Makes the goal of a service, which has none.
    pub(crate) const fn service() -> Self {
        Self {
            target: None,
            display: Display::silent(),
            trouble: None,
        }
    }

    /// Makes the goal of a one-shot: deliver all that the server has committed by now.
    pub(crate) const fn caught_up(target: Lsn, display: Display) -> Self {
        Self {
            target: Some(target),
            display,
            trouble: None,
        }
    }

    /// Says whether everything was delivered.
    pub(crate) fn is_reached(&self, session: &Session) -> bool {
        self.target
            .is_some_and(|target| session.flushed().as_lsn() >= target)
    }

    /// Says whether the end depends on what the sink has yet to confirm.
    pub(crate) const fn is_waiting(&self, session: &Session) -> bool {
        self.target.is_some() && session.unsettled() > 0
    }

    /// Takes note of what has become safe, shows it, and says what is in the way.
    ///
    /// # Errors
    /// [`Failed::Retry`] where a one-shot has waited for Kafka for long enough.
    pub(crate) fn note(
        &mut self,
        session: &Session,
        settled: u64,
        trouble: Option<Obstacle>,
    ) -> Result<(), Failed> {
        self.display.add(settled);
        self.display.show(|records| Progress {
            records,
            flushed: session.flushed().as_lsn(),
            target: self.target,
        });
        let Some(obstacle) = trouble.filter(|_| settled == 0) else {
            if self.trouble.take_if(|_| settled > 0).is_some() {
                tracing::info!("records are delivered again");
            }
            return Ok(());
        };
        self.complain(obstacle)
    }

    /// Says at once, when it changes, and then every 30 seconds, what keeps records from being
    /// delivered.
    fn complain(&mut self, obstacle: Obstacle) -> Result<(), Failed> {
        let now = Instant::now();
        let trouble = self.trouble.get_or_insert_with(|| {
            say_waiting(&obstacle);
            Trouble {
                since: now,
                said: now,
                obstacle: obstacle.clone(),
            }
        });
        if trouble.obstacle != obstacle {
            say_waiting(&obstacle);
            trouble.said = now;
        } else if now.saturating_duration_since(trouble.said) >= REPEAT {
            let waited_secs = trouble.since.elapsed().as_secs();
            let (what, hint) = (&obstacle.what, obstacle.hint.as_deref());
            tracing::warn!(error = %what, hint, waited_secs, "still waiting for Kafka");
            trouble.said = now;
        }
        trouble.obstacle = obstacle;
        if self.target.is_some() && trouble.since.elapsed() >= ONE_SHOT_PATIENCE {
            return Err(Failed::retry(
                Cause::Other,
                kafka_unreachable(&trouble.obstacle),
            ));
        }
        Ok(())
    }
}

/// Says that a one-shot gives up on Kafka.
fn kafka_unreachable(obstacle: &Obstacle) -> Failure {
    let hint = obstacle.hint.clone();
    Failure::new(Exit::Unavailable, "Kafka does not take the events")
        .because(obstacle.what.clone())
        .hint(hint.map_or(Hint::KafkaUnreachable, Hint::Made))
}

/// Says what is waited for.
fn say_waiting(obstacle: &Obstacle) {
    let (what, hint) = (&obstacle.what, obstacle.hint.as_deref());
    tracing::warn!(error = %what, hint, "waiting for Kafka");
}

/// The time between two complaints about the same thing.
const REPEAT: Duration = Duration::from_secs(30);
/// How long a one-shot waits for Kafka.
const ONE_SHOT_PATIENCE: Duration = Duration::from_secs(15);
