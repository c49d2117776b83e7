//! The ways into a real PostgreSQL that libpq has, one by one: TLS, certificates, channel binding.
//!
//! Here the connection layer is called itself; what a user sees of it is tested in `tls` and `login`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use harness::{Database, Major, OwnPostgres, compat};
use outflow_replication_slot::connect::{self, ConnectConfig, ConnectError, Purpose};
use rcgen::{
    CertificateParams, DnType, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, date_time_ymd,
};
use tempfile::TempDir;

use crate::login::{delivers, shot};
use crate::tls::{Authority, Identity, present, tls_server, url};

#[test]
fn every_way_in_on_the_oldest_and_the_newest() {
    for major in [Major::V14, Major::V18] {
        every_way_in(major);
    }
}

#[test]
#[ignore = "wide: make test-all"]
fn every_way_in_on_those_between() {
    for major in [Major::V15, Major::V16, Major::V17] {
        every_way_in(major);
    }
}

/// Goes every way that must lead in, and some that must not.
fn every_way_in(major: Major) {
    let place = Place::new(major);
    let root = format!("sslrootcert={}", place.authority.file().display());
    place.works("sslmode=disable", "none", "user=plain_only sslmode=disable");
    place.works(
        "sslmode=allow without TLS",
        "none",
        "user=plain_only sslmode=allow",
    );
    place.works(
        "sslmode=allow with TLS",
        "TLSv1.3",
        "user=tls_only sslmode=allow",
    );
    place.works(
        "sslmode=prefer without TLS",
        "none",
        "user=plain_only sslmode=prefer",
    );
    place.works("sslmode=prefer with TLS", "TLSv1.3", "user=tls_only");
    place.works(
        "sslmode=require",
        "TLSv1.3",
        "user=tls_only sslmode=require",
    );
    for (point, rest) in [
        ("sslmode=require with sslrootcert", "sslmode=require"),
        ("sslmode=verify-ca", "sslmode=verify-ca"),
        ("sslmode=verify-full", "sslmode=verify-full host=localhost"),
    ] {
        place.works(point, "TLSv1.3", &format!("user=tls_only {root} {rest}"));
    }
    place.works(
        "TLS 1.2",
        "TLSv1.2",
        "user=tls_only sslmode=require ssl_max_protocol_version=TLSv1.2",
    );
    let direct = format!("user=tls_only {root} sslmode=verify-ca sslnegotiation=direct");
    match major {
        Major::V17 | Major::V18 => place.works("sslnegotiation=direct", "TLSv1.3", &direct),
        Major::V14 | Major::V15 | Major::V16 => {
            place.fails(&direct, "PostgreSQL 17", "sslnegotiation")
        }
    }
    place.channel_binding();
    place.client_certificates();
    place.system_roots();
}

#[test]
fn a_server_certificate_says_when_and_for_whom() {
    let place = Place::new(Major::V17);
    let root = format!("sslrootcert={}", place.authority.file().display());
    let verify = |mode| format!("user=tls_only host=localhost {root} sslmode={mode}");
    place.show(&place.authority.sign("localhost", |params| {
        params.not_before = date_time_ymd(2990, 1, 1);
        params.not_after = date_time_ymd(2991, 1, 1);
    }));
    place.fails(&verify("verify-ca"), "is not valid yet", "clocks");
    place.show(&place.authority.sign("localhost", |params| {
        params.not_before = date_time_ymd(1990, 1, 1);
        params.not_after = date_time_ymd(1991, 1, 1);
    }));
    place.fails(&verify("verify-ca"), "has expired", "renew it");
    // As libpq, it takes the common name where there is no subjectAltName.
    let commonly = |name: &'static str| {
        move |params: &mut CertificateParams| {
            params.subject_alt_names.clear();
            params.distinguished_name.push(DnType::CommonName, name);
        }
    };
    place.show(&place.authority.sign("localhost", commonly("localhost")));
    place.works(
        "verify-full by common name",
        "TLSv1.3",
        &verify("verify-full"),
    );
    place.show(&place.authority.sign("localhost", commonly("elsewhere")));
    place.fails(&verify("verify-full"), "elsewhere", "sslmode=verify-ca");
    place.works(
        "verify-ca whatever the name",
        "TLSv1.3",
        &verify("verify-ca"),
    );
    place.show(&Authority::new().sign("localhost", |_| ()));
    place.fails(
        &verify("verify-full"),
        "not signed by a trusted authority",
        "sslrootcert",
    );
}

