//! What is lost with a slot, or by moving it: said before it is done.

use std::time::Duration;

use outflow_pgoutput::{Lsn, Message};
use outflow_replication_slot::SlotName;
use outflow_replication_slot::catalog::{self, SlotInfo};

use super::Session;
use crate::connection;
use crate::human::{bytes, duration};
use crate::setup::Trouble;

/// Says what nobody will read once the slot is dropped.
pub(super) fn of_drop(slot: &SlotInfo, since: Option<String>) -> String {
    let SlotInfo { name, .. } = slot;
    if slot.is_lost() {
        return format!("slot \"{name}\" is lost already: nothing more is lost with it");
    }
    if slot.behind_bytes == Some(0) {
        return format!("slot \"{name}\" has nothing waiting");
    }
    let what = waiting(slot, slot.behind_bytes, since);
    format!("{what}; dropping it loses their events for its reader")
}

/// Says what nobody will read once the slot is at `to`.
pub(super) fn of_advance(slot: &SlotInfo, from: Lsn, to: Lsn, since: Option<String>) -> String {
    let what = waiting(slot, Some(to.distance_from(from)), since);
    format!("{what}; advancing it to {to} loses their events for its reader")
}

/// Says how much waits, and since when.
fn waiting(slot: &SlotInfo, size: Option<u64>, since: Option<String>) -> String {
    let SlotInfo { name, database, .. } = slot;
    let size = size.map_or_else(|| "an unknown amount".to_owned(), bytes);
    let from = slot
        .confirmed_flush_lsn
        .map(|lsn| format!(" from {lsn} on"))
        .unwrap_or_default();
    let since = since.map(|since| format!(" ({since})")).unwrap_or_default();
    format!(
        "slot \"{name}\" has not confirmed {size} of the WAL of database \"{database}\"{from}{since}"
    )
}

/// Finds out since when changes wait: from 17 on the server knows since when nobody reads the slot;
/// before, the first waiting transaction tells when it was committed.
pub(super) async fn since(session: &Session<'_>, slot: &SlotInfo) -> Option<String> {
    if let (Some(since), Some(time)) = (&slot.inactive_since, slot.inactive_for) {
        return Some(format!(
            "nobody has read it since {since}, for {}",
            duration(time)
        ));
    }
    let ours = slot.plugin == "pgoutput" && slot.database == session.connect.dbname();
    if !ours || slot.is_lost() || slot.behind_bytes == Some(0) {
        return None;
    }
    // An error is not worth a word: this is only for show.
    let millis = first_commit(session, slot).await.ok()??;
    let time = jiff::Timestamp::from_millisecond(millis).ok()?;
    Some(format!("the oldest was committed at {time:.0}"))
}

/// Reads when the first waiting transaction was committed, in milliseconds since 1970.
///
/// It has a connection of its own, on which the server itself ends a look that takes too long: the
/// slot is free again then.
async fn first_commit(session: &Session<'_>, slot: &SlotInfo) -> Result<Option<i64>, Trouble> {
    let Ok(name) = SlotName::new(&slot.name) else {
        return Ok(None);
    };
    let client = connection::sql(session.connect).await?;
    catalog::limit_statements(&client, PATIENCE).await?;
    let publication = &session.config.postgres.publication;
    let emitted = session.config.outbox.messages.is_wanted();
    let mut peek = catalog::peek(&client, &name, publication, 1, emitted).await?;
    Ok(peek
        .next()
        .await?
        .and_then(|(_, data)| match Message::decode(&data) {
            Ok(Message::Begin(begin)) => Some(begin.commit_time.unix_millis()),
            _ => None,
        }))
}

/// How long the look at the first transaction may take.
const PATIENCE: Duration = Duration::from_secs(2);
