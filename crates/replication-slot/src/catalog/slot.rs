//! Slots as `pg_replication_slots` shows them, whatever columns the version has.

use std::fmt;
use std::time::Duration;

use outflow_pgoutput::Lsn;
use tokio_postgres::Client;

use super::CatalogError;
use super::fields::Fields;
use crate::name::SlotName;

/// A logical replication slot of the server, of whichever database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// Its name, unique on the server.
    pub name: String,
    /// The output plugin: `pgoutput` for ours.
    pub plugin: String,
    /// The database whose changes it holds.
    pub database: String,
    /// Whether it goes with the connection that made it.
    pub temporary: bool,
    /// Who reads it now.
    pub reader: Option<SlotClient>,
    /// The oldest WAL that it keeps; `None` where it has lost it.
    pub restart_lsn: Option<Lsn>,
    /// Up to here its reader has confirmed everything.
    pub confirmed_flush_lsn: Option<Lsn>,
    /// What is left of its WAL.
    pub wal_status: WalStatus,
    /// How much may still be written before its WAL is in danger; `None`: no limit is set.
    pub safe_wal_bytes: Option<u64>,
    /// Whether it sends prepared transactions.
    pub two_phase: bool,
    /// From where on it does so; `None` where it does not, or where the version does not say (since
    /// 18).
    pub two_phase_at: Option<Lsn>,
    /// The oldest transaction whose effects on the catalogs are kept for it.
    pub catalog_xmin: Option<u32>,
    /// How many transactions ago that was.
    pub catalog_xmin_age: Option<u64>,
    /// Whether recovery removed what it needs (standbys, since 16).
    pub conflicting: Option<bool>,
    /// Since when nobody reads it, in UTC as ISO 8601 (since 17).
    pub inactive_since: Option<String>,
    /// For how long nobody has read it (since 17).
    pub inactive_for: Option<Duration>,
    /// Why it can't be used any more (since 17; `conflicting` says it in 16).
    pub invalidation_reason: Option<String>,
    /// Whether standbys are to have it too (since 17).
    pub failover: Option<bool>,
    /// Whether it is, or was before a promotion, a copy of the primary's (since 17).
    pub synced: Option<bool>,
    /// Whether the server is a standby.
    pub on_standby: bool,
    /// WAL between what was confirmed and the end.
    pub behind_bytes: Option<u64>,
    /// WAL that the server keeps for it.
    pub retained_bytes: Option<u64>,
    /// How long ago its reader's last confirmation was written (an active slot that is not caught
    /// up).
    pub flush_lag: Option<Duration>,
    /// All columns that the server's version has, as a JSON object.
    pub columns: String,
}

/// The connection that reads a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotClient {
    /// Its server process.
    pub pid: i32,
    /// Its `application_name`, where it has one.
    pub application: Option<String>,
    /// From where; `None` over a Unix socket, and for those who may not see it.
    pub address: Option<String>,
}

/// `wal_status` (PostgreSQL manual, "pg_replication_slots").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalStatus {
    /// Its WAL is within `max_wal_size`.
    Reserved,
    /// Its WAL is beyond that and kept.
    Extended,
    /// Some of its WAL goes at the next checkpoint.
    Unreserved,
    /// Some of it is gone: it can't be used any more.
    Lost,
    /// What this version of ours does not know.
    Other(String),
}

impl SlotInfo {
    /// Finds a logical slot by its name.
    ///
    /// # Errors
    /// [`CatalogError`] where the connection is broken.
    ///
    /// # Cancel safety
    /// Safe: it only reads.
    pub async fn find(client: &Client, name: &SlotName) -> Result<Option<Self>, CatalogError> {
        Ok(read(client, Some(name.as_str())).await?.pop())
    }

    /// Lists all logical slots by their names, those of other databases too.
    ///
    /// # Errors
    /// As [`SlotInfo::find`].
    ///
    /// # Cancel safety
    /// Safe: it only reads.
    pub async fn list(client: &Client) -> Result<Vec<Self>, CatalogError> {
        read(client, None).await
    }

    /// Says whether somebody reads it.
    pub const fn is_active(&self) -> bool {
        self.reader.is_some()
    }

    /// Says whether it is a copy of the primary's, which only a promotion frees.
    pub fn is_copy(&self) -> bool {
        self.on_standby && self.synced == Some(true)
    }

    /// Says whether it can't be used any more, whoever asks.
    pub fn is_lost(&self) -> bool {
        self.wal_status == WalStatus::Lost
            || self.invalidation_reason.is_some()
            || self.conflicting == Some(true)
    }

    /// Says why it can't be used any more; the older the version, the less it tells.
    pub fn lost_reason(&self) -> Option<&str> {
        match &self.invalidation_reason {
            Some(reason) => Some(reason),
            None if self.conflicting == Some(true) => Some("conflict with recovery"),
            None if self.wal_status == WalStatus::Lost => Some("wal_removed"),
            None => None,
        }
    }
}

