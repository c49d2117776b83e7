use proptest::prelude::*;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType, date_time_ymd};

use super::*;

/// Makes a certificate for some names and a common name.
fn certificate(common_name: Option<&str>, names: Vec<SanType>) -> CertificateDer<'static> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "outflow");
    if let Some(name) = common_name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params.not_before = date_time_ymd(2024, 2, 29);
    params.not_after = date_time_ymd(2055, 1, 1);
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().clone()
}

#[test]
fn time_and_names_are_read() {
    let dns = SanType::DnsName("db.example".try_into().unwrap());
    let address = SanType::IpAddress([10, 0, 0, 1].into());
    let read = |names| Certificate::parse(&certificate(Some("db"), names)).unwrap();
    let bare = read(Vec::new());
    assert_eq!(
        (bare.not_before, bare.not_after),
        (1_709_164_800, 2_682_374_400)
    );
    assert_eq!(bare.common_name.as_deref(), Some("db"));
    assert_eq!((bare.has_dns_names, bare.has_addresses), (false, false));
    let both = read(vec![dns.clone(), address]);
    assert_eq!((both.has_dns_names, both.has_addresses), (true, true));
    let named = read(vec![dns]);
    assert_eq!((named.has_dns_names, named.has_addresses), (true, false));
    let unnamed = Certificate::parse(&certificate(None, Vec::new())).unwrap();
    assert_eq!(unnamed.common_name, None);
}

#[test]
fn the_common_name_stands_in_for_a_missing_name_of_the_same_kind() {
    let dns = SanType::DnsName("other".try_into().unwrap());
    let address = SanType::IpAddress([10, 0, 0, 9].into());
    for (common_name, names, host, expected) in [
        ("db.example", vec![], "db.example", true),
        ("DB.Example", vec![], "db.example", true),
        ("10.0.0.1", vec![], "10.0.0.1", true),
        ("db.example", vec![address.clone()], "db.example", true),
        ("db.example", vec![dns.clone()], "db.example", false),
        ("10.0.0.1", vec![address], "10.0.0.1", false),
        ("10.0.0.1", vec![dns], "10.0.0.1", true),
        ("example", vec![], "db.example", false),
    ] {
        let read = Certificate::parse(&certificate(Some(common_name), names)).unwrap();
        let host = ServerName::try_from(host).unwrap();
        assert_eq!(
            read.is_commonly_named(&host),
            expected,
            "{common_name} {host:?}"
        );
    }
}

#[test]
fn a_star_stands_for_one_label() {
    for (pattern, host, expected) in [
        ("*.example.org", "db.example.org", true),
        ("*.EXAMPLE.org", "DB.example.ORG", true),
        ("*.example.org", "a.db.example.org", false),
        ("*.example.org", "example.org", false),
        ("*.example.org", ".example.org", false),
        ("*", "db", false),
        ("*.", "db.", false),
        ("d*.example.org", "db.example.org", false),
        ("", "", false),
    ] {
        assert_eq!(matches_name(pattern, host), expected, "{pattern} {host}");
    }
}

#[test]
fn a_certificate_that_is_cut_off_is_not_read() {
    let whole = certificate(Some("db"), Vec::new());
    for length in 0..whole.len() {
        let cut = CertificateDer::from(whole[..length].to_vec());
        assert_eq!(Certificate::parse(&cut), None, "{length}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _read = Certificate::parse(&CertificateDer::from(bytes));
    }

    #[test]
    fn no_changed_byte_panics(at in 0..300_usize, byte in any::<u8>()) {
        let mut bytes = certificate(Some("db"), Vec::new()).to_vec();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let _read = Certificate::parse(&CertificateDer::from(bytes));
    }
}
