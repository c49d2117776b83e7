//! The thin tokio driver of a stream: socket and inbox on one side, [`Session`] on the other.
//!
//! It decides nothing. Reading, writing and the clock are here; what a frame means and what is to
//! be answered is the session's business.

use std::io;
use std::time::{Duration, SystemTime};

use outflow_pgoutput::{Lsn, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

use crate::connect::{
    self, ConnectConfig, ConnectError, Host, Purpose, ServerError, Stream, WireFailure,
};
use crate::inbox::Inbox;
use crate::name::{PublicationName, SlotName, quote_ident, quote_literal};
use crate::pace::{Distance, Pace};
use crate::session::{Acknowledge, Session, SessionConfig, SessionError};
use crate::wire::{self, RawFrame, WireError};

/// What a stream is started with.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// The slot to stream.
    pub slot: SlotName,
    /// The publication whose changes are sent.
    pub publication: PublicationName,
    /// Whether the messages of `pg_logical_emit_message` are sent too: all of the database, whatever
    /// the publication holds.
    pub messages: bool,
    /// The session's number.
    pub session: u64,
    /// The time between two status updates.
    pub status_interval: Duration,
    /// The server's patience with us, sent with the connection.
    pub wal_sender_timeout: Duration,
    /// Whether the slot is to move.
    pub acknowledge: Acknowledge,
}

/// Why a stream could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The slot does not exist.
    #[error("replication slot {0:?} does not exist")]
    SlotMissing(String),
    /// The server refused: see its SQLSTATE.
    #[error("cannot start replication on slot {slot:?}")]
    Refused {
        /// The slot.
        slot: String,
        /// What the server said.
        #[source]
        source: ServerError,
    },
    /// The connection broke meanwhile.
    #[error("the connection broke before the stream began")]
    Broken(#[source] io::Error),
    /// The server's answer cannot be understood.
    #[error("PostgreSQL's answer cannot be understood: {0}")]
    Answer(String),
}

