//! The session: what one replication connection has said, and what is to be answered, when.
//!
//! ```text
//!             handle_frame: change, keepalive, notice
//!               ┌──────┐
//!               ▼      │   close()              ReadyForQuery, or the server's end
//!  new ────► Streaming ┴──────────► Closing ───────────────► Ended
//!               │                                              ▲
//!               └── CopyDone, CommandComplete ─────────────────┘
//! ```
//! It opens no socket and reads no clock: frames and `now` come in, events and bytes to send come
//! out. A driver calls [`Session::handle_frame`] for what arrives, [`Session::poll_transmit`]
//! whenever [`Session::poll_timeout`] has passed or something was handled, and nothing else.
//!
//! Invariants:
//! - A row counts only when it was admitted or passed; a frame that waits for room is handled again.
//! - What is confirmed comes from the [`Ledger`]. Asked by the server while something is undelivered,
//!   it answers "no news": PostgreSQL then shuts down without waiting for us, and sends it all again.
//! - The status timer depends on nothing but time.

use std::time::{Duration, Instant};

use outflow_pgoutput::{
    Begin, Commit, DecodeError, Delete, Insert, LogicalMessage, Lsn, Message, Relation, Timestamp,
    Truncate, Type, Update,
};

use crate::connect::ServerError;
use crate::event::EventId;
use crate::ledger::{FlushLsn, Ledger, Ticket};
use crate::wire::{self, Frame, RawFrame, StatusUpdate, WireError};

/// What a session is started with.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// The session's number: tickets of another one settle nothing.
    pub number: u64,
    /// The position that the server reports as the slot's `confirmed_flush_lsn`.
    pub confirmed: Lsn,
    /// The time between two status updates; a second is PostgreSQL's own scale.
    pub status_interval: Duration,
    /// The server's patience (`wal_sender_timeout`); zero is for ever.
    pub wal_sender_timeout: Duration,
    /// Whether the slot is to move.
    pub acknowledge: Acknowledge,
}

/// Whether what is settled is confirmed to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    /// The slot moves behind what is settled.
    Settled,
    /// The slot stays where it is.
    Never,
}

