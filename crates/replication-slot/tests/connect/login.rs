//! What is said at login.

use outflow_replication_slot::connect::{self, ConnectError, Purpose, Wire};
use postgres_protocol::authentication::md5_hash;

use crate::fake_server::{FakeServer, message};

/// A login and what the server says to it.
async fn login(
    server: &FakeServer,
    more: &str,
    conversation: impl Future<Output = ()>,
) -> Result<Wire, ConnectError> {
    let config = server.plain(more);
    let client = connect::establish(&config, Purpose::Replication, &[]);
    tokio::join!(client, conversation).0
}

#[tokio::test]
async fn a_walsender_is_asked_for_with_the_sessions_settings() {
    let server = FakeServer::start().await;
    let config = server.plain("application_name=shop options='-c a=b'");
    let settings = [("wal_sender_timeout", "15000")];
    let client = connect::establish(&config, Purpose::Replication, &settings);
    let (wire, startup) = tokio::join!(client, async {
        let mut session = server.accept().await;
        let startup = session.startup().await;
        session.let_in().await;
        startup
    });
    let expected = [
        ("application_name", "shop"),
        ("client_encoding", "UTF8"),
        ("database", "shop"),
        ("options", "-c a=b -c wal_sender_timeout=15000"),
        ("replication", "database"),
        ("user", "me"),
    ];
    assert_eq!(
        startup,
        expected.map(|(n, v)| (n.to_owned(), v.to_owned())).into()
    );
    let wire = wire.unwrap();
    let info = wire.info();
    assert_eq!((info.version(), info.pid()), (170_011, 12_345));
    assert_eq!(info.parameter("server_encoding"), Some("UTF8"));
    assert_eq!(
        info.host().to_string(),
        format!("127.0.0.1:{}", server.port)
    );
    assert!(!info.is_encrypted());
}

#[tokio::test]
async fn ordinary_sql_asks_for_no_walsender() {
    let server = FakeServer::start().await;
    let config = server.plain("");
    let (wire, startup) = tokio::join!(connect::establish(&config, Purpose::Sql, &[]), async {
        let mut session = server.accept().await;
        let startup = session.startup().await;
        session.let_in().await;
        startup
    });
    wire.unwrap();
    let names: Vec<_> = startup.keys().map(String::as_str).collect();
    assert_eq!(names, ["client_encoding", "database", "user"]);
}

#[tokio::test]
async fn a_cleartext_password_is_sent_if_asked_for() {
    let server = FakeServer::start().await;
    let wire = login(&server, "password=hunter2", async {
        let mut session = server.accept().await;
        session.startup().await;
        session.request(3, b"").await;
        assert_eq!(session.message().await, ('p', b"hunter2\0".to_vec()));
        session.let_in().await;
    });
    wire.await.unwrap();
}

#[tokio::test]
async fn an_md5_password_is_hashed_with_user_and_salt() {
    let server = FakeServer::start().await;
    let wire = login(&server, "password=hunter2", async {
        let mut session = server.accept().await;
        session.startup().await;
        session.request(5, b"salt").await;
        let expected = format!("{}\0", md5_hash(b"me", b"hunter2", *b"salt"));
        assert_eq!(session.message().await, ('p', expected.into_bytes()));
        session.let_in().await;
    });
    wire.await.unwrap();
}

#[tokio::test]
async fn without_a_password_the_error_says_so() {
    let server = FakeServer::start().await;
    let failed = login(&server, "", async {
        let mut session = server.accept().await;
        session.startup().await;
        session.request(3, b"").await;
    });
    let error = failed.await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "PostgreSQL asks \"me\" for a password, and none is configured"
    );
    assert!(error.hint().unwrap().contains("PGPASSWORD"));
}

#[tokio::test]
async fn a_refusal_keeps_the_servers_words_and_code() {
    for (code, text) in [
        ("28P01", "password authentication failed for user \"me\""),
        ("28000", "no pg_hba.conf entry for replication connection"),
        ("3D000", "database \"shop\" does not exist"),
        ("53300", "sorry, too many clients already"),
        ("57P03", "the database system is shutting down"),
    ] {
        let server = FakeServer::start().await;
        let failed = login(&server, "password=x", async {
            let mut session = server.accept().await;
            session.startup().await;
            session.refuse(code, text).await;
        });
        let error = failed.await.unwrap_err();
        let said = error.server_error().unwrap();
        assert_eq!(
            (said.code(), said.message(), said.severity()),
            (code, text, "FATAL")
        );
    }
}

