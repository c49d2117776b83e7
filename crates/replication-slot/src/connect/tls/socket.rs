//! TLS over TCP, read in large pieces.
//!
//! rustls reads 4 KiB at a time and gives one record at a time, and PostgreSQL puts each message
//! into a record of its own. So the socket is read here into a large buffer, and one read of
//! [`TlsSocket`] gives all records of one read of the socket. One and no more: the pace of reading
//! (see [`crate::pace`]) goes by what had joined in the socket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::end_point::end_point;

/// TLS over TCP, after the handshake.
#[derive(Debug)]
pub struct TlsSocket {
    /// The session, over the buffered socket.
    session: TlsStream<Buffered>,
}

impl TlsSocket {
    /// Takes over a session after its handshake.
    pub(super) const fn new(session: TlsStream<Buffered>) -> Self {
        Self { session }
    }

    /// Gives the socket.
    pub(in crate::connect) fn tcp(&self) -> &TcpStream {
        &self.session.get_ref().0.tcp
    }

    /// Gives what a login is bound to, where the server's certificate allows it.
    pub(in crate::connect) fn end_point(&self) -> Option<Vec<u8>> {
        let certificates = self.session.get_ref().1.peer_certificates()?;
        end_point(certificates.first()?)
    }

    /// Gives how many bytes came from the socket since this was last asked.
    pub(in crate::connect) fn take_received(&mut self) -> usize {
        std::mem::take(&mut self.session.get_mut().0.received)
    }
}

impl AsyncRead for TlsSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let begin = buf.filled().len();
        this.session.get_mut().0.turn = Turn::Begun;
        while buf.remaining() > 0 {
            let before = buf.filled().len();
            match Pin::new(&mut this.session).poll_read(cx, buf) {
                Poll::Ready(Ok(())) if buf.filled().len() > before => {}
                // The end, or an error; rustls repeats its own, and the socket's come first.
                done @ Poll::Ready(_) if before == begin => return done,
                Poll::Ready(_) => break,
                Poll::Pending if before > begin => break,
                // A part of a record is there: another read of the socket is needed.
                Poll::Pending if this.session.get_ref().0.turn == Turn::Over => {
                    this.session.get_mut().0.turn = Turn::Begun;
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TlsSocket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().session).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().session).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.session.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().session).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().session).poll_shutdown(cx)
    }
}

/// A socket below rustls, which is read in large pieces.
#[derive(Debug)]
pub(super) struct Buffered {
    /// The socket.
    tcp: TcpStream,
    /// What was read; all of it initialised.
    memory: Vec<u8>,
    /// The first byte that rustls has not taken.
    start: usize,
    /// The end of what was read.
    end: usize,
    /// Whether the socket may be read.
    turn: Turn,
    /// How many bytes came from the socket since this was last asked.
    received: usize,
}

/// Whether the socket may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// During the handshake: at will.
    Free,
    /// Once.
    Begun,
    /// No more: what is there is to be taken first.
    Over,
}

impl Buffered {
    /// Wraps a socket of which nothing that belongs to TLS has been read.
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            memory: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            turn: Turn::Free,
            received: 0,
        }
    }
}

impl AsyncRead for Buffered {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.start == this.end {
            if this.turn == Turn::Over {
                // No waker is needed: `TlsSocket` begins another turn, or returns what it has.
                return Poll::Pending;
            }
            let mut memory = ReadBuf::new(&mut this.memory);
            match Pin::new(&mut this.tcp).poll_read(cx, &mut memory) {
                Poll::Ready(Ok(())) => {}
                unread @ (Poll::Ready(Err(_)) | Poll::Pending) => return unread,
            }
            this.start = 0;
            this.end = memory.filled().len();
            this.received = this.received.saturating_add(this.end);
            if this.turn == Turn::Begun {
                this.turn = Turn::Over;
            }
        }
        let waiting = this.memory.get(this.start..this.end).unwrap_or_default();
        let (taken, _) = waiting.split_at(waiting.len().min(buf.remaining()));
        buf.put_slice(taken);
        this.start += taken.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Buffered {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}

/// The buffer's size, in bytes: what a full receive window of 64 KiB holds, twice. The least room
/// of an inbox is more, so a turn never leaves records behind.
const BUFFER_BYTES: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::{PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;

    #[tokio::test]
    async fn a_read_gives_all_records_of_one_read_of_the_socket() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let certificate = made.cert.der().clone();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let provider = || Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let accept = async {
            let (tcp, _) = listener.accept().await.unwrap();
            TlsAcceptor::from(Arc::new(server))
                .accept(tcp)
                .await
                .unwrap()
        };
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(client));
        let (mut server, session) =
            tokio::join!(accept, connector.connect(name, Buffered::new(tcp)));
        let mut socket = TlsSocket::new(session.unwrap());

        // 10 KB in records of 100 bytes: more than twice what rustls reads at a time.
        for number in 0..100 {
            server.write_all(&[number; 100]).await.unwrap();
            server.flush().await.unwrap();
        }
        let mut read = vec![0; 64 * 1024];
        assert_eq!(socket.read(&mut read).await.unwrap(), 10_000);
        assert!((0..10_000).all(|at| usize::from(read[at]) == at / 100));
        let received = socket.take_received();
        assert!(received > 10_000, "the socket's bytes are more: {received}");
        assert_eq!(socket.take_received(), 0);

        // A record of which only a part fits in one read of the socket comes about all the same.
        let large = vec![7; 1_000_000];
        let write = async {
            server.write_all(&large).await.unwrap();
            server.shutdown().await.unwrap();
        };
        let mut all = Vec::new();
        let (_, end) = tokio::join!(write, socket.read_to_end(&mut all));
        assert_eq!(end.unwrap(), large.len());
        assert!(all == large);
    }
}
