//! Servers that speak nonsense: each ends in an error that shows what came, and none is believed.

use std::error::Error;

use outflow_replication_slot::connect::{self, ConnectConfig, ConnectError, Purpose};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::fake_server::{FakeServer, Session, message};

/// What answers in place of a PostgreSQL, and what is to be said of it.
const STRANGERS: [(&[u8], &str); 8] = [
    (
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "first bytes: 48 54 54 50 2f; an HTTP server speaks so",
    ),
    (
        b"\x15\x03\x03\0\x02\x02\x28",
        "first bytes: 15 03 03 00 02; a TLS server speaks so",
    ),
    (
        b"SSH-2.0-OpenSSH_9.2\r\n",
        "first bytes: 53 53 48 2d 32; an SSH server speaks so",
    ),
    (
        b"R\0\0\0\0",
        "impossible length 0 (first bytes: 52 00 00 00 00)",
    ),
    (b"R\0\0\0\x03", "impossible length 3 "),
    (b"R\xff\xff\xff\xff", "impossible length -1 "),
    (b"R\x7f\xff\xff\xff", "impossible length 2147483647 "),
    (
        b"?\0\0\0\x04",
        "unexpected message '?' (first bytes: 3f 00 00 00 04)",
    ),
];

/// How a session is asked for.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// For replication.
    Replication,
    /// For SQL, which another library speaks.
    Sql,
}

/// Connects, which must fail, and gives all that is said of it.
async fn failure(config: &ConnectConfig, way: Way) -> (String, ConnectError) {
    let error = match way {
        Way::Replication => connect::establish(config, Purpose::Replication, &[])
            .await
            .err(),
        Way::Sql => connect::sql(config).await.err(),
    };
    let Some(error) = error else {
        panic!("nonsense is no login");
    };
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        said.push_str(&format!(": {error}"));
        source = error.source();
    }
    (said, error)
}

#[tokio::test]
async fn strangers_are_told_by_their_first_bytes() {
    for way in [Way::Replication, Way::Sql] {
        for (answer, expected) in STRANGERS {
            let server = FakeServer::start().await;
            let config = server.plain("");
            let ((said, error), ()) = tokio::join!(failure(&config, way), async {
                let mut session = server.accept().await;
                session.startup().await;
                session.send(answer).await;
                session.rest().await;
            });
            assert!(
                matches!(error, ConnectError::Protocol(_)),
                "{way:?}: {said}"
            );
            assert!(
                said.contains(expected),
                "{way:?}: no {expected:?} in {said}"
            );
        }
    }
}

#[tokio::test]
async fn what_answers_a_request_for_tls_is_shown() {
    let server = FakeServer::start().await;
    let config = server.config("sslmode=require");
    let ((said, _), ()) = tokio::join!(failure(&config, Way::Sql), async {
        let mut session = server.accept().await;
        session
            .answer_tls_request(b"HTTP/1.1 400 Bad Request\r\n")
            .await;
        session.rest().await;
    });
    assert!(said.contains("'H' where TLS was asked for"), "{said}");
    assert!(said.contains("an HTTP server speaks so"), "{said}");
}

#[tokio::test]
async fn an_early_end_at_each_stage_is_an_error() {
    for way in [Way::Replication, Way::Sql] {
        for stage in 0..4 {
            let server = FakeServer::start().await;
            let config = server.plain("password=secret");
            let ((said, error), ()) = tokio::join!(failure(&config, way), async {
                let mut session = server.accept().await;
                if stage > 0 {
                    session.startup().await;
                }
                if stage > 1 {
                    session.request(3, b"").await;
                    session.message().await;
                }
                if stage > 2 {
                    session.send(b"R\0\0\0\x08\0\0").await;
                }
            });
            assert!(
                matches!(error, ConnectError::Io(_)),
                "{way:?} {stage}: {said}"
            );
            assert!(!said.contains("secret"), "{said}");
        }
    }
}

#[tokio::test]
async fn a_login_without_end_is_given_up() {
    for way in [Way::Replication, Way::Sql] {
        for flood in [
            message('N', b"SNOTICE\0VNOTICE\0C00000\0Mmore to come\0\0"),
            message('S', b"name\0value\0"),
        ] {
            let server = FakeServer::start().await;
            let config = server.plain("");
            let ((said, _), ()) = tokio::join!(failure(&config, way), async {
                let mut session = server.accept().await;
                session.startup().await;
                session.request(0, b"").await;
                drown(session, &flood).await;
            });
            assert!(said.contains("before the server takes commands"), "{said}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let server = FakeServer::start().await;
    let config = server.plain("");
    let client = async {
        let mut wire = connect::establish(&config, Purpose::Replication, &[])
            .await
            .unwrap();
        wire.simple_query("SELECT 1").await.unwrap_err()
    };
    let (error, ()) = tokio::join!(client, async {
        let mut session = server.welcome().await;
        session.message().await;
        drown(session, &message('D', b"\0\x01\0\0\0\x01x")).await;
    });
    assert!(
        error
            .to_string()
            .contains("before the server takes commands"),
        "{error}"
    );
}

/// Sends the same until the client has had enough.
async fn drown(mut session: Session<TcpStream>, bytes: &[u8]) {
    let many = bytes.repeat(65_536 / bytes.len());
    while session.stream.write_all(&many).await.is_ok() {}
}
