//! Several servers, and where the settings of a connection come from, with real servers.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use harness::{Database, Major, Outflow, OwnPostgres, Postgres, Stop, compat};
use outflow_replication_slot::connect::{self, ConnectConfig, ConnectError};

use crate::login::{delivers, server};

#[test]
fn target_session_attrs_finds_the_server_that_is_wanted() {
    let (primary, standby) = (Postgres::own(Major::V17, &[]), standby(Major::V17));
    finds_the_wanted(Major::V17, &primary, &standby);
    // A primary that is read-only by default is neither a standby nor for writing.
    primary.configure(&[("default_transaction_read_only", "on")]);
    primary.reload();
    let text = |attrs| several(&[&standby, &primary], attrs);
    assert_eq!(port(&text("primary")), Ok(primary.port()));
    assert_eq!(port(&text("read-only")), Ok(standby.port()));
    let error = port(&text("read-write")).expect_err("no server for writing");
    assert!(error.contains("target_session_attrs=read-write"), "{error}");
}

#[test]
#[ignore = "wide: make test-all"]
fn target_session_attrs_on_the_other_versions() {
    for major in [Major::V14, Major::V15, Major::V16, Major::V18] {
        finds_the_wanted(major, &Postgres::own(major, &[]), &standby(major));
    }
}

/// Each of the words finds the right one of two, whatever their order.
fn finds_the_wanted(major: Major, primary: &OwnPostgres, standby: &OwnPostgres) {
    for (attrs, wanted) in [
        ("read-write", primary),
        ("primary", primary),
        ("read-only", standby),
        ("standby", standby),
        ("prefer-standby", standby),
    ] {
        for order in [[primary, standby], [standby, primary]] {
            let found = port(&several(&order, attrs));
            assert_eq!(found, Ok(wanted.port()), "{major}: {attrs}");
        }
        compat::works(&format!("Servers: target_session_attrs={attrs}"), major);
    }
    assert_eq!(
        port(&several(&[standby, primary], "any")),
        Ok(standby.port())
    );
    assert_eq!(
        port(&several(&[primary], "prefer-standby")),
        Ok(primary.port())
    );
    let error = port(&several(&[primary], "standby")).expect_err("no standby");
    assert!(error.contains("target_session_attrs=standby"), "{error}");
}

#[test]
fn a_host_that_is_down_is_passed_over_and_load_is_balanced() {
    let servers = [
        Postgres::own(Major::V17, &[]),
        Postgres::own(Major::V17, &[]),
    ];
    let down = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = down.local_addr().expect("an address").port();
    // The listener takes the connection and says nothing.
    let start = Instant::now();
    let text = format!(
        "host=127.0.0.1,127.0.0.1 port={silent},{} user=postgres dbname=postgres connect_timeout=1",
        servers[0].port()
    );
    let trusted = |server: &OwnPostgres| server.pg_hba("host all all 127.0.0.1/32 trust");
    servers.iter().for_each(trusted);
    assert_eq!(port(&text), Ok(servers[0].port()));
    assert!(start.elapsed() >= Duration::from_secs(1), "it was asked");
    drop(down);
    assert_eq!(
        port(&text),
        Ok(servers[0].port()),
        "and now it is refused at once"
    );

    let both: Vec<&OwnPostgres> = servers.iter().collect();
    let text = format!("{} load_balance_hosts=random", several(&both, "any"));
    let found: Vec<u16> = (0..64).map(|_| port(&text).expect("a server")).collect();
    for server in &servers {
        assert!(found.contains(&server.port()), "chance leaves nobody out");
    }
    compat::works("Servers: several hosts, connect_timeout", Major::V17);
    compat::works("Servers: load_balance_hosts=random", Major::V17);
}

#[test]
fn a_service_file_and_lists_in_the_environment() {
    let (server, database) = server(Major::V17);
    server.pg_hba("host all app 127.0.0.1/32 scram-sha-256");
    database
        .sql()
        .batch("CREATE ROLE app LOGIN REPLICATION PASSWORD 'secret'");
    let service = format!(
        "# by service\n[shop]\nhost=127.0.0.1\nport={}\nuser=app\npassword=secret\ndbname={}\n",
        server.port(),
        database.name()
    );
    let by_file = shot(&database)
        .file("services", &service)
        .env("PGSERVICE", "shop");
    let file = by_file.folder().join("services");
    delivers(&database, by_file.env("PGSERVICEFILE", file));
    let by_folder = shot(&database)
        .file("pg_service.conf", &service)
        .args(["-d", "service=shop connect_timeout=20"]);
    let folder = by_folder.folder().to_owned();
    delivers(&database, by_folder.env("PGSYSCONFDIR", folder));
    let unknown = shot(&database).args(["-d", "service=nobody"]).run_to_end();
    assert_eq!(unknown.code(), Some(78), "{}", unknown.stderr);
    assert!(
        unknown.stderr.contains("no service file defines"),
        "{}",
        unknown.stderr
    );
    assert!(
        unknown.stderr.contains("PGSERVICEFILE"),
        "{}",
        unknown.stderr
    );

    let by_lists = shot(&database)
        .env("PGHOST", "127.0.0.1,127.0.0.1")
        .env("PGPORT", format!("1,{}", server.port()))
        .env("PGUSER", "app")
        .env("PGPASSWORD", "secret")
        .env("PGDATABASE", database.name())
        .env("PGREQUIREAUTH", "scram-sha-256")
        .env("PGTARGETSESSIONATTRS", "primary");
    delivers(&database, by_lists);
    compat::works("Servers: service file, PG* environment", Major::V17);
}

/// A one-shot that is told nothing of where the server is.
fn shot(database: &Database) -> harness::OutflowCommand {
    let name = format!("name=\"{}\"", database.name());
    Outflow::command(["run", "--sink", "stdout", "--until-caught-up"]).args(["--set", &name])
}

/// A server that stays in hot standby.
fn standby(major: Major) -> OwnPostgres {
    let server = Postgres::own(major, &[]);
    server.stop(Stop::Fast);
    server.write("standby.signal", "");
    server.start();
    server
}

/// A text that names servers in this order.
fn several(servers: &[&OwnPostgres], attrs: &str) -> String {
    let ports: Vec<String> = servers
        .iter()
        .map(|server| server.port().to_string())
        .collect();
    let hosts = vec!["127.0.0.1"; ports.len()].join(",");
    let ports = ports.join(",");
    format!("host={hosts} port={ports} user=postgres dbname=postgres target_session_attrs={attrs}")
}

/// Connects, and gives the port of the server, or what is said.
fn port(text: &str) -> Result<u16, String> {
    let config = ConnectConfig::parse(text, |_| None).expect("a connection text");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let failed = |error: ConnectError| format!("{error}; {}", error.hint().unwrap_or_default());
        let client = connect::sql(&config).await.map_err(failed)?;
        let row = client
            .query_one("SELECT inet_server_port()", &[])
            .await
            .expect("an answer");
        Ok(u16::try_from(row.get::<_, i32>(0)).expect("a port"))
    })
}
