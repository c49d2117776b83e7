//! libpq's `require_auth`: by which methods the server may let us in.

use super::resolve::Values;
use crate::connect::conninfo::ConnInfoError;

/// How a server lets a client in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connect) enum Method {
    /// A password in the clear.
    Password,
    /// A password hashed by md5.
    Md5,
    /// SCRAM-SHA-256, with channel binding or without.
    Scram,
    /// Nothing is asked for: by trust, or by the certificate of the TLS handshake.
    None,
}

/// The methods that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connect) enum Methods {
    /// These.
    Only(Vec<Method>),
    /// All but these.
    AllBut(Vec<Method>),
}

impl Methods {
    /// Reads `require_auth`: a list of methods, or one where each has a `!` before it.
    pub(super) fn read(values: &Values<'_>) -> Result<Self, ConnInfoError> {
        let Some(list) = values.value("require_auth") else {
            return Ok(Self::AllBut(Vec::new()));
        };
        let invalid = || ConnInfoError::Invalid {
            name: "require_auth",
            value: list.clone(),
            expected: "methods out of scram-sha-256, md5, password, none, or each with ! before it",
        };
        let items = || list.split(',').map(str::trim);
        let negated = items().filter(|item| item.starts_with('!')).count();
        let mut methods = Vec::new();
        for item in items() {
            match item.strip_prefix('!').unwrap_or(item) {
                "password" => methods.push(Method::Password),
                "md5" => methods.push(Method::Md5),
                "scram-sha-256" => methods.push(Method::Scram),
                "none" => methods.push(Method::None),
                // They are never used here, so nothing is lost in ruling them in or out.
                "gss" | "sspi" | "oauth" => {}
                _ => return Err(invalid()),
            }
        }
        match (negated, items().count()) {
            (0, _) => Ok(Self::Only(methods)),
            (negated, all) if negated == all => Ok(Self::AllBut(methods)),
            _ => Err(invalid()),
        }
    }

    /// Says whether a method may be used.
    pub(in crate::connect) fn allow(&self, method: Method) -> bool {
        match self {
            Self::Only(methods) => methods.contains(&method),
            Self::AllBut(methods) => !methods.contains(&method),
        }
    }
}

impl Method {
    /// Gives the name that messages use.
    pub(in crate::connect) const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "a cleartext password",
            Self::Md5 => "an md5 password",
            Self::Scram => "scram-sha-256",
            Self::None => "nothing",
        }
    }
}