/// What a frame means for the pipeline.
#[derive(Clone, Copy, Debug)]
pub enum Event<'f> {
    /// Nothing: the session has dealt with it.
    Nothing,
    /// A table's columns, as they are from here on.
    Relation(Relation<'f>),
    /// What a type of a table's columns is, before the table.
    Type(Type<'f>),
    /// A row was inserted: to be admitted or passed.
    Insert(Insert<'f>, EventId),
    /// A row was updated: to be admitted or passed.
    Update(Update<'f>, EventId),
    /// A row was deleted: to be admitted or passed.
    Delete(Delete<'f>, EventId),
    /// Tables were emptied: to be admitted or passed.
    Truncate(Truncate<'f>, EventId),
    /// `pg_logical_emit_message` was called: to be admitted or passed where it belongs to the open
    /// transaction. Without an identity it belongs to none, and is sent whatever becomes of its
    /// writer.
    Message(LogicalMessage<'f>, Option<EventId>),
    /// The open transaction is complete.
    Committed {
        /// When it was committed, by the server's clock.
        commit_time: Timestamp,
        /// The number of changes it sent.
        changes: u64,
    },
    /// The server has ended the stream.
    Ended(Ended),
}

/// How a stream ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// We closed it.
    Closed,
    /// The server is shutting down, or closed it.
    ByServer,
}

/// Why a session cannot go on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SessionError {
    /// The server reported an error.
    #[error("the server ended the stream")]
    Server(#[source] ServerError),
    /// A publication does not exist: PostgreSQL 18 says so by a warning and leaves its changes out.
    #[error("the server skips changes because a publication is missing")]
    PublicationSkipped(#[source] ServerError),
    /// The server's bytes are no replication stream.
    #[error("the replication stream is broken")]
    Wire(#[from] WireError),
    /// A change cannot be decoded.
    #[error("a change after {after} cannot be decoded")]
    Decode {
        /// The last safe position before it.
        after: Lsn,
        /// What was wrong.
        #[source]
        source: DecodeError,
    },
    /// A message came where it cannot come.
    #[error("{what} came {place} a transaction, after {after}")]
    OutOfPlace {
        /// The message.
        what: &'static str,
        /// "inside" or "outside".
        place: &'static str,
        /// The last safe position before it.
        after: Lsn,
    },
    /// No status was sent for longer than the server waits: it has given the slot to another.
    #[error("the process stood still for {stood_ms} ms, longer than wal_sender_timeout")]
    Frozen {
        /// How long, in milliseconds.
        stood_ms: u128,
    },
}

/// The state of one replication connection.
#[derive(Debug)]
pub struct Session {
    /// What is unsettled, and how far the slot may move.
    ledger: Ledger,
    /// Where in its life the session is.
    phase: Phase,
    /// The transaction between Begin and Commit.
    open: Option<OpenTransaction>,
    /// The highest safe position received.
    received: Lsn,
    /// The highest position that the server has from us, or had before.
    confirmed: FlushLsn,
    /// What the server had before us: it is never told its own news.
    began_at: FlushLsn,
    /// When the next answer is due.
    status: StatusTimer,
    /// Whether the slot is to move.
    acknowledge: Acknowledge,
    /// The server's patience; zero is for ever.
    wal_sender_timeout: Duration,
    /// Stray `StreamAbort` messages, which PostgreSQL 18 sends although streaming is off.
    stray_aborts: u64,
    /// Notices so far.
    notices: u64,
}

/// Where in its life a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Changes arrive.
    Streaming,
    /// `CopyDone` is to be sent.
    CloseWanted,
    /// `CopyDone` was sent; what still arrives is not ours any more.
    Closing,
    /// The stream is over.
    Ended,
}

/// The transaction between Begin and Commit.
#[derive(Clone, Copy, Debug)]
struct OpenTransaction {
    /// Where its commit record starts.
    commit_lsn: Lsn,
    /// The number of its next change.
    ordinal: u64,
    /// Whether a record of it is admitted.
    admitted: bool,
}

/// When a status update is due.
#[derive(Debug)]
struct StatusTimer {
    /// The time between two updates.
    interval: Duration,
    /// When the last one was sent.
    last: Instant,
    /// What the last one said.
    last_said: Option<(Lsn, Option<FlushLsn>)>,
    /// Whether the server has asked since.
    asked: bool,
}

impl Session {
    /// Begins with the stream, at `now`.
    pub fn new(config: &SessionConfig, now: Instant) -> Self {
        let ledger = Ledger::new(config.number, config.confirmed);
        let patience = config.wal_sender_timeout;
        let interval = match patience.is_zero() {
            true => config.status_interval,
            false => config.status_interval.min(patience / 4),
        };
        Self {
            confirmed: ledger.flushed(),
            began_at: ledger.flushed(),
            ledger,
            phase: Phase::Streaming,
            open: None,
            received: config.confirmed,
            status: StatusTimer {
                interval,
                last: now,
                last_said: None,
                asked: true,
            },
            acknowledge: config.acknowledge,
            wal_sender_timeout: patience,
            stray_aborts: 0,
            notices: 0,
        }
    }

    /// Takes a frame. A row is not counted before [`Self::admit`] or [`Self::pass`]: until then
    /// the same frame may be handled again.
    ///
    /// # Errors
    /// [`SessionError`]: the session is over, and nothing after the last safe position counts.
    pub fn handle_frame<'f>(&mut self, raw: RawFrame<'f>) -> Result<Event<'f>, SessionError> {
        let frame = Frame::parse(raw)?;
        if self.phase == Phase::Closing {
            return Ok(self.handle_while_closing(frame));
        }
        match frame {
            Frame::XLogData { payload } => self.handle_change(payload),
            Frame::Keepalive {
                wal_end,
                reply_requested,
            } => {
                self.received = self.received.max(wal_end);
                self.ledger.mark(wal_end);
                self.status.asked |= reply_requested;
                Ok(Event::Nothing)
            }
            Frame::CopyDone | Frame::CommandComplete | Frame::ReadyForQuery => {
                self.phase = Phase::Ended;
                Ok(Event::Ended(Ended::ByServer))
            }
            Frame::Error(body) => Err(SessionError::Server(ServerError::parse(body))),
            Frame::Notice(body) => self.handle_notice(ServerError::parse(body)),
            Frame::ParameterStatus => Ok(Event::Nothing),
        }
    }

    /// Counts the change just handled as one that needs a settlement.
    pub fn admit(&mut self) -> Option<Ticket> {
        self.pass();
        if let Some(open) = &mut self.open {
            open.admitted = true;
        }
        self.ledger.admit()
    }

    /// Counts the change just handled as one that makes no record.
    pub fn pass(&mut self) {
        if let Some(open) = &mut self.open {
            open.ordinal = open.ordinal.saturating_add(1);
        }
    }

    /// Gives the ledger, for settlements.
    pub const fn ledger(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Gives the position everything before which is settled.
    pub const fn flushed(&self) -> FlushLsn {
        self.ledger.flushed()
    }

    /// Gives the highest position that was confirmed to the server.
    pub const fn confirmed(&self) -> FlushLsn {
        self.confirmed
    }

    /// Gives the highest safe position received.
    pub const fn received(&self) -> Lsn {
        self.received
    }

    /// Says whether all that has arrived is settled.
    pub fn is_settled(&self) -> bool {
        self.ledger.is_settled()
    }

    /// Gives the number of records that are admitted and not settled.
    pub const fn unsettled(&self) -> u64 {
        self.ledger.unsettled()
    }

    /// Says whether records of a transaction are admitted whose commit has not arrived: an end now
    /// makes the next session repeat them.
    pub fn has_open_records(&self) -> bool {
        self.open.is_some_and(|open| open.admitted)
    }

    /// Gives the number of stray `StreamAbort` messages that were ignored.
    pub const fn stray_aborts(&self) -> u64 {
        self.stray_aborts
    }

    /// Asks for the end: the next transmission confirms what is settled and sends `CopyDone`.
    pub fn close(&mut self) {
        if self.phase == Phase::Streaming {
            self.phase = Phase::CloseWanted;
        }
    }

    /// Gives the time of the next transmission.
    pub fn poll_timeout(&self) -> Instant {
        let StatusTimer { last, interval, .. } = self.status;
        match (self.phase, self.status.asked) {
            (Phase::CloseWanted, _) => last,
            (_, true) => last + self.answer_delay(),
            (_, false) if self.has_much_news() => last + interval.min(MUCH_NEWS_INTERVAL),
            (_, false) => last + interval,
        }
    }

    /// Says whether a crash now would repeat more than it has to: while a backlog is drained, a
    /// second is a long time.
    fn has_much_news(&self) -> bool {
        let flushed = self.ledger.flushed().as_lsn();
        self.acknowledge == Acknowledge::Settled
            && flushed.distance_from(self.confirmed.as_lsn()) >= MUCH_NEWS_BYTES
    }

    /// Appends what is due at `now`; `wall` is the time the message carries.
    ///
    /// # Errors
    /// [`SessionError::Frozen`] where the server has lost its patience meanwhile: another instance
    /// may have the slot, so nothing more may be delivered.
    pub fn poll_transmit(
        &mut self,
        now: Instant,
        wall: Timestamp,
        out: &mut Vec<u8>,
    ) -> Result<(), SessionError> {
        let stood = now.saturating_duration_since(self.status.last);
        if !self.wal_sender_timeout.is_zero() && stood > self.wal_sender_timeout {
            return Err(SessionError::Frozen {
                stood_ms: stood.as_millis(),
            });
        }
        match self.phase {
            Phase::Streaming if now >= self.poll_timeout() => {
                // A periodic update asks for an answer: that is what tells how far an idle or
                // filtered stream has got. An answer to the server's question does not.
                let periodic = stood >= self.status.interval;
                let update = self.update(self.status.asked);
                self.send(
                    if periodic { update.asking() } else { update },
                    now,
                    wall,
                    out,
                );
            }
            Phase::CloseWanted => {
                self.send(self.update(false), now, wall, out);
                wire::copy_done(out);
                self.phase = Phase::Closing;
            }
            Phase::Streaming | Phase::Closing | Phase::Ended => {}
        }
        Ok(())
    }

    /// Makes the update that is due; an answer gives no stale position (see the module's head).
    fn update(&self, answer: bool) -> StatusUpdate {
        let flushed = self.ledger.flushed();
        let silent = match self.acknowledge {
            Acknowledge::Never => true,
            // Before 14.19, 15.14, 16.10 and 17.6 a slot moves back when told an older position.
            Acknowledge::Settled => flushed <= self.began_at,
        };
        match silent || (answer && !self.ledger.is_settled()) {
            true => StatusUpdate::no_news(self.received),
            false => StatusUpdate::confirming(self.received, flushed),
        }
    }

    /// Appends an update and remembers it.
    fn send(&mut self, update: StatusUpdate, now: Instant, wall: Timestamp, out: &mut Vec<u8>) {
        update.encode(wall, out);
        if let Some(flush) = update.flush() {
            self.confirmed = self.confirmed.max(flush);
        }
        self.status.last = now;
        self.status.last_said = Some((self.received, update.flush()));
        self.status.asked = false;
    }

    /// Gives how long an answer waits: not at all if it says something new.
    fn answer_delay(&self) -> Duration {
        let update = self.update(true);
        match self.status.last_said == Some((self.received, update.flush())) {
            true => REPEATED_ANSWER.min(self.status.interval),
            false => Duration::ZERO,
        }
    }

    /// Takes a pgoutput message.
    fn handle_change<'f>(&mut self, payload: &'f [u8]) -> Result<Event<'f>, SessionError> {
        let message = Message::decode(payload).map_err(|source| SessionError::Decode {
            after: self.received,
            source,
        })?;
        match message {
            Message::Begin(begin) => self.handle_begin(begin),
            Message::Commit(commit) => self.handle_commit(commit),
            Message::Relation(relation) => Ok(Event::Relation(relation)),
            Message::Insert(row) => Ok(Event::Insert(row, self.event_id("an Insert")?)),
            Message::Update(row) => Ok(Event::Update(row, self.event_id("an Update")?)),
            Message::Delete(row) => Ok(Event::Delete(row, self.event_id("a Delete")?)),
            Message::Truncate(tables) => Ok(Event::Truncate(tables, self.event_id("a Truncate")?)),
            Message::StreamAbort(_) => {
                self.stray_aborts = self.stray_aborts.saturating_add(1);
                Ok(Event::Nothing)
            }
            Message::Type(described) => Ok(Event::Type(described)),
            Message::Message(message) => {
                let event = match message.transactional {
                    true => Some(self.event_id("a Message")?),
                    false => None,
                };
                Ok(Event::Message(message, event))
            }
            // An origin says nothing about an outbox row.
            Message::Origin(_) => Ok(Event::Nothing),
        }
    }

    /// Opens a transaction.
    fn handle_begin<'f>(&mut self, begin: Begin) -> Result<Event<'f>, SessionError> {
        if self.open.is_some() {
            return Err(self.out_of_place("a Begin", "inside"));
        }
        self.open = Some(OpenTransaction {
            commit_lsn: begin.final_lsn,
            ordinal: 0,
            admitted: false,
        });
        self.ledger.begin();
        Ok(Event::Nothing)
    }

    /// Closes the open transaction.
    fn handle_commit<'f>(&mut self, commit: Commit) -> Result<Event<'f>, SessionError> {
        let open = self
            .open
            .take()
            .ok_or_else(|| self.out_of_place("a Commit", "outside"))?;
        if open.commit_lsn != commit.commit_lsn {
            return Err(self.out_of_place("the Commit of another transaction", "inside"));
        }
        self.received = self.received.max(commit.end_lsn);
        self.ledger.commit(commit.end_lsn);
        Ok(Event::Committed {
            commit_time: commit.commit_time,
            changes: open.ordinal,
        })
    }

    /// Gives the identity of the change that is being handled.
    fn event_id(&self, what: &'static str) -> Result<EventId, SessionError> {
        match self.open {
            Some(OpenTransaction {
                commit_lsn,
                ordinal,
                admitted: _,
            }) => Ok(EventId {
                commit_lsn,
                ordinal,
            }),
            None => Err(self.out_of_place(what, "outside")),
        }
    }

    /// Makes the error for a message that came where it cannot come.
    const fn out_of_place(&self, what: &'static str, place: &'static str) -> SessionError {
        SessionError::OutOfPlace {
            what,
            place,
            after: self.received,
        }
    }

    /// Waits for the server's end after ours; changes that still arrive come again some day.
    fn handle_while_closing<'f>(&mut self, frame: Frame<'f>) -> Event<'f> {
        match frame {
            Frame::ReadyForQuery | Frame::Error(_) => {
                self.phase = Phase::Ended;
                Event::Ended(Ended::Closed)
            }
            Frame::XLogData { .. }
            | Frame::Keepalive { .. }
            | Frame::CopyDone
            | Frame::CommandComplete
            | Frame::Notice(_)
            | Frame::ParameterStatus => Event::Nothing,
        }
    }

    /// Takes a notice: one of them says that changes are being left out.
    fn handle_notice<'f>(&mut self, notice: ServerError) -> Result<Event<'f>, SessionError> {
        // PostgreSQL 18 sends 55000 "skipped loading publication" in the order of the stream and goes
        // on without the publication's changes; before 18 it is an error.
        if notice.code() == "55000" && notice.message().contains("publication") {
            return Err(SessionError::PublicationSkipped(notice));
        }
        self.notices = self.notices.saturating_add(1);
        // A server that does not stop must not fill the log.
        if self.notices <= ALL_NOTICES || self.notices.is_power_of_two() {
            let number = self.notices;
            tracing::info!(error = %notice, number, "notice from PostgreSQL");
        }
        Ok(Event::Nothing)
    }
}

/// From so many bytes of settled WAL on, a status update comes before its time.
const MUCH_NEWS_BYTES: u64 = 512 * 1024;
/// So many notices of a session are logged, and then each that doubles their number.
const ALL_NOTICES: u64 = 32;
/// How long such an update waits at least.
const MUCH_NEWS_INTERVAL: Duration = Duration::from_millis(50);
/// How long an answer that says nothing new waits: a server that shuts down asks without pause.
const REPEATED_ANSWER: Duration = Duration::from_millis(100);
