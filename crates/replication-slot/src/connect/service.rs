//! The connection service file (PostgreSQL manual, "The Connection Service File").

use std::fs;
use std::path::{Path, PathBuf};

use crate::connect::conninfo::{ConnInfo, ConnInfoError};

/// Finds a service's settings in the first file that has it.
///
/// A file that is named must be there; those at their default places may be missing.
pub(super) fn find(
    service: &str,
    named: Option<&Path>,
    defaults: &[PathBuf],
) -> Result<ConnInfo, ConnInfoError> {
    if let Some(path) = named
        && !path.exists()
    {
        return Err(unusable(path, "does not exist".to_owned()));
    }
    let files = named
        .into_iter()
        .chain(defaults.iter().map(PathBuf::as_path));
    for path in files.filter(|path| path.exists()) {
        let text = fs::read_to_string(path)
            .map_err(|error| unusable(path, format!("cannot be read: {error}")))?;
        if let Some(info) = parse(&text, service).map_err(|reason| unusable(path, reason))? {
            return Ok(info);
        }
    }
    Err(ConnInfoError::NoService {
        service: service.to_owned(),
    })
}

/// Reads the settings of a service, if the text has it.
fn parse(text: &str, service: &str) -> Result<Option<ConnInfo>, String> {
    let mut found: Option<ConnInfo> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_matches(|c: char| c.is_ascii_whitespace());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            // As in libpq, a section's second appearance does not count.
            if found.is_some() {
                break;
            }
            let name = name.split_once(']').map_or(name, |(name, _)| name);
            found = (name == service).then(ConnInfo::default);
            continue;
        }
        let Some(info) = &mut found else {
            continue;
        };
        if line.starts_with("ldap") {
            return Err(format!(
                "looks up its settings by LDAP in line {number}, which is not supported"
            ));
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(format!("has a line without \"=\": {number}"));
        };
        if matches!(name, "service" | "servicefile") {
            return Err(format!("names another service in line {number}"));
        }
        // The first of two counts.
        if !info.is_set(name) {
            info.set(name, value)
                .map_err(|error| format!("has a line that cannot be used, {number}: {error}"))?;
        }
    }
    Ok(found)
}

/// Makes an error about a file.
fn unusable(path: &Path, reason: String) -> ConnInfoError {
    ConnInfoError::ServiceFile {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_section_of_the_name_counts() {
        let text = "# comment\n[other]\nhost=o\n\n [mine]\nhost=a\nhost=b\n port=6432 \n\
                    password=p=q\n[mine]\nuser=late\n";
        let info = parse(text, "mine").unwrap().unwrap();
        assert_eq!(info.value("host"), Some("a"));
        assert_eq!(info.value("port"), Some("6432"));
        assert!(info.is_set("password") && !info.is_set("user"));
        assert!(parse(text, "none").unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_used_names_the_line() {
        for (text, why) in [
            ("[s]\nhost\n", "2"),
            ("[s]\nnonsense=1\n", "nonsense"),
            ("[s]\nservice=other\n", "another service"),
            ("[s]\nldap://host/x?y?one?z\n", "LDAP"),
        ] {
            let reason = parse(text, "s").unwrap_err();
            assert!(reason.contains(why), "{text:?}: {reason}");
        }
        assert!(parse("[other]\nnonsense\n[s]\nhost=a\n", "s").is_ok());
    }

    #[test]
    fn a_file_that_is_named_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let error = find("s", Some(&missing), &[]).unwrap_err();
        assert!(error.to_string().contains("does not exist"), "{error}");
        let other = folder.path().join("other");
        fs::write(&other, "[s]\nhost=a\n").unwrap();
        let info = find("s", None, &[missing.clone(), other.clone()]).unwrap();
        assert_eq!(info.value("host"), Some("a"));
        let error = find("t", None, &[missing, other]).unwrap_err();
        assert_eq!(error.to_string(), "no service file defines \"t\"");
    }
}
