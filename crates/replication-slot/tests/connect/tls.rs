//! TLS, by each `sslmode`.

use outflow_replication_slot::connect::{
    self, CertificateProblem, ConnectConfig, ConnectError, Purpose, Wire,
};

use crate::certificates::{Authority, Identity, expired, named, not_yet_valid};
use crate::fake_server::{FakeServer, Session};

/// A login with TLS; whether the server's side of it comes about does not matter.
async fn establish(
    server: &FakeServer,
    identity: &Identity,
    config: &ConnectConfig,
) -> Result<Wire, ConnectError> {
    let client = connect::establish(config, Purpose::Sql, &[]);
    tokio::join!(client, async {
        let mut session = server.accept().await;
        session.answer_tls_request(b"S").await;
        if let Ok(stream) = identity.acceptor().accept(session.stream).await {
            let mut session = Session { stream };
            session.startup().await;
            session.let_in().await;
        }
    })
    .0
}

/// A login to `localhost` with a mode and a file of trusted certificates.
async fn with_mode(
    identity: &Identity,
    sslmode: &str,
    root: Option<&std::path::Path>,
) -> Result<Wire, ConnectError> {
    let server = FakeServer::start().await;
    let root = root
        .map(|path| format!("sslrootcert={}", path.display()))
        .unwrap_or_default();
    let config = server.config(&format!(
        "host=localhost hostaddr=127.0.0.1 sslmode={sslmode} {root}"
    ));
    establish(&server, identity, &config).await
}

