//! PostgreSQL's timestamps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time as microseconds since 2000-01-01 00:00 UTC, as the protocol carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Makes a time from microseconds since 2000-01-01 00:00 UTC.
    #[inline]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Gives the microseconds since 2000-01-01 00:00 UTC.
    #[inline]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Gives the milliseconds since 1970-01-01 00:00 UTC, rounded down.
    pub const fn unix_millis(self) -> i64 {
        self.0.div_euclid(1000).saturating_add(EPOCH_UNIX_MILLIS)
    }
}

impl From<SystemTime> for Timestamp {
    /// Saturates at the ends of the range, some 292,000 years away.
    fn from(time: SystemTime) -> Self {
        let micros = |d: Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
        let unix = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => micros(after),
            Err(before) => micros(before.duration()).saturating_neg(),
        };
        Self(unix.saturating_sub(EPOCH_UNIX_MILLIS.saturating_mul(1000)))
    }
}

/// 2000-01-01 00:00 UTC in milliseconds since 1970-01-01 00:00 UTC.
const EPOCH_UNIX_MILLIS: i64 = 946_684_800_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_is_the_year_2000() {
        assert_eq!(Timestamp::from_micros(0).unix_millis(), 946_684_800_000);
        assert_eq!(Timestamp::from_micros(-1).unix_millis(), 946_684_799_999);
        let time = UNIX_EPOCH + Duration::from_secs(946_684_801);
        assert_eq!(Timestamp::from(time), Timestamp::from_micros(1_000_000));
        assert_eq!(Timestamp::from(UNIX_EPOCH).unix_millis(), 0);
    }
}
