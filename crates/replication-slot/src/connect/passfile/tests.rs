use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

/// What a file of one line gives to `me` in `shop` on `db:5433`.
fn from_line(line: &str) -> Option<String> {
    password_in(line, ["db", "5433", "shop", "me"])
}

#[test]
fn a_line_matches_field_by_field() {
    let cases = [
        ("db:5433:shop:me:secret", Some("secret")),
        ("*:*:*:*:secret", Some("secret")),
        ("*:5433:*:me:a\\:b\\\\c:d", Some("a:b\\c:d")),
        ("d\\b:5433:shop:me:x", Some("x")),
        ("db:5433:shop:me:  spaces count ", Some("  spaces count ")),
        ("db:5433:shop:me:ends with \\", Some("ends with \\")),
        ("db:5432:shop:me:x", None),
        ("db2:5433:shop:me:x", None),
        ("d:5433:shop:me:x", None),
        ("d*:5433:shop:me:x", None),
        ("\\*:5433:shop:me:x", None),
        ("db:5433:shop:me", None),
        ("db:5433:shop:me:", None),
        ("#db:5433:shop:me:x", None),
        ("", None),
    ];
    for (line, expected) in cases {
        assert_eq!(from_line(line).as_deref(), expected, "{line}");
    }
}

#[test]
fn the_first_line_that_matches_counts() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(
        file.path(),
        "# all\nother:*:*:*:no\r\ndb:*:*:*:first\r\n*:*:*:*:second\n",
    )
    .unwrap();
    let host = Host::Tcp {
        name: "db".to_owned(),
        address: None,
        port: 5432,
    };
    let found = find(file.path(), &host, "shop", "me").unwrap();
    assert_eq!(found.expose_secret(), "first");
}

#[test]
fn the_default_socket_is_called_localhost() {
    assert_eq!(socket_name(Path::new("/var/run/postgresql")), "localhost");
    assert_eq!(socket_name(Path::new("/srv/pg")), "/srv/pg");
}

#[test]
fn only_the_owner_may_read_it_or_the_group_if_it_is_roots() {
    for (owner, mode, used) in [
        (1000, 0o600, true),
        (1000, 0o400, true),
        (1000, 0o640, false),
        (1000, 0o604, false),
        (0, 0o600, true),
        (0, 0o440, true),
        (0, 0o640, true),
        (0, 0o660, false),
        (0, 0o644, false),
    ] {
        assert_eq!(
            refusal(true, owner, mode).is_none(),
            used,
            "{owner} {mode:o}"
        );
    }
    assert!(refusal(false, 0, 0o600).is_some());
}

#[test]
fn a_file_that_others_can_read_is_left_aside() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "*:*:*:*:x\n").unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let host = Host::Unix {
        folder: PathBuf::from("/tmp"),
        port: 5432,
    };
    assert!(find(file.path(), &host, "shop", "me").is_none());
}

/// Writes a field as libpq reads it.
fn escape(field: &str) -> String {
    field.replace('\\', "\\\\").replace(':', "\\:")
}

proptest! {
    #[test]
    fn escaped_fields_are_found_again(
        host in "[^\\r\\n#*]{1,12}",
        user in "[^\\r\\n*]{1,12}",
        password in "[^\\r\\n]{1,20}",
    ) {
        let line = format!("{}:*:*:{}:{}", escape(&host), escape(&user), escape(&password));
        prop_assert_eq!(password_in(&line, [&host, "1", "d", &user]), Some(password));
    }

    #[test]
    fn no_line_panics(line in ".{0,80}") {
        let _found = from_line(&line);
    }
}
