//! Kafka's security on a real broker: every way in, and what is said where there is none.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use harness::{
    Database, Line, Listener, Major, Operation, Outflow, OutflowCommand, PATIENCE, Postgres,
    SecuredBroker, Security, wait_until,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use tempfile::TempDir;

use crate::service::insert;

#[test]
fn every_way_in_delivers_and_shows_no_secret() {
    let scene = Scene::shared();
    let ca = scene.file("broker-ca.pem");
    let ways = [
        (Listener::Ssl, format!("{ca}{}", scene.client_certificate())),
        (Listener::SaslPlaintext, login("PLAIN", "app")),
        (Listener::SaslPlaintext, login("SCRAM-SHA-256", "app")),
        (Listener::SaslSsl, format!("{ca}{}", login("PLAIN", "app"))),
        (
            Listener::SaslSsl,
            format!("{ca}{}", login("SCRAM-SHA-512", "app")),
        ),
    ];
    let database = outbox();
    let aggregate = database.topic("order");
    let topic = format!("{aggregate}.events");
    for principal in ["User:app", "User:CN=app"] {
        for operation in [Operation::Describe, Operation::Create, Operation::Write] {
            scene.broker.allow(principal, operation, Some(&topic));
        }
    }
    for (count, (listener, properties)) in (1..).zip(&ways) {
        insert(&database, &aggregate, &count.to_string(), "{}");
        // All that librdkafka can say, at the level that shows most.
        let verbose = format!(
            "{properties}debug = \"security,conf,broker,protocol\"\n[log]\nlevel = \"trace\"\n"
        );
        let output = scene
            .command(
                &["run", "--until-caught-up"],
                &database,
                "localhost",
                *listener,
                &verbose,
            )
            .run_to_end();
        assert_eq!(
            output.code(),
            Some(0),
            "{listener:?} {properties}:\n{}",
            output.stderr
        );
        let said = format!("{}{}", output.stdout, output.stderr);
        assert!(said.contains("librdkafka"), "it is not verbose: {said}");
        for secret in [PASSWORD, "PRIVATE KEY"] {
            assert!(!said.contains(secret), "{secret} shows: {said}");
        }
        assert_eq!(scene.broker.records(&[&topic]).len(), count);
    }
}

#[test]
fn who_is_not_let_in_is_told_which_setting_and_which_broker() {
    let scene = Scene::shared();
    let ca = scene.file("broker-ca.pem");
    let wrong = |mechanism| {
        let right = login(mechanism, "app").replace(PASSWORD, WRONG);
        right.replace("{ file = \"password\" }", &format!("\"{WRONG}\""))
    };
    let cases: [(&str, Listener, String, &[&str]); 7] = [
        (
            "localhost",
            Listener::SaslPlaintext,
            wrong("PLAIN"),
            &["sasl.password"],
        ),
        (
            "localhost",
            Listener::SaslSsl,
            format!("{ca}{}", wrong("SCRAM-SHA-512")),
            &["sasl.password", "kafka-configs.sh"],
        ),
        (
            "localhost",
            Listener::SaslSsl,
            format!("{}{}", scene.file("client-ca.pem"), login("PLAIN", "app")),
            &["ssl.ca.location", "openssl s_client -connect localhost"],
        ),
        (
            "127.0.0.1",
            Listener::SaslSsl,
            format!("{ca}{}", login("PLAIN", "app")),
            &[
                "ssl.endpoint.identification.algorithm",
                "-verify_hostname 127.0.0.1",
            ],
        ),
        (
            "localhost",
            Listener::Ssl,
            ca.clone(),
            &["ssl.certificate.location", "ssl.key.location"],
        ),
        (
            "localhost",
            Listener::Ssl,
            "\"security.protocol\" = \"PLAINTEXT\"\n".to_owned(),
            &["security.protocol"],
        ),
        (
            "localhost",
            Listener::SaslPlaintext,
            "\"security.protocol\" = \"SSL\"\n".to_owned(),
            &["security.protocol"],
        ),
    ];
    let database = outbox();
    insert(&database, &database.topic("order"), "1", "{}");
    // A slot has one reader, so that each has its own.
    let running: Vec<_> = cases
        .iter()
        .map(|(host, listener, properties, needed)| {
            let database = outbox();
            insert(&database, &database.topic("order"), "1", "{}");
            let outflow = scene
                .command(&["run"], &database, host, *listener, properties)
                .start();
            let mut needed: Vec<String> = needed.iter().map(|text| (*text).to_owned()).collect();
            needed.push("waiting for Kafka".to_owned());
            needed.push("hint".to_owned());
            needed.push(format!("{host}:{}", scene.broker.port(*listener)));
            (outflow, database, needed)
        })
        .collect();
    // A one-shot says the same, when it has waited for long enough.
    let output = scene
        .command(
            &["run", "--until-caught-up"],
            &database,
            "localhost",
            Listener::SaslPlaintext,
            &wrong("SCRAM-SHA-256"),
        )
        .run_to_end();
    assert_eq!(output.code(), Some(69), "{}", output.stderr);
    for text in ["sasl.password", "localhost:", "hint: see which passwords"] {
        assert!(output.stderr.contains(text), "no {text}: {}", output.stderr);
    }
    assert!(!output.stderr.contains(WRONG), "{}", output.stderr);
    for (outflow, _database, needed) in &running {
        said(outflow, needed);
        for secret in [PASSWORD, WRONG] {
            assert!(!outflow.stderr().contains(secret), "{secret} shows");
        }
    }
}

