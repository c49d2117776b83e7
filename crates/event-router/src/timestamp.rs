//! The time of a record from the column named for it.

/// How a column says a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// `timestamp`, without a time zone: taken as UTC.
    Local,
    /// `timestamptz`, printed with its offset from UTC.
    Zoned,
    /// `bigint`: milliseconds since 1970.
    Millis,
    /// A field of a message: a number as `bigint`, else text as `timestamp` or `timestamptz`, also
    /// with `T` between date and time and with `Z` for UTC, as JSON has it.
    Any,
}

/// Why a value can't be the time of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimestampFault {
    /// `infinity` or `-infinity`.
    #[error("it is infinite")]
    Infinite,
    /// A time that Kafka has no number for.
    #[error("it is before 1970")]
    BeforeEpoch,
    /// Not what PostgreSQL prints in a session with `DateStyle` `ISO`.
    #[error("it is not as PostgreSQL prints one with DateStyle ISO")]
    Unreadable,
}

/// Reads a time as milliseconds since 1970, fractions of one left out.
pub(crate) fn parse(clock: Clock, text: &[u8]) -> Result<i64, TimestampFault> {
    let millis = match clock {
        Clock::Millis => std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok()),
        Clock::Local | Clock::Zoned => match text {
            b"infinity" | b"-infinity" => return Err(TimestampFault::Infinite),
            _ => date_time(&mut Cursor(text), clock),
        },
        Clock::Any => return parse_any(text),
    };
    match millis {
        None => Err(TimestampFault::Unreadable),
        Some(millis) if millis < 0 => Err(TimestampFault::BeforeEpoch),
        Some(millis) => Ok(millis),
    }
}

/// Reads a time of which only the text is known.
fn parse_any(text: &[u8]) -> Result<i64, TimestampFault> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.iter().all(u8::is_ascii_digit) {
        return parse(Clock::Millis, text);
    }
    let text = std::str::from_utf8(text).map_err(|_| TimestampFault::Unreadable)?;
    let text = text.replacen('T', " ", 1);
    let text = match text.strip_suffix('Z') {
        Some(local) => format!("{local}+00"),
        None => text,
    };
    parse(Clock::Zoned, text.as_bytes()).or_else(|fault| match fault {
        TimestampFault::Unreadable => parse(Clock::Local, text.as_bytes()),
        TimestampFault::Infinite | TimestampFault::BeforeEpoch => Err(fault),
    })
}

/// Reads all of `2026-01-02 03:04:05.678901+05:30:15 BC`, the parts after the seconds optional.
fn date_time(text: &mut Cursor<'_>, clock: Clock) -> Option<i64> {
    let mut year = text.number(4, 7)?;
    let month = text
        .after(b'-')?
        .number(2, 2)
        .filter(|month| (1..=12).contains(month))?;
    let day = text
        .after(b'-')?
        .number(2, 2)
        .filter(|day| (1..=31).contains(day))?;
    let hour = text.after(b' ')?.number(2, 2)?;
    let minute = text.after(b':')?.number(2, 2)?;
    let second = text.after(b':')?.number(2, 2)?;
    let millis = text.fraction()?;
    let offset = match clock {
        Clock::Zoned => text.offset()?,
        Clock::Local | Clock::Millis | Clock::Any => 0,
    };
    if text.0 == b" BC" {
        year = 1 - year;
    } else if !text.0.is_empty() {
        return None;
    }
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - offset;
    Some(seconds * 1000 + millis)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, by whole eras of 400 years.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // A year that begins in March has its leap day at the end.
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let era = year.div_euclid(400);
    let year = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468
}