#[test]
fn a_login_is_bound_to_the_channel_by_the_hash_of_its_certificate() {
    let place = Place::new(Major::V17);
    place.password_role();
    let login = |rest| format!("user=app password=secret sslmode=require {rest}");
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("a key");
    let authority = Authority::with_key(key);
    place.show(&authority.sign("localhost", |_| ()));
    place.works(
        "SCRAM-SHA-256-PLUS, certificate signed with SHA-384",
        "TLSv1.3",
        &login("channel_binding=require"),
    );
    // Ed25519 has no hash of its own, so nothing can be bound.
    let authority = Authority::with_key(KeyPair::generate_for(&PKCS_ED25519).expect("a key"));
    place.show(&authority.sign("localhost", |_| ()));
    place.works(
        "SCRAM-SHA-256, certificate signed with Ed25519",
        "TLSv1.3",
        &login(""),
    );
    place.fails(
        &login("channel_binding=require"),
        "signature",
        "channel_binding=prefer",
    );
}

#[test]
fn a_client_key_is_used_only_as_it_should_be() {
    let place = Place::new(Major::V17);
    place.server.write("root.crt", &place.authority.pem());
    place.server.configure(&[("ssl_ca_file", "root.crt")]);
    place.server.pg_hba("hostssl all app 127.0.0.1/32 cert");
    place.role("app");
    let key = KeyPair::from_pem(PLAIN_KEY).expect("a key");
    let good = place.identity(&place.authority.sign_key(key, "app", named("app")));
    let with = |rest: &str| format!("user=app sslmode=require {} {rest}", good.text());
    place.works("client certificate", "TLSv1.3", &with(""));

    fs::write(good.key(), ENCRYPTED_KEY).expect("a file");
    place.works(
        "client key, encrypted",
        "TLSv1.3",
        &with("sslpassword='open sesame'"),
    );
    place.fails(&with(""), "is encrypted", "sslpassword");
    place.fails(
        &with("sslpassword=wrong"),
        "cannot be decrypted",
        "sslpassword",
    );
    fs::set_permissions(good.key(), Permissions::from_mode(0o644)).expect("a file");
    place.fails(
        &with("sslpassword='open sesame'"),
        "others may read it",
        "chmod",
    );

    let other = place.identity(&place.authority.sign("app", named("app")));
    fs::copy(other.key(), good.folder.path().join("other.key")).expect("a file");
    let mixed = format!(
        "user=app sslmode=require sslcert={} sslkey={}",
        good.certificate().display(),
        other.key().display()
    );
    place.fails(&mixed, "is not the key of", "belong together");
    fs::write(other.key(), "nonsense").expect("a file");
    place.fails(
        &format!("user=app sslmode=require {}", other.text()),
        "no private key",
        "sslkey",
    );
    place.fails(
        "user=app sslmode=require sslcert=/nowhere.crt sslkey=/nowhere.key",
        "/nowhere.crt",
        "sslcert",
    );
}

/// A server with TLS, and who vouches for it.
struct Place {
    /// The server.
    server: OwnPostgres,
    /// A database with an event that waits.
    database: Database,
    /// Who has signed the server's certificate.
    authority: Authority,
    /// Its version.
    major: Major,
}

impl Place {
    /// A new one.
    fn new(major: Major) -> Self {
        let (server, database) = tls_server(major);
        let authority = Authority::new();
        present(&server, &authority.sign("localhost", |_| ()));
        Self {
            server,
            database,
            authority,
            major,
        }
    }

    /// Makes the server show another certificate.
    fn show(&self, identity: &Identity) {
        present(&self.server, identity);
    }

    /// The text of a connection; a host in `rest` counts.
    fn text(&self, rest: &str) -> String {
        let (port, name) = (self.server.port(), self.database.name());
        let host = if rest.contains("host=") {
            ""
        } else {
            "host=127.0.0.1"
        };
        format!("{host} port={port} dbname={name} {rest}")
    }

    /// Both kinds of connection must come about, protected so.
    #[track_caller]
    fn works(&self, point: &str, tls: &str, rest: &str) {
        match reach(&self.text(rest)) {
            Ok(found) => assert_eq!(found, tls, "{}: {point}: {rest}", self.major),
            Err(error) => panic!("{}: {point}: {rest}: {error:?}", self.major),
        }
        compat::works(&format!("TLS and authentication: {point}"), self.major);
    }

    /// It must be refused with a reason and a hint.
    #[track_caller]
    fn fails(&self, rest: &str, why: &str, hint: &str) {
        let error = match reach(&self.text(rest)) {
            Ok(tls) => panic!("{}: {rest}: connected with TLS {tls}", self.major),
            Err(error) => error,
        };
        let mut said = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(below) = source {
            said = format!("{said}: {below}");
            source = below.source();
        }
        assert!(
            said.contains(why),
            "{}: {rest}: no {why:?}: {said}",
            self.major
        );
        let hinted = format!("{said}; {}", error.hint().unwrap_or_default());
        assert!(
            hinted.contains(hint),
            "{}: {rest}: no hint {hint:?}: {hinted}",
            self.major
        );
    }

