//! The session without a socket: frames and instants in, events and status updates out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, Instant};

use outflow_pgoutput::{
    Begin, Commit, Insert, LogicalMessage, Lsn, Message, Oid, Text, Timestamp, Xid,
};
use outflow_replication_slot::{
    Acknowledge, Ended, Event, Inbox, RawFrame, Session, SessionConfig, SessionError, Settlement,
    SkipReason, Ticket,
};

/// A session with an invented clock.
struct Conversation {
    session: Session,
    now: Instant,
    sent: Vec<Update>,
}

/// A status update as the server reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Update {
    write: u64,
    flush: u64,
    asks: bool,
}

const CONFIRMED: u64 = 0x1000;

impl Conversation {
    fn begin() -> Self {
        Self::with(Acknowledge::Settled)
    }

    fn with(acknowledge: Acknowledge) -> Self {
        let config = SessionConfig {
            number: 1,
            confirmed: Lsn::new(CONFIRMED),
            status_interval: Duration::from_secs(1),
            wal_sender_timeout: Duration::from_secs(15),
            acknowledge,
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "a test needs some instant to begin with"
        )]
        let now = Instant::now();
        let mut it = Self {
            session: Session::new(&config, now),
            now,
            sent: Vec::new(),
        };
        it.after(Duration::ZERO);
        it.sent.clear();
        it
    }

    /// Lets time pass, transmits what is due, and gives it.
    fn after(&mut self, time: Duration) -> Vec<Update> {
        self.now += time;
        let mut out = Vec::new();
        self.session
            .poll_transmit(self.now, Timestamp::from_micros(0), &mut out)
            .unwrap();
        let updates = updates(&out);
        self.sent.extend(&updates);
        updates
    }

    fn handle(&mut self, tag: u8, body: &[u8]) -> Result<(), SessionError> {
        self.session.handle_frame(RawFrame { tag, body }).map(drop)
    }

    fn keepalive(&mut self, wal_end: u64, reply_requested: bool) {
        let mut body = vec![b'k'];
        body.extend(wal_end.to_be_bytes());
        body.extend([0; 8]);
        body.push(u8::from(reply_requested));
        self.handle(b'd', &body).unwrap();
    }

    fn change(&mut self, message: &Message<'_>) -> Result<(), SessionError> {
        self.handle(b'd', &xlog_data(message))
    }

    fn begin_transaction(&mut self, commit_lsn: u64) {
        self.change(&begin(commit_lsn)).unwrap();
    }

    fn commit(&mut self, commit_lsn: u64, end_lsn: u64) {
        self.change(&commit(commit_lsn, end_lsn)).unwrap();
    }

    fn row(&mut self) -> Ticket {
        self.change(&insert()).unwrap();
        self.session.admit().expect("a transaction is open")
    }

    fn settle(&mut self, ticket: Ticket) {
        self.session
            .ledger()
            .settle(ticket, Settlement::Skipped(SkipReason::NullPayload));
    }
}

fn begin(commit_lsn: u64) -> Message<'static> {
    Message::Begin(Begin {
        final_lsn: Lsn::new(commit_lsn),
        commit_time: Timestamp::from_micros(0),
        xid: Xid::new(7),
    })
}

fn commit(commit_lsn: u64, end_lsn: u64) -> Message<'static> {
    Message::Commit(Commit {
        flags: 0,
        commit_lsn: Lsn::new(commit_lsn),
        end_lsn: Lsn::new(end_lsn),
        commit_time: Timestamp::from_micros(0),
    })
}

/// An insert of a row without columns, decoded from its bytes.
fn insert() -> Message<'static> {
    Message::decode(b"I\0\0\0\x09N\0\0").unwrap()
}

fn xlog_data(message: &Message<'_>) -> Vec<u8> {
    let mut body = vec![b'w'];
    body.extend([0; 24]);
    message.encode(&mut body);
    body
}

