//! Where to connect, as whom, and how it is protected.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::connect::conninfo::{self, ConnInfoError, Parameter};
use crate::connect::{ConnectError, passfile};

/// Where to connect, as whom, and how it is protected.
#[derive(Clone, Debug)]
pub struct ConnectConfig {
    /// The servers, in the order they are tried.
    pub(super) hosts: Vec<Host>,
    /// The role.
    user: String,
    /// The database.
    dbname: String,
    /// Where the password comes from.
    password: PasswordSource,
    /// The passfile, where nothing else gives a password.
    passfile: Option<PathBuf>,
    /// What is protected.
    pub(super) sslmode: SslMode,
    /// The trusted certificates.
    pub(super) sslrootcert: Option<PathBuf>,
    /// How long one address may take to answer.
    pub(super) connect_timeout: Option<Duration>,
    /// The size of the receive buffer.
    pub(super) receive_buffer: ReceiveBuffer,
    /// TCP keepalive: after how long without traffic.
    pub(super) keepalive: Option<Duration>,
    /// How long sent data may stay unacknowledged.
    pub(super) tcp_user_timeout: Option<Duration>,
    /// What `pg_stat_activity` shows.
    application_name: String,
    /// The session's encoding.
    client_encoding: String,
    /// `-c name=value ..`, as the user wrote them.
    options: String,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name or an address, and a port.
    Tcp {
        /// The name, for TLS and for messages.
        name: String,
        /// The address to use for it, if it is not to be resolved.
        address: Option<String>,
        /// The port.
        port: u16,
    },
    /// The folder of a Unix-domain socket, and a port.
    Unix {
        /// The folder.
        folder: PathBuf,
        /// The port, which is part of the socket's name.
        port: u16,
    },
}

/// Where the password comes from.
#[derive(Clone, Default)]
pub enum PasswordSource {
    /// From nowhere but the passfile.
    #[default]
    None,
    /// It is known.
    Known(SecretString),
    /// It is read anew at every login, so that it can be rotated; an error is text for a person.
    Read(Arc<dyn Fn() -> Result<SecretString, String> + Send + Sync>),
}

/// libpq's `sslmode` (PostgreSQL manual, "SSL Mode Descriptions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS if the server has it; nothing is verified.
    Prefer,
    /// TLS; nothing is verified unless there is a root certificate.
    Require,
    /// TLS with a server that a trusted authority vouches for.
    VerifyCa,
    /// The same, and the certificate is for the host's name.
    VerifyFull,
}

/// The size of the socket's receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveBuffer {
    /// 1 MiB where the server is less than 1 ms away, else the system's own tuning: a fixed size
    /// limits a distant link to size over round trip.
    Auto,
    /// So many bytes.
    Bytes(u32),
}

