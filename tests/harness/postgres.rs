//! PostgreSQL servers: one of each major version for a whole run, or one for a single test.

mod database;
mod owner;
mod server;
mod sql;
mod template;

use std::env;
use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use tokio_postgres::Config;

pub use self::database::Database;
use self::server::Server;
pub use self::server::Stop;
pub use self::sql::Sql;
use crate::must::must;

/// A major version of PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Major {
    /// PostgreSQL 14.
    V14,
    /// PostgreSQL 15.
    V15,
    /// PostgreSQL 16.
    V16,
    /// PostgreSQL 17.
    V17,
    /// PostgreSQL 18.
    V18,
}

impl Major {
    /// Every version that outflow supports, oldest first.
    pub const ALL: [Self; 5] = [Self::V14, Self::V15, Self::V16, Self::V17, Self::V18];

    /// The version as a number.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::V14 => 14,
            Self::V15 => 15,
            Self::V16 => 16,
            Self::V17 => 17,
            Self::V18 => 18,
        }
    }
}

impl fmt::Display for Major {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

/// A running server. What all tests share can't be stopped: see [`OwnPostgres`] for that.
///
/// A logical slot can only be made once every transaction that is open on the server has ended, in whichever
/// database: a test that holds one open for long wants a server of its own.
#[derive(Debug)]
pub struct Postgres {
    /// Its major version.
    major: Major,
    /// How the superuser connects to it.
    admin: Config,
    /// A URL of it over TCP, whose database is replaced.
    url: String,
    /// The process, unless the server was running before.
    server: Option<Server>,
}

impl Postgres {
    /// The server of this version that all tests of the run share; the first caller starts it.
    ///
    /// A server that is named by `OUTFLOW_TEST_PG_URL` is taken in its place, if it is of this version.
    #[must_use]
    pub fn shared(major: Major) -> &'static Self {
        static SERVERS: [OnceLock<Postgres>; 5] = [const { OnceLock::new() }; 5];
        let [v14, v15, v16, v17, v18] = &SERVERS;
        let server = match major {
            Major::V14 => v14,
            Major::V15 => v15,
            Major::V16 => v16,
            Major::V17 => v17,
            Major::V18 => v18,
        };
        server.get_or_init(|| {
            must(match Self::running(major) {
                Ok(Some(server)) => Ok(server),
                Ok(None) => Self::started(major, &[]),
                Err(error) => Err(error.context("cannot use OUTFLOW_TEST_PG_URL")),
            })
        })
    }

    /// Starts a server for one test alone, with settings of `postgresql.conf` beside the harness's.
    #[must_use]
    pub fn own(major: Major, settings: &[(&str, &str)]) -> OwnPostgres {
        OwnPostgres(must(Self::started(major, settings)))
    }

    /// The server of `OUTFLOW_TEST_PG_URL`, if it is set and of this version.
    fn running(major: Major) -> anyhow::Result<Option<Self>> {
        let Ok(url) = env::var("OUTFLOW_TEST_PG_URL") else {
            return Ok(None);
        };
        let admin: Config = url.parse()?;
        let sql = Sql::connect(&admin)?;
        let number = sql.text("SELECT current_setting('server_version_num')::int / 10000");
        let same = number == Some(major.to_string());
        Ok(same.then_some(Self {
            major,
            admin,
            url,
            server: None,
        }))
    }

    /// A new server.
    fn started(major: Major, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let server = Server::create(major, settings)
            .with_context(|| format!("cannot start PostgreSQL {major}"))?;
        let mut admin = Config::new();
        admin
            .host_path(server.folder())
            .port(server.port())
            .user("postgres")
            .dbname("postgres");
        let url = format!("postgresql://postgres@127.0.0.1:{}/postgres", server.port());
        Ok(Self {
            major,
            admin,
            url,
            server: Some(server),
        })
    }

    /// Its major version.
    #[must_use]
    pub fn major(&self) -> Major {
        self.major
    }

