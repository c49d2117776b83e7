//! What PostgreSQL's own answers mean for the exit code, and what to do about a server that is not
//! ready for outflow.

use std::time::Duration;

use outflow_replication_slot::catalog::{CatalogError, ServerFacts};
use outflow_replication_slot::connect::ConnectError;

use super::{Exit, Failure, Hint, managed};
use crate::pipeline::Failed;

impl Exit {
    /// Gives the exit code for an SQLSTATE (PostgreSQL manual, "PostgreSQL Error Codes").
    pub(crate) fn of_sqlstate(code: &str) -> Self {
        match code {
            // object_in_use: the slot is active.
            "55006" => Self::SlotBusy,
            // insufficient_privilege, invalid_authorization_specification, invalid_password.
            "42501" | "28000" | "28P01" => Self::Privilege,
            // undefined_object: slot or publication; object_not_in_prerequisite_state: slot lost.
            "42704" | "55000" => Self::SlotLost,
            // invalid_catalog_name, feature_not_supported, configuration_limit_exceeded,
            // duplicate_object: a physical slot, for one.
            "3D000" | "0A000" | "53400" | "42710" => Self::Config,
            // connection_exception and its kind, too_many_connections, operator_intervention.
            "53300" | "57P01" | "57P02" | "57P03" => Self::Unavailable,
            code if code.starts_with("08") => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Failed::from(error).into()
    }
}

impl From<Failed> for Failure {
    /// Takes a failure as the end of a command, which does not wait.
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Retry(retry) => retry.failure,
            Failed::Fatal(failure) => failure,
            Failed::Poison(poison) => poison.into_failure(),
            Failed::OutputClosed => Self::output(std::io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        let exit = error.code().map_or(Exit::Unavailable, Exit::of_sqlstate);
        let hint = match error.code() {
            Some("53400") => Some(SLOTS_IN_USE),
            Some("42501") => Some(FOR_ANOTHER_ROLE),
            _ => None,
        };
        // The error says itself what was to be done, and to what.
        let failure = Self::from_error(exit, &error);
        hint.into_iter().fold(failure, |failure, hint| {
            failure.hint(Hint::Made(hint.to_owned()))
        })
    }
}

impl Failure {
    /// Makes a failure whose message is the error's own, with its sources below.
    pub(crate) fn from_error(exit: Exit, error: &dyn std::error::Error) -> Self {
        let mut failure = Self::new(exit, error.to_string());
        let mut below = Vec::new();
        let mut source = error.source();
        while let Some(error) = source {
            below.push(error.to_string());
            source = error.source();
        }
        if let Some(chain) = Chain::of(below) {
            failure = failure.because(chain);
        }
        failure
    }

    /// The server does not answer a question.
    pub(crate) fn silent_server(time: Duration) -> Self {
        Self::new(
            Exit::Unavailable,
            format!("PostgreSQL did not answer within {time:?}"),
        )
        .hint(Hint::PostgresUnreachable)
    }

    /// The server is of a version before 14.
    pub(crate) fn server_too_old(facts: &ServerFacts) -> Self {
        let version = &facts.version;
        let message =
            format!("PostgreSQL {version} is too old: outflow needs PostgreSQL 14 or later");
        Self::new(Exit::Config, message).hint(Hint::Made(
            "upgrade the server, or connect to another one with `-d`".to_owned(),
        ))
    }

    /// The server is a standby that can't decode.
    pub(crate) fn standby_too_old(facts: &ServerFacts) -> Self {
        let version = &facts.version;
        let message =
            format!("the server is a standby, from which PostgreSQL {version} cannot decode");
        Self::new(Exit::Config, message).hint(Hint::Made(
            "connect to the primary: name several hosts in postgres.url, with \
             target_session_attrs=read-write"
                .to_owned(),
        ))
    }

    /// The server writes too little into its WAL.
    pub(crate) fn wal_level(facts: &ServerFacts) -> Self {
        let message = format!(
            "wal_level is {:?}, and logical decoding needs \"logical\"",
            facts.wal_level
        );
        let how = managed::raise_wal_level(facts);
        Self::new(Exit::Config, message).hint(Hint::Made(how))
    }

    /// The role may not replicate.
    pub(crate) fn no_replication(facts: &ServerFacts) -> Self {
        let user = outflow_replication_slot::catalog::ident(&facts.user);
        let message = format!("role {user} may not use replication");
        let how = managed::grant_replication(facts);
        Self::new(Exit::Privilege, message).hint(Hint::Made(how))
    }
}

/// The messages of an error's sources, as a chain of their own.
#[derive(Debug)]
struct Chain {
    /// What this one says.
    message: String,
    /// The one below.
    below: Option<Box<Self>>,
}

impl Chain {
    /// Makes a chain of messages, the topmost first.
    fn of(messages: Vec<String>) -> Option<Self> {
        messages.into_iter().rev().fold(None, |below, message| {
            Some(Self {
                message,
                below: below.map(Box::new),
            })
        })
    }
}

impl std::fmt::Display for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Chain {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.below
            .as_deref()
            .map(|below| -> &dyn std::error::Error { below })
    }
}

/// Makes a command line for psql, for any POSIX shell.
pub(crate) fn psql(database: &str, sql: &str) -> String {
    format!(
        "psql -d {} -c {}",
        shell(database),
        shell(sql.trim_end_matches(';'))
    )
}

/// Quotes a word for the shell where it needs it, the way that is easiest to read.
pub(super) fn shell(word: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '@');
    let special = |c: char| matches!(c, '"' | '$' | '`' | '\\' | '!');
    match (
        !word.is_empty() && word.chars().all(plain),
        word.contains(special),
    ) {
        (true, _) => word.to_owned(),
        (false, false) => format!("\"{word}\""),
        (false, true) => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// What to do where `max_replication_slots` is reached.
const SLOTS_IN_USE: &str = "`outflow slot list` shows the slots, `outflow slot drop NAME` drops \
                            one; or raise max_replication_slots, and restart PostgreSQL";
/// What to do where the role may not change something.
const FOR_ANOTHER_ROLE: &str = "`--dry-run` prints the SQL, for a role that may run it (a \
                                publication is made by the owner of its tables)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_survives_the_shell() {
        assert_eq!(shell("shop"), "shop");
        assert_eq!(shell(""), "\"\"");
        assert_eq!(
            psql("my shop", "ALTER PUBLICATION o SET (publish = 'insert');"),
            r#"psql -d "my shop" -c "ALTER PUBLICATION o SET (publish = 'insert')""#
        );
        assert_eq!(shell("\"A\" it's $1"), r#"'"A" it'\''s $1'"#);
    }
}