fn updates(mut bytes: &[u8]) -> Vec<Update> {
    let number = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().unwrap());
    let mut updates = Vec::new();
    while bytes.len() >= 39 && bytes[0] == b'd' {
        updates.push(Update {
            write: number(&bytes[6..14]),
            flush: number(&bytes[14..22]),
            asks: bytes[38] == 1,
        });
        bytes = &bytes[39..];
    }
    assert!(
        bytes.is_empty() || bytes == b"c\0\0\0\x04",
        "left over: {bytes:?}"
    );
    updates
}

#[test]
fn the_slot_moves_to_the_end_of_a_settled_transaction() {
    let mut it = Conversation::begin();
    it.begin_transaction(0x2000);
    let ticket = it.row();
    it.commit(0x2000, 0x2030);
    let before = it.after(Duration::from_secs(1));
    assert_eq!(
        before,
        [Update {
            write: 0x2030,
            flush: 0,
            asks: true
        }]
    );
    it.settle(ticket);
    let after = it.after(Duration::from_secs(1));
    assert_eq!(
        after,
        [Update {
            write: 0x2030,
            flush: 0x2030,
            asks: true
        }]
    );
}

#[test]
fn a_keepalive_moves_an_idle_slot() {
    let mut it = Conversation::begin();
    it.keepalive(0x5000, false);
    let update = it.after(Duration::from_secs(1));
    assert_eq!(
        update,
        [Update {
            write: 0x5000,
            flush: 0x5000,
            asks: true
        }]
    );
}

#[test]
fn asked_while_something_is_undelivered_it_has_no_news() {
    let mut it = Conversation::begin();
    it.begin_transaction(0x2000);
    let first = it.row();
    it.commit(0x2000, 0x2030);
    it.settle(first);
    it.begin_transaction(0x3000);
    let second = it.row();
    it.commit(0x3000, 0x3030);
    assert_eq!(
        it.after(Duration::from_secs(1)),
        [Update {
            write: 0x3030,
            flush: 0x2030,
            asks: true
        }]
    );
    it.keepalive(0x4000, true);
    assert_eq!(
        it.after(Duration::ZERO),
        [Update {
            write: 0x4000,
            flush: 0,
            asks: false
        }],
        "a server that shuts down takes write = wal_end for an answer, and confirms nothing"
    );
    it.settle(second);
    it.keepalive(0x4000, true);
    assert_eq!(
        it.after(Duration::ZERO),
        [Update {
            write: 0x4000,
            flush: 0x4000,
            asks: false
        }]
    );
}

#[test]
fn a_server_that_asks_without_pause_is_answered_ten_times_a_second() {
    let mut it = Conversation::begin();
    it.begin_transaction(0x2000);
    let _held = it.row();
    it.commit(0x2000, 0x2030);
    for _ in 0..1_000 {
        it.keepalive(0x4000, true);
        it.after(Duration::from_millis(1));
    }
    assert!(
        (9..=13).contains(&it.sent.len()),
        "{} answers",
        it.sent.len()
    );
}

#[test]
fn the_status_timer_needs_nothing_but_time() {
    let mut it = Conversation::begin();
    it.begin_transaction(0x2000);
    it.change(&insert()).unwrap();
    // The row is neither admitted nor passed: the sink is full. It is handled again and again.
    for _ in 0..5 {
        assert_eq!(it.after(Duration::from_secs(1)).len(), 1);
        it.change(&insert()).unwrap();
    }
}

#[test]
fn a_row_handled_twice_counts_once() {
    let mut it = Conversation::begin();
    it.begin_transaction(0x2000);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let body = xlog_data(&insert());
        let event = it
            .session
            .handle_frame(RawFrame {
                tag: b'd',
                body: &body,
            })
            .unwrap();
        let Event::Insert(Insert { relation, .. }, id) = event else {
            panic!("{event:?}")
        };
        assert_eq!(relation, Oid::new(9));
        ids.push(id.ordinal);
    }
    let ticket = it.session.admit().unwrap();
    let next = it.row();
    it.commit(0x2000, 0x2030);
    it.settle(ticket);
    assert_eq!(
        it.session.flushed().as_lsn(),
        Lsn::new(CONFIRMED),
        "one is unsettled"
    );
    it.settle(next);
    assert_eq!(ids, [0, 0]);
    assert_eq!(it.session.flushed().as_lsn(), Lsn::new(0x2030));
}