impl ConnectConfig {
    /// Reads a URL or key=value text, over libpq's environment variables, which `env` gives.
    ///
    /// # Errors
    /// [`ConnInfoError`]: the first thing that cannot be used, with its remedy.
    pub fn parse(text: &str, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConnInfoError> {
        let mut found: Vec<Parameter> = Vec::new();
        for (variable, name) in ENVIRONMENT {
            found.extend(
                env(variable)
                    .filter(|value| !value.is_empty())
                    .map(|value| (name, value)),
            );
        }
        found.extend(conninfo::parameters(text)?);
        Self::from_parameters(&found, &env)
    }

    /// Takes the parameters; the last of a name counts.
    fn from_parameters(
        found: &[Parameter],
        env: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConnInfoError> {
        let value = |name: &str| {
            let last = found.iter().rev().find(|(known, _)| *known == name);
            last.map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())
        };
        let wanted =
            |(name, value): &&Parameter| conninfo::UNSUPPORTED.contains(name) && !value.is_empty();
        if let Some((name, _)) = found.iter().find(wanted) {
            return Err(unsupported(name));
        }
        refuse_values(&value)?;
        let home = env("HOME").map(PathBuf::from);
        let user = value("user")
            .map(str::to_owned)
            .or_else(|| env("USER"))
            .unwrap_or_else(|| "postgres".to_owned());
        let dbname = value("dbname").unwrap_or(&user).to_owned();
        let root = value("sslrootcert").map(PathBuf::from);
        let default_root = || {
            home.as_ref()
                .map(|home| home.join(".postgresql/root.crt"))
                .filter(|path| path.exists())
        };
        let sslmode = SslMode::parse(value("sslmode").unwrap_or("prefer"))?;
        let sslrootcert = root.or_else(default_root);
        if sslrootcert.is_none() && matches!(sslmode, SslMode::VerifyCa | SslMode::VerifyFull) {
            return Err(ConnInfoError::Value {
                name: "sslmode",
                reason: format!(
                    "{} needs a root certificate: set sslrootcert to the file of the authority's certificate",
                    sslmode.as_str()
                ),
            });
        }
        let passfile = value("passfile")
            .map(PathBuf::from)
            .or_else(|| Some(home?.join(".pgpass")));
        Ok(Self {
            hosts: hosts(value("host"), value("hostaddr"), value("port"))?,
            user,
            dbname,
            password: value("password").map_or(PasswordSource::None, |password| {
                PasswordSource::Known(SecretString::from(password))
            }),
            passfile,
            sslmode,
            sslrootcert,
            connect_timeout: match seconds("connect_timeout", value("connect_timeout"))? {
                Some(0) => None,
                Some(secs) => Some(Duration::from_secs(secs.max(2))),
                None => Some(CONNECT_TIMEOUT),
            },
            receive_buffer: ReceiveBuffer::Auto,
            keepalive: match value("keepalives") {
                Some("0") => None,
                _ => Some(Duration::from_secs(
                    seconds("keepalives_idle", value("keepalives_idle"))?
                        .filter(|&secs| secs > 0)
                        .unwrap_or(KEEPALIVE_SECS),
                )),
            },
            tcp_user_timeout: seconds("tcp_user_timeout", value("tcp_user_timeout"))?
                .filter(|&ms| ms > 0)
                .map(Duration::from_millis),
            application_name: value("application_name")
                .or_else(|| value("fallback_application_name"))
                .unwrap_or("outflow")
                .to_owned(),
            client_encoding: "UTF8".to_owned(),
            options: value("options").unwrap_or_default().to_owned(),
        })
    }

    /// Sets where the password comes from, unless the connection string holds one.
    #[must_use]
    pub fn with_password(mut self, source: PasswordSource) -> Self {
        if matches!(self.password, PasswordSource::None) {
            self.password = source;
        }
        self
    }

    /// Sets what `pg_stat_activity` shows.
    #[must_use]
    pub fn with_application_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.application_name);
        self
    }

    /// Sets the size of the receive buffer.
    #[must_use]
    pub const fn with_receive_buffer(mut self, size: ReceiveBuffer) -> Self {
        self.receive_buffer = size;
        self
    }

    /// Sets the session's encoding: UTF8, or SQL_ASCII for a database without one.
    #[must_use]
    pub fn with_client_encoding(mut self, encoding: &str) -> Self {
        encoding.clone_into(&mut self.client_encoding);
        self
    }

    /// Sets how long sent data may stay unacknowledged before the connection is given up.
    #[must_use]
    pub const fn with_tcp_user_timeout(mut self, patience: Duration) -> Self {
        if self.tcp_user_timeout.is_none() && !patience.is_zero() {
            self.tcp_user_timeout = Some(patience);
        }
        self
    }

    /// Gives the role.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Gives the database.
    pub fn dbname(&self) -> &str {
        &self.dbname
    }

    /// Gives the servers, in the order they are tried.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Gives what `pg_stat_activity` shows.
    pub fn application_name(&self) -> &str {
        &self.application_name
    }

    /// Gives the session's encoding.
    pub fn client_encoding(&self) -> &str {
        &self.client_encoding
    }

    /// Gives the startup message's `options`: the user's first, then those of the session.
    pub(super) fn session_options(&self, settings: &[(&str, &str)]) -> String {
        let mut options = self.options.clone();
        for (name, value) in settings {
            if !options.is_empty() {
                options.push(' ');
            }
            options.push_str(&format!(
                "-c {name}={}",
                value.replace('\\', "\\\\").replace(' ', "\\ ")
            ));
        }
        options
    }

    /// Gives the password for a host.
    pub(super) fn password(&self, host: &Host) -> Result<SecretString, ConnectError> {
        let user = &self.user;
        let unreadable = |reason| ConnectError::PasswordUnreadable {
            user: user.clone(),
            reason,
        };
        match &self.password {
            PasswordSource::Known(password) => return Ok(password.clone()),
            PasswordSource::Read(read) => return read().map_err(unreadable),
            PasswordSource::None => {}
        }
        let found = self
            .passfile
            .as_ref()
            .and_then(|path| passfile::find(path, host, &self.dbname, user));
        found.ok_or_else(|| ConnectError::PasswordMissing { user: user.clone() })
    }
}

impl SslMode {
    /// Reads a mode's name.
    fn parse(text: &str) -> Result<Self, ConnInfoError> {
        match text {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            "allow" => Err(ConnInfoError::Unsupported {
                name: "sslmode",
                remedy: "use \"prefer\" in place of \"allow\"",
            }),
            other => Err(ConnInfoError::Value {
                name: "sslmode",
                reason: format!(
                    "{other:?} is none of disable, prefer, require, verify-ca, verify-full"
                ),
            }),
        }
    }

    /// Gives the mode's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { name, port, .. } if name.contains(':') => write!(f, "[{name}]:{port}"),
            Self::Tcp { name, port, .. } => write!(f, "{name}:{port}"),
            Self::Unix { folder, port } => write!(f, "{}/.s.PGSQL.{port}", folder.display()),
        }
    }
}

impl std::fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Known(password) if password.expose_secret().is_empty() => "Known(empty)",
            Self::Known(_) => "Known([redacted])",
            Self::Read(_) => "Read",
        })
    }
}