#[test]
fn what_an_access_list_does_not_allow_is_said_with_the_command_that_does() {
    let scene = Scene::shared();
    let add = |user: &str, rest: &str| {
        format!(
            "kafka-acls.sh --bootstrap-server localhost:{} --add --allow-principal 'User:{user}' {rest}",
            scene.broker.port(Listener::SaslPlaintext)
        )
    };
    let start = |user: &str, exists: bool, allowed: &[Operation]| {
        let database = outbox();
        let aggregate = database.topic("order");
        let topic = format!("{aggregate}.events");
        if exists {
            scene.broker.create_topic(&topic, 1, &[]);
        }
        for operation in allowed {
            scene
                .broker
                .allow(&format!("User:{user}"), *operation, Some(&topic));
        }
        insert(&database, &aggregate, "1", "{}");
        let outflow = scene
            .command(
                &["run"],
                &database,
                "localhost",
                Listener::SaslPlaintext,
                &login("PLAIN", user),
            )
            .start();
        (outflow, database, topic)
    };

    let (unseen, _database, topic) = start("stranger", true, &[]);
    let rest =
        format!("--operation Describe --operation Write --operation Create --topic '{topic}'");
    said(
        &unseen,
        &[
            "waiting for Kafka".to_owned(),
            topic,
            add("stranger", &rest),
        ],
    );

    // Who may write somewhere gets a producer id.
    scene.broker.create_topic("elsewhere", 1, &[]);
    for user in ["User:looker", "User:writer"] {
        scene
            .broker
            .allow(user, Operation::Write, Some("elsewhere"));
    }
    let (uncreated, _database, topic) = start("looker", false, &[Operation::Describe]);
    let rest = format!("--operation Create --topic '{topic}'");
    said(
        &uncreated,
        &["waiting for Kafka".to_owned(), topic, add("looker", &rest)],
    );

    let (no_id, _database, _topic) = start("reader", true, &[Operation::Describe]);
    let rest = "--operation IdempotentWrite --cluster";
    said(&no_id, &[add("reader", rest)]);

    let (unwritten, database, topic) = start("writer", true, &[Operation::Describe]);
    let rest = format!("--operation Write --topic '{topic}'");
    said(&unwritten, &[topic.clone(), add("writer", &rest)]);
    assert!(unwritten.stop().success());
    let command = &["run", "--until-caught-up"];
    let login = login("PLAIN", "writer");
    let one_shot = || {
        let command = scene.command(
            command,
            &database,
            "localhost",
            Listener::SaslPlaintext,
            &login,
        );
        command.run_to_end()
    };
    let output = one_shot();
    assert_eq!(output.code(), Some(69), "{}", output.stderr);
    assert!(
        output.stderr.contains(&add("writer", &rest)),
        "{}",
        output.stderr
    );

    // What was said is done, and nothing was lost.
    scene
        .broker
        .allow("User:writer", Operation::Write, Some(&topic));
    wait_until(PATIENCE, "the event to be delivered", || {
        one_shot().code() == Some(0)
    });
    assert_eq!(scene.broker.records(&[&topic]).len(), 1);
}

#[test]
fn what_is_not_supported_or_contradicts_itself_is_a_configuration_error() {
    for (properties, why) in [
        (
            "\"security.protocol\" = \"SASL_SSL\"\n\"sasl.mechanism\" = \"GSSAPI\"",
            "Kerberos",
        ),
        ("\"sasl.kerberos.service.name\" = \"kafka\"", "Kerberos"),
        ("\"security.protocol\" = \"SASL_SSL\"", "sasl.mechanism"),
        ("\"sasl.mechanism\" = \"PLAIN\"", "security.protocol"),
        (
            "\"security.protocol\" = \"SASL_SSL\"\n\"sasl.mechanism\" = \"OAUTHBEARER\"",
            "OAUTHBEARER",
        ),
    ] {
        let output = Outflow::command(["config", "check"])
            .config(&format!(
                "[kafka]\nbrokers = [\"b:9092\"]\n[kafka.properties]\n{properties}\n"
            ))
            .run_to_end();
        assert_eq!(output.code(), Some(78), "{properties}: {}", output.stderr);
        assert!(
            output.stderr.contains(why),
            "{properties}: {}",
            output.stderr
        );
    }
}

