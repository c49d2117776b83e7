//! Messages over a stream, until it turns into `CopyBoth`.

use std::io;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::connect::{Opened, ServerError, ServerInfo, Stream};
use crate::excerpt::Excerpt;
use crate::wire::{HEADER_LEN, RawFrame, WireError};

/// A session that is logged in and takes commands.
#[derive(Debug)]
pub struct Wire {
    /// The socket.
    stream: Stream,
    /// What was received and is not read.
    inbox: BytesMut,
    /// How much the server may still say before it takes the next command, in bytes.
    patience_bytes: usize,
    /// What the server said of itself.
    pub(super) info: ServerInfo,
    /// Whether the server has let us in.
    pub(super) is_logged_in: bool,
    /// How the server was answered so far.
    pub(super) proof: Proof,
}

/// How a server was answered when it asked who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It has asked for nothing.
    None,
    /// By a password.
    Password,
    /// By SCRAM, bound to the TLS channel.
    Bound,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum WireFailure {
    /// The server refused it.
    #[error("PostgreSQL refused a command")]
    Server(#[source] ServerError),
    /// The connection broke.
    #[error("the connection to PostgreSQL broke")]
    Io(#[source] io::Error),
    /// The answer cannot be understood.
    #[error("unexpected answer: {0}")]
    Protocol(String),
}

/// A row of text values.
pub type TextRow = Vec<Option<String>>;

impl Wire {
    /// Begins with a fresh stream.
    pub(super) fn new(opened: Opened) -> Self {
        let info = ServerInfo::new(opened.host, opened.stream.is_encrypted());
        Self {
            stream: opened.stream,
            inbox: BytesMut::with_capacity(READ_BYTES),
            patience_bytes: MAX_ANSWER,
            info,
            is_logged_in: false,
            proof: Proof::None,
        }
    }

    /// Gives what the server said of itself.
    pub const fn info(&self) -> &ServerInfo {
        &self.info
    }

    /// Gives what a login over TLS can be bound to.
    pub(super) fn end_point(&self) -> Option<Vec<u8>> {
        self.stream.end_point()
    }

    /// Sends bytes, which should be whole messages.
    ///
    /// # Errors
    /// The socket's.
    ///
    /// # Cancel safety
    /// Not safe: a message may be half sent.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Reads the next message whole: type and body.
    ///
    /// # Cancel safety
    /// Safe: what was received stays in the inbox.
    pub(super) async fn receive(&mut self) -> Result<(u8, BytesMut), WireFailure> {
        loop {
            match crate::wire::split(&self.inbox) {
                Ok(Ok(frame)) => {
                    let (tag, body_len) = (frame.tag, frame.body.len());
                    let left = self.patience_bytes.checked_sub(frame.wire_len());
                    let endless = || WireError::Endless { limit: MAX_ANSWER };
                    self.patience_bytes = left.ok_or_else(endless).map_err(protocol)?;
                    let mut message = self.inbox.split_to(frame.wire_len());
                    let body = message.split_off(message.len() - body_len);
                    return Ok((tag, body));
                }
                Ok(Err(needed)) if needed > MAX_ANSWER => {
                    let excerpt = Excerpt::of(self.inbox.get(..HEADER_LEN).unwrap_or_default());
                    let what = format!("a message of {needed} bytes ({excerpt})");
                    return Err(WireFailure::Protocol(what));
                }
                Ok(Err(_)) => {}
                Err(error) => return Err(protocol(error)),
            }
            self.inbox.reserve(READ_BYTES);
            if self
                .stream
                .read_buf(&mut self.inbox)
                .await
                .map_err(WireFailure::Io)?
                == 0
            {
                return Err(WireFailure::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Runs a command by the simple query protocol and gives the rows of its last result.
    ///
    /// # Errors
    /// [`WireFailure`]; after a server's error the session takes commands again.
    ///
    /// # Cancel safety
    /// Not safe: an answer may be half read.
    pub async fn simple_query(&mut self, sql: &str) -> Result<Vec<TextRow>, WireFailure> {
        self.send_query(sql).await?;
        let mut rows = Vec::new();
        loop {
            let (tag, body) = self.receive().await?;
            match tag {
                b'T' => rows.clear(),
                b'D' => rows.push(text_row(&body)?),
                b'E' => return Err(self.recover(&body).await),
                b'Z' => return Ok(rows),
                b'G' | b'H' | b'W' => {
                    return Err(WireFailure::Protocol("the command copies data".into()));
                }
                _ => self.note(tag, &body),
            }
        }
    }

    /// Runs the command that turns the session into `CopyBoth`.
    ///
    /// # Errors
    /// [`WireFailure`]: the server's refusal first of all; the session then takes commands again.
    ///
    /// # Cancel safety
    /// Not safe: an answer may be half read.
    pub async fn start_copy_both(&mut self, command: &str) -> Result<(), WireFailure> {
        self.send_query(command).await?;
        loop {
            let (tag, body) = self.receive().await?;
            match tag {
                b'W' => return Ok(()),
                b'E' => return Err(self.recover(&body).await),
                b'Z' | b'C' | b'G' | b'H' => {
                    return Err(WireFailure::Protocol(
                        "the command did not start a stream".into(),
                    ));
                }
                _ => self.note(tag, &body),
            }
        }
    }

    /// Takes leave: says so if the session is logged in, and closes in both directions, so that
    /// the server has nothing to log.
    ///
    /// # Cancel safety
    /// Cancelling it closes the socket at once.
    pub async fn close(mut self) {
        let mut farewell = BytesMut::new();
        if self.is_logged_in {
            frontend::terminate(&mut farewell);
        }
        // The connection is over; whether the farewell arrives changes nothing.
        let _sent = self.send(&farewell).await;
        let _closed = self.stream.shutdown().await;
        while self
            .stream
            .read_buf(&mut self.inbox)
            .await
            .is_ok_and(|read| read > 0)
        {
            self.inbox.clear();
        }
    }

    /// Gives the stream and what was received from it already.
    pub fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.inbox)
    }

    /// Reads on after an error until the server takes commands again, or closes the connection.
    async fn recover(&mut self, body: &[u8]) -> WireFailure {
        let error = ServerError::parse(body);
        while let Ok((tag, body)) = self.receive().await {
            match tag {
                b'Z' => break,
                _ => self.note(tag, &body),
            }
        }
        WireFailure::Server(error)
    }

    /// Takes note of what may come at any time (PostgreSQL manual, "Asynchronous Operations").
    pub(super) fn note(&mut self, tag: u8, body: &[u8]) {
        match tag {
            b'S' => {
                let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
                let mut fields = body.split(|&byte| byte == 0).map(text);
                if let (Some(name), Some(value)) = (fields.next(), fields.next()) {
                    let _former = self.info.parameters.insert(name, value);
                }
            }
            b'N' => {
                let notice = ServerError::parse(body);
                match notice.severity() {
                    "WARNING" => tracing::warn!(error = %notice, "warning from PostgreSQL"),
                    _ => tracing::debug!(error = %notice, "notice from PostgreSQL"),
                }
            }
            _ => {}
        }
    }

    /// Sends a query.
    async fn send_query(&mut self, sql: &str) -> Result<(), WireFailure> {
        let mut message = BytesMut::new();
        frontend::query(sql, &mut message).map_err(WireFailure::Io)?;
        self.patience_bytes = MAX_ANSWER;
        self.send(&message).await.map_err(WireFailure::Io)
    }
}

/// Says what was wrong with the server's bytes.
fn protocol(error: WireError) -> WireFailure {
    WireFailure::Protocol(error.to_string())
}

/// Reads a row whose values are text.
fn text_row(body: &BytesMut) -> Result<TextRow, WireFailure> {
    let frame = RawFrame { tag: b'D', body };
    let broken = |error: io::Error| WireFailure::Protocol(error.to_string());
    let Some(Message::DataRow(row)) = parse(frame).map_err(broken)? else {
        return Err(WireFailure::Protocol("a broken row".to_owned()));
    };
    let ranges: Vec<_> = row.ranges().collect().map_err(broken)?;
    let text = |range| {
        let bytes = row.buffer().get(range).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    };
    Ok(ranges.into_iter().map(|range| range.map(text)).collect())
}

/// Gives a frame to the library that knows all messages.
pub(super) fn parse(frame: RawFrame<'_>) -> io::Result<Option<Message>> {
    let length = u32::try_from(frame.body.len().saturating_add(4)).unwrap_or(u32::MAX);
    let mut bytes = BytesMut::with_capacity(frame.wire_len());
    bytes.extend_from_slice(&[frame.tag]);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(frame.body);
    Message::parse(&mut bytes)
}

/// The longest answer that is taken outside a stream, in bytes; it is a login, or a row or two.
pub(super) const MAX_ANSWER: usize = 1024 * 1024;
/// How much is read at a time, in bytes.
const READ_BYTES: usize = 8 * 1024;
