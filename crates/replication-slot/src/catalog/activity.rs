//! Who is connected, and whose open transaction holds a new slot up.

use std::time::Duration;

use tokio_postgres::Client;

use super::CatalogError;
use super::fields::Fields;

/// A transaction that has written something and has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// Its server process; `None` for a prepared one, which has none.
    pub pid: Option<i32>,
    /// Its name, where it is prepared (`COMMIT PREPARED` or `ROLLBACK PREPARED` ends it).
    pub prepared: Option<String>,
    /// Whose it is.
    pub user: Option<String>,
    /// In which database.
    pub database: Option<String>,
    /// The session's `application_name`.
    pub application: Option<String>,
    /// What the session does, as `pg_stat_activity` says: "idle in transaction".
    pub state: Option<String>,
    /// For how long it has been open; `None` for those who may not see it.
    pub open_for: Option<Duration>,
}

/// Gives the server process of this connection.
///
/// # Errors
/// [`CatalogError`] where the connection is broken.
///
/// # Cancel safety
/// Safe: it only reads.
pub async fn backend_pid(client: &Client) -> Result<i32, CatalogError> {
    let action = "ask for the server process";
    let row = client
        .query_one("SELECT pg_catalog.pg_backend_pid() AS pid", &[])
        .await
        .map_err(|error| CatalogError::new(action, error))?;
    Fields::new(&row, action).read("pid")
}

/// Lists the transactions that a slot creation of process `pid` waits for, oldest first.
///
/// # Errors
/// [`CatalogError`] where the connection is broken.
///
/// # Cancel safety
/// Safe: it only reads.
pub async fn open_transactions(
    client: &Client,
    pid: i32,
) -> Result<Vec<OpenTransaction>, CatalogError> {
    let action = "list the open transactions";
    let rows = client
        .query(OPEN, &[&pid])
        .await
        .map_err(|error| CatalogError::new(action, error))?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new(row, action);
            let open_secs: Option<f64> = fields.read("open_secs")?;
            Ok(OpenTransaction {
                pid: fields.read("pid")?,
                prepared: fields.read("prepared")?,
                user: fields.read("user")?,
                database: fields.read("database")?,
                application: fields.read("application")?,
                state: fields.read("state")?,
                open_for: open_secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok()),
            })
        })
        .collect()
}

/// Lets the server end every statement of this connection that takes longer.
///
/// # Errors
/// [`CatalogError`] where the connection is broken.
///
/// # Cancel safety
/// Safe: nothing depends on it.
pub async fn limit_statements(client: &Client, patience: Duration) -> Result<(), CatalogError> {
    let patience = format!("{}ms", patience.as_millis());
    client
        .execute(
            "SELECT pg_catalog.set_config('statement_timeout', $1::text, false)",
            &[&patience],
        )
        .await
        .map(|_| ())
        .map_err(|error| CatalogError::new("limit the statements", error))
}

/// Cancels what another connection of the same role is doing.
///
/// # Errors
/// [`CatalogError`] where the connection is broken.
///
/// # Cancel safety
/// Dropping the future leaves the server to it.
pub async fn cancel(client: &Client, pid: i32) -> Result<(), CatalogError> {
    client
        .execute("SELECT pg_catalog.pg_cancel_backend($1::int4)", &[&pid])
        .await
        .map(|_| ())
        .map_err(|error| CatalogError::new("cancel the command", error))
}

/// The question: what the process is blocked by now, and what else is older than its command. The
/// second part needs `pg_read_all_stats` to see the sessions of others.
const OPEN: &str = "\
WITH waiting AS (
    SELECT pid, query_start FROM pg_catalog.pg_stat_activity WHERE pid = $1::int4
)
SELECT a.pid, NULL::text AS prepared, a.usename::text AS user, a.datname::text AS database,
       NULLIF(a.application_name, '') AS application, a.state,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS open_secs
  FROM pg_catalog.pg_stat_activity a CROSS JOIN waiting w
 WHERE a.pid <> w.pid
   AND (a.pid = ANY (pg_catalog.pg_blocking_pids(w.pid))
        OR (a.backend_xid IS NOT NULL AND a.xact_start < w.query_start))
UNION ALL
SELECT NULL, p.gid, p.owner::text, p.database::text, NULL, 'prepared',
       extract(epoch FROM clock_timestamp() - p.prepared)::float8
  FROM pg_catalog.pg_prepared_xacts p
 ORDER BY open_secs DESC NULLS LAST";