/// A broker and the certificates around it.
struct Scene {
    /// The broker.
    broker: SecuredBroker,
    /// Holds the files of clients.
    folder: TempDir,
}

impl Scene {
    /// The one that all tests here share.
    fn shared() -> &'static Self {
        static SCENE: OnceLock<Scene> = OnceLock::new();
        SCENE.get_or_init(Self::new)
    }

    /// Makes certificates and starts the broker.
    fn new() -> Self {
        let (of_broker, of_clients) = (authority("broker-ca"), authority("client-ca"));
        let (certificate, key) = identity(&of_broker, "broker", &["localhost"]);
        let users = ["app", "stranger", "looker", "reader", "writer"];
        let broker = SecuredBroker::start(&Security {
            certificate,
            key,
            client_authority: of_clients.pem(),
            users: users
                .iter()
                .map(|user| ((*user).to_owned(), PASSWORD.to_owned()))
                .collect(),
        });
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = identity(&of_clients, "app", &[]);
        for (name, content) in [
            ("broker-ca.pem", of_broker.pem()),
            ("client-ca.pem", of_clients.pem()),
            ("app.crt", certificate),
            ("app.key", key),
        ] {
            fs::write(folder.path().join(name), content).expect("a file");
        }
        Self { broker, folder }
    }

    /// The property that trusts an authority.
    fn file(&self, name: &str) -> String {
        format!("\"ssl.ca.location\" = \"{}\"\n", self.path(name).display())
    }

    /// The properties that show a client's certificate.
    fn client_certificate(&self) -> String {
        format!(
            "\"ssl.certificate.location\" = \"{}\"\n\"ssl.key.pem\" = {{ file = \"{}\" }}\n",
            self.path("app.crt").display(),
            self.path("app.key").display()
        )
    }

    /// A file's path.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command that uses a listener.
    fn command(
        &self,
        arguments: &[&str],
        database: &Database,
        host: &str,
        listener: Listener,
        properties: &str,
    ) -> OutflowCommand {
        let protocol = match listener {
            Listener::Ssl => "SSL",
            Listener::SaslPlaintext => "SASL_PLAINTEXT",
            Listener::SaslSsl => "SASL_SSL",
        };
        let protocol = match properties.contains("security.protocol") {
            true => String::new(),
            false => format!("\"security.protocol\" = \"{protocol}\"\n"),
        };
        Outflow::command(arguments)
            .file("password", &format!("{PASSWORD}\n"))
            .config(&format!(
                "name = \"{}\"\n[postgres]\nurl = \"{}\"\n[kafka]\nbrokers = [\"{host}:{}\"]\n\
                 [kafka.properties]\n{protocol}{properties}",
                database.slot(),
                database.url(),
                self.broker.port(listener)
            ))
    }
}

/// A database with an outbox and a slot.
fn outbox() -> Database {
    let database = Postgres::shared(Major::V17).database();
    database.create_outbox();
    database.create_slot();
    database
}

/// Waits for a line that has all of these texts.
#[track_caller]
fn said(outflow: &Outflow, needed: &[String]) {
    let has_all = |line: &Line| {
        let line = line.text();
        needed.iter().all(|text| line.contains(text))
    };
    wait_until(
        PATIENCE,
        &format!("a line with {needed:?}"),
        || match outflow.lines().iter().any(has_all) {
            true => Ok(()),
            false => Err(outflow.stderr()),
        },
    );
}

/// The properties of a login by name; a password in a file for SCRAM, in the text for PLAIN.
fn login(mechanism: &str, user: &str) -> String {
    let password = match mechanism {
        "SCRAM-SHA-512" => "{ file = \"password\" }".to_owned(),
        _ => format!("\"{PASSWORD}\""),
    };
    format!(
        "\"sasl.mechanism\" = \"{mechanism}\"\n\"sasl.username\" = \"{user}\"\n\"sasl.password\" = {password}\n"
    )
}

/// A new authority.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("a certificate")
}

/// A certificate with its key.
fn identity(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    name: &str,
    hosts: &[&str],
) -> (String, String) {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("parameters");
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

/// Every user's password.
const PASSWORD: &str = "right-Pa55word";
/// Nobody's password.
const WRONG: &str = "wrong-Pa55word";
