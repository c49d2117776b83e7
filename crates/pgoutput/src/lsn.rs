//! Positions in the write-ahead log.

use std::fmt;
use std::str::FromStr;

/// A position in the write-ahead log: the number of bytes before it (PostgreSQL manual, "pg_lsn
/// Type").
///
/// It prints and parses as PostgreSQL does:
/// ```
/// use outflow_pgoutput::Lsn;
/// let lsn: Lsn = "16/B374D848".parse()?;
/// assert_eq!(lsn.as_u64(), 0x16_B374_D848);
/// assert_eq!(lsn.to_string(), "16/B374D848");
/// # Ok::<(), outflow_pgoutput::ParseLsnError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(u64);

/// The text is no LSN: two hexadecimal numbers of up to eight digits with a slash between them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no LSN, which reads like 16/B374D848")]
pub struct ParseLsnError(String);

impl Lsn {
    /// No position: PostgreSQL's `InvalidXLogRecPtr`.
    pub const ZERO: Self = Self(0);

    /// Makes a position from a number of bytes.
    #[inline]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Gives the number of bytes.
    #[inline]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Gives the bytes of WAL from `earlier` to here; 0 if it is not earlier.
    #[inline]
    pub const fn distance_from(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl fmt::Debug for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Lsn {
    type Err = ParseLsnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let half = |digits: &str| {
            let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            (hex && (1..=8).contains(&digits.len()))
                .then(|| u64::from_str_radix(digits, 16).ok())
                .flatten()
        };
        let halves = text
            .split_once('/')
            .and_then(|(high, low)| Some((half(high)?, half(low)?)));
        match halves {
            Some((high, low)) => Ok(Self(high << 32 | low)),
            None => Err(ParseLsnError(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_it_prints() {
        for lsn in [0, 1, 0xFFFF_FFFF, 0x1_0000_0000, 0x16_B374_D848, u64::MAX] {
            let lsn = Lsn::new(lsn);
            assert_eq!(lsn.to_string().parse(), Ok(lsn));
        }
        assert_eq!(Lsn::new(u64::MAX).to_string(), "FFFFFFFF/FFFFFFFF");
        assert_eq!(Lsn::ZERO.to_string(), "0/0");
    }

    #[test]
    fn it_reads_what_people_and_later_servers_write() {
        for text in ["16/b374d848", "16/B374D848", "00000016/B374D848"] {
            assert_eq!(text.parse(), Ok(Lsn::new(0x16_B374_D848)), "{text}");
        }
    }

    #[test]
    fn it_refuses_what_postgresql_refuses() {
        for text in [
            "",
            "/",
            "0",
            "0/",
            "/0",
            "+1/0",
            "0/-1",
            "0/ 1",
            " 0/1",
            "0/1/2",
            "G/0",
            "0x1/0",
            "1/000000000",
            "100000000/0",
            "0/é",
        ] {
            assert!(text.parse::<Lsn>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_distance_is_never_negative() {
        let (near, far) = (Lsn::new(10), Lsn::new(25));
        assert_eq!(far.distance_from(near), 15);
        assert_eq!(near.distance_from(far), 0);
    }
}