/// Why a stream broke.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The socket failed.
    #[error("the connection to PostgreSQL broke")]
    Io(#[source] io::Error),
    /// The server closed the socket.
    #[error("PostgreSQL closed the connection")]
    Closed,
    /// The server does not take what we send.
    #[error("PostgreSQL took no status update for {0:?}")]
    WriteStalled(Duration),
    /// The session is over.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// A connection in `CopyBoth` mode.
#[derive(Debug)]
pub struct Connection {
    /// TCP, TLS or Unix socket.
    stream: Stream,
    /// The server it goes to.
    host: Host,
    /// What was received and is not handled.
    inbox: Inbox,
    /// What is to be sent.
    outgoing: Vec<u8>,
    /// How long the next read waits.
    pace: Pace,
    /// How long a write may take.
    write_patience: Duration,
}

/// Connects, and starts the stream where the slot stands.
///
/// # Errors
/// [`StartError`], with the server's own error where there is one.
///
/// # Cancel safety
/// Cancelling it closes the connection; the server then releases the slot.
pub async fn start(
    config: &ConnectConfig,
    options: &StartOptions,
) -> Result<(Connection, Session), StartError> {
    let slot = options.slot.as_str();
    let patience_ms = options.wal_sender_timeout.as_millis().to_string();
    // Times are read back as ISO text, and the one sign of a missing publication is a warning.
    let settings = [
        ("wal_sender_timeout", patience_ms.as_str()),
        ("client_min_messages", "warning"),
        ("DateStyle", "ISO"),
        // A key has to be the same text for ever, whatever the database or the role is set to.
        ("IntervalStyle", "postgres"),
        ("TimeZone", "UTC"),
        ("extra_float_digits", "1"),
        ("bytea_output", "hex"),
    ];
    let mut wire = connect::establish(config, Purpose::Replication, &settings).await?;
    let query = format!(
        "SELECT confirmed_flush_lsn FROM pg_catalog.pg_replication_slots WHERE slot_name = {}",
        quote_literal(slot)
    );
    let refused = |failure| match failure {
        WireFailure::Server(source) => StartError::Refused {
            slot: slot.to_owned(),
            source,
        },
        WireFailure::Io(source) => StartError::Broken(source),
        WireFailure::Protocol(text) => StartError::Answer(text),
    };
    let rows = wire.simple_query(&query).await.map_err(refused)?;
    let row = rows
        .into_iter()
        .next()
        .ok_or_else(|| StartError::SlotMissing(slot.to_owned()))?;
    let confirmed = row.into_iter().next().flatten().unwrap_or_default();
    let confirmed: Lsn = confirmed
        .parse()
        .map_err(|_| StartError::Answer(format!("LSN {confirmed:?}")))?;
    wire.start_copy_both(&start_command(options))
        .await
        .map_err(refused)?;

    let host = wire.info().host().clone();
    let (stream, leftover) = wire.into_parts();
    let now = Instant::now().into_std();
    let config = SessionConfig {
        number: options.session,
        confirmed,
        status_interval: options.status_interval,
        wal_sender_timeout: options.wal_sender_timeout,
        acknowledge: options.acknowledge,
    };
    let mut connection = Connection::new(stream, host, now, options.wal_sender_timeout);
    connection.inbox.append(&leftover);
    Ok((connection, Session::new(&config, now)))
}

/// Writes the command (PostgreSQL manual, "Streaming Replication Protocol").
fn start_command(options: &StartOptions) -> String {
    let messages = match options.messages {
        true => ", messages 'true'",
        false => "",
    };
    format!(
        "START_REPLICATION SLOT {} LOGICAL 0/0 (proto_version '1', publication_names {}{messages})",
        quote_ident(options.slot.as_str()),
        quote_literal(&quote_ident(options.publication.as_str())),
    )
}

impl Connection {
    /// Wraps a stream in `CopyBoth` mode.
    fn new(stream: Stream, host: Host, now: std::time::Instant, patience: Duration) -> Self {
        let write_patience = if patience.is_zero() {
            DEFAULT_PATIENCE
        } else {
            patience
        };
        let distance = if stream.is_loopback() {
            Distance::SameMachine
        } else {
            Distance::Network
        };
        Self {
            stream,
            host,
            inbox: Inbox::new(),
            outgoing: Vec::new(),
            pace: Pace::new(distance, now),
            write_patience,
        }
    }

    /// Gives the server it goes to: one of those that were configured.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Gives the first frame that waits; it stays until it is consumed.
    ///
    /// # Errors
    /// [`WireError`] where the bytes are no frame.
    pub fn frame(&self) -> Result<Option<RawFrame<'_>>, WireError> {
        self.inbox.frame()
    }

    /// Removes the first `bytes` bytes: the frame that was handled.
    pub fn consume(&mut self, bytes: usize) {
        self.inbox.consume(bytes);
    }

    /// Says whether the server has more for us than trickles in.
    pub const fn is_backlog(&self) -> bool {
        self.pace.is_backlog()
    }

    /// Reads what there is, after a moment while there is a backlog: see `pace.rs`.
    ///
    /// # Errors
    /// [`StreamError`] where the connection is over.
    ///
    /// # Cancel safety
    /// Safe: what was read is in the inbox.
    pub async fn receive(&mut self) -> Result<(), StreamError> {
        if let Some(wait) = self.pace.delay(Instant::now().into_std()) {
            sleep(wait).await;
        }
        let read = self
            .stream
            .read(self.inbox.space())
            .await
            .map_err(StreamError::Io)?;
        if read == 0 {
            return Err(StreamError::Closed);
        }
        self.inbox.received(read);
        let read = self.stream.socket_bytes(read);
        self.pace.read(read, Instant::now().into_std());
        Ok(())
    }

    /// Sends what the session has to say now.
    ///
    /// # Errors
    /// [`StreamError`] where the connection or the session is over.
    ///
    /// # Cancel safety
    /// Not safe: a message may be half sent.
    pub async fn transmit(&mut self, session: &mut Session) -> Result<(), StreamError> {
        session.poll_transmit(Instant::now().into_std(), wall_time(), &mut self.outgoing)?;
        self.send().await
    }

    /// Takes leave of the server, after the stream has ended.
    ///
    /// # Errors
    /// [`StreamError`] where the connection was over before.
    ///
    /// # Cancel safety
    /// The socket closes either way.
    pub async fn terminate(&mut self) -> Result<(), StreamError> {
        wire::terminate(&mut self.outgoing);
        self.send().await
    }

    /// Writes what waits.
    async fn send(&mut self) -> Result<(), StreamError> {
        if self.outgoing.is_empty() {
            return Ok(());
        }
        let write = async {
            self.stream.write_all(&self.outgoing).await?;
            self.stream.flush().await
        };
        match timeout(self.write_patience, write).await {
            Ok(sent) => sent.map_err(StreamError::Io)?,
            Err(_) => return Err(StreamError::WriteStalled(self.write_patience)),
        }
        self.outgoing.clear();
        Ok(())
    }
}

/// Gives the time that a status update carries: for the server's statistics only.
#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the clock is read"
)]
fn wall_time() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// How long a write may take where the server itself waits for ever.
const DEFAULT_PATIENCE: Duration = Duration::from_secs(60);
