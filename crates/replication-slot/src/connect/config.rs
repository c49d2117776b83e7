//! Where to connect, as whom, and how it is protected.

mod environment;
mod host;
mod identity;
mod methods;
mod password;
mod resolve;
mod sslmode;
mod target;
mod tcp;

use std::path::PathBuf;
use std::time::Duration;

use crate::connect::conninfo::{ConnInfo, ConnInfoError};

pub use environment::{Environment, OsUser};
pub(super) use host::DEFAULT_FOLDER;
pub use host::Host;
pub(super) use identity::{ChannelBinding, ClientIdentity, Negotiation, Trust};
pub(super) use methods::{Method, Methods};
pub use password::PasswordSource;
pub use sslmode::SslMode;
pub(super) use sslmode::TlsVersions;
pub(super) use target::SessionAttrs;
pub(super) use tcp::Keepalive;

/// Where to connect, as whom, and how it is protected.
///
/// ```
/// use outflow_replication_slot::connect::ConnectConfig;
///
/// let config = ConnectConfig::parse("postgresql://outflow@db.example/shop", |_| None)?;
/// assert_eq!(config.user(), "outflow");
/// assert_eq!(config.hosts()[0].to_string(), "db.example:5432");
/// # Ok::<(), outflow_replication_slot::connect::ConnInfoError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ConnectConfig {
    /// The servers, in the order they are tried.
    pub(super) hosts: Vec<Host>,
    /// The role.
    user: String,
    /// The database.
    dbname: String,
    /// Where the password comes from.
    pub(super) password: PasswordSource,
    /// The passfile, where nothing else gives a password.
    pub(super) passfile: Option<PathBuf>,
    /// What is protected.
    pub(super) sslmode: SslMode,
    /// How TLS begins.
    pub(super) negotiation: Negotiation,
    /// The trusted authorities.
    pub(super) trust: Option<Trust>,
    /// The client's certificate.
    pub(super) client: Option<ClientIdentity>,
    /// Whether the server must ask for it.
    pub(super) client_is_required: bool,
    /// Whether the login is bound to the TLS channel.
    pub(super) channel_binding: ChannelBinding,
    /// By which methods the server may let us in.
    pub(super) methods: Methods,
    /// Which of the servers will do.
    pub(super) target: SessionAttrs,
    /// Whether they are tried in random order.
    pub(super) is_balanced: bool,
    /// Whether the host's name is sent with the TLS handshake.
    pub(super) sslsni: bool,
    /// The TLS versions that are allowed.
    pub(super) tls_versions: TlsVersions,
    /// How long one address may take to be connected and logged in.
    pub(super) connect_timeout: Option<Duration>,
    /// The size of the receive buffer.
    pub(super) receive_buffer: ReceiveBuffer,
    /// TCP keepalive, unless it is off.
    pub(super) keepalive: Option<Keepalive>,
    /// How long sent data may stay unacknowledged.
    pub(super) tcp_user_timeout: Option<Duration>,
    /// What `pg_stat_activity` shows.
    application_name: String,
    /// The session's encoding.
    client_encoding: String,
    /// `-c name=value ..`, as the user wrote them.
    options: String,
}

/// The size of the socket's receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveBuffer {
    /// 64 KiB where the server is less than 1 ms away, else the system's own tuning: a fixed size
    /// limits a distant link to size over round trip.
    Auto,
    /// So many bytes.
    Bytes(u32),
    /// The system's own tuning, wherever the server is.
    System,
}

impl ConnectConfig {
    /// Reads a URL or key=value text, over libpq's environment variables, which `variable` gives.
    ///
    /// # Errors
    /// [`ConnInfoError`]: the first thing that cannot be used, with its remedy.
    pub fn parse(
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConnInfoError> {
        Self::resolve(
            &ConnInfo::parse(text)?,
            &Environment::with_variables(&variable),
        )
    }

    /// Fills in from the environment, then from libpq's defaults, what the parameters leave open.
    ///
    /// # Errors
    /// [`ConnInfoError`]: the first thing that cannot be used, with its remedy.
    pub fn resolve(info: &ConnInfo, environment: &Environment<'_>) -> Result<Self, ConnInfoError> {
        resolve::resolve(info, environment)
    }

    /// Sets where the password comes from, unless the connection string holds one.
    #[must_use]
    pub fn with_password(mut self, source: PasswordSource) -> Self {
        if !self.password.is_from_text() {
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

    /// Sets what `pg_stat_activity` shows, unless the user has said it.
    #[must_use]
    pub fn with_fallback_application_name(self, name: &str) -> Self {
        match self.application_name.is_empty() {
            true => self.with_application_name(name),
            false => self,
        }
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

    /// Sets how long sent data may stay unacknowledged before the connection is given up, unless
    /// the user has said it.
    #[must_use]
    pub const fn with_tcp_user_timeout(mut self, patience: Duration) -> Self {
        if self.tcp_user_timeout.is_none() && !patience.is_zero() {
            self.tcp_user_timeout = Some(patience);
        }
        self
    }

    /// Narrows it to one server, such as the one that [`Opened::host`] names.
    ///
    /// [`Opened::host`]: crate::connect::Opened::host
    #[must_use]
    pub fn with_host(mut self, host: Host) -> Self {
        self.hosts = vec![host];
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

    /// Gives the mode of TLS; Unix-domain sockets have none, whatever the mode.
    pub const fn sslmode(&self) -> SslMode {
        self.sslmode
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
            options.push_str("-c ");
            options.push_str(name);
            options.push('=');
            options.push_str(&escape_option(value));
        }
        options
    }
}

/// Protects white space in a value of `options` (PostgreSQL manual, "Parameter Key Words").
fn escape_option(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if c == '\\' || c.is_ascii_whitespace() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests;
