//! TLS with a real PostgreSQL: each sslmode, and certificates that are to be refused.

use std::fs;
use std::path::PathBuf;

use harness::{Database, Major, OwnPostgres, compat};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tempfile::TempDir;

use crate::login::{delivers, server, shot};

#[test]
fn each_sslmode_does_what_libpq_does() {
    for major in [Major::V14, Major::V18] {
        let (server, database) = tls_server(major);
        let authority = Authority::new();
        present(&server, &authority.sign("localhost", |_| ()));
        let root = authority.file();
        let root = format!("sslrootcert={}", root.display());
        let reach = |host, role, rest: &str| url(&server, &database, host, role, rest);
        for (host, role, rest) in [
            ("127.0.0.1", "plain_only", "sslmode=disable"),
            ("127.0.0.1", "plain_only", "sslmode=prefer"),
            ("127.0.0.1", "tls_only", ""),
            ("127.0.0.1", "tls_only", "sslmode=prefer"),
            ("127.0.0.1", "tls_only", "sslmode=require"),
            (
                "127.0.0.1",
                "tls_only",
                &format!("sslmode=verify-ca {root}"),
            ),
            (
                "localhost",
                "tls_only",
                &format!("sslmode=verify-full {root}"),
            ),
        ] {
            println!("{major}: {host} {role} {rest}");
            delivers(&database, shot(&database, &reach(host, role, rest)));
            let mode = rest.split_whitespace().next().unwrap_or("no sslmode");
            compat::works(&format!("TLS: {mode}"), major);
        }
        // What can't be had is refused.
        for (role, rest) in [
            ("tls_only", "sslmode=disable"),
            ("plain_only", "sslmode=require"),
        ] {
            refused(
                &database,
                &reach("127.0.0.1", role, rest),
                77,
                "pg_hba.conf",
            );
        }
    }
}

#[test]
fn scram_through_tls() {
    for major in [Major::V14, Major::V18] {
        let (server, database) = tls_server(major);
        server.pg_hba("host all app 127.0.0.1/32 scram-sha-256");
        database
            .sql()
            .batch("CREATE ROLE app LOGIN REPLICATION PASSWORD 'secret'");
        present(&server, &Authority::new().sign("localhost", |_| ()));
        for rest in [
            "sslmode=require channel_binding=require",
            "sslmode=require channel_binding=disable",
            "sslmode=disable",
        ] {
            let url = url(&server, &database, "127.0.0.1", "app", rest);
            println!("{major}: {rest}");
            delivers(
                &database,
                shot(&database, &format!("{url} password=secret")),
            );
            if rest == "sslmode=require" {
                compat::works("Authentication: scram-sha-256 through TLS", major);
            }
        }
    }
}

#[test]
fn a_certificate_that_is_not_as_it_should_be_is_refused_with_the_reason() {
    let (server, database) = tls_server(Major::V17);
    let (authority, other) = (Authority::new(), Authority::new());
    present(&server, &authority.sign("localhost", |_| ()));
    let verify = |host, mode, authority: &Authority| {
        let rest = format!("sslmode={mode} sslrootcert={}", authority.file().display());
        url(&server, &database, host, "tls_only", &rest)
    };
    for mode in ["verify-ca", "verify-full", "require"] {
        // As libpq has it, a file of trusted certificates makes `require` look at them.
        refused(
            &database,
            &verify("localhost", mode, &other),
            69,
            "authority",
        );
    }
    let said = refused(
        &database,
        &verify("127.0.0.1", "verify-full", &authority),
        69,
        "127.0.0.1",
    );
    assert!(
        said.contains("localhost"),
        "it names what the certificate is for: {said}"
    );

    present(
        &server,
        &authority.sign("localhost", |params| {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }),
    );
    refused(
        &database,
        &verify("localhost", "verify-full", &authority),
        69,
        "expired",
    );
    refused(
        &database,
        &verify("localhost", "verify-ca", &authority),
        69,
        "expired",
    );

    let nothing = url(
        &server,
        &database,
        "localhost",
        "tls_only",
        "sslmode=verify-full",
    );
    refused(&database, &nothing, 78, "sslrootcert");
    server.configure(&[("ssl", "off")]);
    server.reload();
    let require = url(
        &server,
        &database,
        "localhost",
        "tls_only",
        "sslmode=require",
    );
    refused(&database, &require, 69, "does not accept TLS");
    for wrong in ["authority", "name", "time"] {
        compat::works(
            &format!("TLS: a certificate of the wrong {wrong} is refused"),
            Major::V17,
        );
    }
}

/// The one-shot must end with this code and say why; gives what it says.
#[track_caller]
pub(crate) fn refused(database: &Database, url: &str, code: i32, why: &str) -> String {
    let output = shot(database, url).run_to_end();
    assert_eq!(output.code(), Some(code), "{url}: {}", output.stderr);
    assert!(output.stderr.contains(why), "no {why:?}: {}", output.stderr);
    output.stderr
}

/// A server with a role for TLS and one for none.
pub(crate) fn tls_server(major: Major) -> (OwnPostgres, Database) {
    let (server, database) = server(major);
    server.pg_hba(
        "hostssl all tls_only 127.0.0.1/32 trust\n\
         hostnossl all plain_only 127.0.0.1/32 trust",
    );
    database
        .sql()
        .batch("CREATE ROLE tls_only LOGIN REPLICATION; CREATE ROLE plain_only LOGIN REPLICATION");
    (server, database)
}

/// How to reach it.
pub(crate) fn url(
    server: &OwnPostgres,
    database: &Database,
    host: &str,
    role: &str,
    rest: &str,
) -> String {
    format!(
        "host={host} port={} dbname={} user={role} {rest}",
        server.port(),
        database.name()
    )
}

/// Makes the server show this certificate.
pub(crate) fn present(server: &OwnPostgres, identity: &Identity) {
    server.write("server.crt", &identity.certificate);
    server.write("server.key", &identity.key);
    server.configure(&[("ssl", "on")]);
    server.reload();
}

/// An authority, and the file that clients trust it by.
pub(crate) struct Authority {
    /// Signs.
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Holds the file.
    folder: TempDir,
}

/// A server's certificate with its key, in PEM.
pub(crate) struct Identity {
    /// The certificate.
    pub(crate) certificate: String,
    /// The key.
    pub(crate) key: String,
}

impl Authority {
    /// A new one.
    pub(crate) fn new() -> Self {
        Self::with_key(KeyPair::generate().expect("a key"))
    }

    /// A new one that signs with this key.
    pub(crate) fn with_key(key: KeyPair) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "authority");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("root.crt"), issuer.pem()).expect("a file");
        Self { issuer, folder }
    }

    /// The file of its certificate.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("root.crt")
    }

    /// The authority's own certificate, in PEM.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Signs a certificate for a name, made to order.
    pub(crate) fn sign(&self, name: &str, order: impl FnOnce(&mut CertificateParams)) -> Identity {
        self.sign_key(KeyPair::generate().expect("a key"), name, order)
    }

    /// As [`sign`](Self::sign), for a key that is there.
    pub(crate) fn sign_key(
        &self,
        key: KeyPair,
        name: &str,
        order: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        order(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}
