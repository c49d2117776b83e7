//! The three kinds of failure that a session ends with, and which error is which.
//!
//! `Retry` is waited out, for as long as it takes. `Fatal` ends the process with its exit code.
//! `Poison` is one event that can never be delivered. Both sets of codes are open: an unknown answer
//! is a `Retry`, which ends the session and tries again with everything after it.

use outflow_event_router::Poison;
use outflow_replication_slot::connect::{ConnectError, ServerError};
use outflow_replication_slot::{EventId, SessionError, StartError, StreamError, WireError};

use crate::exit::{Exit, Failure, Hint};

/// Why a session ended before its time.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Wait, and try again.
    Retry(Retry),
    /// Nothing that waiting would mend.
    Fatal(Failure),
    /// An event that can never be delivered.
    Poison(PoisonEvent),
    /// Whoever read standard output has left.
    OutputClosed,
}

/// A failure that may pass.
#[derive(Debug)]
pub(crate) struct Retry {
    /// What kind of wait it is.
    pub cause: Cause,
    /// What to say, and how a one-shot command ends.
    pub failure: Failure,
    /// Send alone what comes up to this event: a batch with it was refused.
    pub caution: Option<EventId>,
}

/// What kind of wait a [`Retry`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Another instance has the slot: stand by.
    SlotBusy,
    /// PostgreSQL is going down or coming up: it is left alone for a while.
    ServerLeaving,
    /// Kafka refused a batch: its records are sent alone next time.
    Refused,
    /// Anything else.
    Other,
}

/// An event that can never be delivered.
#[derive(Debug)]
pub(crate) struct PoisonEvent {
    /// The id of its row.
    pub row_id: String,
    /// Its table.
    pub relation: String,
    /// Where it stands in the stream.
    pub event: EventId,
    /// Why it cannot be delivered.
    pub reason: Box<dyn std::error::Error + Send + Sync>,
}

impl PoisonEvent {
    /// Takes over what the router says.
    pub(crate) fn unroutable(poison: &Poison, event: EventId) -> Self {
        Self {
            row_id: poison.row_id().to_owned(),
            relation: poison.relation().to_owned(),
            event,
            reason: poison.reason().clone().into(),
        }
    }

    /// Says it as the end of the process.
    pub(crate) fn into_failure(self) -> Failure {
        let Self {
            row_id,
            relation,
            event,
            reason,
        } = self;
        let EventId {
            commit_lsn,
            ordinal,
        } = event;
        let message = format!(
            "row {row_id} of {relation} can't be delivered: the stream stops before it \
             (change {ordinal} of the transaction that commits at {commit_lsn})"
        );
        Failure::new(Exit::Undeliverable, message)
            .because(reason)
            .hint(Hint::Undeliverable)
    }
}

impl Failed {
    /// Makes a failure that is waited out.
    pub(crate) const fn retry(cause: Cause, failure: Failure) -> Self {
        Self::Retry(Retry {
            cause,
            failure,
            caution: None,
        })
    }
}

impl From<StartError> for Failed {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Connect(error) => error.into(),
            StartError::SlotMissing(slot) => Self::Fatal(Failure::slot_missing(&slot)),
            StartError::Refused { slot, source } => classify(
                source,
                format!("cannot start replication on slot \"{slot}\""),
            ),
            StartError::Broken(_) | StartError::Answer(_) => {
                unavailable("cannot start replication", error)
            }
        }
    }
}

impl From<ConnectError> for Failed {
    fn from(error: ConnectError) -> Self {
        let what = "cannot connect to PostgreSQL";
        if let Some(server) = error.server_error() {
            let is_about_certificate =
                server.code() == "28000" && server.message().contains("certificate");
            return match error.hint().filter(|_| is_about_certificate) {
                Some(hint) => Self::Fatal(
                    Failure::new(Exit::Privilege, what)
                        .because(server.clone())
                        .hint(Hint::Made(hint)),
                ),
                None => classify(server.clone(), what.to_owned()),
            };
        }
        let (exit, hint, passes) = match error {
            ConnectError::RootCertificates { .. }
            | ConnectError::NoRootCertificates { .. }
            | ConnectError::ClientCertificate { .. } => (Exit::Config, Hint::PostgresUrl, false),
            // What the server asks for can change while we wait.
            ConnectError::ClientCertificateRefused { .. }
            | ConnectError::ChannelBinding { .. }
            | ConnectError::MethodRuledOut { .. } => (Exit::Privilege, Hint::Password, true),
            ConnectError::Method { .. } | ConnectError::PasswordMissing { .. } => {
                (Exit::Privilege, Hint::Password, false)
            }
            ConnectError::Resolve { .. }
            | ConnectError::Unreachable { .. }
            | ConnectError::TimedOut { .. }
            | ConnectError::NoTls { .. }
            | ConnectError::Certificate { .. }
            | ConnectError::Tls { .. }
            | ConnectError::PasswordUnreadable { .. }
            | ConnectError::ServerProof { .. }
            | ConnectError::SessionAttrs { .. }
            | ConnectError::Server(_)
            | ConnectError::Io(_)
            | ConnectError::Protocol(_)
            | ConnectError::Sql(_)
            | ConnectError::Several(_) => (Exit::Unavailable, Hint::PostgresUnreachable, true),
        };
        // What the error itself knows to do is more to the point.
        let hint = error.hint().map_or(hint, Hint::Made);
        let failure = Failure::new(exit, what).because(error).hint(hint);
        match passes {
            true => Self::retry(Cause::Other, failure),
            false => Self::Fatal(failure),
        }
    }
}

