use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::*;

/// The user that the tests run as.
fn os_user() -> Option<OsUser> {
    Some(OsUser {
        name: "login".to_owned(),
        home: PathBuf::from("/nowhere"),
    })
}

/// Reads a text over some variables.
fn with_env(text: &str, variables: &[(&str, &str)]) -> Result<ConnectConfig, ConnInfoError> {
    let variables: BTreeMap<_, _> = variables.iter().copied().collect();
    let variable = |name: &str| variables.get(name).map(|&value| value.to_owned());
    let environment = Environment::new(&variable, &os_user);
    ConnectConfig::resolve(&ConnInfo::parse(text).unwrap(), &environment)
}

/// Reads a text that is good.
fn config(text: &str) -> ConnectConfig {
    with_env(text, &[]).unwrap()
}

/// Reads a text that is refused, and gives the error with its hint.
fn refused(text: &str) -> String {
    let error = with_env(text, &[]).unwrap_err();
    format!("{error}; {}", error.hint().unwrap_or_default())
}

/// Lists the servers.
fn hosts(config: &ConnectConfig) -> Vec<String> {
    config.hosts().iter().map(Host::to_string).collect()
}

/// Gives the password that would be sent to the first server.
fn password(config: &ConnectConfig) -> Option<String> {
    let found = config.password(&config.hosts()[0]);
    found
        .ok()
        .map(|password| password.expose_secret().to_owned())
}

#[test]
fn defaults_are_libpqs() {
    let config = config("");
    assert_eq!(
        hosts(&config),
        ["/var/run/postgresql/.s.PGSQL.5432", "localhost:5432"]
    );
    assert_eq!((config.user(), config.dbname()), ("login", "login"));
    assert_eq!(config.sslmode(), SslMode::Prefer);
    assert_eq!(config.application_name(), "");
    assert_eq!(config.client_encoding(), "UTF8");
    assert_eq!(config.passfile, Some(PathBuf::from("/nowhere/.pgpass")));
    assert_eq!(config.keepalive, Some(Keepalive::default()));
    assert_eq!(config.receive_buffer, ReceiveBuffer::Auto);
}

#[test]
fn the_text_is_over_the_environment() {
    let variables = [
        ("PGHOST", "env"),
        ("PGPORT", "1"),
        ("PGUSER", "envuser"),
        ("PGPASSWORD", "envpass"),
        ("PGDATABASE", "envdb"),
        ("PGSSLMODE", "require"),
        ("PGAPPNAME", "envapp"),
        ("PGCONNECT_TIMEOUT", "7"),
        ("PGOPTIONS", "-c a=b"),
        ("PGSSLROOTCERT", "/ca.pem"),
        ("PGPASSFILE", "/passes"),
    ];
    let from_env = with_env("", &variables).unwrap();
    assert_eq!(hosts(&from_env), ["env:1"]);
    assert_eq!((from_env.user(), from_env.dbname()), ("envuser", "envdb"));
    assert_eq!(password(&from_env).as_deref(), Some("envpass"));
    assert_eq!(from_env.sslmode(), SslMode::Require);
    assert_eq!(from_env.application_name(), "envapp");
    assert_eq!(from_env.connect_timeout, Some(Duration::from_secs(7)));
    assert_eq!(from_env.options, "-c a=b");
    assert_eq!(from_env.trust, Some(Trust::File("/ca.pem".into())));
    assert_eq!(from_env.passfile, Some(PathBuf::from("/passes")));

    let text = "host=h port=2 user=u password=p dbname=d sslmode=disable application_name=a \
                connect_timeout=0 options='' sslrootcert=/x passfile=/y";
    let from_text = with_env(text, &variables).unwrap();
    assert_eq!(hosts(&from_text), ["h:2"]);
    assert_eq!((from_text.user(), from_text.dbname()), ("u", "d"));
    assert_eq!(password(&from_text).as_deref(), Some("p"));
    assert_eq!(from_text.sslmode(), SslMode::Disable);
    assert_eq!(from_text.application_name(), "a");
    assert_eq!(from_text.connect_timeout, None);
    assert_eq!(from_text.options, "");
    assert_eq!(from_text.trust, Some(Trust::File("/x".into())));
    assert_eq!(from_text.passfile, Some(PathBuf::from("/y")));
}

