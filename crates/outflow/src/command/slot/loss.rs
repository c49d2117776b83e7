//! What is lost with a slot, or by moving it: said before it is done.

use std::time::Duration;

use outflow_pgoutput::Lsn;
use outflow_replication_slot::SlotName;
use outflow_replication_slot::catalog::{self, Publication, SlotInfo, Waiting, WaitingLimits};
use serde_json::{Value as Json, json};

use super::Session;
use crate::connection;
use crate::human::{self, bytes, duration};
use crate::setup::Trouble;

/// What nobody will read any more.
pub(super) struct Loss {
    /// So much WAL lies between; `None`: it is not known.
    bytes: Option<u64>,
    /// What was counted in there.
    events: Events,
}

/// How many events are lost.
enum Events {
    /// Some were counted, or all.
    Counted(Waiting),
    /// They are too many to be counted in time.
    TooMany,
    /// From here they can't be counted: they are of another database or plugin, or the publication
    /// is not there.
    Unknown,
}

impl Loss {
    /// Finds out what lies between where a slot is and a position, or the end.
    pub(super) async fn find(session: &Session<'_>, slot: &SlotInfo, to: Option<Lsn>) -> Self {
        let from = slot.confirmed_flush_lsn.unwrap_or(Lsn::ZERO);
        let bytes = match to {
            Some(to) => Some(to.distance_from(from)),
            None => slot.behind_bytes,
        };
        let ours = slot.plugin == "pgoutput" && slot.database == session.connect.dbname();
        let events = match ours && !slot.is_lost() && bytes != Some(0) {
            // An error is not worth a word: this is only for show.
            true => count(session, slot, to).await.unwrap_or(Events::Unknown),
            false => Events::Unknown,
        };
        Self { bytes, events }
    }

    /// Says what nobody will read once the slot is dropped.
    pub(super) fn of_drop(&self, session: &Session<'_>, slot: &SlotInfo) -> String {
        let SlotInfo { name, .. } = slot;
        if slot.is_lost() {
            return format!("slot \"{name}\" is lost already: nothing more is lost with it");
        }
        if self.bytes == Some(0) {
            return format!("slot \"{name}\" has nothing waiting");
        }
        let what = self.waiting(session, slot);
        format!("{what}; dropping it loses them for its reader")
    }

    /// Says what nobody will read once the slot is at `to`.
    pub(super) fn of_advance(&self, session: &Session<'_>, slot: &SlotInfo, to: Lsn) -> String {
        let what = self.waiting(session, slot);
        format!("{what}; advancing it to {to} loses them for its reader")
    }

    /// Says how much waits, since when, and how many events are in there.
    fn waiting(&self, session: &Session<'_>, slot: &SlotInfo) -> String {
        let SlotInfo { name, database, .. } = slot;
        let size = self
            .bytes
            .map_or_else(|| "an unknown amount".to_owned(), bytes);
        let from = slot
            .confirmed_flush_lsn
            .map(|lsn| format!(" from {lsn} on"))
            .unwrap_or_default();
        let since = match (&slot.inactive_since, slot.inactive_for) {
            (Some(since), Some(time)) => format!(
                " (nobody has read it since {since}, for {})",
                duration(time)
            ),
            _ => String::new(),
        };
        let publication = &session.config.postgres.publication;
        let events = match &self.events {
            Events::Counted(waiting) => waiting_events(waiting, publication.as_str()),
            Events::TooMany => format!(
                "more events than can be counted within {} wait there",
                duration(PATIENCE)
            ),
            Events::Unknown => "how many events wait there is not known".to_owned(),
        };
        format!(
            "slot \"{name}\" has not confirmed {size} of the WAL of database \"{database}\"\
             {from}{since}; {events}"
        )
    }

    /// Says it for programs.
    pub(super) fn json(&self) -> Json {
        let (events, exact, oldest) = match &self.events {
            Events::Counted(waiting) => (
                Some(waiting.events),
                waiting.all,
                waiting.oldest_commit.as_deref(),
            ),
            Events::TooMany | Events::Unknown => (None, false, None),
        };
        json!({
            "bytes": self.bytes,
            "events": events,
            "events_exact": exact,
            "oldest_commit": oldest,
        })
    }
}

/// Says how many events wait, and since when.
fn waiting_events(waiting: &Waiting, publication: &str) -> String {
    let (events, verb) = match (waiting.events, waiting.all) {
        (0, true) => return format!("no event of publication \"{publication}\" waits there"),
        (1, true) => (human::count(1, "event"), "waits"),
        (events, true) => (human::count(events, "event"), "wait"),
        (events, false) if events > COUNTED => (format!("more than {COUNTED} events"), "wait"),
        (events, false) => (
            format!("at least {}", human::count(events, "event")),
            "wait",
        ),
    };
    let oldest = waiting
        .oldest_commit
        .as_ref()
        .map(|time| format!(", the oldest committed at {time}"))
        .unwrap_or_default();
    format!("{events} of publication \"{publication}\" {verb} there{oldest}")
}

/// Counts the events, as far as that is quickly done.
///
/// It has a connection of its own, on which the server itself ends a look that takes too long: the
/// slot is free again then.
async fn count(
    session: &Session<'_>,
    slot: &SlotInfo,
    upto: Option<Lsn>,
) -> Result<Events, Trouble> {
    let Ok(name) = SlotName::new(&slot.name) else {
        return Ok(Events::Unknown);
    };
    let client = connection::sql(session.connect).await?;
    let publication = &session.config.postgres.publication;
    // From version 18 on a missing publication is no error, and all its events are left out.
    if Publication::find(&client, publication).await?.is_none() {
        return Ok(Events::Unknown);
    }
    catalog::limit_statements(&client, PATIENCE).await?;
    let limits = WaitingLimits {
        upto,
        messages: MESSAGES,
        emitted: session.config.outbox.messages.is_wanted(),
    };
    match catalog::waiting(&client, &name, publication, limits).await {
        Ok(waiting) => Ok(Events::Counted(waiting)),
        Err(error) if error.code() == Some(QUERY_CANCELED) => Ok(Events::TooMany),
        Err(error) => Err(error.into()),
    }
}

/// How long the counting may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many events are counted.
const COUNTED: u64 = 10_000;
/// The messages in which so many events are, if each has a transaction of its own.
const MESSAGES: u32 = 3 * 10_000 + 100;
/// query_canceled: the statement took too long.
const QUERY_CANCELED: &str = "57014";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_events_is_said_to_be_exact_or_not() {
        let said = |events, all| {
            let waiting = Waiting {
                events,
                all,
                oldest_commit: Some("2026-11-17T14:02:00Z".to_owned()),
            };
            waiting_events(&waiting, "shop")
        };
        let lines = [
            said(0, true),
            said(1, true),
            said(3, true),
            said(12, false),
            said(10_033, false),
            said(20_000, true),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r#"
        no event of publication "shop" waits there
        1 event of publication "shop" waits there, the oldest committed at 2026-11-17T14:02:00Z
        3 events of publication "shop" wait there, the oldest committed at 2026-11-17T14:02:00Z
        at least 12 events of publication "shop" wait there, the oldest committed at 2026-11-17T14:02:00Z
        more than 10000 events of publication "shop" wait there, the oldest committed at 2026-11-17T14:02:00Z
        20000 events of publication "shop" wait there, the oldest committed at 2026-11-17T14:02:00Z
        "#);
    }
}
