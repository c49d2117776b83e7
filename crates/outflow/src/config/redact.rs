//! What must not be shown: where secrets stand in a text, and names that mean one.

use std::ops::Range;

/// What stands for a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// Whether a name means a secret, as librdkafka, Kafka's Java client and libpq use them.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "jaas",
        "key.pem",
        "oauthbearer.config",
    ]
    .iter()
    .any(|part| name.contains(part))
}

/// Shows how to reach PostgreSQL, without passwords.
pub(super) fn connection(text: &str) -> String {
    let mut shown = text.to_owned();
    for range in passwords(text).into_iter().rev() {
        shown.replace_range(range, REDACTED);
    }
    shown
}

/// Finds the passwords in libpq's URL or key=value text, in order; rather too much than too little.
pub(super) fn passwords(text: &str) -> Vec<Range<usize>> {
    let url = text.find("://").map(|at| at + 3);
    let mut found: Vec<_> = url
        .and_then(|start| user_password(text, start))
        .into_iter()
        .collect();
    let lower = text.to_ascii_lowercase();
    let mut from = found.first().map_or(0, |range| range.end);
    while let Some(at) = lower.get(from..).and_then(|rest| rest.find("password")) {
        from += at + "password".len();
        if let Some(range) = assigned(text, from, url.is_some()) {
            from = range.end;
            found.push(range);
        }
    }
    found
}

/// Finds what stands between `user:` and `@`.
fn user_password(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let query = rest.find('?').unwrap_or(rest.len());
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password that should have been percent-encoded may hold a slash.
    let end = [authority, query, rest.len()]
        .iter()
        .find_map(|end| rest.get(..*end)?.rfind('@'))?;
    let colon = rest.get(..end)?.find(':')?;
    Some(start + colon + 1..start + end)
}

/// Finds the value after `password`, if one is assigned there.
fn assigned(text: &str, from: usize, url: bool) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let start = text.len() - value.len();
    let mut escaped = false;
    let quoted = value.starts_with('\'');
    let ends = |(at, c): &(usize, char)| {
        let skip = escaped;
        escaped = !skip && *c == '\\';
        !skip
            && match (quoted, c) {
                (true, '\'') => *at > 0,
                (true, _) => false,
                (false, '&') => url,
                (false, c) => c.is_whitespace(),
            }
    };
    let end = value
        .char_indices()
        .find(ends)
        .map_or(value.len(), |(at, _)| at);
    let skip = usize::from(quoted);
    (end > skip).then(|| start + skip..start + end)
}

/// Puts asterisks over parts of a text; its length and lines stay.
pub(super) fn mask(text: &str, parts: &[Range<usize>]) -> String {
    let hidden = |at: usize| parts.iter().any(|part| part.contains(&at));
    let mut masked = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match hidden(at) && c != '\n' {
            true => masked.extend(std::iter::repeat_n('*', c.len_utf8())),
            false => masked.push(c),
        }
    }
    masked
}

/// Finds what may be a secret in a file that can't be parsed, by its lines.
pub(super) fn in_lines(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut within = false;
    for line in text.split_inclusive('\n') {
        // The padding of base64 is no assignment.
        let value = |at: &usize| {
            line.get(at + 1..)
                .is_some_and(|v| v.contains(|c: char| c != '=' && !c.is_whitespace()))
        };
        let assigned = line.find('=').filter(value);
        let value = match assigned {
            Some(at) => {
                within = line.get(..at).is_some_and(is_secret);
                start + at + 1
            }
            None => start,
        };
        within &= !line.trim_start().starts_with('[');
        if within {
            parts.push(value..start + line.len());
        } else {
            parts.extend(
                passwords(line)
                    .into_iter()
                    .map(|p| start + p.start..start + p.end),
            );
        }
        start += line.len();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_of_a_connection_shows() {
        for (text, shown) in [
            ("postgresql://a@h:5432/db", "postgresql://a@h:5432/db"),
            (
                "postgresql://h:5432/db?application_name=x",
                "postgresql://h:5432/db?application_name=x",
            ),
            (
                "postgresql://a:s3cret@h/db",
                "postgresql://a:[redacted]@h/db",
            ),
            (
                "postgresql://a:s3@cret@h:1,i:2/db",
                "postgresql://a:[redacted]@h:1,i:2/db",
            ),
            (
                "postgresql://a:s3/cret@h/db",
                "postgresql://a:[redacted]@h/db",
            ),
            (
                "postgresql://h/db?password=s3cret&user=a",
                "postgresql://h/db?password=[redacted]&user=a",
            ),
            (
                "postgresql://h/db?user=a&sslpassword=x",
                "postgresql://h/db?user=a&sslpassword=[redacted]",
            ),
            (
                "host=h password=s3&cret user=a",
                "host=h password=[redacted] user=a",
            ),
            (
                "PASSWORD = 'it\\'s one' user=a",
                "PASSWORD = '[redacted]' user=a",
            ),
            ("password='open", "password='[redacted]"),
            ("password= ", "password= "),
        ] {
            assert_eq!(connection(text), shown);
        }
    }

    #[test]
    fn a_mask_keeps_length_and_lines() {
        assert_eq!(mask("a = \"ä\nb\"", &[5..7, 8..9]), "a = \"**\n*\"");
    }

    #[test]
    fn secrets_are_found_by_line() {
        let text =
            "a = 1\npassword = \"\"\"x\ny==\n\"\"\"\n[b]\nurl = \"postgres://u:p@h\"\nc = 2\n";
        let expected = "a = 1\npassword =*****\n***\n***\n[b]\nurl = \"postgres://u:*@h\"\nc = 2\n";
        assert_eq!(mask(text, &in_lines(text)), expected);
    }
}
