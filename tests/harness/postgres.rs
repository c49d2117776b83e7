//! PostgreSQL servers: one of each major version for a whole run, or one for a single test.

mod database;
mod major;
mod own;
mod owner;
mod server;
mod sql;
mod template;

use std::env;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::Context as _;
use tokio_postgres::Config;

pub use self::database::Database;
pub use self::major::Major;
pub use self::own::OwnPostgres;
use self::server::Server;
pub use self::server::Stop;
pub use self::sql::Sql;
use crate::must::must;

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
        OwnPostgres::new(must(Self::started(major, settings)))
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
        must(Database::create(self, ""))
    }

    /// As [`database`](Self::database), with text in another encoding than UTF-8.
    #[must_use]
    pub fn database_in(&self, encoding: &str) -> Database {
        let options = format!("TEMPLATE template0 LOCALE 'C' ENCODING '{encoding}'");
        must(Database::create(self, &options))
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