    /// Makes a role.
    fn role(&self, name: &str) {
        let sql = format!("CREATE ROLE {name} LOGIN REPLICATION PASSWORD 'secret'");
        self.database.sql().batch(&sql);
    }

    /// Makes a role that logs in by SCRAM.
    fn password_role(&self) {
        self.server
            .pg_hba("host all app 127.0.0.1/32 scram-sha-256");
        self.role("app");
    }

    /// SCRAM with and without channel binding, and the methods that have none.
    fn channel_binding(&self) {
        self.server.pg_hba(
            "host all scram 127.0.0.1/32 scram-sha-256\n\
             host all md5 127.0.0.1/32 md5\n\
             host all clear 127.0.0.1/32 password\n\
             host all free 127.0.0.1/32 trust",
        );
        self.database.sql().batch(
            "SET password_encryption = 'md5'; CREATE ROLE md5 LOGIN REPLICATION PASSWORD 'secret'; RESET password_encryption",
        );
        for role in ["scram", "clear", "free"] {
            self.role(role);
        }
        let login = |role: &str, rest: &str| format!("user={role} password=secret {rest}");
        let bound = "sslmode=require channel_binding=require";
        self.works("SCRAM-SHA-256-PLUS", "TLSv1.3", &login("scram", bound));
        self.works(
            "SCRAM-SHA-256-PLUS over TLS 1.2",
            "TLSv1.2",
            &login(
                "scram",
                &format!("{bound} ssl_max_protocol_version=TLSv1.2"),
            ),
        );
        self.works(
            "SCRAM-SHA-256 over TLS",
            "TLSv1.3",
            &login("scram", "sslmode=require channel_binding=disable"),
        );
        self.works(
            "SCRAM-SHA-256 without TLS",
            "none",
            &login("scram", "sslmode=disable"),
        );
        self.works("md5 password", "none", &login("md5", "sslmode=disable"));
        self.works(
            "cleartext password",
            "none",
            &login("clear", "sslmode=disable"),
        );
        for role in ["md5", "clear", "free"] {
            self.fails(
                &login(role, bound),
                "channel_binding=require",
                "scram-sha-256",
            );
        }
        let unprotected = "sslmode=disable channel_binding=require";
        self.fails(
            &login("scram", unprotected),
            "without TLS",
            "sslmode=require",
        );

        self.works(
            "require_auth",
            "none",
            &login("scram", "sslmode=disable require_auth=scram-sha-256"),
        );
        for role in ["md5", "clear", "free"] {
            let only = login(role, "sslmode=disable require_auth=scram-sha-256");
            self.fails(&only, "require_auth rules out", "require_auth");
        }
        self.fails(
            &login("free", "sslmode=disable require_auth=!none"),
            "rules out",
            "pg_hba.conf",
        );
    }

    /// Client certificates: good ones, none, and those that the server does not take.
    fn client_certificates(&self) {
        let authority = Authority::new();
        self.server.write("root.crt", &authority.pem());
        self.server.configure(&[("ssl_ca_file", "root.crt")]);
        self.server.pg_hba(
            "hostssl all certified 127.0.0.1/32 cert\n\
             hostssl all twofold 127.0.0.1/32 scram-sha-256 clientcert=verify-ca",
        );
        self.role("certified");
        self.role("twofold");
        let good = self.identity(&authority.sign("client", named("certified")));
        let foreign = self.identity(&Authority::new().sign("client", named("certified")));
        let login =
            |role: &str, rest: &str| format!("user={role} password=secret sslmode=require {rest}");
        for (version, tls) in [
            ("", "TLSv1.3"),
            ("ssl_max_protocol_version=TLSv1.2", "TLSv1.2"),
        ] {
            let text = format!("{} {version}", good.text());
            self.works(
                &format!("client certificate, {tls}"),
                tls,
                &login("certified", &text),
            );
            // With TLS 1.3 the server says so only after the client thinks that all is well.
            let text = format!("{} {version}", foreign.text());
            self.fails(
                &login("certified", &text),
                "does not accept the client certificate",
                "ssl_ca_file",
            );
        }
        let text = good.text();
        self.works(
            "client certificate and password",
            "TLSv1.3",
            &login("twofold", &text),
        );
        self.works(
            "sslcertmode=require",
            "TLSv1.3",
            &login("twofold", &format!("{text} sslcertmode=require")),
        );
        self.fails(
            &login("certified", ""),
            "valid client certificate",
            "sslcert",
        );
        self.fails(
            &login("certified", &format!("{text} sslcertmode=disable")),
            "valid client certificate",
            "sslcert",
        );
        let misnamed = self.identity(&authority.sign("client", named("somebody")));
        self.fails(
            &login("certified", &misnamed.text()),
            "certificate authentication failed",
            "pg_ident.conf",
        );
        // Back to a server that asks for none.
        self.server.configure(&[("ssl_ca_file", "")]);
        self.server
            .pg_hba("hostssl all all 127.0.0.1/32 scram-sha-256");
        self.fails(
            &login("twofold", &format!("{text} sslcertmode=require")),
            "did not ask for a client certificate",
            "sslcertmode",
        );
    }

