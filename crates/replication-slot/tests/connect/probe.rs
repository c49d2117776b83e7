//! Whether a server takes connections.

use std::time::Duration;

use outflow_replication_slot::connect::{Probe, probe};

use crate::fake_server::{FakeServer, closed_port, config, message};

/// Longer than any answer here.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_first_answer_tells() {
    for (code, expected) in [
        ("57P03", Probe::ShuttingDown),
        ("53300", Probe::Accepting),
        ("28000", Probe::Accepting),
    ] {
        let server = FakeServer::start().await;
        let config = server.plain("");
        let (answer, ()) = tokio::join!(probe(&config, PATIENCE), async {
            let mut session = server.accept().await;
            assert!(!session.startup().await.contains_key("replication"));
            session.refuse(code, "no").await;
        });
        assert_eq!(answer, expected, "{code}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_password_takes_connections() {
    let server = FakeServer::start().await;
    let config = server.plain("");
    let (answer, ()) = tokio::join!(probe(&config, PATIENCE), async {
        let mut session = server.accept().await;
        session.startup().await;
        session.request(10, b"SCRAM-SHA-256\0\0").await;
        assert_eq!(
            session.rest().await,
            b"",
            "nothing that the server would log"
        );
    });
    assert_eq!(answer, Probe::Accepting);
}

#[tokio::test]
async fn where_it_is_let_in_it_says_farewell() {
    let server = FakeServer::start().await;
    let config = server.plain("");
    let (answer, ()) = tokio::join!(probe(&config, PATIENCE), async {
        let mut session = server.welcome().await;
        assert_eq!(session.rest().await, message('X', b""));
    });
    assert_eq!(answer, Probe::Accepting);
}

#[tokio::test]
async fn a_port_or_socket_that_is_not_there_refuses() {
    let port = closed_port().await;
    let tcp = config(&format!("host=127.0.0.1 port={port} user=me"));
    assert_eq!(probe(&tcp, PATIENCE).await, Probe::Refused);
    let unix = config("host=/nowhere/at/all user=me");
    assert_eq!(probe(&unix, PATIENCE).await, Probe::Refused);
}

#[tokio::test]
async fn silence_says_nothing() {
    let server = FakeServer::start().await;
    let config = server.plain("");
    assert_eq!(
        probe(&config, Duration::from_millis(50)).await,
        Probe::Unknown
    );
    let (answer, session) = tokio::join!(probe(&config, PATIENCE), async {
        drop(server.accept().await);
        drop(server.accept().await);
    });
    assert_eq!((answer, session), (Probe::Unknown, ()));
}

#[tokio::test]
async fn one_server_that_takes_connections_is_enough() {
    let (closed, server) = (closed_port().await, FakeServer::start().await);
    let port = server.port;
    let config = config(&format!(
        "host=127.0.0.1,127.0.0.1 port={closed},{port} user=me sslmode=disable"
    ));
    let (answer, _session) = tokio::join!(probe(&config, PATIENCE), server.welcome());
    assert_eq!(answer, Probe::Accepting);
}
