//! The ways to the servers, tried one after the other as libpq does.
//!
//! Hosts in the order of the configuration; each is resolved anew, and all its addresses count.
//! A server that answers and refuses is the end, unless it says that it takes nobody in now
//! (57P03). With `sslmode=prefer` an address where TLS fails is tried once more without it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{UnixStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connect::{ConnectConfig, ConnectError, Host, Opened, SslMode, Stream, socket, tls};

/// The ways that are left.
pub(super) struct Route<'c> {
    /// What is wanted.
    config: &'c ConnectConfig,
    /// The hosts that are not resolved yet.
    hosts: std::slice::Iter<'c, Host>,
    /// The addresses that are not tried yet.
    targets: VecDeque<Target>,
    /// The address that answered last, if it may be tried again without TLS.
    without_tls: Option<Target>,
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
}

impl<'c> Route<'c> {
    /// Begins with the first host.
    pub(super) fn new(config: &'c ConnectConfig) -> Self {
        Self {
            config,
            hosts: config.hosts.iter(),
            targets: VecDeque::new(),
            without_tls: None,
            failures: Vec::new(),
        }
    }

    /// Connects to the next address that answers.
    pub(super) async fn next(&mut self) -> Option<Opened> {
        loop {
            let Some(target) = self.targets.pop_front() else {
                let host = self.hosts.next()?;
                match resolve(self.config, host).await {
                    Ok(targets) => self.targets = targets,
                    Err(error) => self.failures.push(error),
                }
                continue;
            };
            self.without_tls = target.without_tls();
            let deadline = self
                .config
                .connect_timeout
                .map(|patience| Instant::now() + patience);
            match target.dial(self.config, deadline).await {
                Ok(stream) => {
                    self.without_tls.take_if(|_| !stream.is_encrypted());
                    return Some(Opened {
                        stream,
                        host: target.host,
                        deadline,
                    });
                }
                Err(error) => {
                    if let Some(target) = self.without_tls.take().filter(|_| is_about_tls(&error)) {
                        self.targets.push_front(target);
                    }
                    self.failures.push(error);
                }
            }
        }
    }

    /// Takes note that the last connection failed to log in.
    ///
    /// # Errors
    /// The error itself, where other addresses would not mend it.
    pub(super) fn failed(&mut self, error: ConnectError) -> Result<(), ConnectError> {
        let without_tls = self.without_tls.take();
        let code = error.server_error().map(|error| error.code().to_owned());
        match (code.as_deref(), without_tls) {
            // pg_hba.conf may have a line for this role without TLS only.
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
    /// Gives the same without TLS, where that is allowed.
    fn without_tls(&self) -> Option<Self> {
        let allowed = self.sslmode == SslMode::Prefer;
        allowed.then(|| Self {
            sslmode: SslMode::Disable,
            ..self.clone()
        })
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
            tls::negotiate(config, self.sslmode, &server, tcp).await
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
async fn resolve(config: &ConnectConfig, host: &Host) -> Result<VecDeque<Target>, ConnectError> {
    let sslmode = config.sslmode;
    let Host::Tcp {
        name,
        address,
        port,
    } = host
    else {
        return Ok(VecDeque::from([Target {
            host: host.clone(),
            address: None,
            sslmode,
        }]));
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
    };
    let targets: VecDeque<_> = found.map(target).collect();
    match targets.is_empty() {
        true => Err(failed(std::io::ErrorKind::NotFound.into())),
        false => Ok(targets),
    }
}

/// Says whether an error may be mended by doing without TLS.
const fn is_about_tls(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::Tls { .. } | ConnectError::Certificate { .. } | ConnectError::Io(_)
    )
}

/// Says whether a failed login would fail at any address.
const fn is_final(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::PasswordMissing { .. }
            | ConnectError::PasswordUnreadable { .. }
            | ConnectError::Method { .. }
            | ConnectError::ServerProof { .. }
    )
}
