//! From a configuration to a connected socket, with TLS if it is to be.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::timeout;

use crate::connect::{ConnectConfig, ConnectError, Host, ReceiveBuffer, SslMode, Stream, tls};

/// A connection before its startup message.
#[derive(Debug)]
pub struct Opened {
    /// The socket.
    pub(super) stream: Stream,
    /// The server.
    pub(super) host: Host,
}

/// Tries every host, and every address of it, until one answers.
///
/// # Errors
/// [`ConnectError`] of the last one that was tried.
///
/// # Cancel safety
/// Cancelling it closes the socket.
pub async fn open(config: &ConnectConfig) -> Result<Opened, ConnectError> {
    let mut last = None;
    for host in &config.hosts {
        match open_host(config, host).await {
            Ok(stream) => {
                return Ok(Opened {
                    stream,
                    host: host.clone(),
                });
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| ConnectError::Protocol("no host is configured".to_owned())))
}

/// Tries every address of one host.
async fn open_host(config: &ConnectConfig, host: &Host) -> Result<Stream, ConnectError> {
    let (name, address, port) = match host {
        Host::Unix { .. } => {
            let path = host.to_string();
            let connected = within(config, &path, UnixStream::connect(&path)).await?;
            let unreachable = |source| ConnectError::Unreachable {
                address: path.clone(),
                source,
            };
            return Ok(Stream::Unix(connected.map_err(unreachable)?));
        }
        Host::Tcp {
            name,
            address,
            port,
        } => (name, address, *port),
    };
    let lookup = address.as_ref().unwrap_or(name).as_str();
    let resolve = |source| ConnectError::Resolve {
        host: name.clone(),
        source,
    };
    let found = within(config, name, lookup_host((lookup, port))).await?;
    let addresses: Vec<SocketAddr> = found.map_err(resolve)?.collect();
    let mut last = resolve(io::ErrorKind::NotFound.into());
    for address in addresses {
        let label = host.to_string();
        let attempt = open_address(config, name, &label, address);
        match within(config, &label, attempt)
            .await
            .and_then(|opened| opened)
        {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Connects to one address and protects the connection.
async fn open_address(
    config: &ConnectConfig,
    name: &str,
    label: &str,
    address: SocketAddr,
) -> Result<Stream, ConnectError> {
    let unreachable = |source| ConnectError::Unreachable {
        address: label.to_owned(),
        source,
    };
    #[expect(clippy::disallowed_methods, reason = "the round trip is measured here")]
    let start = Instant::now();
    let tcp = TcpStream::connect(address).await.map_err(unreachable)?;
    prepare(config, &tcp, start.elapsed()).map_err(unreachable)?;
    match config.sslmode {
        SslMode::Disable => Ok(Stream::Tcp(tcp)),
        mode @ (SslMode::Prefer | SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => {
            protect(config, mode, name, label, tcp).await
        }
    }
}

/// Sets the socket's options.
fn prepare(config: &ConnectConfig, tcp: &TcpStream, round_trip: Duration) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(tcp);
    if let Some(keepalive) = config.keepalive {
        let mut wanted = TcpKeepalive::new();
        wanted = keepalive
            .idle
            .map_or(wanted.clone(), |idle| wanted.with_time(idle));
        socket.set_tcp_keepalive(&wanted)?;
    }
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(config.tcp_user_timeout)?;
    // A fixed size stops the window from growing, and so lets a reader that leaves data in the socket
    // for a moment get delayed acknowledgements: the sender then joins its messages (see `Pace`).
    match config.receive_buffer {
        ReceiveBuffer::Auto if round_trip < NEAR => socket.set_recv_buffer_size(NEAR_BUFFER_BYTES),
        ReceiveBuffer::Auto | ReceiveBuffer::System => Ok(()),
        ReceiveBuffer::Bytes(bytes) => {
            socket.set_recv_buffer_size(usize::try_from(bytes).unwrap_or(NEAR_BUFFER_BYTES))
        }
    }
}

/// Asks for TLS (PostgreSQL manual, "SSL Session Encryption").
async fn protect(
    config: &ConnectConfig,
    mode: SslMode,
    name: &str,
    label: &str,
    mut tcp: TcpStream,
) -> Result<Stream, ConnectError> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    tcp.write_all(&request).await.map_err(ConnectError::Io)?;
    match tcp.read_u8().await.map_err(ConnectError::Io)? {
        b'S' => tls::handshake(config, mode, name, label, tcp).await,
        b'N' if mode == SslMode::Prefer => Ok(Stream::Tcp(tcp)),
        b'N' => Err(ConnectError::NoTls {
            address: label.to_owned(),
            sslmode: mode.as_str(),
        }),
        b'E' => Err(ConnectError::Protocol(
            "the server answers a TLS request with an error".to_owned(),
        )),
        other => Err(ConnectError::Protocol(format!(
            "{:?} after a TLS request",
            char::from(other)
        ))),
    }
}

/// Gives up after `connect_timeout`.
async fn within<T>(
    config: &ConnectConfig,
    address: &str,
    what: impl Future<Output = T>,
) -> Result<T, ConnectError> {
    let Some(patience) = config.connect_timeout else {
        return Ok(what.await);
    };
    let timed_out = |_| ConnectError::TimedOut {
        address: address.to_owned(),
        patience,
    };
    timeout(patience, what).await.map_err(timed_out)
}

/// Below this round trip a fixed receive buffer cannot limit the rate.
const NEAR: Duration = Duration::from_millis(1);
/// The receive buffer for a near server, in bytes.
const NEAR_BUFFER_BYTES: usize = 1024 * 1024;
