//! The faults, and how one is picked.

use std::fmt;
use std::time::Duration;

use harness::Direction;

use crate::random::Random;

/// One fault, with all that was decided about it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// outflow is killed by SIGKILL and started again.
    Kill,
    /// outflow stops by SIGTERM and is started again.
    Stop,
    /// outflow stands still.
    Freeze(Duration),
    /// Connections to PostgreSQL are reset.
    Cut,
    /// Each connection to PostgreSQL is reset after so many bytes from the server.
    CutAfter(u64, Duration),
    /// Nothing passes in a direction.
    Stall(Direction, Duration),
    /// No byte passes, and no end of a connection.
    Silence(Duration),
    /// PostgreSQL is far away.
    Distance(Duration),
    /// PostgreSQL restarts in good order.
    PostgresFast,
    /// PostgreSQL crashes and comes back.
    PostgresKilled,
    /// Kafka restarts in good order.
    KafkaRestart,
    /// Kafka is killed and comes back.
    KafkaKilled,
    /// Kafka stands still.
    KafkaFreeze(Duration),
}

impl Fault {
    /// Picks one.
    pub(crate) fn pick(random: &mut Random) -> Self {
        let mut time = |millis: u64| Duration::from_millis(200 + random.below(millis));
        let (short, long) = (time(1_500), time(6_000));
        let direction = match random.below(2) {
            0 => Direction::ToServer,
            _ => Direction::ToClient,
        };
        match random.below(16) {
            0..=2 => Self::Kill,
            3 => Self::Stop,
            4 => Self::Freeze(long),
            5 => Self::Cut,
            6 | 7 => Self::CutAfter(1_000 + random.below(60_000), short),
            8 => Self::Stall(direction, long),
            9 => Self::Silence(long),
            10 => Self::Distance(short),
            11 => Self::PostgresFast,
            12 => Self::PostgresKilled,
            13 => Self::KafkaRestart,
            14 => Self::KafkaKilled,
            _ => Self::KafkaFreeze(short),
        }
    }

    /// Gives its kind.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Kill => "outflow killed",
            Self::Stop => "outflow stopped",
            Self::Freeze(_) => "outflow frozen",
            Self::Cut => "connections to PostgreSQL reset",
            Self::CutAfter(..) => "connections to PostgreSQL reset after some bytes",
            Self::Stall(..) => "one direction to PostgreSQL stalled",
            Self::Silence(_) => "PostgreSQL silent",
            Self::Distance(_) => "PostgreSQL far away",
            Self::PostgresFast => "PostgreSQL restarted",
            Self::PostgresKilled => "PostgreSQL killed",
            Self::KafkaRestart => "Kafka restarted",
            Self::KafkaKilled => "Kafka killed",
            Self::KafkaFreeze(_) => "Kafka frozen",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())?;
        match self {
            Self::CutAfter(bytes, time) => write!(out, ": {bytes}, for {time:.1?}"),
            Self::Stall(direction, time) => write!(out, ": {direction:?}, for {time:.1?}"),
            Self::Freeze(time)
            | Self::Silence(time)
            | Self::Distance(time)
            | Self::KafkaFreeze(time) => write!(out, " for {time:.1?}"),
            Self::Kill
            | Self::Stop
            | Self::Cut
            | Self::PostgresFast
            | Self::PostgresKilled
            | Self::KafkaRestart
            | Self::KafkaKilled => Ok(()),
        }
    }
}
