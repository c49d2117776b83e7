//! The nearest known name to one that is not known.

use super::setting::{ALL, Setting, find};

/// Finds the candidate that a word was most likely meant to be, if any is near.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = plain(word);
    candidates
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word, &plain(candidate)),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Finds the setting that an unknown key was most likely meant to be: by another name of it, beside
/// the key, or elsewhere.
pub(super) fn setting(key: &str) -> Option<&'static Setting> {
    let (section, last) = key.rsplit_once('.').unwrap_or(("", key));
    if let Some(alias) = nearest(last, ALIASES.iter().map(|(alias, _)| *alias)) {
        let (_, setting) = ALIASES.iter().find(|(other, _)| *other == alias)?;
        return find(setting);
    }
    let beside = ALL
        .iter()
        .filter_map(|s| split(s.key, section).map(|last| (s, last)));
    let elsewhere = ALL
        .iter()
        .map(|s| (s, s.key.rsplit('.').next().unwrap_or_default()));
    among(last, beside).or_else(|| among(last, elsewhere))
}

/// Finds the section that an unknown one was most likely meant to be.
pub(super) fn section(path: &str) -> Option<&'static str> {
    nearest(
        path,
        ALL.iter()
            .filter_map(|setting| Some(setting.key.rsplit_once('.')?.0)),
    )
}

/// Finds the setting whose last name is the nearest.
fn among(
    last: &str,
    settings: impl Iterator<Item = (&'static Setting, &'static str)> + Clone,
) -> Option<&'static Setting> {
    let near = nearest(last, settings.clone().map(|(_, last)| last))?;
    settings
        .into_iter()
        .find(|(_, last)| *last == near)
        .map(|(setting, _)| setting)
}

/// Gives what follows the section in a key, if it is directly within.
fn split<'k>(key: &'k str, section: &str) -> Option<&'k str> {
    let (own, last) = key.rsplit_once('.').unwrap_or(("", key));
    (own == section).then_some(last)
}

/// Writes a name as settings are written.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', '.', ' '], "_")
}

/// What the same things are called elsewhere.
const ALIASES: &[(&str, &str)] = &[
    ("bootstrap_servers", "kafka.brokers"),
    ("dsn", "postgres.url"),
    ("connection", "postgres.url"),
    ("connection_string", "postgres.url"),
    ("slot_name", "postgres.slot"),
    ("publication_name", "postgres.publication"),
    ("shutdown_timeout", "limits.shutdown"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_setting_is_found() {
        for (key, expected) in [
            ("kafka.brokrs", Some("kafka.brokers")),
            ("kafka.in_flight", Some("limits.in_flight")),
            ("postgres.status-interval", Some("postgres.status_interval")),
            ("posgres.slot", Some("postgres.slot")),
            (
                "outbox.columns.agregate_id",
                Some("outbox.columns.aggregate_id"),
            ),
            ("kafka.bootstrap.servers", None),
            ("kafka.bootstrap_servers", Some("kafka.brokers")),
            ("kafka.weather", None),
            ("pasword", Some("postgres.password")),
            ("postgres.conection", Some("postgres.url")),
            ("postgres.weather", None),
        ] {
            assert_eq!(setting(key).map(|s| s.key), expected, "{key}");
        }
    }
}
