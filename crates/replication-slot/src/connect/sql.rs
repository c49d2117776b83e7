//! Ordinary SQL, through `tokio_postgres` over a connection of ours.
//!
//! The login is [`establish`]'s, so that its rules hold here too. The library is shown a login that
//! asks for nothing, and then the connection as it is.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{Client, Config, NoTls};

use crate::connect::guard::Guarded;
use crate::connect::{
    ConnectConfig, ConnectError, Purpose, ReceiveBuffer, Stream, Wire, establish,
};
use crate::wire::WireError;

/// Connects for ordinary SQL.
///
/// The connection's task runs on the current runtime and ends when the client is dropped.
///
/// # Errors
/// [`ConnectError`], with the server's own words where it refuses.
///
/// # Cancel safety
/// Cancelling it closes the connection.
pub async fn sql(config: &ConnectConfig) -> Result<Client, ConnectError> {
    // The library reads text as UTF-8.
    let config = config
        .clone()
        .with_receive_buffer(ReceiveBuffer::System)
        .with_client_encoding("UTF8");
    let wire = establish(&config, Purpose::Sql, &[]).await?;
    let mut login = Config::new();
    login.user(config.user());
    let (client, connection) = login
        .connect_raw(Guarded::new(LoggedIn::new(wire)), NoTls)
        .await
        .map_err(ConnectError::Sql)?;
    let _detached = tokio::spawn(async move {
        let Err(error) = connection.await else {
            return;
        };
        match nonsense(&error) {
            // Whoever waits for an answer is only told that the connection is closed.
            Some(nonsense) => tracing::warn!(error = %nonsense, "an answer is not PostgreSQL's"),
            None => tracing::debug!(error = %error, "an SQL connection broke"),
        }
    });
    Ok(client)
}

/// Finds what the guard of the stream has to say.
fn nonsense(error: &tokio_postgres::Error) -> Option<&WireError> {
    let socket = error.source()?.downcast_ref::<io::Error>()?;
    socket.get_ref()?.downcast_ref()
}

/// A connection that is logged in, shown as one that is about to.
#[derive(Debug)]
struct LoggedIn {
    /// The connection.
    stream: Stream,
    /// What is to be read before what comes from the server.
    before: BytesMut,
    /// The startup message, as far as it was written, until it is whole; it goes nowhere.
    startup: Option<BytesMut>,
}

impl LoggedIn {
    /// Takes over a session that takes commands.
    fn new(wire: Wire) -> Self {
        let mut before = BytesMut::new();
        put_message(&mut before, b'R', &[&[0; 4]]);
        for (name, value) in &wire.info().parameters {
            put_message(
                &mut before,
                b'S',
                &[name.as_bytes(), b"\0", value.as_bytes(), b"\0"],
            );
        }
        put_message(&mut before, b'Z', &[b"I"]);
        let (stream, leftover) = wire.into_parts();
        before.extend_from_slice(&leftover);
        Self {
            stream,
            before,
            startup: Some(BytesMut::new()),
        }
    }

    /// Takes what belongs to the startup message, and gives its length.
    fn swallow(&mut self, bytes: &[u8]) -> usize {
        let Some(startup) = &mut self.startup else {
            return 0;
        };
        let mut taken = 0;
        for &byte in bytes {
            startup.put_u8(byte);
            taken += 1;
            let length = startup.first_chunk::<4>();
            let length = length.map_or(usize::MAX, |&length| {
                usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX)
            });
            if startup.len() >= length {
                self.startup = None;
                break;
            }
        }
        taken
    }
}

impl AsyncRead for LoggedIn {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        if this.before.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let (now, _) = this.before.split_at(this.before.len().min(buf.remaining()));
        buf.put_slice(now);
        let taken = now.len();
        this.before.advance(taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LoggedIn {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        match this.swallow(buf) {
            0 => Pin::new(&mut this.stream).poll_write(cx, buf),
            taken => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Appends a message of the server's.
fn put_message(out: &mut BytesMut, tag: u8, parts: &[&[u8]]) {
    let body = parts.concat();
    out.put_u8(tag);
    out.put_u32(u32::try_from(body.len().saturating_add(4)).unwrap_or(u32::MAX));
    out.put_slice(&body);
}
