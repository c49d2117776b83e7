//! A connection for ordinary SQL, without async.

use anyhow::Context as _;
use tokio_postgres::types::{FromSqlOwned, ToSql};
use tokio_postgres::{Client, Config, NoTls, Row, SimpleQueryMessage};

use crate::must::must;
use crate::runtime::{block_on, reactor};

/// One connection; several of them make transactions that overlap.
///
/// A transaction is `batch("BEGIN")`, more calls, and `batch("COMMIT")` on one connection.
#[derive(Debug)]
pub struct Sql(Client);

impl Sql {
    /// Connects, without TLS.
    pub(crate) fn connect(config: &Config) -> anyhow::Result<Self> {
        let (client, connection) = block_on(config.connect(NoTls))?;
        drop(reactor().spawn(connection));
        Ok(Self(client))
    }

    /// Connects to any URL, without TLS.
    ///
    /// # Errors
    /// What the server says.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        Self::connect(&url.parse()?)
    }

    /// Runs one or more statements.
    #[track_caller]
    pub fn batch(&self, statements: &str) {
        must(
            self.try_batch(statements)
                .with_context(|| format!("cannot run {}", head(statements))),
        );
    }

    /// Runs one or more statements that may fail.
    ///
    /// # Errors
    /// What the server says.
    pub fn try_batch(&self, statements: &str) -> Result<(), tokio_postgres::Error> {
        block_on(self.0.batch_execute(statements))
    }

    /// Runs a statement with parameters, and returns how many rows it touched.
    #[track_caller]
    pub fn execute(&self, statement: &str, parameters: &[&(dyn ToSql + Sync)]) -> u64 {
        must(
            block_on(self.0.execute(statement, parameters))
                .with_context(|| format!("cannot run {}", head(statement))),
        )
    }

    /// The rows of a query.
    #[track_caller]
    #[must_use]
    pub fn rows(&self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
        must(
            block_on(self.0.query(query, parameters))
                .with_context(|| format!("cannot run {}", head(query))),
        )
    }

    /// The first column of the only row.
    #[track_caller]
    #[must_use]
    pub fn value<T: FromSqlOwned>(&self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> T {
        must(
            block_on(self.0.query_one(query, parameters))
                .and_then(|row| row.try_get(0))
                .with_context(|| format!("cannot run {}", head(query))),
        )
    }

    /// The first column of the first row as PostgreSQL prints it, whatever its type; none where it is NULL or there
    /// is no row.
    #[track_caller]
    #[must_use]
    pub fn text(&self, query: &str) -> Option<String> {
        must(
            self.try_text(query)
                .with_context(|| format!("cannot run {}", head(query))),
        )
    }

    /// As [`text`](Self::text), for a query that may fail.
    ///
    /// # Errors
    /// What the server says.
    pub fn try_text(&self, query: &str) -> Result<Option<String>, tokio_postgres::Error> {
        let messages = block_on(self.0.simple_query(query))?;
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            SimpleQueryMessage::CommandComplete(_) | SimpleQueryMessage::RowDescription(_) | _ => {
                None
            }
        });
        Ok(row.and_then(|row| row.get(0)).map(str::to_owned))
    }

    /// The client itself, for async code. Its connection lives on the harness's reactor.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0
    }
}

/// The start of a statement, for messages.
fn head(statement: &str) -> String {
    statement.chars().take(200).collect()
}
