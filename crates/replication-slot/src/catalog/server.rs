//! What kind of server and role the connection is.

use outflow_pgoutput::Lsn;
use tokio_postgres::Client;

use super::CatalogError;
use super::fields::Fields;

/// What decides whether a slot can be made and read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFacts {
    /// `server_version_num`: 170002 is 17.2.
    pub version_num: u32,
    /// The version as PostgreSQL shows it, distribution included.
    pub version: String,
    /// `wal_level`: must be `logical`.
    pub wal_level: String,
    /// Whether the server is a standby.
    pub in_recovery: bool,
    /// The end of the WAL that is safe on disk; on a standby, of what was replayed.
    pub current_lsn: Lsn,
    /// The database of the connection.
    pub database: String,
    /// The role of the connection.
    pub user: String,
    /// The encoding of the database.
    pub server_encoding: String,
    /// Whether the role may use replication: by its attribute, as a superuser, or by membership in
    /// the role that a managed service has for it.
    pub can_replicate: bool,
    /// The managed service's role for replication that exists here, if one does.
    pub managed_by: Option<String>,
}

impl ServerFacts {
    /// Asks the server.
    ///
    /// # Errors
    /// [`CatalogError`] where the connection is broken.
    ///
    /// # Cancel safety
    /// Safe: it only reads.
    pub async fn read(client: &Client) -> Result<Self, CatalogError> {
        let row = client
            .query_one(FACTS, &[])
            .await
            .map_err(|error| CatalogError::new(ACTION, error))?;
        let fields = Fields::new(&row, ACTION);
        Ok(Self {
            version_num: u32::try_from(fields.read::<i32>("version_num")?).unwrap_or_default(),
            version: fields.read("version")?,
            wal_level: fields.read("wal_level")?,
            in_recovery: fields.read("in_recovery")?,
            current_lsn: fields.lsn("current_lsn")?.unwrap_or(Lsn::ZERO),
            database: fields.read("database")?,
            user: fields.read("user")?,
            server_encoding: fields.read("server_encoding")?,
            can_replicate: fields.read("can_replicate")?,
            managed_by: fields.read("managed_by")?,
        })
    }

    /// Gives the major version: 17 for 17.2.
    pub const fn major(&self) -> u32 {
        self.version_num / 10_000
    }
}

/// The question.
///
/// Of two roles of services at one server (AlloyDB has Cloud SQL's too) the first by name counts.
/// A managed service gives replication by membership in a role of its own (Amazon RDS:
/// `rds_replication`) or by the attribute, which only its administrator role can set.
const FACTS: &str = "\
SELECT current_setting('server_version_num')::int4 AS version_num,
       current_setting('server_version') AS version,
       current_setting('wal_level') AS wal_level,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
             ELSE pg_catalog.pg_current_wal_flush_lsn() END)::text AS current_lsn,
       current_database()::text AS database,
       current_user::text AS user,
       current_setting('server_encoding') AS server_encoding,
       (SELECT own.rolsuper OR own.rolreplication FROM pg_catalog.pg_roles own
         WHERE own.rolname = current_user)
       OR EXISTS (SELECT FROM pg_catalog.pg_roles given
                   WHERE given.rolname IN ('rds_replication', 'rds_superuser', 'cloudsqlsuperuser')
                     AND pg_catalog.pg_has_role(given.oid, 'USAGE')) AS can_replicate,
       (SELECT min(given.rolname)::text FROM pg_catalog.pg_roles given
         WHERE given.rolname IN ('rds_replication', 'cloudsqlsuperuser', 'alloydbsuperuser',
                                 'azure_pg_admin', 'neon_superuser'))
       AS managed_by";

/// What it is for.
const ACTION: &str = "read what the server is";
