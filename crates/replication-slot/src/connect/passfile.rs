//! The passfile (PostgreSQL manual, "The Password File").

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use secrecy::SecretString;

use crate::connect::Host;

/// Finds a password; `None` where the file is not there, may not be used, or has no line for it.
pub(super) fn find(path: &Path, host: &Host, dbname: &str, user: &str) -> Option<SecretString> {
    let about = fs::metadata(path).ok()?;
    if !about.is_file() {
        tracing::warn!(path = %path.display(), "the passfile is not a plain file and is left aside");
        return None;
    }
    // Kubernetes mounts secrets as root's, readable by the pod's group; libpq takes key files so.
    let forbidden = if about.uid() == 0 { 0o037 } else { 0o077 };
    if about.mode() & forbidden != 0 {
        tracing::warn!(path = %path.display(), "the passfile is readable by others and is left aside; run chmod 0600");
        return None;
    }
    let (host, port) = match host {
        Host::Tcp { name, port, .. } => (name.as_str(), port),
        Host::Unix { .. } => ("localhost", host_port(host)),
    };
    let wanted = [host, &port.to_string(), dbname, user];
    let content = fs::read_to_string(path).ok()?;
    content.lines().find_map(|line| password_in(line, wanted))
}

/// Gives a Unix socket's port.
const fn host_port(host: &Host) -> &u16 {
    match host {
        Host::Tcp { port, .. } | Host::Unix { port, .. } => port,
    }
}

/// Gives a line's password if its four fields match.
fn password_in(line: &str, wanted: [&str; 4]) -> Option<SecretString> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = fields(line).into_iter();
    for wanted in wanted {
        let field = fields.next()?;
        if field != wanted && field != "*" {
            return None;
        }
    }
    fields
        .next()
        .filter(|password| !password.is_empty())
        .map(SecretString::from)
}

/// Splits at colons; a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let field = match c {
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            '\\' => chars.next(),
            other => Some(other),
        };
        if let Some(last) = fields.last_mut() {
            last.extend(field);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    fn lookup(content: &str, mode: u32) -> Option<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), content).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        let host = Host::Tcp {
            name: "db".to_owned(),
            address: None,
            port: 5433,
        };
        find(file.path(), &host, "shop", "me").map(|found| found.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_that_matches_counts() {
        let content = "# db:5433:shop:me:no\ndb:5432:shop:me:no\n*:*:shop:you:no\n*:5433:*:me:a\\:b\\\\c:d\nx";
        assert_eq!(lookup(content, 0o600).as_deref(), Some("a:b\\c:d"));
        assert_eq!(lookup("db:5433:other:me:x\n", 0o600), None);
    }

    #[test]
    fn a_file_that_others_can_read_is_left_aside() {
        assert_eq!(lookup("*:*:*:*:x\n", 0o644), None);
        assert_eq!(lookup("*:*:*:*:x\n", 0o666), None);
    }
}