#[test]
fn while_a_backlog_is_drained_it_confirms_before_the_second_is_over() {
    let mut it = Conversation::begin();
    let far = CONFIRMED + (1 << 20);
    it.begin_transaction(far);
    let ticket = it.row();
    it.commit(far, far + 0x30);
    assert_eq!(it.after(Duration::from_millis(50)), []);
    it.settle(ticket);
    assert_eq!(
        it.after(Duration::ZERO).last().map(|update| update.flush),
        Some(far + 0x30)
    );
    it.begin_transaction(far + 0x100);
    let ticket = it.row();
    it.commit(far + 0x100, far + 0x130);
    it.settle(ticket);
    assert_eq!(
        it.after(Duration::from_millis(999)),
        [],
        "little news waits"
    );
}

#[test]
fn a_session_that_does_not_acknowledge_confirms_nothing() {
    let mut it = Conversation::with(Acknowledge::Never);
    it.begin_transaction(0x2000);
    let ticket = it.row();
    it.commit(0x2000, 0x2030);
    it.settle(ticket);
    it.keepalive(0x4000, true);
    it.after(Duration::ZERO);
    it.after(Duration::from_secs(1));
    it.session.close();
    it.after(Duration::ZERO);
    assert_eq!(it.sent.len(), 3);
    assert!(
        it.sent.iter().all(|update| update.flush == 0),
        "{:?}",
        it.sent
    );
    assert_eq!(
        it.session.flushed().as_lsn(),
        Lsn::new(0x4000),
        "it knows, and does not tell"
    );
}

#[test]
fn what_the_server_had_before_is_not_told_back() {
    let mut it = Conversation::begin();
    assert_eq!(
        it.after(Duration::from_secs(1)),
        [Update {
            write: CONFIRMED,
            flush: 0,
            asks: true
        }]
    );
}

#[test]
fn close_confirms_and_ends_the_stream() {
    let mut it = Conversation::begin();
    it.begin_transaction(0x2000);
    let ticket = it.row();
    it.commit(0x2000, 0x2030);
    it.settle(ticket);
    it.session.close();
    assert_eq!(
        it.after(Duration::ZERO),
        [Update {
            write: 0x2030,
            flush: 0x2030,
            asks: false
        }]
    );
    // What still arrives is not ours: it comes again some day.
    it.begin_transaction(0x3000);
    it.handle(b'c', b"").unwrap();
    it.handle(b'C', b"COPY 0\0").unwrap();
    let event = it
        .session
        .handle_frame(RawFrame {
            tag: b'Z',
            body: b"I",
        })
        .unwrap();
    assert!(matches!(event, Event::Ended(Ended::Closed)));
    assert_eq!(it.session.flushed().as_lsn(), Lsn::new(0x2030));
}

#[test]
fn command_complete_without_copy_done_is_a_shutdown() {
    let mut it = Conversation::begin();
    let event = it
        .session
        .handle_frame(RawFrame {
            tag: b'C',
            body: b"COPY 0\0",
        })
        .unwrap();
    assert!(matches!(event, Event::Ended(Ended::ByServer)));
}

#[test]
fn a_process_that_stood_still_gives_up_its_session() {
    let mut it = Conversation::begin();
    let later = it.now + Duration::from_secs(16);
    let mut out = Vec::new();
    let error = it
        .session
        .poll_transmit(later, Timestamp::from_micros(0), &mut out);
    assert!(matches!(error, Err(SessionError::Frozen { .. })));
    assert!(out.is_empty(), "nothing may be confirmed");
}

#[test]
fn a_short_patience_makes_updates_frequent() {
    let config = SessionConfig {
        number: 1,
        confirmed: Lsn::ZERO,
        status_interval: Duration::from_secs(1),
        wal_sender_timeout: Duration::from_secs(1),
        acknowledge: Acknowledge::Settled,
    };
    let now = Conversation::begin().now;
    let mut session = Session::new(&config, now);
    session
        .poll_transmit(now, Timestamp::from_micros(0), &mut Vec::new())
        .unwrap();
    assert_eq!(session.poll_timeout(), now + Duration::from_millis(250));
}

