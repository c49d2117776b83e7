//! Ordinary SQL over the same connections.

use outflow_replication_slot::connect::{self, ConnectError};

use crate::fake_server::{FakeServer, closed_port, config, message, ready, row};
use crate::login::{WRONG_PROOF, scram_until_proof};

#[tokio::test]
async fn a_query_is_answered_over_it() {
    let server = FakeServer::start().await;
    let config = server.plain("application_name=shop options='-c a=b' password=hunter2");
    let (rows, startup) = tokio::join!(
        async {
            let client = connect::sql(&config).await.unwrap();
            client.simple_query("SELECT 1").await.unwrap().len()
        },
        async {
            let mut session = server.accept().await;
            let startup = session.startup().await;
            session.request(3, b"").await;
            assert_eq!(session.message().await.1, b"hunter2\0");
            session.let_in().await;
            assert_eq!(session.message().await, ('Q', b"SELECT 1\0".to_vec()));
            let columns = b"\0\x01c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0";
            let answer = [
                message('T', columns),
                row(&[Some("1")]),
                message('C', b"SELECT 1\0"),
                ready(),
            ];
            session.send(&answer.concat()).await;
            assert_eq!(
                session.message().await.0,
                'X',
                "the client leaves when it is dropped"
            );
            startup
        }
    );
    assert!(rows > 0);
    assert_eq!(startup["application_name"], "shop");
    assert_eq!(startup["options"], "-c a=b");
    assert!(!startup.contains_key("replication"));
}

#[tokio::test]
async fn refusals_are_the_same_as_elsewhere() {
    let server = FakeServer::start().await;
    let config = server.plain("");
    let (refused, ()) = tokio::join!(connect::sql(&config), async {
        let mut session = server.accept().await;
        session.startup().await;
        session
            .refuse("3D000", "database \"shop\" does not exist")
            .await;
    });
    assert_eq!(refused.unwrap_err().server_error().unwrap().code(), "3D000");
}

#[tokio::test]
async fn a_missing_password_is_an_error_only_if_it_is_asked_for() {
    let server = FakeServer::start().await;
    let config = server.plain("");
    let (refused, ()) = tokio::join!(connect::sql(&config), async {
        let mut session = server.accept().await;
        session.startup().await;
        session.request(5, b"salt").await;
    });
    let error = refused.unwrap_err();
    assert!(
        matches!(error, ConnectError::PasswordMissing { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn methods_that_are_not_there_are_named() {
    for (code, more, name) in [
        (7, &b""[..], "GSSAPI"),
        (10, b"OAUTHBEARER\0\0", "OAUTHBEARER"),
    ] {
        let server = FakeServer::start().await;
        let config = server.plain("password=x");
        let (refused, ()) = tokio::join!(connect::sql(&config), async {
            let mut session = server.accept().await;
            session.startup().await;
            session.request(code, more).await;
        });
        let text = refused.unwrap_err().to_string();
        assert!(text.contains(name), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_found_out() {
    let server = FakeServer::start().await;
    let config = server.plain("password=x");
    let (refused, ()) = tokio::join!(connect::sql(&config), async {
        let mut session = scram_until_proof(&server).await;
        session.request(12, WRONG_PROOF).await;
    });
    let error = refused.unwrap_err();
    assert!(
        matches!(error, ConnectError::ServerProof { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_broken_connection_and_a_closed_port_are_told_apart() {
    let server = FakeServer::start().await;
    let lost = server.plain("");
    let (broken, ()) = tokio::join!(connect::sql(&lost), async { drop(server.accept().await) });
    let error = broken.unwrap_err();
    assert!(matches!(error, ConnectError::Io(_)), "{error:?}");

    let port = closed_port().await;
    let nobody = config(&format!("host=127.0.0.1 port={port} user=me"));
    let error = connect::sql(&nobody).await.unwrap_err();
    assert!(
        matches!(error, ConnectError::Unreachable { .. }),
        "{error:?}"
    );
}
