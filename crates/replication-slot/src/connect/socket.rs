//! The TCP socket and its options.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::connect::{ConnectConfig, ReceiveBuffer};

/// Connects to an address.
///
/// With [`ReceiveBuffer::Auto`] it connects with the fixed buffer, and where the handshake shows
/// that the server is not near, once more without: a size that is set later does not widen the
/// window (tcp(7)), and one that is set cannot be given back.
pub(super) async fn connect(config: &ConnectConfig, address: SocketAddr) -> io::Result<TcpStream> {
    match config.receive_buffer {
        ReceiveBuffer::System => dial(config, address, None).await,
        ReceiveBuffer::Bytes(bytes) => dial(config, address, Some(bytes)).await,
        ReceiveBuffer::Auto => {
            if address.ip().is_loopback() {
                return dial(config, address, Some(LOCAL_BUFFER_BYTES)).await;
            }
            let start = Instant::now();
            let tcp = dial(config, address, Some(NEAR_BUFFER_BYTES)).await?;
            if start.elapsed() < NEAR {
                return Ok(tcp);
            }
            drop(tcp);
            dial(config, address, None).await
        }
    }
}

/// Connects with a fixed receive buffer, or with one that the system tunes.
async fn dial(
    config: &ConnectConfig,
    address: SocketAddr,
    buffer_bytes: Option<u32>,
) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(bytes) = buffer_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.set_nodelay(true)?;
    set_timeouts(config, SockRef::from(&socket))?;
    socket.connect(address).await
}

/// Sets what ends a connection whose other end is gone.
fn set_timeouts(config: &ConnectConfig, socket: SockRef<'_>) -> io::Result<()> {
    if let Some(keepalive) = config.keepalive {
        let mut wanted = TcpKeepalive::new();
        if let Some(idle) = keepalive.idle {
            wanted = wanted.with_time(idle);
        }
        if let Some(interval) = keepalive.interval {
            wanted = wanted.with_interval(interval);
        }
        if let Some(retries) = keepalive.retries {
            wanted = wanted.with_retries(retries);
        }
        socket.set_tcp_keepalive(&wanted)?;
    }
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(config.tcp_user_timeout)?;
    Ok(())
}

/// The receive buffer for a server on this machine: a small window, behind which messages join (see
/// [`crate::pace`]).
const LOCAL_BUFFER_BYTES: u32 = 64 * 1024;
/// Below this round trip a fixed receive buffer cannot limit the rate.
const NEAR: Duration = Duration::from_millis(1);
/// The receive buffer for a near server; the system may allow less (`net.core.rmem_max`).
const NEAR_BUFFER_BYTES: u32 = 1024 * 1024;
