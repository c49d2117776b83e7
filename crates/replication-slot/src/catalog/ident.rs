//! Identifiers as a person would write them.

use std::borrow::Cow;

use crate::name::quote_ident;

/// Gives an identifier for SQL, in quotes only where it would be read otherwise.
pub fn ident(name: &str) -> Cow<'_, str> {
    let plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
    let quoted = name.is_empty()
        || name.starts_with(|c: char| c.is_ascii_digit())
        || !name.chars().all(plain)
        || KEY_WORDS.split_whitespace().any(|word| word == name);
    if quoted {
        Cow::Owned(quote_ident(name))
    } else {
        Cow::Borrowed(name)
    }
}

/// The key words that are no name of a table without quotes, of all versions (PostgreSQL manual,
/// "SQL Key Words": reserved, those for functions and types too).
const KEY_WORDS: &str = "\
 all analyse analyze and any array as asc asymmetric authorization binary both case cast \
 check collate collation column concurrently constraint create cross current_catalog \
 current_date current_role current_schema current_time current_timestamp current_user default \
 deferrable desc distinct do else end except false fetch for foreign freeze from full grant \
 group having ilike in initially inner intersect into is isnull join lateral leading left \
 like limit localtime localtimestamp natural not notnull null offset on only or order outer \
 overlaps placing primary references returning right select session_user similar some \
 symmetric system_user table tablesample then to trailing true union unique user using \
 variadic verbose when where window with ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_quotes_has_them() {
        assert_eq!(ident("outbox_2"), "outbox_2");
        assert_eq!(ident("order"), "\"order\"");
        assert_eq!(ident("Outbox"), "\"Outbox\"");
        assert_eq!(ident("2nd"), "\"2nd\"");
        assert_eq!(ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(ident(""), "\"\"");
    }
}