#[test]
fn several_hosts_take_one_port_or_as_many() {
    assert_eq!(hosts(&config("host=a,b port=1")), ["a:1", "b:1"]);
    assert_eq!(hosts(&config("host=a,b port=1,2")), ["a:1", "b:2"]);
    assert_eq!(hosts(&config("host=a,b port=,2")), ["a:5432", "b:2"]);
    assert_eq!(
        hosts(&config("host=/run/pg,::1")),
        ["/run/pg/.s.PGSQL.5432", "[::1]:5432"]
    );
    assert_eq!(
        hosts(&config("hostaddr=10.0.0.1,10.0.0.2")),
        ["10.0.0.1:5432", "10.0.0.2:5432"]
    );
    let named = config("host=a hostaddr=10.0.0.1");
    let address = Some("10.0.0.1".to_owned());
    assert_eq!(
        named.hosts(),
        [Host::Tcp {
            name: "a".to_owned(),
            address,
            port: 5432
        }]
    );
    assert!(refused("host=a,b port=1,2,3").starts_with("3 ports given for 2 hosts"));
    assert!(refused("host=a,b hostaddr=::1").starts_with("1 addresses given for 2 hosts"));
    for port in ["0", "65536", "x", "-1"] {
        assert!(
            refused(&format!("host=a port={port}")).contains("1 to 65535"),
            "{port}"
        );
    }
    assert!(refused("hostaddr=db.example").contains("numeric IP address"));
    assert!(refused("host=@abstract").contains("name the folder"));
}

#[test]
fn what_this_version_does_not_have_is_refused_if_it_would_matter() {
    for text in [
        "sslcrl=a",
        "sslcrldir=a",
        "sslkeylogfile=a",
        "requirepeer=postgres",
        "gssencmode=require",
        "gssdelegation=1",
        "sslcompression=1",
        "replication=true",
        "client_encoding=LATIN1",
        "min_protocol_version=3.2",
        "scram_client_key=a",
        "oauth_client_secret=a",
    ] {
        let shown = refused(text);
        let (error, hint) = shown.split_once("; ").unwrap();
        assert!(
            error.contains("is not supported") && !hint.is_empty(),
            "{text}: {shown}"
        );
    }
    for text in [
        "channel_binding=prefer",
        "channel_binding=disable",
        "target_session_attrs=any",
        "gssencmode=disable",
        "gssencmode=prefer",
        "sslnegotiation=postgres",
        "sslcert=''",
        "client_encoding=UTF8",
        "client_encoding=auto",
        "krbsrvname=postgres",
        "sslcertmode=allow",
    ] {
        let _read = config(text);
    }
    let error = with_env("", &[("PGGSSENCMODE", "require")]).unwrap_err();
    assert_eq!(error.to_string(), "PGGSSENCMODE=require is not supported");
    let error = with_env("", &[("PGREQUIREPEER", "postgres")]).unwrap_err();
    assert_eq!(error.to_string(), "PGREQUIREPEER is not supported");
    let _read = with_env("gssencmode=disable", &[("PGGSSENCMODE", "require")]).unwrap();
}

#[test]
fn what_does_not_go_together_is_refused() {
    for text in [
        "sslrootcert=system sslmode=require",
        "sslrootcert=system sslmode=verify-ca",
        "sslnegotiation=direct",
        "sslnegotiation=direct sslmode=prefer",
        "sslcert=/client.crt",
        "sslcertmode=require",
    ] {
        let shown = refused(text);
        assert!(!shown.ends_with("; "), "without a hint: {text}: {shown}");
    }
    assert_eq!(config("sslrootcert=system").sslmode(), SslMode::VerifyFull);
    let direct = config("sslnegotiation=direct sslmode=require");
    assert_eq!(direct.negotiation, Negotiation::Direct);
    assert!(
        config("sslcert=/a sslkey=/b sslcertmode=disable")
            .client
            .is_none()
    );
    for text in [
        "channel_binding=x",
        "sslnegotiation=x",
        "sslcertmode=x",
        "target_session_attrs=x",
        "load_balance_hosts=x",
        "require_auth=x",
        "require_auth=md5,!none",
    ] {
        assert!(refused(text).contains("expected"), "{text}");
    }
}

