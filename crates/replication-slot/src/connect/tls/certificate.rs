//! The few fields of a certificate that webpki does not give: its time and its common name.
//!
//! (RFC 5280, section 4.1.) Nothing here decides about trust in the certificate's signer.

mod der;
mod time;

use rustls::pki_types::{CertificateDer, ServerName};

pub(super) use der::{Reader, tag};

/// What is read of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Certificate {
    /// The beginning of its time, in seconds since 1970.
    pub(super) not_before: i64,
    /// The end of its time, in seconds since 1970.
    pub(super) not_after: i64,
    /// The subject's first common name.
    pub(super) common_name: Option<String>,
    /// Whether a subjectAltName is a DNS name.
    has_dns_names: bool,
    /// Whether a subjectAltName is an IP address.
    has_addresses: bool,
}

impl Certificate {
    /// Reads a certificate; `None` where it is not well formed.
    pub(super) fn parse(der: &CertificateDer<'_>) -> Option<Self> {
        let mut outer = Reader::new(der).enter(tag::SEQUENCE)?;
        let mut fields = outer.enter(tag::SEQUENCE)?;
        let _version = fields.optional(tag::CONTEXT_0);
        let _serial = fields.take(tag::INTEGER)?;
        let _algorithm = fields.take(tag::SEQUENCE)?;
        let _issuer = fields.take(tag::SEQUENCE)?;
        let mut validity = fields.enter(tag::SEQUENCE)?;
        let mut read = Self {
            not_before: time::parse(validity.any()?)?,
            not_after: time::parse(validity.any()?)?,
            common_name: common_name(fields.enter(tag::SEQUENCE)?)?,
            ..Self::default()
        };
        let _key = fields.take(tag::SEQUENCE)?;
        let _issuer_id = fields.optional(tag::CONTEXT_1);
        let _subject_id = fields.optional(tag::CONTEXT_2);
        if let Some(extensions) = fields.optional(tag::CONTEXT_3) {
            read.note_extensions(Reader::new(extensions).enter(tag::SEQUENCE)?)?;
        }
        Some(read)
    }

    /// Says whether the common name is the host's: it counts where no subjectAltName of the same
    /// kind is there (PostgreSQL manual, "Client Verification of Server Certificates").
    pub(super) fn is_commonly_named(&self, host: &ServerName<'_>) -> bool {
        let is_name = matches!(host, ServerName::DnsName(_));
        let is_superseded = if is_name {
            self.has_dns_names
        } else {
            self.has_addresses
        };
        let common_name = self.common_name.as_deref().unwrap_or_default();
        !is_superseded && matches_name(common_name, &host.to_str())
    }

    /// Looks for the subjectAltName.
    fn note_extensions(&mut self, mut extensions: Reader<'_>) -> Option<()> {
        while !extensions.is_empty() {
            let mut extension = extensions.enter(tag::SEQUENCE)?;
            let id = extension.take(tag::OBJECT_ID)?;
            let _critical = extension.optional(tag::BOOLEAN);
            let value = extension.take(tag::OCTET_STRING)?;
            if id != SUBJECT_ALT_NAME {
                continue;
            }
            let mut names = Reader::new(value).enter(tag::SEQUENCE)?;
            while !names.is_empty() {
                match names.any()?.0 {
                    tag::DNS_NAME => self.has_dns_names = true,
                    tag::IP_ADDRESS => self.has_addresses = true,
                    _ => {}
                }
            }
        }
        Some(())
    }
}

/// Finds the first common name of a subject; the outer `None` where it is not well formed.
fn common_name(mut subject: Reader<'_>) -> Option<Option<String>> {
    while !subject.is_empty() {
        let mut set = subject.enter(tag::SET)?;
        while !set.is_empty() {
            let mut attribute = set.enter(tag::SEQUENCE)?;
            let id = attribute.take(tag::OBJECT_ID)?;
            let (kind, value) = attribute.any()?;
            let is_text = matches!(kind, tag::UTF8 | tag::PRINTABLE | tag::IA5);
            if id == COMMON_NAME && is_text {
                return Some(String::from_utf8(value.to_vec()).ok());
            }
        }
    }
    Some(None)
}

/// Compares as libpq does: without case, and `*.` stands for one label at the beginning.
fn matches_name(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return !host.is_empty();
    }
    let Some(suffix) = pattern.strip_prefix("*.") else {
        return false;
    };
    let Some((label, rest)) = host.split_once('.') else {
        return false;
    };
    !label.is_empty() && !suffix.is_empty() && rest.eq_ignore_ascii_case(suffix)
}

/// 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.29.17.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

#[cfg(test)]
mod tests;