/// Gives what was wrong with the certificate.
fn problem(result: Result<Wire, ConnectError>) -> CertificateProblem {
    match result {
        Err(ConnectError::Certificate { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_good_certificate_is_accepted_by_every_mode() {
    let authority = Authority::new();
    let identity = authority.sign(&["localhost"]);
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        let wire = with_mode(&identity, mode, Some(&authority.file()))
            .await
            .unwrap();
        assert!(wire.info().is_encrypted(), "{mode}");
    }
}

#[tokio::test]
async fn the_name_counts_for_verify_full_alone() {
    let authority = Authority::new();
    let identity = authority.sign(&["db.example", "*.example.org"]);
    for mode in ["prefer", "require", "verify-ca"] {
        with_mode(&identity, mode, Some(&authority.file()))
            .await
            .unwrap();
    }
    let wrong = problem(with_mode(&identity, "verify-full", Some(&authority.file())).await);
    let CertificateProblem::WrongName {
        expected,
        presented,
    } = &wrong
    else {
        panic!("{wrong:?}")
    };
    assert_eq!(expected, "localhost");
    assert_eq!(presented.len(), 2);
    assert!(wrong.to_string().contains("but for"), "{wrong}");
}

#[tokio::test]
async fn the_authority_counts_wherever_one_is_named() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let identity = stranger.sign(&["localhost"]);
    for mode in ["require", "verify-ca", "verify-full"] {
        let wrong = problem(with_mode(&identity, mode, Some(&authority.file())).await);
        assert_eq!(wrong, CertificateProblem::UnknownAuthority, "{mode}");
    }
    with_mode(&identity, "require", None).await.unwrap();
    with_mode(&identity, "prefer", Some(&authority.file()))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_certificates_time_counts() {
    let authority = Authority::new();
    for mode in ["require", "verify-ca", "verify-full"] {
        let old = authority.sign_with(&["localhost"], expired);
        let wrong = problem(with_mode(&old, mode, Some(&authority.file())).await);
        assert_eq!(wrong, CertificateProblem::Expired, "{mode}");
        let early = authority.sign_with(&["localhost"], not_yet_valid);
        let wrong = problem(with_mode(&early, mode, Some(&authority.file())).await);
        assert_eq!(wrong, CertificateProblem::NotYetValid, "{mode}");
    }
}

#[tokio::test]
async fn an_address_is_verified_as_a_name_is() {
    let authority = Authority::new();
    let server = FakeServer::start().await;
    let config = server.config(&format!(
        "sslmode=verify-full sslrootcert={}",
        authority.file().display()
    ));
    establish(&server, &authority.sign(&["127.0.0.1"]), &config)
        .await
        .unwrap();
    let wrong = problem(establish(&server, &authority.sign(&["localhost"]), &config).await);
    assert!(
        matches!(wrong, CertificateProblem::WrongName { .. }),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn the_common_name_counts_where_no_other_name_is_given() {
    let authority = Authority::new();
    let common = |name: &'static str, others: &[&str]| {
        authority.sign_with(others, |params| params.distinguished_name = named(name))
    };
    let file = authority.file();
    for (identity, accepted) in [
        (common("localhost", &[]), true),
        (common("LOCALHOST", &["10.0.0.1"]), true),
        (common("localhost", &["db.example"]), false),
        (common("db.example", &[]), false),
    ] {
        let result = with_mode(&identity, "verify-full", Some(&file)).await;
        assert_eq!(result.is_ok(), accepted, "{result:?}");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_can_be_trusted_by_itself() {
    let (identity, folder) = (
        Identity::self_signed(&["localhost"]),
        tempfile::tempdir().unwrap(),
    );
    let file = identity.write(&folder);
    for mode in ["require", "verify-ca", "verify-full"] {
        with_mode(&identity, mode, Some(&file)).await.unwrap();
    }
    let elsewhere = Identity::self_signed(&["db.example"]);
    let file = elsewhere.write(&folder);
    with_mode(&elsewhere, "verify-ca", Some(&file))
        .await
        .unwrap();
    let wrong = problem(with_mode(&elsewhere, "verify-full", Some(&file)).await);
    assert!(
        matches!(wrong, CertificateProblem::WrongName { .. }),
        "{wrong:?}"
    );
    let wrong = problem(with_mode(&identity, "verify-ca", Some(&file)).await);
    assert_eq!(wrong, CertificateProblem::IsAuthority);
}

#[tokio::test]
async fn a_file_of_trusted_certificates_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Authority::new().sign(&["localhost"]);
    let missing = with_mode(&identity, "verify-ca", None).await.unwrap_err();
    assert!(
        matches!(missing, ConnectError::NoRootCertificates { .. }),
        "{missing:?}"
    );
    let file = folder.path().join("root.crt");
    let absent = with_mode(&identity, "require", Some(&file))
        .await
        .unwrap_err();
    assert!(absent.to_string().contains("cannot be read"), "{absent}");
    std::fs::write(&file, "no PEM").unwrap();
    let empty = with_mode(&identity, "verify-ca", Some(&file))
        .await
        .unwrap_err();
    assert!(
        empty
            .to_string()
            .contains("holds no certificate in PEM form"),
        "{empty}"
    );
    assert!(empty.hint().unwrap().contains("sslrootcert"));
}

#[tokio::test]
async fn a_server_without_tls_will_do_for_prefer_alone() {
    for mode in ["require", "verify-ca", "verify-full"] {
        let server = FakeServer::start().await;
        let config = server.config(&format!("sslmode={mode}"));
        let client = connect::establish(&config, Purpose::Sql, &[]);
        let (refused, ()) = tokio::join!(client, async {
            server.accept().await.answer_tls_request(b"N").await;
        });
        let error = refused.unwrap_err();
        assert!(
            matches!(error, ConnectError::NoTls { .. }),
            "{mode}: {error:?}"
        );
    }
    let server = FakeServer::start().await;
    let config = server.config("sslmode=prefer");
    let (wire, ()) = tokio::join!(connect::establish(&config, Purpose::Sql, &[]), async {
        let mut session = server.accept().await;
        session.answer_tls_request(b"N").await;
        session.startup().await;
        session.let_in().await;
    });
    assert!(!wire.unwrap().info().is_encrypted());
}

#[tokio::test]
async fn prefer_does_without_tls_where_the_handshake_fails() {
    let server = FakeServer::start().await;
    let config = server.config("sslmode=prefer");
    let (wire, _session) = tokio::join!(connect::establish(&config, Purpose::Sql, &[]), async {
        let mut session = server.accept().await;
        session.answer_tls_request(b"S").await;
        session.send(b"this is no TLS").await;
        drop(session);
        server.welcome().await
    });
    assert!(!wire.unwrap().info().is_encrypted());
}

#[tokio::test]
async fn prefer_asks_again_without_tls_where_the_role_is_refused_over_it() {
    let server = FakeServer::start().await;
    let identity = Authority::new().sign(&["localhost"]);
    let config = server.config("sslmode=prefer");
    let (wire, _session) = tokio::join!(connect::establish(&config, Purpose::Sql, &[]), async {
        let mut session = server.accept().await;
        session.answer_tls_request(b"S").await;
        let stream = identity.acceptor().accept(session.stream).await.unwrap();
        let mut session = Session { stream };
        session.startup().await;
        session
            .refuse("28000", "no pg_hba.conf entry for host, SSL encryption")
            .await;
        server.welcome().await
    });
    assert!(!wire.unwrap().info().is_encrypted());
}

#[tokio::test]
async fn if_prefer_is_refused_both_ways_both_refusals_are_shown() {
    let server = FakeServer::start().await;
    let identity = Authority::new().sign(&["localhost"]);
    let config = server.config("sslmode=prefer");
    let client = connect::establish(&config, Purpose::Sql, &[]);
    let (refused, ()) = tokio::join!(client, async {
        let mut session = server.accept().await;
        session.answer_tls_request(b"S").await;
        let stream = identity.acceptor().accept(session.stream).await.unwrap();
        let mut session = Session { stream };
        session.startup().await;
        session
            .refuse("28000", "no pg_hba.conf entry, SSL encryption")
            .await;
        let mut session = server.accept().await;
        session.startup().await;
        session
            .refuse("28000", "no pg_hba.conf entry, no encryption")
            .await;
    });
    let error = refused.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("SSL encryption") && text.contains("no encryption"),
        "{text}"
    );
    assert_eq!(error.server_error().unwrap().code(), "28000");
}

#[tokio::test]
async fn nothing_said_in_the_clear_is_taken_for_protected() {
    // CVE-2021-23222: someone in the middle sends more behind the server's "S".
    let server = FakeServer::start().await;
    let config = server.config("sslmode=require");
    let client = connect::establish(&config, Purpose::Sql, &[]);
    let (refused, ()) = tokio::join!(client, async {
        let mut session = server.accept().await;
        session
            .answer_tls_request(b"SR\0\0\0\x08\0\0\0\0Z\0\0\0\x05I")
            .await;
        session.rest().await;
    });
    let error = refused.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn an_error_in_place_of_an_answer_is_not_shown() {
    let server = FakeServer::start().await;
    let config = server.config("sslmode=require");
    let client = connect::establish(&config, Purpose::Sql, &[]);
    let (refused, ()) = tokio::join!(client, async {
        let mut session = server.accept().await;
        session.answer_tls_request(b"E").await;
        session.refuse("XX000", "believe me").await;
    });
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("TLS") && !text.contains("believe"), "{text}");
}

#[tokio::test]
async fn the_lowest_version_is_kept() {
    let server = FakeServer::start().await;
    let identity = Authority::new().sign(&["localhost"]);
    for versions in [
        "ssl_min_protocol_version=TLSv1.3",
        "ssl_max_protocol_version=TLSv1.2",
    ] {
        let config = server.config(&format!("sslmode=require {versions}"));
        establish(&server, &identity, &config).await.unwrap();
    }
}
