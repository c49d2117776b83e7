//! PostgreSQL's timestamps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time as microseconds since 2000-01-01 00:00 UTC, as the protocol carries it.
///
/// It comes from the server's clock and reads none itself.
/// ```
/// use outflow_pgoutput::Timestamp;
///
/// let second = Timestamp::from_micros(1_000_000);
/// assert_eq!(second.unix_millis(), 946_684_801_000);
/// assert_eq!(second.to_system_time().map(Timestamp::from), Some(second));
/// ```
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
    #[inline]
    pub const fn unix_millis(self) -> i64 {
        self.0.div_euclid(1000).saturating_add(EPOCH_UNIX_MILLIS)
    }

    /// Gives the time as the standard library's, where that reaches so far; on Unix it always does.
    pub fn to_system_time(self) -> Option<SystemTime> {
        let offset = Duration::from_micros(self.0.unsigned_abs());
        let epoch =
            UNIX_EPOCH.checked_add(Duration::from_millis(EPOCH_UNIX_MILLIS.unsigned_abs()))?;
        if self.0 < 0 {
            epoch.checked_sub(offset)
        } else {
            epoch.checked_add(offset)
        }
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
        let time = UNIX_EPOCH + Duration::from_secs(946_684_801);
        assert_eq!(Timestamp::from(time), Timestamp::from_micros(1_000_000));
        assert_eq!(Timestamp::from(UNIX_EPOCH).unix_millis(), 0);
    }

    #[test]
    fn milliseconds_are_rounded_down_on_both_sides_of_the_epoch() {
        assert_eq!(Timestamp::from_micros(1_999).unix_millis(), 946_684_800_001);
        assert_eq!(Timestamp::from_micros(-1).unix_millis(), 946_684_799_999);
    }

    #[test]
    fn a_time_survives_the_way_to_the_system_and_back() {
        for micros in [0, 1, -1, 820_454_400_123_456, -EPOCH_UNIX_MILLIS * 1000 - 1] {
            let time = Timestamp::from_micros(micros);
            assert_eq!(time.to_system_time().map(Timestamp::from), Some(time));
        }
    }

    #[test]
    fn the_ends_of_the_range_do_not_panic() {
        for micros in [i64::MIN, i64::MAX] {
            let time = Timestamp::from_micros(micros);
            let _millis = time.unix_millis();
            let _system = time.to_system_time().map(Timestamp::from);
        }
    }
}
