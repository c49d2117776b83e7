//! The passfile (PostgreSQL manual, "The Password File").

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use secrecy::SecretString;

use crate::connect::private_file::refusal;
use crate::connect::{DEFAULT_FOLDER, Host};

/// Finds a password; `None` where the file is not there, may not be used, or has no line for it.
pub(super) fn find(path: &Path, host: &Host, dbname: &str, user: &str) -> Option<SecretString> {
    let about = fs::metadata(path).ok()?;
    if let Some(reason) = refusal(about.is_file(), about.uid(), about.mode()) {
        tracing::warn!("the passfile {path:?} is left aside: {reason}");
        return None;
    }
    let content = match fs::read(path) {
        Ok(content) => content,
        Err(error) => {
            tracing::warn!(error = %error, "the passfile {path:?} is left aside");
            return None;
        }
    };
    let (host, port) = match host {
        Host::Tcp { name, port, .. } => (name.clone(), port),
        Host::Unix { folder, port } => (socket_name(folder), port),
    };
    let wanted = [host.as_str(), &port.to_string(), dbname, user];
    let content = String::from_utf8_lossy(&content);
    content
        .lines()
        .find_map(|line| password_in(line, wanted))
        .map(SecretString::from)
}

/// Gives the name of a socket's folder: that of the default one is `localhost`.
fn socket_name(folder: &Path) -> String {
    let is_default = folder == Path::new(DEFAULT_FOLDER) || folder == Path::new("/tmp");
    if is_default {
        "localhost".to_owned()
    } else {
        folder.display().to_string()
    }
}

/// Gives a line's password if its four fields match.
fn password_in(line: &str, wanted: [&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut rest = line;
    for wanted in wanted {
        rest = after_match(rest, wanted)?;
    }
    let mut password = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        // A backslash at the very end stands for itself.
        password.push(if c == '\\' {
            chars.next().unwrap_or(c)
        } else {
            c
        });
    }
    Some(password).filter(|password| !password.is_empty())
}

/// Gives what follows a field and its colon, if the field is `*` or says what is wanted.
fn after_match<'l>(line: &'l str, wanted: &str) -> Option<&'l str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let mut field = line.chars();
    let mut wanted = wanted.chars();
    loop {
        match field.next()? {
            ':' => return wanted.next().is_none().then_some(field.as_str()),
            '\\' => (field.next() == wanted.next()).then_some(())?,
            c => (Some(c) == wanted.next()).then_some(())?,
        }
    }
}

#[cfg(test)]
mod tests;