impl From<StreamError> for Failed {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Session(error) => error.into(),
            StreamError::Io(_) | StreamError::Closed | StreamError::WriteStalled(_) => {
                unavailable("the replication stream broke", error)
            }
        }
    }
}

impl From<SessionError> for Failed {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Server(source) => {
                classify(source, "PostgreSQL ended the replication stream".to_owned())
            }
            SessionError::PublicationSkipped(_) => Self::Fatal(
                Failure::new(
                    Exit::SlotLost,
                    "the publication is gone while its slot is read",
                )
                .because(error)
                .hint(Hint::PublicationGone),
            ),
            SessionError::Frozen { .. } => unavailable("the session is given up", error),
            SessionError::Wire(_)
            | SessionError::Decode { .. }
            | SessionError::OutOfPlace { .. } => Self::Fatal(
                Failure::new(
                    Exit::Other,
                    "what PostgreSQL sends can't be decoded, and nothing is skipped",
                )
                .because(error)
                .hint(Hint::Undecodable),
            ),
        }
    }
}

impl From<WireError> for Failed {
    fn from(error: WireError) -> Self {
        SessionError::Wire(error).into()
    }
}

/// Says that the server is going down: it is left alone for a while.
pub(crate) fn server_leaving() -> Failed {
    let failure = Failure::new(
        Exit::Unavailable,
        "PostgreSQL is shutting down or starting up",
    );
    Failed::retry(Cause::ServerLeaving, failure)
}

/// Makes a failure that is waited out.
fn unavailable(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Failed {
    let failure = Failure::new(Exit::Unavailable, what)
        .because(error)
        .hint(Hint::PostgresUnreachable);
    Failed::retry(Cause::Other, failure)
}

/// Sorts an answer of the server by its SQLSTATE (PostgreSQL manual, "PostgreSQL Error Codes").
pub(crate) fn classify(error: ServerError, what: String) -> Failed {
    let (cause, exit, hint) = match error.code() {
        // object_in_use: the slot is active.
        "55006" => (Some(Cause::SlotBusy), Exit::SlotBusy, Some(Hint::SlotBusy)),
        // cannot_connect_now, admin_shutdown, crash_shutdown.
        "57P03" | "57P01" | "57P02" => (Some(Cause::ServerLeaving), Exit::Unavailable, None),
        // invalid_password: it may be about to be rotated.
        "28P01" => (Some(Cause::Other), Exit::Privilege, Some(Hint::Password)),
        // insufficient_privilege.
        "42501" => (None, Exit::Privilege, Some(Hint::Replication)),
        // invalid_authorization_specification: no such role, or no line in pg_hba.conf.
        "28000" => (None, Exit::Privilege, Some(Hint::PgHba)),
        // undefined_object: the publication or the slot.
        "42704" if error.message().contains("publication") => {
            (None, Exit::SlotLost, Some(Hint::PublicationGone))
        }
        "42704" => (None, Exit::SlotLost, Some(Hint::SlotMissing)),
        // object_not_in_prerequisite_state: the slot is lost.
        "55000" => (None, Exit::SlotLost, Some(Hint::SlotShow)),
        // character_not_in_repertoire, untranslatable_character: stored bytes that have no UTF-8.
        "22021" | "22P05" => (None, Exit::Undeliverable, Some(Hint::Unconvertible)),
        // invalid_catalog_name, feature_not_supported.
        "3D000" => (None, Exit::Config, Some(Hint::PostgresUrl)),
        "0A000" => (None, Exit::Config, None),
        _ => (Some(Cause::Other), Exit::Unavailable, None),
    };
    let mut failure = Failure::new(exit, what).because(error);
    if let Some(hint) = hint {
        failure = failure.hint(hint);
    }
    match cause {
        Some(cause) => Failed::retry(cause, failure),
        None => Failed::Fatal(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_utf_8_is_not_tried_again() {
        for code in ["22021", "22P05"] {
            let error = ServerError::parse(format!("VERROR\0C{code}\0Mno UTF-8\0").as_bytes());
            let Failed::Fatal(failure) = classify(error, "it ended".to_owned()) else {
                panic!("{code} is waited out")
            };
            let said = failure.to_string();
            assert!(said.contains("associated LSN"), "{said}");
        }
        let unknown = ServerError::parse(b"VERROR\0CXX000\0M?\0");
        assert!(matches!(
            classify(unknown, "it ended".to_owned()),
            Failed::Retry(_)
        ));
    }
}