    /// The operating system's authorities, which the environment of a process can replace.
    fn system_roots(&self) {
        self.server
            .pg_hba("hostssl all tls_only 127.0.0.1/32 trust");
        let url = |host| {
            url(
                &self.server,
                &self.database,
                host,
                "tls_only",
                "sslrootcert=system",
            )
        };
        let trusting = |host| {
            let command = shot(&self.database, &url(host));
            command.env("SSL_CERT_FILE", self.authority.file())
        };
        delivers(&self.database, trusting("localhost"));
        compat::works("TLS and authentication: sslrootcert=system", self.major);
        let output = trusting("127.0.0.1").run_to_end();
        assert_eq!(
            output.code(),
            Some(69),
            "it checks the name: {}",
            output.stderr
        );
        let output = shot(&self.database, &url("localhost"))
            .env("SSL_CERT_FILE", Authority::new().file())
            .run_to_end();
        assert_eq!(output.code(), Some(69), "{}", output.stderr);
        assert!(
            output.stderr.contains("trusted authority"),
            "{}",
            output.stderr
        );
    }

    /// Writes a client's certificate and key into files.
    fn identity(&self, identity: &Identity) -> ClientFiles {
        let folder = tempfile::tempdir().expect("a folder");
        let files = ClientFiles { folder };
        fs::write(files.certificate(), &identity.certificate).expect("a file");
        fs::write(files.key(), &identity.key).expect("a file");
        fs::set_permissions(files.key(), Permissions::from_mode(0o600)).expect("a file");
        files
    }
}

/// A client's certificate and key.
struct ClientFiles {
    /// Holds them.
    folder: TempDir,
}

impl ClientFiles {
    /// The certificate.
    fn certificate(&self) -> PathBuf {
        self.folder.path().join("client.crt")
    }

    /// The key.
    fn key(&self) -> PathBuf {
        self.folder.path().join("client.key")
    }

    /// The part of a connection text that names them.
    fn text(&self) -> String {
        let show = |path: &Path| path.display().to_string();
        format!(
            "sslcert={} sslkey={}",
            show(&self.certificate()),
            show(&self.key())
        )
    }
}

/// Gives a certificate this common name.
fn named(name: &'static str) -> impl FnOnce(&mut CertificateParams) {
    move |params| params.distinguished_name.push(DnType::CommonName, name)
}

/// Opens both kinds of connection, and gives the version of TLS that the server sees, or `none`.
fn reach(text: &str) -> Result<String, ConnectError> {
    let config = ConnectConfig::parse(text, |_| None).expect("a connection text");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut wire = connect::establish(&config, Purpose::Replication, &[]).await?;
        let rows = wire.simple_query(TLS_VERSION).await.expect("an answer");
        let streaming = rows[0][0].clone().expect("a version");
        let client = connect::sql(&config).await?;
        let row = client.query_one(TLS_VERSION, &[]).await.expect("an answer");
        assert_eq!(
            row.get::<_, String>(0),
            streaming,
            "both kinds are protected alike"
        );
        wire.close().await;
        Ok(streaming)
    })
}

/// Asks what the server knows of the connection's protection.
const TLS_VERSION: &str =
    "SELECT coalesce(version, 'none') FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
/// A key for these tests alone, and what `openssl pkcs8 -topk8` makes of it with "open sesame".
const PLAIN_KEY: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNvipd/L2DGAUCRdJ\n\
KqQe5xhrcoWT5W+tHcumMcE/fvChRANCAAQAvIaGeGYac6h2hFC1J1GOYWPJwa0H\n\
t4P+fkXHrU0FiBan2gPyXf27Nh3z0QgqYFHJJFpzvm9hfH+4nfUMjG9P\n\
-----END PRIVATE KEY-----";
/// The same key, encrypted.
const ENCRYPTED_KEY: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhUfkMcxCkP7QICCAAw\n\
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEO1zjuk9HR1N1vPwR925jH0EgZBC\n\
zQILUVfh/YzNAvwsUA/4DIiyL7STFnx0ALiXWeBWvee1qSSo01BmFrBSaeoFi0VW\n\
9AB7mWTGO+gKy99yj+dDSs3dWphBHZcB+oamHXv2UioN6NcNMqvyRDRk4xFV+cOO\n\
tW06wTOCooTUygfDLg36YiKbiYEVqJD4Q/PDuiNSS4ynNjwLw9KVvQp/A8iPU6I=\n\
-----END ENCRYPTED PRIVATE KEY-----\n";
