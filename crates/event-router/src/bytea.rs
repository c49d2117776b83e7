//! The bytes of a `bytea` from the text that PostgreSQL prints for it.

/// Appends the bytes that a printed `bytea` stands for; `None` if the text is none.
///
/// Both of `bytea_output`'s formats are read: `hex` begins with `\x`, which `escape` can't.
pub(crate) fn decode(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    match text.strip_prefix(b"\\x") {
        Some(digits) => decode_hex(digits, out),
        None => decode_escape(text, out),
    }
}

/// Two digits a byte.
fn decode_hex(digits: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    out.reserve(pairs.len());
    // Bad digits are looked for once, after the loop: 0xff is never the value of one.
    let mut seen = 0;
    out.extend(pairs.iter().map(|[high, low]| {
        let (high, low) = (hex_digit(*high), hex_digit(*low));
        seen |= high | low;
        (high << 4) | low
    }));
    (seen < 16).then_some(())
}

/// The value of a digit, 0xff if it is none.
fn hex_digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => 0xff,
    }
}

/// A backslash is doubled, other bytes may be a backslash and three octal digits.
fn decode_escape(mut text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    loop {
        match text {
            [] => return Some(()),
            [b'\\', b'\\', rest @ ..] => {
                out.push(b'\\');
                text = rest;
            }
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                rest @ ..,
            ] => {
                out.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
                text = rest;
            }
            [b'\\', ..] => return None,
            [byte, rest @ ..] => {
                out.push(*byte);
                text = rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(text: &str) -> Option<Vec<u8>> {
        let mut out = b"before".to_vec();
        decode(text.as_bytes(), &mut out)?;
        Some(out.strip_prefix(b"before").unwrap().to_vec())
    }

    #[test]
    fn both_formats_are_read() {
        assert_eq!(bytes("\\x"), Some(vec![]));
        assert_eq!(bytes(""), Some(vec![]));
        assert_eq!(bytes("\\x00fFaB"), Some(vec![0, 0xff, 0xab]));
        assert_eq!(bytes("a\\\\b\\000\\377"), Some(b"a\\b\0\xff".to_vec()));
    }

    #[test]
    fn what_is_no_bytea_is_refused() {
        for text in [
            "\\x0", "\\x0g", "\\xg0", "\\", "a\\", "\\1", "\\400", "\\08a", "\\x 00",
        ] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn printed_bytes_are_read_back(data: Vec<u8>) {
            let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
            prop_assert_eq!(bytes(&format!("\\x{hex}")), Some(data.clone()));
            let escaped: String = data.iter().map(|byte| format!("\\{byte:03o}")).collect();
            prop_assert_eq!(bytes(&escaped), Some(data));
        }

        #[test]
        fn no_text_panics(text: Vec<u8>) {
            let _ = decode(&text, &mut Vec::new());
        }
    }
}
