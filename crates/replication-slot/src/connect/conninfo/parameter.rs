//! The parameters that libpq knows, and which of them this version has.
//!
//! (PostgreSQL manual, "Parameter Key Words" and "Environment Variables", version 18.)

/// A parameter of libpq.
pub(in crate::connect) struct Parameter {
    /// Its name.
    pub(in crate::connect) name: &'static str,
    /// The environment variable that gives its default.
    pub(in crate::connect) variable: Option<&'static str>,
    /// Whether this version has it.
    pub(in crate::connect) support: Support,
}

/// Whether this version has a parameter.
pub(in crate::connect) enum Support {
    /// It is read.
    Full,
    /// It has no bearing on what outflow does, whatever its value.
    Inert,
    /// Only these values, which ask for nothing that is not there.
    Only(&'static [&'static str], &'static str),
    /// Nothing but leaving it out; its value is not shown.
    No(&'static str),
}

impl Parameter {
    /// Finds a parameter by its name.
    pub(in crate::connect) fn find(name: &str) -> Option<&'static Self> {
        PARAMETERS.iter().find(|parameter| parameter.name == name)
    }

    /// Says whether its value must not be shown.
    pub(super) const fn is_secret(&self) -> bool {
        matches!(self.support, Support::No(_))
    }
}

/// Lists the names of what can be set.
pub(super) fn known_names() -> String {
    let names = PARAMETERS
        .iter()
        .filter(|parameter| matches!(parameter.support, Support::Full));
    names
        .map(|parameter| parameter.name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Makes one that is read.
const fn full(name: &'static str, variable: Option<&'static str>) -> Parameter {
    Parameter {
        name,
        variable,
        support: Support::Full,
    }
}

/// Makes one without bearing.
const fn inert(name: &'static str) -> Parameter {
    Parameter {
        name,
        variable: None,
        support: Support::Inert,
    }
}

/// Makes one of which only some values are there.
const fn only(
    name: &'static str,
    variable: Option<&'static str>,
    values: &'static [&'static str],
    hint: &'static str,
) -> Parameter {
    Parameter {
        name,
        variable,
        support: Support::Only(values, hint),
    }
}

/// Makes one that is not there.
const fn no(name: &'static str, variable: Option<&'static str>, hint: &'static str) -> Parameter {
    Parameter {
        name,
        variable,
        support: Support::No(hint),
    }
}

/// All parameters of libpq.
pub(in crate::connect) static PARAMETERS: &[Parameter] = &[
    full("host", Some("PGHOST")),
    full("hostaddr", Some("PGHOSTADDR")),
    full("port", Some("PGPORT")),
    full("dbname", Some("PGDATABASE")),
    full("user", Some("PGUSER")),
    full("password", Some("PGPASSWORD")),
    full("passfile", Some("PGPASSFILE")),
    full("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    full("options", Some("PGOPTIONS")),
    full("application_name", Some("PGAPPNAME")),
    full("fallback_application_name", None),
    full("keepalives", None),
    full("keepalives_idle", None),
    full("keepalives_interval", None),
    full("keepalives_count", None),
    full("tcp_user_timeout", None),
    full("sslmode", Some("PGSSLMODE")),
    full("sslrootcert", Some("PGSSLROOTCERT")),
    full("sslsni", Some("PGSSLSNI")),
    full("sslnegotiation", Some("PGSSLNEGOTIATION")),
    full("sslcert", Some("PGSSLCERT")),
    full("sslkey", Some("PGSSLKEY")),
    full("sslpassword", None),
    full("sslcertmode", Some("PGSSLCERTMODE")),
    full("channel_binding", Some("PGCHANNELBINDING")),
    full("require_auth", Some("PGREQUIREAUTH")),
    full("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    full("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    full("service", Some("PGSERVICE")),
    full("servicefile", Some("PGSERVICEFILE")),
    full("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION")),
    full("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION")),
    only(
        "sslcompression",
        Some("PGSSLCOMPRESSION"),
        &["0"],
        "TLS compression is unsafe, and PostgreSQL has it no more: leave sslcompression out",
    ),
    no(
        "sslcrl",
        Some("PGSSLCRL"),
        "revocation lists are not supported: leave sslcrl out",
    ),
    no(
        "sslcrldir",
        Some("PGSSLCRLDIR"),
        "revocation lists are not supported: leave sslcrldir out",
    ),
    no(
        "sslkeylogfile",
        None,
        "TLS keys are never written to a file: leave sslkeylogfile out",
    ),
    only(
        "gssencmode",
        Some("PGGSSENCMODE"),
        &["disable", "prefer"],
        "GSSAPI encryption is not supported: use TLS (sslmode=verify-full)",
    ),
    only(
        "gssdelegation",
        Some("PGGSSDELEGATION"),
        &["0"],
        "leave gssdelegation out",
    ),
    inert("krbsrvname"),
    inert("gsslib"),
    only(
        "min_protocol_version",
        Some("PGMINPROTOCOLVERSION"),
        &["3.0"],
        "outflow speaks protocol 3.0, which every server takes: leave it out",
    ),
    only(
        "max_protocol_version",
        Some("PGMAXPROTOCOLVERSION"),
        &["3.0", "3.2", "latest"],
        "leave it out",
    ),
    no(
        "requirepeer",
        Some("PGREQUIREPEER"),
        "requirepeer is not supported: leave it out; who may write to the socket's folder is the server",
    ),
    no("scram_client_key", None, "give the password instead"),
    no("scram_server_key", None, "give the password instead"),
    no("oauth_issuer", None, OAUTH),
    no("oauth_client_id", None, OAUTH),
    no("oauth_client_secret", None, OAUTH),
    no("oauth_scope", None, OAUTH),
    only(
        "replication",
        None,
        &["database"],
        "outflow sets replication where it is needed: leave it out",
    ),
    only(
        "client_encoding",
        None,
        &["UTF8", "utf8", "UTF-8", "utf-8", "auto"],
        "outflow chooses the encoding by the database's: leave client_encoding out",
    ),
];

/// What to do without OAuth.
const OAUTH: &str = "OAuth is not supported: log in by password";
