//! A stream whose server is listened to: what is no message of PostgreSQL ends it.
//!
//! The library that speaks SQL over it believes every length, waits for the end of a message that
//! has none, and keeps every notice that comes before the login is done.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connect::wire::MAX_ANSWER;
use crate::wire::{self, HEADER_LEN, WireError};

/// A stream of whole messages.
#[derive(Debug)]
pub(super) struct Guarded<S> {
    /// What is read.
    stream: S,
    /// What is known of the messages.
    watch: Watch,
}

/// Where in its messages a stream is.
#[derive(Debug, Default)]
struct Watch {
    /// The header that is being read.
    header: [u8; HEADER_LEN],
    /// How much of it is there, in bytes.
    have: usize,
    /// The bytes that are left of the body.
    body_left: usize,
    /// All bytes so far, until the server takes commands.
    before_ready: usize,
    /// Whether the server has taken commands.
    is_ready: bool,
}

impl<S> Guarded<S> {
    /// Listens to a stream, from its startup on.
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            watch: Watch::default(),
        }
    }
}

impl Watch {
    /// Looks at what was received.
    fn look(&mut self, mut bytes: &[u8]) -> Result<(), WireError> {
        if !self.is_ready {
            self.before_ready = self.before_ready.saturating_add(bytes.len());
            if self.before_ready > MAX_ANSWER {
                return Err(WireError::Endless { limit: MAX_ANSWER });
            }
        }
        while !bytes.is_empty() {
            if self.body_left > 0 {
                let skipped = self.body_left.min(bytes.len());
                self.body_left -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let missing = self.header.iter_mut().skip(self.have);
            let taken = missing.zip(bytes).map(|(to, from)| *to = *from).count();
            self.have += taken;
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.have == HEADER_LEN {
                self.have = 0;
                self.body_left = wire::body_len(self.header)?;
                self.is_ready |= matches!(self.header, [b'Z', ..]);
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let new = buf.filled().get(before..).unwrap_or_default();
        let looked = self.watch.look(new);
        Poll::Ready(looked.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at bytes in pieces of this size.
    fn look(bytes: &[u8], piece: usize) -> Result<Watch, WireError> {
        let mut watch = Watch::default();
        for piece in bytes.chunks(piece) {
            watch.look(piece)?;
        }
        Ok(watch)
    }

    #[test]
    fn messages_are_found_however_they_are_cut() {
        let bytes = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x08a\0b\0Z\0\0\0\x05I1\0\0\0\x04";
        for piece in 1..bytes.len() {
            let watch = look(bytes, piece).unwrap();
            assert!(watch.is_ready && watch.have == 0 && watch.body_left == 0);
            let broken = [&bytes[..], b"D\x7f\xff\xff\xff"].concat();
            assert!(matches!(
                look(&broken, piece),
                Err(WireError::Length { tag: 'D', .. })
            ));
        }
    }

    #[test]
    fn what_comes_before_the_login_is_done_has_an_end() {
        let notice = b"N\0\0\0\x14SNOTICE\0Mmore\0\0\0";
        let flood = notice.repeat(MAX_ANSWER / notice.len() + 1);
        assert!(matches!(look(&flood, 8192), Err(WireError::Endless { .. })));
        let later = [b"Z\0\0\0\x05I", &flood[..]].concat();
        assert!(look(&later, 8192).is_ok());
    }
}
