//! The table of all settings: what each is called, takes and means.
//!
//! Reading, `config show` and `config schema` all go by it; a key that is not here does not exist.

use std::time::Duration;

mod table;

pub(super) use table::ALL;

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its dotted name.
    pub(super) key: &'static str,
    /// What it takes.
    pub(super) kind: Kind,
    /// What counts where no layer sets it.
    pub(super) default: Default,
    /// What it means.
    pub(super) doc: &'static str,
}

/// What counts where no layer sets a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Default {
    /// A value, as TOML.
    Toml(&'static str),
    /// What these words say.
    Derived(&'static str),
    /// Nothing.
    None,
}

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// How to reach PostgreSQL; it may hold a password.
    Connection,
    /// True or false.
    Flag,
    /// -1, or a number from 1 to this.
    Count(i64),
    /// A span of time, in these bounds.
    Duration(Duration, Duration),
    /// A number of bytes, in these bounds.
    Size(u64, u64),
    /// `auto`, or a number of bytes in these bounds.
    AutoSize(u64, u64),
    /// One of the first words; the others come with a later version.
    Choice(&'static [&'static str], &'static [&'static str]),
    /// Text, of which this version knows one value.
    Only(&'static str),
    /// A secret, or where it is.
    Secret,
    /// A list of text.
    List,
    /// A template, or a regular expression with its replacement.
    Topic,
    /// Names with templates; as pairs where a name repeats.
    Headers,
    /// Names of the user's choice with text, numbers, true or false.
    Map,
    /// librdkafka's names with text, numbers, true or false, or secrets.
    Properties,
}

impl Kind {
    /// Says what it takes, to come after "takes".
    pub(super) fn takes(self) -> String {
        match self {
            Self::Text | Self::Connection | Self::Only(_) => "text".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Count(max) => format!("-1 or a whole number from 1 to {max}"),
            Self::Duration(min, max) => {
                format!("a duration from {} to {}", duration(min), duration(max))
            }
            Self::Size(min, max) => format!("a size from {} to {}", size(min), size(max)),
            Self::AutoSize(min, max) => {
                format!("\"auto\" or a size from {} to {}", size(min), size(max))
            }
            Self::Choice(now, _) => match now {
                [only] => format!("\"{only}\""),
                _ => format!("one of {}", quoted(now)),
            },
            Self::Secret => "text, or a table { file | env | credential = \"..\" }".to_owned(),
            Self::List => "a list of text".to_owned(),
            Self::Topic => "text, or a table { regex = \"..\", replacement = \"..\" }".to_owned(),
            Self::Headers => "a table of text, or a list of pairs of text".to_owned(),
            Self::Map | Self::Properties => "a table of text, numbers, true or false".to_owned(),
        }
    }
}

/// Finds a setting by its dotted name.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    ALL.iter().find(|setting| setting.key == key)
}

/// Whether there are settings below this name.
pub(super) fn is_section(path: &str) -> bool {
    ALL.iter().any(|s| {
        s.key
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// Writes a duration as the file has it: `1m 30s`.
pub(super) fn duration(duration: Duration) -> String {
    jiff::SignedDuration::try_from(duration).map_or_else(|_| String::new(), |d| format!("{d:#}"))
}

/// Writes a size as the file has it: `24MiB`.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    units
        .iter()
        .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .map_or_else(
            || format!("{bytes}B"),
            |(unit, name)| format!("{}{name}", bytes / unit),
        )
}

/// Writes words as `"a", "b"`.
pub(super) fn quoted(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_sections_are_not_settings() {
        for (at, setting) in ALL.iter().enumerate() {
            assert!(
                ALL.iter()
                    .skip(at + 1)
                    .all(|other| other.key != setting.key)
            );
            assert!(!is_section(setting.key), "{}", setting.key);
        }
    }

    #[test]
    fn sizes_and_durations_are_written_as_the_file_has_them() {
        assert_eq!(size(24 << 20), "24MiB");
        assert_eq!(size(1000), "1000B");
        assert_eq!(duration(Duration::from_millis(250)), "250ms");
        assert_eq!(duration(Duration::from_secs(90)), "1m 30s");
    }
}