impl WalStatus {
    /// Reads the column.
    fn parse(text: Option<&str>) -> Self {
        match text.unwrap_or("unknown") {
            "reserved" => Self::Reserved,
            "extended" => Self::Extended,
            "unreserved" => Self::Unreserved,
            "lost" => Self::Lost,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Gives PostgreSQL's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Reserved => "reserved",
            Self::Extended => "extended",
            Self::Unreserved => "unreserved",
            Self::Lost => "lost",
            Self::Other(other) => other,
        }
    }
}

impl fmt::Display for WalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads one slot or all.
async fn read(client: &Client, name: Option<&str>) -> Result<Vec<SlotInfo>, CatalogError> {
    let rows = client
        .query(SLOTS, &[&name])
        .await
        .map_err(|error| CatalogError::new(ACTION, error))?;
    rows.iter()
        .map(|row| slot(Fields::new(row, ACTION)))
        .collect()
}

/// Reads one row.
fn slot(fields: Fields<'_>) -> Result<SlotInfo, CatalogError> {
    let seconds = |name| -> Result<Option<Duration>, CatalogError> {
        let value: Option<f64> = fields.read(name)?;
        Ok(value.map(|value| Duration::try_from_secs_f64(value).unwrap_or_default()))
    };
    let pid: Option<i32> = fields.read("active_pid")?;
    let application: Option<String> = fields.read("application_name")?;
    let application = application.filter(|name| !name.is_empty());
    let address = fields.read("client_addr")?;
    Ok(SlotInfo {
        name: fields.read("slot_name")?,
        plugin: fields.read("plugin")?,
        database: fields.read("database")?,
        temporary: fields.read("temporary")?,
        reader: pid.map(|pid| SlotClient {
            pid,
            application,
            address,
        }),
        restart_lsn: fields.lsn("restart_lsn")?,
        confirmed_flush_lsn: fields.lsn("confirmed_flush_lsn")?,
        wal_status: WalStatus::parse(fields.read("wal_status")?),
        safe_wal_bytes: fields.unsigned("safe_wal_size")?,
        two_phase: fields.read("two_phase")?,
        two_phase_at: fields.lsn("two_phase_at")?,
        catalog_xmin: fields
            .unsigned("catalog_xmin")?
            .and_then(|xid| u32::try_from(xid).ok()),
        catalog_xmin_age: fields.unsigned("catalog_xmin_age")?,
        conflicting: fields.read("conflicting")?,
        inactive_since: fields.read("inactive_since")?,
        inactive_for: seconds("inactive_seconds")?,
        invalidation_reason: fields.read("invalidation_reason")?,
        failover: fields.read("failover")?,
        synced: fields.read("synced")?,
        on_standby: fields.read("on_standby")?,
        behind_bytes: fields.unsigned("behind_bytes")?,
        retained_bytes: fields.unsigned("retained_bytes")?,
        flush_lag: seconds("flush_lag_seconds")?,
        columns: fields.read("columns")?,
    })
}

/// The question. As JSON a row has the columns of its version, and the others are NULL.
const SLOTS: &str = "\
SELECT s.slot_name::text, s.plugin::text, s.database::text, s.temporary, s.active_pid,
       a.application_name, COALESCE(r.client_addr, a.client_addr)::text AS client_addr,
       s.restart_lsn::text, s.confirmed_flush_lsn::text, s.wal_status, s.safe_wal_size, s.two_phase,
       v.j ->> 'two_phase_at' AS two_phase_at, s.catalog_xmin::text::int8 AS catalog_xmin,
       pg_catalog.age(s.catalog_xmin)::int8 AS catalog_xmin_age,
       (v.j ->> 'conflicting')::boolean AS conflicting,
       to_char((v.j ->> 'inactive_since')::timestamptz AT TIME ZONE 'UTC',
               'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS inactive_since,
       extract(epoch FROM now() - (v.j ->> 'inactive_since')::timestamptz)::float8
           AS inactive_seconds,
       v.j ->> 'invalidation_reason' AS invalidation_reason,
       (v.j ->> 'failover')::boolean AS failover,
       (v.j ->> 'synced')::boolean AS synced, pg_catalog.pg_is_in_recovery() AS on_standby,
       pg_catalog.pg_wal_lsn_diff(here.lsn, s.confirmed_flush_lsn)::int8 AS behind_bytes,
       pg_catalog.pg_wal_lsn_diff(here.lsn, s.restart_lsn)::int8 AS retained_bytes,
       extract(epoch FROM r.flush_lag)::float8 AS flush_lag_seconds, v.j::text AS columns
  FROM pg_catalog.pg_replication_slots s
 CROSS JOIN LATERAL (SELECT to_jsonb(s) AS j) v
 CROSS JOIN (SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
                         THEN pg_catalog.pg_last_wal_replay_lsn()
                         ELSE pg_catalog.pg_current_wal_flush_lsn() END AS lsn) here
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = s.active_pid
  LEFT JOIN pg_catalog.pg_stat_replication r ON r.pid = s.active_pid
 WHERE s.slot_type = 'logical' AND ($1::text IS NULL OR s.slot_name = $1)
 ORDER BY s.slot_name";

/// What it is for.
const ACTION: &str = "read the replication slots";