    /// A new database, which is removed with its slots when the value is dropped.
    #[must_use]
    pub fn database(&self) -> Database {
        must(Database::create(self))
    }

    /// A new connection of the superuser, to the database `postgres`.
    #[must_use]
    pub fn sql(&self) -> Sql {
        must(Sql::connect(&self.admin).context("cannot connect to PostgreSQL"))
    }

    /// The URL of a database of it over TCP, as the superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let (before, options) = match self.url.split_once('?') {
            Some((before, options)) => (before, format!("?{options}")),
            None => (self.url.as_str(), String::new()),
        };
        let server = before.split_once("://").map_or(before, |(_, rest)| {
            rest.split_once('/').map_or(rest, |(server, _)| server)
        });
        format!("postgresql://{server}/{database}{options}")
    }

    /// What the server logged so far.
    #[must_use]
    pub fn logs(&self) -> String {
        self.server
            .as_ref()
            .map_or_else(String::new, |server| must(server.logs()))
    }

    /// The process behind it.
    #[track_caller]
    fn server(&self) -> &Server {
        must(
            self.server
                .as_ref()
                .context("a server that was running before can't be controlled"),
        )
    }

    /// The folder of the Unix socket.
    #[must_use]
    pub fn socket_folder(&self) -> &Path {
        self.server().folder()
    }

    /// The TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server().port()
    }
}

/// A server that belongs to one test, which may stop, kill and configure it. Removed when dropped.
#[derive(Debug)]
pub struct OwnPostgres(Postgres);

impl Deref for OwnPostgres {
    type Target = Postgres;

    fn deref(&self) -> &Postgres {
        &self.0
    }
}

impl OwnPostgres {
    /// Stops the server and waits for its end.
    #[track_caller]
    pub fn stop(&self, how: Stop) {
        self.begin_stop(how);
        self.wait_stopped(crate::PATIENCE);
    }

    /// Asks the server to stop, and returns at once.
    #[track_caller]
    pub fn begin_stop(&self, how: Stop) {
        must(self.server().signal(how.signal()));
    }

    /// Waits for the end of the server.
    #[track_caller]
    pub fn wait_stopped(&self, deadline: Duration) {
        must(self.server().wait_stopped(deadline));
    }

    /// Kills the postmaster with SIGKILL, as a crash would, and waits for the end of its children too.
    #[track_caller]
    pub fn kill9(&self) {
        must(self.server().kill9());
    }

    /// Starts the server again, on the same port, and waits until it takes connections.
    #[track_caller]
    pub fn start(&self) {
        must(self.server().start());
    }

    /// Sends a signal to the postmaster.
    #[track_caller]
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        must(self.server().signal(signal));
    }

    /// Adds settings to `postgresql.conf`; they hold after [`reload`](Self::reload) or a restart.
    #[track_caller]
    pub fn configure(&self, settings: &[(&str, &str)]) {
        must(self.server().configure(settings));
    }

    /// Replaces `pg_hba.conf` and reloads. The superuser keeps a line of its own on the Unix socket, which the
    /// harness uses.
    #[track_caller]
    pub fn pg_hba(&self, lines: &str) {
        must(self.server().write(
            "pg_hba.conf",
            &format!("local all postgres trust\n{lines}\n"),
        ));
        self.reload();
    }

    /// Writes a file (a certificate, a key) into the data folder, readable by the server alone.
    #[track_caller]
    pub fn write(&self, name: &str, content: &str) {
        must(self.server().write(name, content));
    }

    /// Makes the server read its configuration files again, and waits until new connections follow them.
    #[track_caller]
    pub fn reload(&self) {
        let loaded = || self.sql().text("SELECT pg_conf_load_time()");
        let before = loaded();
        self.signal(nix::sys::signal::Signal::SIGHUP);
        crate::wait_until(crate::PATIENCE, "the configuration to be loaded", || {
            loaded() != before
        });
    }
}