#[test]
fn the_client_certificate_is_of_the_home_folder_or_named() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".postgresql");
    std::fs::create_dir(&folder).unwrap();
    let variables = [("HOME", home.path().to_str().unwrap())];
    assert!(with_env("", &variables).unwrap().client.is_none());
    std::fs::write(folder.join("postgresql.crt"), "").unwrap();
    std::fs::write(folder.join("postgresql.key"), "").unwrap();
    let of_home = with_env("", &variables).unwrap().client.unwrap();
    assert_eq!(of_home.key, folder.join("postgresql.key"));
    let text = "sslcert=/a sslkey=/b sslpassword=hunter2";
    let named = with_env(text, &variables).unwrap();
    assert_eq!(
        named.client.as_ref().unwrap().certificate,
        PathBuf::from("/a")
    );
    assert!(!format!("{named:?}").contains("hunter2"));
    assert!(!format!("{:?}", ConnInfo::parse(text).unwrap()).contains("hunter2"));
}

#[test]
fn require_auth_lists_methods_or_rules_them_out() {
    let allows = |text: &str, method| config(text).methods.allow(method);
    assert!(allows("", Method::None) && allows("", Method::Password));
    assert!(allows("require_auth=md5,scram-sha-256", Method::Md5));
    assert!(!allows("require_auth=md5,scram-sha-256", Method::None));
    assert!(!allows("require_auth=!password,!none", Method::None));
    assert!(allows("require_auth=!password,!none", Method::Scram));
    assert!(!allows("require_auth=gss", Method::Scram));
}

#[test]
fn a_service_stands_between_the_text_and_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("services");
    std::fs::write(
        &file,
        "[shop]\nhost=s\nport=2\nuser=serviceuser\npassword=hunter2\nsslmode=require\n",
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let variables = [
        ("PGSERVICE", "shop"),
        ("PGSERVICEFILE", path),
        ("PGUSER", "envuser"),
        ("PGDATABASE", "envdb"),
        ("PGPASSWORD", "envpass"),
    ];
    let read = with_env("port=3", &variables).unwrap();
    assert_eq!(hosts(&read), ["s:3"]);
    assert_eq!((read.user(), read.dbname()), ("serviceuser", "envdb"));
    assert_eq!(password(&read).as_deref(), Some("hunter2"));
    assert_eq!(read.sslmode(), SslMode::Require);
    let error = with_env("service=other", &variables).unwrap_err();
    assert_eq!(
        error,
        ConnInfoError::NoService {
            service: "other".to_owned()
        }
    );

    std::fs::rename(&file, folder.path().join("pg_service.conf")).unwrap();
    let system = [("PGSYSCONFDIR", folder.path().to_str().unwrap())];
    assert_eq!(hosts(&with_env("service=shop", &system).unwrap()), ["s:2"]);
    std::fs::rename(
        folder.path().join("pg_service.conf"),
        folder.path().join(".pg_service.conf"),
    )
    .unwrap();
    let home = [("HOME", folder.path().to_str().unwrap())];
    assert_eq!(hosts(&with_env("service=shop", &home).unwrap()), ["s:2"]);
}

#[test]
fn an_old_variable_asks_for_tls() {
    let mode = |text: &str| with_env(text, &[("PGREQUIRESSL", "1")]).unwrap().sslmode();
    assert_eq!(mode(""), SslMode::Require);
    assert_eq!(mode("sslmode=disable"), SslMode::Disable);
}

#[test]
fn numbers_and_words_are_checked() {
    assert!(
        refused("sslmode=on").contains("disable, allow, prefer, require, verify-ca or verify-full")
    );
    assert!(refused("connect_timeout=soon").contains("a whole number"));
    assert!(refused("ssl_min_protocol_version=SSLv3").contains("TLSv1.2 or TLSv1.3"));
    assert!(refused("ssl_max_protocol_version=TLSv1.1").contains("TLSv1.2 or TLSv1.3"));
    let tls = |text| config(text).tls_versions;
    assert_eq!(tls(""), TlsVersions::Both);
    assert_eq!(tls("ssl_min_protocol_version=TLSv1"), TlsVersions::Both);
    assert_eq!(tls("ssl_min_protocol_version=tlsv1.3"), TlsVersions::Only13);
    assert_eq!(tls("ssl_max_protocol_version=TLSv1.2"), TlsVersions::Only12);
    let timeout = |text| config(text).connect_timeout;
    assert_eq!(timeout("connect_timeout=-1"), None);
    assert_eq!(timeout("connect_timeout=3"), Some(Duration::from_secs(3)));
    assert!(timeout("").is_some());
}

