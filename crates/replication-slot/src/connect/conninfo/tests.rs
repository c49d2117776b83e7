use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

/// Reads a text and writes what it sets, in the order of the names.
fn read(text: &str) -> String {
    match ConnInfo::parse(text) {
        Ok(info) => {
            let password = info
                .secret("password")
                .map(|p| ("password", p.expose_secret().to_owned()));
            let values = info
                .values
                .iter()
                .map(|(name, value)| (*name, value.clone()));
            let all: Vec<_> = values
                .chain(password)
                .map(|(n, v)| format!("{n}={v}"))
                .collect();
            all.join(" ")
        }
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn urls_are_read_as_libpq_reads_them() {
    // Most are from libpq's own tests, src/interfaces/libpq/t/001_uri.pl.
    let cases = [
        (
            "postgresql://uri-user:secret@host:12345/db",
            "dbname=db host=host port=12345 user=uri-user password=secret",
        ),
        (
            "postgresql://uri-user@host/db",
            "dbname=db host=host user=uri-user",
        ),
        ("postgresql://uri-user@", "user=uri-user"),
        ("postgresql://host:12345/", "host=host port=12345"),
        ("postgresql://host", "host=host"),
        ("postgres://", ""),
        ("postgresql://%68ost/", "host=host"),
        ("postgresql://?user=uri-user", "user=uri-user"),
        ("postgresql://uri-user:@host", "host=host user=uri-user"),
        (
            "postgresql://host/db?user=uri-user&port=12345&",
            "dbname=db host=host port=12345 user=uri-user",
        ),
        ("postgresql://host?ssl=true", "host=host sslmode=require"),
        (
            "postgresql://a:1,b:2,c/db",
            "dbname=db host=a,b,c port=1,2,",
        ),
        ("postgresql://a,b", "host=a,b port=,"),
        ("postgres://[::1]:12345", "host=::1 port=12345"),
        ("postgres://[2001:db8::1234]/", "host=2001:db8::1234"),
        ("postgres://[::1],b:2", "host=::1,b port=,2"),
        (
            "postgresql://%2Fvar%2Flib%2Fpostgresql/dbname",
            "dbname=dbname host=/var/lib/postgresql",
        ),
        ("postgresql:///tmp?host=/run/pg", "dbname=tmp host=/run/pg"),
        ("postgres:///?hostaddr=127.0.0.1", "hostaddr=127.0.0.1"),
        (
            "postgres://us%20er:p%40ss%2F@h",
            "host=h user=us er password=p@ss/",
        ),
        ("postgres://u:a:b?c=d@h", "host=h user=u password=a:b?c=d"),
        ("  postgres://h\n", "host=h"),
        ("postgres://h?options=-c%20a%3Db", "host=h options=-c a=b"),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn malformed_urls_are_refused() {
    let cases = [
        (
            "postgre://host",
            "connection text: a name without \"=\" after it (character 15)",
        ),
        (
            "postgresql://host?uzer=",
            "unknown connection parameter \"uzer\"",
        ),
        (
            "postgresql://host?user",
            "connection URL: a parameter without \"=\"",
        ),
        (
            "postgresql://host?user=a=b",
            "connection URL: a parameter with a second \"=\"",
        ),
        (
            "postgresql://host?user=a&&port=1",
            "connection URL: a parameter without \"=\"",
        ),
        (
            "postgres://[::1",
            "connection URL: an IPv6 address without \"]\"",
        ),
        (
            "postgres://[::1]z",
            "connection URL: something else than a port after \"]\"",
        ),
        (
            "postgres://::1",
            "connection URL: what stands for host and port is neither",
        ),
        (
            "postgresql://%",
            "connection URL: a % without two hexadecimal digits",
        ),
        (
            "postgres://host%0z",
            "connection URL: a % without two hexadecimal digits",
        ),
        ("postgres://host%00", "connection URL: %00 in it"),
        (
            "postgres://host%ff",
            "connection URL: a value that is not UTF-8",
        ),
        (
            "postgres://h/a b",
            "connection URL: a space or line break in it",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), format!("error: {expected}"), "{text}");
    }
}

#[test]
fn key_value_text_is_read_as_libpq_reads_it() {
    let cases = [
        ("host=a port=1", "host=a port=1"),
        ("  host = a\n\tport= 1 ", "host=a port=1"),
        (
            "user='o\\'neil' password='a b\\\\c'",
            "user=o'neil password=a b\\c",
        ),
        ("user=a\\ b dbname=''", "dbname= user=a b"),
        ("user='a'dbname=b", "dbname=b user=a"),
        ("password=", "password="),
        ("user=a user=b", "user=b"),
        ("", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), expected, "{text}");
    }
    for text in ["user", "user a", "=a", "user='a", "user='a\\'", "zzz=1"] {
        assert!(read(text).starts_with("error:"), "{text}: {}", read(text));
    }
}

#[test]
fn unknown_names_come_with_the_known_ones() {
    let error = ConnInfo::parse("sslmod=require").unwrap_err();
    assert_eq!(error.to_string(), "unknown connection parameter \"sslmod\"");
    assert!(error.hint().unwrap().contains("sslmode"));
}

#[test]
fn a_password_with_signs_of_its_own_is_never_shown() {
    for text in [
        "postgres://me:hunter2%@db/shop",
        "postgres://me:hun/ter2@db/shop",
        "postgres://me:p@hunter2@db/shop",
        "postgres://me:hunter 2@db/shop",
        "postgre://me:hunter2@db/shop",
        "me:hunter2@db",
        "host=db password='hunter2",
    ] {
        let error = ConnInfo::parse(text).unwrap_err();
        let shown = format!("{error} {error:?} {:?}", error.hint());
        assert!(!shown.contains("ter2") && !shown.contains("hun"), "{shown}");
    }
}

#[test]
fn debug_hides_secrets() {
    let info = ConnInfo::parse("host=db password=hunter2 sslpassword=hunter3").unwrap();
    let shown = format!("{info:?}");
    assert!(shown.contains("db") && !shown.contains("hunter"), "{shown}");
}

/// Writes all but letters and digits as `%XX`.
fn percent_encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _read = ConnInfo::parse(&text);
        let _read = ConnInfo::parse(&format!("postgres://{text}"));
    }

    #[test]
    fn no_url_panics(text in "[a-z0-9:/?@%&=,\\[\\].#]{0,40}") {
        let _read = ConnInfo::parse(&format!("postgres://{text}"));
    }

    #[test]
    fn quoted_values_are_read_back(user in "[^\\x00]{0,20}", password in any::<String>()) {
        let text = format!("user={} password={}", quote_value(&user), quote_value(&password));
        let info = ConnInfo::parse(&text).unwrap();
        prop_assert_eq!(info.value("user"), Some(user.as_str()));
        prop_assert_eq!(info.secret("password").unwrap().expose_secret(), password);
    }

    #[test]
    fn percent_encoded_values_are_read_back(
        user in "[^\\x00]{1,20}",
        password in "[^\\x00]{1,20}",
        dbname in "[^\\x00]{1,20}",
    ) {
        let (u, p, d) = (percent_encode(&user), percent_encode(&password), percent_encode(&dbname));
        let info = ConnInfo::parse(&format!("postgresql://{u}:{p}@host/{d}")).unwrap();
        prop_assert_eq!(info.value("user"), Some(user.as_str()));
        prop_assert_eq!(info.value("dbname"), Some(dbname.as_str()));
        prop_assert_eq!(info.secret("password").unwrap().expose_secret(), password);
    }

    #[test]
    fn no_error_shows_a_password(password in "[!-~]{6,20}") {
        for text in [
            format!("postgres://me:{password}@db/shop"),
            format!("postgres://me:{password}@db:x/shop"),
            format!("me:{password}@db"),
            format!("host=db password='{password}"),
        ] {
            if let Err(error) = ConnInfo::parse(&text) {
                let shown = format!("{error} {error:?} {:?}", error.hint());
                prop_assert!(!shown.contains(&password), "{}", shown);
            }
        }
    }
}