#[test]
fn postgresql_18s_warning_about_a_publication_ends_the_session() {
    let notice = b"SWARNING\0VWARNING\0C55000\0Mskipped loading publication \"outflow\"\0\0";
    let mut it = Conversation::begin();
    let error = it.handle(b'N', notice);
    assert!(
        matches!(error, Err(SessionError::PublicationSkipped(_))),
        "{error:?}"
    );
    let harmless = b"SNOTICE\0VNOTICE\0C00000\0Mhello\0\0";
    it.handle(b'N', harmless).unwrap();
    it.handle(b'S', b"TimeZone\0UTC\0").unwrap();
}

#[test]
fn an_error_ends_the_session_with_its_sqlstate() {
    let mut it = Conversation::begin();
    let error = it.handle(b'E', b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0");
    let Err(SessionError::Server(error)) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.code(), "57P01");
}

#[test]
fn what_is_out_of_place_is_refused() {
    let mut it = Conversation::begin();
    assert!(matches!(
        it.change(&insert()),
        Err(SessionError::OutOfPlace { .. })
    ));
    assert!(matches!(
        it.change(&commit(1, 2)),
        Err(SessionError::OutOfPlace { .. })
    ));
    it.begin_transaction(0x2000);
    assert!(matches!(
        it.change(&begin(0x3000)),
        Err(SessionError::OutOfPlace { .. })
    ));
    assert!(matches!(
        it.change(&commit(0x3000, 0x3030)),
        Err(SessionError::OutOfPlace { .. })
    ));
    assert!(matches!(
        it.handle(b'd', b"wtoo short"),
        Err(SessionError::Wire(_))
    ));
    assert!(matches!(it.handle(b'T', b""), Err(SessionError::Wire(_))));
}

#[test]
fn a_message_has_its_place_among_the_rows_or_none_outside_of_transactions() {
    let emitted = |transactional| {
        xlog_data(&Message::Message(LogicalMessage {
            transactional,
            lsn: Lsn::new(0x2000),
            prefix: Text::new(b"outbox"),
            content: b"{}",
        }))
    };
    let place = |it: &mut Conversation, transactional| {
        let body = emitted(transactional);
        let frame = RawFrame {
            tag: b'd',
            body: &body,
        };
        let Event::Message(_, event) = it.session.handle_frame(frame)? else {
            panic!("no message")
        };
        Ok::<_, SessionError>(event.map(|event| event.ordinal))
    };
    let mut it = Conversation::begin();
    assert_eq!(place(&mut it, false).unwrap(), None);
    assert!(matches!(
        place(&mut it, true),
        Err(SessionError::OutOfPlace { .. })
    ));

    let mut it = Conversation::begin();
    it.begin_transaction(0x2000);
    let row = it.row();
    assert_eq!(place(&mut it, true).unwrap(), Some(1));
    let message = it.session.admit().unwrap();
    assert_eq!(place(&mut it, true).unwrap(), Some(2));
    it.commit(0x2000, 0x2100);
    it.settle(row);
    assert_eq!(it.session.flushed().as_lsn(), Lsn::new(CONFIRMED));
    it.settle(message);
    assert_eq!(it.session.flushed().as_lsn(), Lsn::new(0x2100));
}

#[test]
fn stray_stream_aborts_are_counted_and_left() {
    let mut it = Conversation::begin();
    let mut body = vec![b'w'];
    body.extend([0; 24]);
    body.extend(b"A\0\0\0\x07\0\0\0\x08");
    it.handle(b'd', &body).unwrap();
    assert_eq!(it.session.stray_aborts(), 1);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let mut it = Conversation::begin();
        let mut inbox = Inbox::new();
        inbox.append(&bytes);
        while let Ok(Some(frame)) = inbox.frame() {
            let consumed = frame.wire_len();
            if it.session.handle_frame(frame).is_err() {
                break;
            }
            inbox.consume(consumed);
        }
        it.after(Duration::from_secs(1));
    }
}
