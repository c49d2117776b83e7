//! Which servers are tried, and when that ends.

use std::os::unix::fs::PermissionsExt;

use outflow_replication_slot::connect::{self, ConnectError, Purpose};
use tokio::net::UnixListener;

use crate::fake_server::{FakeServer, Session, closed_port, config};

#[tokio::test]
async fn hosts_are_tried_in_order_until_one_answers() {
    let (closed, server) = (closed_port().await, FakeServer::start().await);
    let port = server.port;
    let config = config(&format!(
        "host=127.0.0.1,no-such-host.invalid,127.0.0.1 port={closed},1,{port} user=me"
    ));
    let client = connect::establish(&config, Purpose::Sql, &[]);
    let (wire, _session) = tokio::join!(client, async {
        let mut session = server.accept().await;
        session.answer_tls_request(b"N").await;
        session.startup().await;
        session.let_in().await;
        session
    });
    assert_eq!(wire.unwrap().info().host().port(), port);
}

#[tokio::test]
async fn where_nobody_answers_each_address_is_named() {
    let (one, two) = (closed_port().await, closed_port().await);
    let config = config(&format!(
        "host=127.0.0.1,127.0.0.1 port={one},{two} user=me"
    ));
    let error = connect::open(&config).await.unwrap_err();
    let text = error.to_string();
    for part in [
        "no way to PostgreSQL leads to a connection",
        &format!("cannot reach PostgreSQL at 127.0.0.1:{one}: Connection refused"),
        &format!("cannot reach PostgreSQL at 127.0.0.1:{two}: Connection refused"),
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_takes_nobody_in_now_is_passed_over() {
    let (leaving, server) = (FakeServer::start().await, FakeServer::start().await);
    let (first, second) = (leaving.port, server.port);
    let config = config(&format!(
        "host=127.0.0.1,127.0.0.1 port={first},{second} user=me sslmode=disable"
    ));
    let client = connect::establish(&config, Purpose::Sql, &[]);
    let (wire, (), _session) = tokio::join!(
        client,
        async {
            let mut session = leaving.accept().await;
            session.startup().await;
            session
                .refuse("57P03", "the database system is shutting down")
                .await;
        },
        server.welcome(),
    );
    assert_eq!(wire.unwrap().info().host().port(), second);
}

#[tokio::test]
async fn a_server_that_refuses_the_role_is_the_end() {
    let (strict, other) = (FakeServer::start().await, FakeServer::start().await);
    let (first, second) = (strict.port, other.port);
    let config = config(&format!(
        "host=127.0.0.1,127.0.0.1 port={first},{second} user=me sslmode=disable"
    ));
    let client = connect::establish(&config, Purpose::Sql, &[]);
    let (refused, ()) = tokio::join!(client, async {
        let mut session = strict.accept().await;
        session.startup().await;
        session
            .refuse("28P01", "password authentication failed")
            .await;
    });
    let error = refused.unwrap_err();
    assert!(matches!(error, ConnectError::Server(_)), "{error:?}");
}

#[tokio::test]
async fn if_all_take_nobody_in_now_the_code_is_kept() {
    let (leaving, closed) = (FakeServer::start().await, closed_port().await);
    let first = leaving.port;
    let config = config(&format!(
        "host=127.0.0.1,127.0.0.1 port={first},{closed} user=me sslmode=disable"
    ));
    let client = connect::establish(&config, Purpose::Sql, &[]);
    let (refused, ()) = tokio::join!(client, async {
        let mut session = leaving.accept().await;
        session.startup().await;
        session
            .refuse("57P03", "the database system is shutting down")
            .await;
    });
    assert_eq!(refused.unwrap_err().server_error().unwrap().code(), "57P03");
}

#[tokio::test]
async fn a_unix_socket_needs_no_tls_and_matches_the_passfile() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
    let passfile = folder.path().join("pgpass");
    std::fs::write(
        &passfile,
        format!("{}:*:*:me:hunter2\n", folder.path().display()),
    )
    .unwrap();
    std::fs::set_permissions(&passfile, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = config(&format!(
        "host={} user=me sslmode=verify-full passfile={}",
        folder.path().display(),
        passfile.display()
    ));
    let client = connect::establish(&config, Purpose::Sql, &[]);
    let (wire, ()) = tokio::join!(client, async {
        let mut session = Session {
            stream: listener.accept().await.unwrap().0,
        };
        session.startup().await;
        session.request(3, b"").await;
        assert_eq!(session.message().await.1, b"hunter2\0");
        session.let_in().await;
    });
    assert!(!wire.unwrap().info().is_encrypted());
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_named() {
    let config = config("host=/nowhere/at/all port=5433 user=me");
    let error = connect::open(&config).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot reach PostgreSQL at /nowhere/at/all/.s.PGSQL.5433"
    );
}
