//! JSON that is checked and written without blanks between its parts.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Where a text stops being JSON; lines and columns count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JsonFault {
    /// Counted from 1.
    pub(crate) line: usize,
    /// Counted from 1; 0 is before the start of the line.
    pub(crate) column: usize,
}

/// Appends a JSON text without the blanks between its parts.
///
/// All else stays byte for byte: digits, escapes, the order of names and names that stand twice.
/// Nesting may be as deep as the text is long. The text must be UTF-8.
pub(crate) fn compact(text: &[u8], out: &mut Vec<u8>) -> Result<(), JsonFault> {
    let checked = std::str::from_utf8(text).map_err(|error| position(text, error.valid_up_to()))?;
    serde_json::from_str::<IgnoredAny>(checked).map_err(|error| JsonFault {
        line: error.line(),
        column: error.column(),
    })?;
    out.reserve(text.len());
    strip(text, out);
    Ok(())
}

/// Calls a function with each member of a text that is one JSON object, in order.
pub(crate) fn members<'t>(
    text: &'t str,
    take: impl FnMut(Cow<'t, str>, &'t RawValue),
) -> Result<(), JsonFault> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(Members(take))
        .and_then(|()| json.end())
        .map_err(|error| JsonFault {
            line: error.line(),
            column: error.column(),
        })
}

/// Calls a function with each member of an object.
struct Members<F>(F);

impl<'t, F: FnMut(Cow<'t, str>, &'t RawValue)> Visitor<'t> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            (self.0)(name, map.next_value()?);
        }
        Ok(())
    }
}

/// The name of a member, borrowed where it has no escapes.
struct Name<'t>(Cow<'t, str>);

impl<'t> Deserialize<'t> for Name<'t> {
    fn deserialize<D: serde::Deserializer<'t>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(NameVisitor)
    }
}

/// Takes a name as it comes.
struct NameVisitor;

impl<'t> Visitor<'t> for NameVisitor {
    type Value = Name<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'t str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

/// Copies what is known to be JSON, without blanks outside of its strings.
fn strip(mut text: &[u8], out: &mut Vec<u8>) {
    while !text.is_empty() {
        let plain = text
            .iter()
            .position(|byte| is_blank(*byte) || *byte == b'"');
        let (part, rest) = split(text, plain);
        out.extend_from_slice(part);
        text = match rest {
            [b'"', ..] => {
                let (string, rest) = split(rest, string_len(rest));
                out.extend_from_slice(string);
                rest
            }
            [_, rest @ ..] => rest,
            [] => rest,
        };
    }
}

/// The length of the string at the start of a text, with its quotes.
fn string_len(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += text
            .get(at..)?
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\'))?;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// Splits at a place, or after the end if there is none.
fn split(text: &[u8], at: Option<usize>) -> (&[u8], &[u8]) {
    at.and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, &[]))
}

/// The line and column of a place in a text.
fn position(text: &[u8], at: usize) -> JsonFault {
    let before = text.get(..at).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before
        .iter()
        .rev()
        .take_while(|byte| **byte != b'\n')
        .count()
        + 1;
    JsonFault { line, column }
}

/// Whether JSON allows a byte between its parts without a meaning.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn compacted(text: &[u8]) -> Result<String, (usize, usize)> {
        let mut out = Vec::new();
        compact(text, &mut out).map_err(|fault| (fault.line, fault.column))?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn blanks_go_and_all_else_stays() {
        let same = [
            r#"{"d":1.0,"e":1e20,"z":1.10,"big":123456789012345678901234567890,"m":-0.0E-7}"#,
            r#"{"a":1,"a":2,"b":{},"c":[],"d":[[1],[true,false,null]]}"#,
            r#"" a \" b \\""#,
            r#""\u00e9é\ud800""#,
            "null",
            "7",
        ];
        for text in same {
            assert_eq!(compacted(text.as_bytes()).unwrap(), text);
        }
        assert_eq!(
            compacted(b" \t{ \"a b\" :\r\n [ 1 , \" \\\\\" , 2.50 ] } \n").unwrap(),
            r#"{"a b":[1," \\",2.50]}"#
        );
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(compacted(deep.as_bytes()).unwrap(), deep);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        assert_eq!(compacted(b""), Err((1, 0)));
        assert_eq!(compacted(b"{\"a\":\n x}"), Err((2, 2)));
        assert_eq!(compacted(b"[1,]"), Err((1, 4)));
        assert_eq!(compacted(b"[1] 2"), Err((1, 5)));
        assert_eq!(compacted(b"\"\n a\xff\""), Err((2, 3)));
        for text in [
            "01",
            "1.",
            ".5",
            "+1",
            "NaN",
            "'a'",
            "{a:1}",
            "\"\t\"",
            "\"\\x\"",
            "tru",
            "{\"a\" 1}",
            "\u{feff}1",
        ] {
            assert!(compacted(text.as_bytes()).is_err(), "{text}");
        }
    }

    /// Any JSON value, by its grammar.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((".{0,4}", inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn pretty_json_becomes_compact_json(value in any_json()) {
            let pretty = serde_json::to_vec_pretty(&value).unwrap();
            prop_assert_eq!(compacted(&pretty).unwrap(), serde_json::to_string(&value).unwrap());
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in r#"[\[\]{}",:\\ 0-9eE.u+-]{0,30}"#) {
            drop((compacted(&bytes), compacted(text.as_bytes())));
        }
    }
}
