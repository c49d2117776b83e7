//! A bounds-checked reader of DER (ITU-T X.690).

/// What is left of a value's content.
#[derive(Clone, Debug)]
pub(in crate::connect::tls) struct Reader<'a>(&'a [u8]);

/// The tags that are met in a certificate.
pub(in crate::connect::tls) mod tag {
    pub(in crate::connect::tls) const BOOLEAN: u8 = 0x01;
    pub(in crate::connect::tls) const INTEGER: u8 = 0x02;
    pub(in crate::connect::tls) const OCTET_STRING: u8 = 0x04;
    pub(in crate::connect::tls) const OBJECT_ID: u8 = 0x06;
    pub(in crate::connect::tls) const UTF8: u8 = 0x0c;
    pub(in crate::connect::tls) const PRINTABLE: u8 = 0x13;
    pub(in crate::connect::tls) const IA5: u8 = 0x16;
    pub(in crate::connect::tls) const UTC_TIME: u8 = 0x17;
    pub(in crate::connect::tls) const GENERALIZED_TIME: u8 = 0x18;
    pub(in crate::connect::tls) const SEQUENCE: u8 = 0x30;
    pub(in crate::connect::tls) const SET: u8 = 0x31;
    pub(in crate::connect::tls) const DNS_NAME: u8 = 0x82;
    pub(in crate::connect::tls) const IP_ADDRESS: u8 = 0x87;
    pub(in crate::connect::tls) const CONTEXT_0: u8 = 0xa0;
    pub(in crate::connect::tls) const CONTEXT_1: u8 = 0x81;
    pub(in crate::connect::tls) const CONTEXT_2: u8 = 0x82;
    pub(in crate::connect::tls) const CONTEXT_3: u8 = 0xa3;
}

impl<'a> Reader<'a> {
    /// Begins at the first value.
    pub(in crate::connect::tls) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Says whether there is nothing left.
    pub(in crate::connect::tls) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the next value: tag and content.
    pub(in crate::connect::tls) fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let fold = |length: usize, &byte: &u8| (length << 8) | usize::from(byte);
                (bytes.iter().fold(0, fold), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// Takes the next value, which must have this tag.
    pub(in crate::connect::tls) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, content) = self.any()?;
        (found == tag).then_some(content)
    }

    /// Takes the next value if it has this tag.
    pub(in crate::connect::tls) fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        match self.0.first() {
            Some(&found) if found == tag => self.take(tag),
            Some(_) | None => None,
        }
    }

    /// Goes into the next value, which must have this tag.
    pub(in crate::connect::tls) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Self)
    }
}
