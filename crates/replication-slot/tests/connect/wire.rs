//! Commands and their answers.

use outflow_replication_slot::connect::{self, Purpose, Wire, WireFailure};
use tokio::net::TcpStream;

use crate::fake_server::{FakeServer, Session, error, message, ready, row};

/// A session that is logged in, from both sides.
async fn logged_in() -> (Wire, Session<TcpStream>) {
    let server = FakeServer::start().await;
    let config = server.plain("");
    let client = connect::establish(&config, Purpose::Replication, &[]);
    let (wire, session) = tokio::join!(client, server.welcome());
    (wire.unwrap(), session)
}

#[tokio::test]
async fn rows_are_read_however_they_are_cut() {
    let (mut wire, mut session) = logged_in().await;
    let long = "x".repeat(20_000);
    let (rows, ()) = tokio::join!(wire.simple_query("IDENTIFY_SYSTEM"), async {
        assert_eq!(
            session.message().await,
            ('Q', b"IDENTIFY_SYSTEM\0".to_vec())
        );
        let answer = [
            message('T', b"\0\0"),
            row(&[Some("a"), None, Some("")]),
            message('N', b"SWARNING\0VWARNING\0C01000\0Mnote\0\0"),
            message('S', b"TimeZone\0UTC\0"),
            row(&[Some(&long)]),
            message('C', b"SELECT 2\0"),
            ready(),
        ];
        let answer = answer.concat();
        for byte in &answer[..60] {
            session.send(&[*byte]).await;
        }
        session.send(&answer[60..]).await;
    });
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        rows.unwrap(),
        [vec![text("a"), None, text("")], vec![text(&long)]]
    );
    assert_eq!(wire.info().parameter("TimeZone"), Some("UTC"));
}

#[tokio::test]
async fn after_a_refused_command_the_session_goes_on() {
    let (mut wire, mut session) = logged_in().await;
    let (refused, ()) = tokio::join!(wire.start_copy_both("START_REPLICATION"), async {
        session.message().await;
        session
            .send(&[error("55006", "slot is active"), ready()].concat())
            .await;
    });
    let Err(WireFailure::Server(said)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(said.code(), "55006");
    let (rows, ()) = tokio::join!(wire.simple_query("SELECT 1"), async {
        session.message().await;
        session.send(&[row(&[Some("1")]), ready()].concat()).await;
    });
    assert_eq!(rows.unwrap(), [[Some("1".to_owned())]]);
}

#[tokio::test]
async fn the_last_words_of_a_server_are_kept() {
    let (mut wire, mut session) = logged_in().await;
    let (refused, ()) = tokio::join!(wire.simple_query("SELECT 1"), async move {
        session.message().await;
        session
            .send(&error("57P01", "terminating connection"))
            .await;
    });
    let Err(WireFailure::Server(said)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(said.code(), "57P01");
}

#[tokio::test]
async fn what_follows_the_start_of_a_stream_is_handed_over() {
    let (mut wire, mut session) = logged_in().await;
    let first = message('d', b"k12345678");
    let (started, ()) = tokio::join!(wire.start_copy_both("START_REPLICATION"), async {
        session.message().await;
        session
            .send(&[message('W', b"\0\0\0"), first.clone()].concat())
            .await;
        session.send(b"d\0\0").await;
    });
    started.unwrap();
    let (mut stream, mut received) = wire.into_parts();
    drop(session);
    tokio::io::AsyncReadExt::read_buf(&mut stream, &mut received)
        .await
        .unwrap();
    assert!(
        [&first[..], b"d\0\0"].concat().starts_with(&received),
        "{received:?}"
    );
}

#[tokio::test]
async fn commands_that_copy_are_no_queries() {
    for tag in ['G', 'H', 'W'] {
        let (mut wire, mut session) = logged_in().await;
        let (answer, ()) = tokio::join!(wire.simple_query("COPY t TO STDOUT"), async {
            session.message().await;
            session.send(&message(tag, b"\0\0\0")).await;
        });
        assert!(
            matches!(answer, Err(WireFailure::Protocol(_))),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_message_of_absurd_length_is_refused_before_it_is_read() {
    let (mut wire, mut session) = logged_in().await;
    let (answer, ()) = tokio::join!(wire.simple_query("SELECT 1"), async {
        session.message().await;
        session.send(b"D\x3f\xff\xff\xff").await;
    });
    assert!(
        matches!(answer, Err(WireFailure::Protocol(_))),
        "{answer:?}"
    );
}
