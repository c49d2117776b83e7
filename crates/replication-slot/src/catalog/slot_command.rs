//! The commands that make, drop and move a slot.
//!
//! They go through SQL functions rather than through the replication protocol, so that an ordinary
//! connection can be cancelled while the server waits.

use outflow_pgoutput::Lsn;
use tokio_postgres::Client;

use super::CatalogError;
use super::fields::Fields;
use crate::name::{SlotName, quote_literal};

/// Gives the SQL that makes a slot for pgoutput.
pub fn create_slot_sql(name: &SlotName) -> String {
    format!(
        "SELECT lsn FROM pg_create_logical_replication_slot({}, 'pgoutput');",
        quote_literal(name.as_str())
    )
}

/// Makes a slot, and gives its consistent point: what commits from there on is delivered.
///
/// The server waits for every transaction that is open on it, of any database, for as long as they
/// take. It notices within a second that this connection is gone, and then makes no slot; after
/// [`cancel`](super::cancel) it makes none either.
///
/// # Errors
/// [`CatalogError`]: 42710 where a slot has this name, 53400 where there is no room, 55000 where
/// `wal_level` is too low, 42501 without the privilege, 57014 where it was cancelled.
///
/// # Cancel safety
/// Dropping the future leaves the server to it: close the connection, or cancel.
pub async fn create_slot(client: &Client, name: &SlotName) -> Result<Lsn, CatalogError> {
    let action = "create the replication slot";
    client
        .execute(PATIENT, &[])
        .await
        .map_err(|error| CatalogError::of(action, name.as_str(), error))?;
    position(client, action, name, CREATE).await
}

/// Gives the SQL that drops a slot.
pub fn drop_slot_sql(name: &SlotName) -> String {
    format!(
        "SELECT pg_drop_replication_slot({});",
        quote_literal(name.as_str())
    )
}

/// Drops a slot.
///
/// # Errors
/// [`CatalogError`]: 55006 where it is in use, 42704 where there is none.
///
/// # Cancel safety
/// Dropping the future leaves the server to it.
pub async fn drop_slot(client: &Client, name: &SlotName) -> Result<(), CatalogError> {
    client
        .execute(
            "SELECT pg_catalog.pg_drop_replication_slot($1::text::name)",
            &[&name.as_str()],
        )
        .await
        .map(|_| ())
        .map_err(|error| CatalogError::of("drop the replication slot", name.as_str(), error))
}

/// Gives the SQL that moves a slot forward.
pub fn advance_slot_sql(name: &SlotName, to: Lsn) -> String {
    format!(
        "SELECT end_lsn FROM pg_replication_slot_advance({}, {});",
        quote_literal(name.as_str()),
        quote_literal(&to.to_string())
    )
}

/// Moves a slot forward, and gives where it is then; what lies between is never delivered.
///
/// # Errors
/// [`CatalogError`]: 55006 where it is in use, 42704 where there is none, 55000 where it would move
/// back or is lost.
///
/// # Cancel safety
/// Dropping the future leaves the server to it.
pub async fn advance_slot(client: &Client, name: &SlotName, to: Lsn) -> Result<Lsn, CatalogError> {
    let query = format!("{ADVANCE}, {})", quote_literal(&to.to_string()));
    position(client, "advance the replication slot", name, &query).await
}

/// Runs a command on a slot that answers with a position.
async fn position(
    client: &Client,
    action: &'static str,
    name: &SlotName,
    query: &str,
) -> Result<Lsn, CatalogError> {
    let row = client
        .query_one(query, &[&name.as_str()])
        .await
        .map_err(|error| CatalogError::of(action, name.as_str(), error))?;
    Fields::new(&row, action)
        .lsn("lsn")?
        .ok_or_else(|| CatalogError::answer(action, "no position"))
}

/// Makes a slot.
const CREATE: &str = "\
SELECT lsn::text
  FROM pg_catalog.pg_create_logical_replication_slot($1::text::name, 'pgoutput')";

/// Moves a slot; the position and a parenthesis are to follow.
const ADVANCE: &str = "\
SELECT end_lsn::text AS lsn
  FROM pg_catalog.pg_replication_slot_advance($1::text::name";

/// Lets the session wait for as long as it takes, but not longer than its client is there.
const PATIENT: &str = "\
SELECT pg_catalog.set_config(
           name, CASE name WHEN 'client_connection_check_interval' THEN '1s' ELSE '0' END, false)
  FROM pg_catalog.pg_settings
 WHERE name IN ('client_connection_check_interval', 'statement_timeout', 'lock_timeout',
                'transaction_timeout')";
