//! libpq's `target_session_attrs`: which of several servers will do.

use super::resolve::Values;
use crate::connect::ServerInfo;
use crate::connect::conninfo::ConnInfoError;

/// libpq's `target_session_attrs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connect) enum SessionAttrs {
    /// Any server.
    Any,
    /// One that takes writes by default.
    ReadWrite,
    /// One that does not.
    ReadOnly,
    /// One that is not in hot standby.
    Primary,
    /// One that is.
    Standby,
    /// A standby, or else any server.
    PreferStandby,
}

impl SessionAttrs {
    /// Reads it.
    pub(super) fn read(values: &Values<'_>) -> Result<Self, ConnInfoError> {
        match values.value("target_session_attrs").as_deref() {
            None | Some("any") => Ok(Self::Any),
            Some("read-write") => Ok(Self::ReadWrite),
            Some("read-only") => Ok(Self::ReadOnly),
            Some("primary") => Ok(Self::Primary),
            Some("standby") => Ok(Self::Standby),
            Some("prefer-standby") => Ok(Self::PreferStandby),
            Some(other) => Err(ConnInfoError::Invalid {
                name: "target_session_attrs",
                value: other.to_owned(),
                expected: "any, read-write, read-only, primary, standby or prefer-standby",
            }),
        }
    }

    /// Gives its name.
    pub(in crate::connect) const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::PreferStandby => "prefer-standby",
        }
    }

    /// Says whether a server is as wanted, by what it says of itself at login (14 and later).
    pub(in crate::connect) fn fit(self, info: &ServerInfo) -> bool {
        let is_on = |name| info.parameter(name) == Some("on");
        let is_standby = is_on("in_hot_standby");
        let is_read_only = is_standby || is_on("default_transaction_read_only");
        match self {
            Self::Any => true,
            Self::ReadWrite => !is_read_only,
            Self::ReadOnly => is_read_only,
            Self::Primary => !is_standby,
            Self::Standby | Self::PreferStandby => is_standby,
        }
    }
}