/// Joins libpq's three lists; one port serves all hosts.
fn hosts(
    names: Option<&str>,
    addresses: Option<&str>,
    ports: Option<&str>,
) -> Result<Vec<Host>, ConnInfoError> {
    let names: Vec<&str> = names
        .map(|names| names.split(',').collect())
        .unwrap_or_default();
    let addresses: Vec<&str> = addresses
        .map(|list| list.split(',').collect())
        .unwrap_or_default();
    let ports: Vec<&str> = ports
        .map(|list| list.split(',').collect())
        .unwrap_or_default();
    let number = names.len().max(addresses.len()).max(1);
    if (!names.is_empty() && !addresses.is_empty() && names.len() != addresses.len())
        || (ports.len() > 1 && ports.len() != number)
    {
        return Err(ConnInfoError::Value {
            name: "host",
            reason: "host, hostaddr and port are lists of different lengths".to_owned(),
        });
    }
    (0..number)
        .map(|at| {
            let port = match ports
                .get(at)
                .or_else(|| ports.first())
                .copied()
                .unwrap_or_default()
                .trim()
            {
                "" => DEFAULT_PORT,
                text => text
                    .parse()
                    .ok()
                    .filter(|&port: &u16| port > 0)
                    .ok_or_else(|| ConnInfoError::Value {
                        name: "port",
                        reason: format!("{text:?} is no number from 1 to 65535"),
                    })?,
            };
            let address = addresses
                .get(at)
                .filter(|address| !address.is_empty())
                .map(|&address| address.to_owned());
            let name = names.get(at).copied().filter(|name| !name.is_empty());
            let name = name
                .map(str::to_owned)
                .or_else(|| address.clone())
                .unwrap_or_else(|| "localhost".to_owned());
            Ok(match name.starts_with('/') {
                true => Host::Unix {
                    folder: PathBuf::from(name),
                    port,
                },
                false => Host::Tcp {
                    name,
                    address,
                    port,
                },
            })
        })
        .collect()
}

/// Reads a whole number.
fn seconds(name: &'static str, value: Option<&str>) -> Result<Option<u64>, ConnInfoError> {
    let Some(value) = value else { return Ok(None) };
    // libpq takes a negative number for "not set".
    match value.trim().parse::<i64>() {
        Ok(number) => Ok(u64::try_from(number).ok()),
        Err(_) => Err(ConnInfoError::Value {
            name,
            reason: format!("{value:?} is no whole number"),
        }),
    }
}

/// Refuses values that ask for what is not there.
fn refuse_values<'v>(value: &impl Fn(&str) -> Option<&'v str>) -> Result<(), ConnInfoError> {
    for (name, harmless, remedy) in RESTRICTED {
        if value(name).is_some_and(|value| !harmless.contains(&value)) {
            return Err(ConnInfoError::Unsupported { name, remedy });
        }
    }
    if value("sslrootcert") == Some("system") {
        let remedy = "name the authority's file instead of \"system\", for instance /etc/ssl/certs/ca-certificates.crt";
        return Err(ConnInfoError::Unsupported {
            name: "sslrootcert",
            remedy,
        });
    }
    Ok(())
}

/// Makes the error for a parameter that libpq has and we have not.
fn unsupported(name: &'static str) -> ConnInfoError {
    let remedy = match name {
        "sslcert" | "sslkey" | "sslpassword" => {
            "client certificates are not part of this version; use a password with SCRAM"
        }
        "service" => "write host, port, user and dbname into the url",
        "replication" => "outflow sets it itself; leave it out",
        _ => "leave it out",
    };
    ConnInfoError::Unsupported { name, remedy }
}

/// Parameters of which only some values can be had: the values, and what to do about others.
const RESTRICTED: [(&str, &[&str], &str); 6] = [
    (
        "channel_binding",
        &["prefer", "disable"],
        "leave it out; \"require\" is not part of this version",
    ),
    (
        "gssencmode",
        &["prefer", "disable"],
        "leave it out; use sslmode for encryption",
    ),
    (
        "target_session_attrs",
        &["any"],
        "leave it out and name the primary only",
    ),
    (
        "sslnegotiation",
        &["postgres"],
        "leave it out; \"direct\" is not part of this version",
    ),
    (
        "sslcompression",
        &["0"],
        "leave it out; TLS compression is unsafe",
    ),
    (
        "client_encoding",
        &["auto", "UTF8", "utf8", "UTF-8", "utf-8"],
        "leave it out; outflow chooses it",
    ),
];

/// libpq's environment variables (PostgreSQL manual, "Environment Variables").
const ENVIRONMENT: [(&str, &str); 16] = [
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGSERVICE", "service"),
    ("PGOPTIONS", "options"),
    ("PGAPPNAME", "application_name"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCERT", "sslcert"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
];

/// PostgreSQL's port.
const DEFAULT_PORT: u16 = 5432;
/// How long one address may take to answer if nothing is said; libpq would wait for ever.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// After how long without traffic TCP asks, in seconds.
const KEEPALIVE_SECS: u64 = 30;
