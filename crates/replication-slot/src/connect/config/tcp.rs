//! libpq's settings of the TCP socket.

use std::time::Duration;

use super::resolve::Values;
use crate::connect::conninfo::ConnInfoError;

/// TCP keepalive; what is not set is the system's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::connect) struct Keepalive {
    /// After how long without traffic it asks.
    pub(in crate::connect) idle: Option<Duration>,
    /// The time between two questions.
    pub(in crate::connect) interval: Option<Duration>,
    /// How many unanswered questions end the connection.
    pub(in crate::connect) retries: Option<u32>,
}

impl Keepalive {
    /// Reads libpq's parameters; `None` where it is turned off.
    pub(super) fn read(values: &Values<'_>) -> Result<Option<Self>, ConnInfoError> {
        let secs = |name| Ok(positive(values, name)?.map(Duration::from_secs));
        let keepalive = Self {
            idle: secs("keepalives_idle")?,
            interval: secs("keepalives_interval")?,
            retries: positive(values, "keepalives_count")?
                .map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
        };
        let on = number(values, "keepalives")?.is_none_or(|on| on != 0);
        Ok(on.then_some(keepalive))
    }
}

/// Reads a whole number above 0; libpq takes the others for "the default".
pub(super) fn positive(
    values: &Values<'_>,
    name: &'static str,
) -> Result<Option<u64>, ConnInfoError> {
    let number = number(values, name)?;
    Ok(number
        .and_then(|number| u64::try_from(number).ok())
        .filter(|&number| number > 0))
}

/// Reads a whole number.
pub(super) fn number(
    values: &Values<'_>,
    name: &'static str,
) -> Result<Option<i32>, ConnInfoError> {
    let Some((label, text)) = values.find(name) else {
        return Ok(None);
    };
    let parsed = text.trim().parse().map(Some);
    parsed.map_err(|_| ConnInfoError::Invalid {
        name: label,
        value: text,
        expected: "a whole number",
    })
}
