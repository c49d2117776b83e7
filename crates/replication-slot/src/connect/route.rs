//! The ways to the servers, tried one after the other as libpq does.
//!
//! Hosts in the order of the configuration; each is resolved anew, and all its addresses count.
//! A server that answers and refuses is the end, unless it says that it takes nobody in now
//! (57P03), or is not as `target_session_attrs` wants it. With `sslmode=prefer` an address where TLS
//! fails is tried once more without it; with `allow` one that refuses without TLS is tried with it.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{UnixStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connect::config::SessionAttrs;
use crate::connect::{
    ConnectConfig, ConnectError, Host, Opened, ServerInfo, SslMode, Stream, socket, tls,
};

/// The ways that are left.
pub(super) struct Route<'c> {
    /// What is wanted.
    config: &'c ConnectConfig,
    /// The hosts that are not resolved yet.
    hosts: VecDeque<Host>,
    /// The addresses that are not tried yet.
    targets: VecDeque<Target>,
    /// The address that answered last, if it may be tried again: without TLS, or with it.
    other_way: Option<Target>,
    /// Servers that will do where none is a standby (`prefer-standby`).
    second_choice: VecDeque<Host>,
    /// Whether the second choice is being tried.
    is_second_round: bool,
    /// What went wrong so far.
    failures: Vec<ConnectError>,
}

/// One address.
#[derive(Clone, Debug)]
struct Target {
    /// The server, at this address.
    host: Host,
    /// The address, unless it is a Unix-domain socket.
    address: Option<SocketAddr>,
    /// The mode.
    sslmode: SslMode,
    /// Whether it has not been tried in another way.
    is_first: bool,
}

impl<'c> Route<'c> {
    /// Begins with the first host.
    pub(super) fn new(config: &'c ConnectConfig) -> Self {
        Self {
            config,
            hosts: in_order(config, config.hosts.clone()).into(),
            targets: VecDeque::new(),
            other_way: None,
            second_choice: VecDeque::new(),
            is_second_round: false,
            failures: Vec::new(),
        }
    }

    /// Connects to the next address that answers.
    pub(super) async fn next(&mut self) -> Option<Opened> {
        loop {
            let Some(target) = self.targets.pop_front() else {
                let host = self.next_host()?;
                match resolve(self.config, &host).await {
                    Ok(targets) => self.targets = in_order(self.config, targets).into(),
                    Err(error) => self.failures.push(error),
                }
                continue;
            };
            self.other_way = target.other_way();
            let deadline = self
                .config
                .connect_timeout
                .map(|patience| Instant::now() + patience);
            match target.dial(self.config, deadline).await {
                Ok(stream) => {
                    // With `prefer` the server may have no TLS: then this was the other way.
                    self.other_way
                        .take_if(|_| target.sslmode == SslMode::Prefer && !stream.is_encrypted());
                    return Some(Opened {
                        stream,
                        host: target.host,
                        deadline,
                    });
                }
                Err(error) => {
                    let other_way = self.other_way.take();
                    if let Some(other) = other_way.filter(|_| target.is_about_tls(&error)) {
                        self.targets.push_front(other);
                    }
                    self.failures.push(error);
                }
            }
        }
    }

    /// Gives the next host, if one is left.
    fn next_host(&mut self) -> Option<Host> {
        self.hosts.pop_front().or_else(|| {
            self.is_second_round = true;
            self.second_choice.pop_front()
        })
    }

    /// Says whether a server that has let us in is as wanted.
    pub(super) fn fits(&self, info: &ServerInfo) -> bool {
        self.is_second_round || self.config.target.fit(info)
    }

    /// Takes note that a server is not as wanted; its other addresses are passed over too.
    pub(super) fn unfit(&mut self, info: &ServerInfo) {
        self.targets.clear();
        self.other_way = None;
        if self.config.target == SessionAttrs::PreferStandby {
            self.second_choice.push_back(info.host().clone());
            return;
        }
        self.failures.push(ConnectError::SessionAttrs {
            address: info.host().to_string(),
            wanted: self.config.target.as_str(),
        });
    }

    /// Takes note that the last connection failed to log in.
    ///
    /// # Errors
    /// The error itself, where other addresses would not mend it.
    pub(super) fn failed(&mut self, error: ConnectError) -> Result<(), ConnectError> {
        let other_way = self.other_way.take();
        let code = error.server_error().map(|error| error.code().to_owned());
        match (code.as_deref(), other_way) {
            // pg_hba.conf may have a line for this role without TLS only, or with it only.
            (Some("28000"), Some(target)) => self.targets.push_front(target),
            (Some("57P03"), _) => {}
            (Some(_), _) => return Err(self.refused(error)),
            (None, _) if is_final(&error) => return Err(error),
            (None, _) => {}
        }
        self.failures.push(error);
        Ok(())
    }

    /// Joins a refusal to the one over TLS, which may be the one that matters.
    fn refused(&mut self, error: ConnectError) -> ConnectError {
        match self
            .failures
            .pop_if(|former| matches!(former, ConnectError::Server(_)))
        {
            Some(former) => ConnectError::Several(vec![former, error]),
            None => error,
        }
    }