/// What is left to read of a text.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// Steps over one byte, which must be this one.
    fn after(&mut self, byte: u8) -> Option<&mut Self> {
        let (first, rest) = self.0.split_first()?;
        if *first != byte {
            return None;
        }
        self.0 = rest;
        Some(self)
    }

    /// Reads a number of so many digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self
            .0
            .iter()
            .take(most)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits < least {
            return None;
        }
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        Some(
            number
                .iter()
                .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')),
        )
    }

    /// Reads a fraction of a second, if there is one, as milliseconds.
    fn fraction(&mut self) -> Option<i64> {
        if self.after(b'.').is_none() {
            return Some(0);
        }
        let mut millis = 0;
        let mut unit = 100;
        while let Some(digit) = self.number(1, 1) {
            millis += digit * unit;
            unit /= 10;
        }
        Some(millis)
    }

    /// Reads an offset from UTC as seconds, east being positive.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.after(b'+') {
            Some(_) => 1,
            None => self.after(b'-').map(|_| -1)?,
        };
        let mut seconds = self.number(2, 2)? * 3600;
        for unit in [60, 1] {
            if let Some(rest) = self.after(b':') {
                seconds += rest.number(2, 2)? * unit;
            }
        }
        Some(sign * seconds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn local(text: &str) -> Result<i64, TimestampFault> {
        parse(Clock::Local, text.as_bytes())
    }

    fn zoned(text: &str) -> Result<i64, TimestampFault> {
        parse(Clock::Zoned, text.as_bytes())
    }

    #[test]
    fn times_become_milliseconds() {
        assert_eq!(local("1970-01-01 00:00:00"), Ok(0));
        assert_eq!(local("2026-01-02 03:04:05.678901"), Ok(1_767_323_045_678));
        assert_eq!(local("2000-02-29 23:59:59.9"), Ok(951_868_799_900));
        assert_eq!(
            local("294276-12-31 23:59:59.999999"),
            Ok(9_224_318_015_999_999)
        );
        assert_eq!(
            zoned("2026-01-02 03:04:05.678901+00"),
            Ok(1_767_323_045_678)
        );
        assert_eq!(
            zoned("2026-01-02 03:04:05.678901+02"),
            Ok(1_767_315_845_678)
        );
        assert_eq!(zoned("2026-01-02 03:04:05-05:30"), Ok(1_767_342_845_000));
        assert_eq!(zoned("2026-01-02 03:04:05+00:19:32"), Ok(1_767_321_873_000));
        assert_eq!(
            parse(Clock::Millis, b"1767323045678"),
            Ok(1_767_323_045_678)
        );
    }

    #[test]
    fn what_kafka_has_no_number_for_is_refused() {
        use TimestampFault::{BeforeEpoch, Infinite, Unreadable};
        assert_eq!(local("infinity"), Err(Infinite));
        assert_eq!(zoned("-infinity"), Err(Infinite));
        assert_eq!(local("1969-12-31 23:59:59.999"), Err(BeforeEpoch));
        assert_eq!(zoned("1970-01-01 00:00:00+01"), Err(BeforeEpoch));
        assert_eq!(local("4713-01-01 00:00:00 BC"), Err(BeforeEpoch));
        assert_eq!(parse(Clock::Millis, b"-1"), Err(BeforeEpoch));
        assert_eq!(
            parse(Clock::Millis, b"99999999999999999999"),
            Err(Unreadable)
        );
        for text in [
            "",
            "01/02/2026 03:04:05",
            "2026-01-02",
            "2026-13-01 00:00:00",
            "2026-01-02 03:04:05 AD",
            "2026-01-02T03:04:05",
            "2026-01-02 03:04:05+00",
        ] {
            assert_eq!(local(text), Err(Unreadable), "{text}");
        }
        assert_eq!(zoned("2026-01-02 03:04:05"), Err(Unreadable));
        assert_eq!(zoned("2026-01-02 03:04:05 UTC"), Err(Unreadable));
    }

    #[test]
    fn days_follow_each_other_through_all_years() {
        let lengths = |leap: bool| {
            [
                31,
                if leap { 29 } else { 28 },
                31,
                30,
                31,
                30,
                31,
                31,
                30,
                31,
                30,
                31,
            ]
        };
        let mut expected = days(-4712, 1, 1);
        for year in -4712_i64..=3000 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            for (month, length) in (1..).zip(lengths(leap)) {
                assert_eq!(days(year, month, 1), expected, "{year}-{month}");
                expected += length;
            }
        }
        assert_eq!(days(1970, 1, 1), 0);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9:. +BC-]{0,40}", bytes: Vec<u8>) {
            for clock in [Clock::Local, Clock::Zoned, Clock::Millis] {
                let _ = (parse(clock, text.as_bytes()), parse(clock, &bytes));
            }
        }
    }
}