#[test]
fn tcp_settings_are_libpqs() {
    let text = "keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=1500";
    let read = config(text);
    let secs = Duration::from_secs;
    let all = Keepalive {
        idle: Some(secs(10)),
        interval: Some(secs(5)),
        retries: Some(3),
    };
    assert_eq!(read.keepalive, Some(all));
    assert_eq!(read.tcp_user_timeout, Some(Duration::from_millis(1500)));
    assert_eq!(config("keepalives=0").keepalive, None);
    let patient = config("").with_tcp_user_timeout(secs(15));
    assert_eq!(patient.tcp_user_timeout, Some(secs(15)));
    assert_eq!(
        read.with_tcp_user_timeout(secs(15))
            .tcp_user_timeout
            .unwrap()
            .as_millis(),
        1500
    );
}

#[test]
fn the_files_of_the_home_folder_count() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".postgresql");
    std::fs::create_dir(&folder).unwrap();
    let variables = [("HOME", home.path().to_str().unwrap())];
    let read = || with_env("sslmode=verify-full", &variables);
    assert_eq!(read().unwrap().trust, None);
    std::fs::write(folder.join("root.crl"), "").unwrap();
    assert_eq!(read().unwrap().trust, None);
    std::fs::write(folder.join("root.crt"), "").unwrap();
    assert!(read().unwrap_err().hint().unwrap().contains("root.crl"));
    std::fs::remove_file(folder.join("root.crl")).unwrap();
    assert_eq!(
        read().unwrap().trust,
        Some(Trust::File(folder.join("root.crt")))
    );
}

#[test]
fn without_a_user_name_there_is_an_error() {
    let nobody = || None;
    let environment = Environment::new(&|_| None, &nobody);
    let error = ConnectConfig::resolve(&ConnInfo::default(), &environment).unwrap_err();
    assert_eq!(error, ConnInfoError::NoUser);
    let info = ConnInfo::parse("user=u").unwrap();
    let config = ConnectConfig::resolve(&info, &environment).unwrap();
    assert_eq!((config.dbname(), &config.passfile), ("u", &None));
}

#[test]
fn a_password_file_is_read_each_time() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let source = PasswordSource::file(file.path().to_owned());
    let config = config("user=u").with_password(source);
    std::fs::write(file.path(), "first\r\n").unwrap();
    assert_eq!(password(&config).as_deref(), Some("first"));
    std::fs::write(file.path(), "second\n\n").unwrap();
    assert_eq!(password(&config).as_deref(), Some("second\n"));
    file.close().unwrap();
    let error = config.password(&config.hosts()[0]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the password of \"u\" cannot be read"),
        "{error}"
    );
}

#[test]
fn the_password_of_the_text_is_over_a_source_and_never_shown() {
    let other = PasswordSource::Known("other".to_owned().into());
    let config = config("password=hunter2").with_password(other);
    assert_eq!(password(&config).as_deref(), Some("hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn session_settings_follow_the_users_options() {
    let config = config("options='-c a=b'");
    let settings = [("wal_sender_timeout", "15000"), ("search_path", "a, b\\c")];
    assert_eq!(
        config.session_options(&settings),
        "-c a=b -c wal_sender_timeout=15000 -c search_path=a,\\ b\\\\c"
    );
    assert_eq!(config.session_options(&[]), "-c a=b");
}

#[test]
fn the_application_name_of_the_user_is_kept() {
    let named = config("application_name=mine").with_fallback_application_name("outflow");
    assert_eq!(named.application_name(), "mine");
    let unnamed = config("").with_fallback_application_name("outflow");
    assert_eq!(unnamed.application_name(), "outflow");
}

#[test]
fn an_address_that_answered_can_be_asked_alone() {
    let config = config("host=a,b");
    let found = config.hosts()[1].at("[fe80::1%3]:5432".parse().unwrap());
    let narrowed = config.with_host(found);
    let address = Some("fe80::1%3".to_owned());
    assert_eq!(
        narrowed.hosts(),
        [Host::Tcp {
            name: "b".to_owned(),
            address,
            port: 5432
        }]
    );
}