    /// Gives what went wrong, when no way is left.
    pub(super) fn into_error(mut self) -> ConnectError {
        match self.failures.pop() {
            None => ConnectError::Protocol("no host is configured".to_owned()),
            Some(only) if self.failures.is_empty() => only,
            Some(last) => {
                self.failures.push(last);
                ConnectError::Several(self.failures)
            }
        }
    }
}

impl Target {
    /// Gives the same without TLS, or with it, where the mode allows both.
    fn other_way(&self) -> Option<Self> {
        let sslmode = match (self.sslmode, self.is_first) {
            (SslMode::Prefer, true) => SslMode::Disable,
            (SslMode::Allow, true) => SslMode::Allow,
            _ => return None,
        };
        self.address.map(|_| Self {
            sslmode,
            is_first: false,
            ..self.clone()
        })
    }

    /// Gives the mode that it is dialled by: with `allow`, TLS comes second.
    const fn dialled(&self) -> SslMode {
        match (self.sslmode, self.is_first) {
            (SslMode::Allow, true) => SslMode::Disable,
            (mode, _) => mode,
        }
    }

    /// Says whether an error may be mended by doing without TLS.
    const fn is_about_tls(&self, error: &ConnectError) -> bool {
        matches!(self.sslmode, SslMode::Prefer)
            && matches!(
                error,
                ConnectError::Tls { .. }
                    | ConnectError::Certificate { .. }
                    | ConnectError::ClientCertificateRefused { .. }
                    | ConnectError::Io(_)
            )
    }

    /// Names it for messages: the host, and the address it was found at.
    fn label(&self) -> String {
        match (&self.host, self.address) {
            (Host::Tcp { name, .. }, Some(found)) if *name != found.ip().to_string() => {
                format!("{} ({})", self.host, found.ip())
            }
            _ => self.host.to_string(),
        }
    }

    /// Connects, and protects the connection.
    async fn dial(
        &self,
        config: &ConnectConfig,
        deadline: Option<Instant>,
    ) -> Result<Stream, ConnectError> {
        let label = self.label();
        let unreachable = |source| ConnectError::Unreachable {
            address: label.clone(),
            source,
        };
        let attempt = async {
            let Some(address) = self.address else {
                let stream = UnixStream::connect(self.host.to_string()).await;
                return stream.map(Stream::Unix).map_err(unreachable);
            };
            let tcp = socket::connect(config, address)
                .await
                .map_err(unreachable)?;
            let server = tls::Server {
                host: &self.host,
                address,
                label: &label,
            };
            tls::negotiate(config, self.dialled(), &server, tcp).await
        };
        let Some(deadline) = deadline else {
            return attempt.await;
        };
        let patience = config.connect_timeout.unwrap_or_default();
        let timed_out = |_| ConnectError::TimedOut {
            address: label.clone(),
            patience,
        };
        timeout_at(deadline, attempt).await.map_err(timed_out)?
    }
}

/// Finds the addresses of a host.
async fn resolve(config: &ConnectConfig, host: &Host) -> Result<Vec<Target>, ConnectError> {
    let sslmode = config.sslmode;
    let Host::Tcp {
        name,
        address,
        port,
    } = host
    else {
        return Ok(vec![Target {
            host: host.clone(),
            address: None,
            sslmode,
            is_first: true,
        }]);
    };
    let lookup = address.as_ref().unwrap_or(name).as_str();
    let failed = |source| ConnectError::Resolve {
        host: lookup.to_owned(),
        source,
    };
    let patience = config.connect_timeout.unwrap_or(Duration::MAX);
    let found = timeout(patience, lookup_host((lookup, *port))).await;
    let found = found
        .map_err(|_| ConnectError::TimedOut {
            address: format!("the resolver of {lookup:?}"),
            patience,
        })?
        .map_err(failed)?;
    let target = |found| Target {
        host: host.at(found),
        address: Some(found),
        sslmode,
        is_first: true,
    };
    let targets: Vec<_> = found.map(target).collect();
    match targets.is_empty() {
        true => Err(failed(std::io::ErrorKind::NotFound.into())),
        false => Ok(targets),
    }
}

/// Says whether a failed login would fail at any address.
const fn is_final(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::PasswordMissing { .. }
            | ConnectError::PasswordUnreadable { .. }
            | ConnectError::Method { .. }
            | ConnectError::ServerProof { .. }
            | ConnectError::ChannelBinding { .. }
            | ConnectError::MethodRuledOut { .. }
    )
}

/// Gives the order in which some are tried: their own, or a random one (`load_balance_hosts`).
fn in_order<T>(config: &ConnectConfig, mut list: Vec<T>) -> Vec<T> {
    if config.is_balanced {
        // Fisher and Yates, by the one source of chance that the standard library has.
        let chance = RandomState::new();
        for at in (1..list.len()).rev() {
            let number = chance.hash_one(at);
            let span = u64::try_from(at).unwrap_or(u64::MAX).saturating_add(1);
            list.swap(at, usize::try_from(number % span).unwrap_or_default());
        }
    }
    list
}
