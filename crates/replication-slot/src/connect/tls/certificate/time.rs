//! Times in certificates (RFC 5280, section 4.1.2.5): UTC, to the second.

use super::der::tag;

/// Reads a UTCTime or GeneralizedTime into seconds since 1970.
pub(super) fn parse((kind, text): (u8, &[u8])) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    let (year, rest) = match kind {
        tag::UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year = number(year)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        tag::GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (number(year)?, rest)
        }
        _ => return None,
    };
    let mut fields = rest.chunks(2).map(number);
    let mut field = |range: std::ops::RangeInclusive<i64>| {
        fields
            .next()
            .flatten()
            .filter(|number| range.contains(number))
    };
    let (month, day) = (field(1..=12)?, field(1..=31)?);
    let (hour, minute, second) = (field(0..=23)?, field(0..=59)?, field(0..=60)?);
    (rest.len() == 10).then_some(())?;
    Some(days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Reads decimal digits.
fn number(digits: &[u8]) -> Option<i64> {
    let add = |number: i64, digit: &u8| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i64::from(digit - b'0'))
    };
    digits.iter().try_fold(0, add)
}

/// Gives the days since 1970-01-01; years begin in March, so that a leap day is the last one.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        let utc = |text: &str| parse((tag::UTC_TIME, text.as_bytes()));
        let long = |text: &str| parse((tag::GENERALIZED_TIME, text.as_bytes()));
        assert_eq!(utc("700101000000Z"), Some(0));
        assert_eq!(utc("240229235959Z"), Some(1_709_251_199));
        assert_eq!(utc("491231235959Z"), Some(2_524_607_999));
        assert_eq!(utc("500101000000Z"), Some(-631_152_000));
        assert_eq!(long("20240229235959Z"), Some(1_709_251_199));
        assert_eq!(long("99991231235959Z"), Some(253_402_300_799));
        for text in [
            "",
            "Z",
            "240229235959",
            "24022923595Z",
            "241301000000Z",
            "2402292359590Z",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
        assert_eq!(parse((tag::UTF8, b"240229235959Z")), None);
    }
}