#[tokio::test]
async fn methods_that_are_not_there_are_named() {
    let sasl_plus: &[u8] = b"SCRAM-SHA-256-PLUS\0\0";
    for (code, more, name) in [
        (2, &b""[..], "Kerberos V5"),
        (7, b"", "GSSAPI"),
        (9, b"", "SSPI"),
        (10, sasl_plus, "SCRAM-SHA-256-PLUS"),
        (10, b"OAUTHBEARER\0\0", "OAUTHBEARER"),
    ] {
        let server = FakeServer::start().await;
        let failed = login(&server, "password=x", async {
            let mut session = server.accept().await;
            session.startup().await;
            session.request(code, more).await;
        });
        let text = failed.await.unwrap_err().to_string();
        assert!(
            text.contains(&format!("asks for {name} authentication")),
            "{text}"
        );
    }
}

/// Plays SCRAM up to the client's proof, which is not looked at.
pub(crate) async fn scram_until_proof(
    server: &FakeServer,
) -> crate::fake_server::Session<tokio::net::TcpStream> {
    let mut session = server.accept().await;
    session.startup().await;
    session
        .request(10, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")
        .await;
    let (tag, first) = session.message().await;
    let first = String::from_utf8(first).unwrap();
    assert_eq!(tag, 'p');
    let (mechanism, rest) = first.split_once('\0').unwrap();
    assert_eq!(mechanism, "SCRAM-SHA-256");
    // "n": the client has no channel binding. It must not say "y" to a server that has.
    let (_, nonce) = rest.split_once("n,,n=,r=").unwrap();
    let answer = format!("r={nonce}server,s=QSXCR+Q6sek8bf92,i=4096");
    session.request(11, answer.as_bytes()).await;
    let (tag, proof) = session.message().await;
    let proof = String::from_utf8(proof).unwrap();
    assert_eq!(tag, 'p');
    assert!(
        proof.starts_with(&format!("c=biws,r={nonce}server,p=")),
        "{proof}"
    );
    session
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_found_out() {
    let server = FakeServer::start().await;
    let failed = login(&server, "password=hunter2", async {
        let mut session = scram_until_proof(&server).await;
        session.request(12, WRONG_PROOF).await;
        session.let_in().await;
    });
    let error = failed.await.unwrap_err();
    assert!(
        matches!(error, ConnectError::ServerProof { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_gives_no_proof_is_not_trusted() {
    let server = FakeServer::start().await;
    let failed = login(&server, "password=hunter2", async {
        scram_until_proof(&server).await.let_in().await;
    });
    let error = failed.await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the answer is not PostgreSQL's: SCRAM was broken off"
    );
}

#[tokio::test]
async fn no_answer_of_a_stranger_is_taken_for_postgresqls() {
    let nothing: &[u8] = b"";
    for answer in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        b"R\0\0\0\x03".to_vec(),
        message('R', b"\0\0"),
        message('R', &99_u32.to_be_bytes()),
        message('R', &11_u32.to_be_bytes()),
        message('K', b"\0"),
        message('W', nothing),
        nothing.to_vec(),
    ] {
        let server = FakeServer::start().await;
        let failed = login(&server, "password=x", async {
            let mut session = server.accept().await;
            session.startup().await;
            session.send(&answer).await;
        });
        let error = failed.await.unwrap_err();
        let is_known = matches!(error, ConnectError::Protocol(_) | ConnectError::Io(_));
        assert!(is_known, "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = FakeServer::start().await;
    let config = server.plain("connect_timeout=1");
    let (failed, mut session) = tokio::join!(
        connect::establish(&config, Purpose::Sql, &[]),
        server.accept(),
    );
    let error = failed.unwrap_err();
    assert!(matches!(error, ConnectError::TimedOut { .. }), "{error:?}");
    assert_eq!(session.rest().await[4..8], [0, 3, 0, 0]);
}

/// What a server says that does not know the password.
pub(crate) const WRONG_PROOF: &[u8] = b"v=rmF9pqV8S7suAoZWja4dJRkFsKQrmF9pqV8S7suAoZU=";
