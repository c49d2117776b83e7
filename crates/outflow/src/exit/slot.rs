//! What to do about a slot that is missing, lost, busy, or somebody else's.

use outflow_pgoutput::Lsn;
use outflow_replication_slot::catalog::SlotInfo;
use outflow_replication_slot::{PublicationName, SlotName};

use super::{Exit, Failure, Hint};

impl Failure {
    /// There is no such slot.
    pub(crate) fn slot_missing(name: &str) -> Self {
        Self::new(
            Exit::SlotLost,
            format!("replication slot \"{name}\" does not exist"),
        )
        .hint(Hint::Made(format!(
            "`outflow slot create {name}`; events that were committed before are not sent"
        )))
    }

    /// The slot has lost what it would need.
    pub(crate) fn slot_lost(slot: &SlotInfo) -> Self {
        let name = &slot.name;
        let reason = slot.lost_reason().unwrap_or("unknown");
        let (why, remedy) = match invalidation(reason) {
            Some((why, remedy)) => (
                format!(" ({why})"),
                format!(". To keep it from happening again, {remedy}"),
            ),
            None => (String::new(), String::new()),
        };
        let message = format!("replication slot \"{name}\" is lost: {reason}{why}");
        Self::new(Exit::SlotLost, message).hint(Hint::Made(format!(
            "`outflow slot drop {name} --yes && outflow slot create {name}`; events between \
             {from} and the new slot are not sent: those whose rows are still in the outbox can \
             be found there by their time{remedy}",
            from = slot.confirmed_flush_lsn.unwrap_or(Lsn::ZERO),
        )))
    }

    /// The slot is of another output plugin.
    pub(crate) fn slot_of_other_plugin(slot: &SlotInfo) -> Self {
        let SlotInfo { name, plugin, .. } = slot;
        let message = format!(
            "replication slot \"{name}\" is for the output plugin \"{plugin}\", not for pgoutput"
        );
        Self::new(Exit::Config, message).hint(Hint::Made(another(name)))
    }

    /// The name is that of a slot for physical replication.
    pub(crate) fn slot_physical(name: &SlotName) -> Self {
        let message = format!("replication slot \"{name}\" is one for physical replication");
        Self::new(Exit::Config, message).hint(Hint::Made(another(name.as_str())))
    }

    /// The slot is of another database.
    pub(crate) fn slot_of_other_database(slot: &SlotInfo, database: &str) -> Self {
        let SlotInfo {
            name,
            database: its,
            ..
        } = slot;
        let message =
            format!("replication slot \"{name}\" is of database \"{its}\", not of \"{database}\"");
        Self::new(Exit::Config, message).hint(Hint::Made(format!(
            "connect to \"{its}\"; or {}",
            another(name)
        )))
    }

    /// The slot sends prepared transactions, which nobody asked for.
    pub(crate) fn slot_two_phase(slot: &SlotInfo) -> Self {
        let name = &slot.name;
        let message = format!(
            "replication slot \"{name}\" is made for two-phase commit: it sends a prepared \
             transaction before that is committed, which outflow does not read"
        );
        let another = another(name);
        // Only 18 says from where on, and only 18 can take it back.
        let hint = match slot.two_phase_at {
            Some(_) => format!(
                "`psql {} -c 'ALTER_REPLICATION_SLOT {name} (TWO_PHASE false)'`, once its prepared \
                 transactions have ended; or {another}",
                super::postgres::shell(&format!("dbname={} replication=database", slot.database)),
            ),
            None => another,
        };
        Self::new(Exit::Config, message).hint(Hint::Made(hint))
    }

    /// The slot goes with the connection that made it.
    pub(crate) fn slot_temporary(slot: &SlotInfo) -> Self {
        let name = &slot.name;
        let message =
            format!("replication slot \"{name}\" is temporary: it is gone with its connection");
        Self::new(Exit::Config, message).hint(Hint::Made(another(name)))
    }

    /// The slot is a copy of the primary's, on a standby.
    pub(crate) fn slot_synced(slot: &SlotInfo) -> Self {
        let name = &slot.name;
        let message = format!(
            "replication slot \"{name}\" is a copy of the primary's, which only a promotion frees"
        );
        Self::new(Exit::Config, message).hint(Hint::Made(
            "connect to the primary: name several hosts in postgres.url, with \
             target_session_attrs=read-write"
                .to_owned(),
        ))
    }

    /// The slot is in use.
    pub(crate) fn slot_active(slot: &SlotInfo, doing: &str) -> Self {
        let name = &slot.name;
        let by = by(slot);
        let message = format!("cannot {doing} replication slot \"{name}\": it is in use{by}");
        let pid = slot
            .reader
            .as_ref()
            .map(|reader| reader.pid)
            .unwrap_or_default();
        let end = super::postgres::psql(
            &slot.database,
            &format!("SELECT pg_terminate_backend({pid})"),
        );
        Self::new(Exit::SlotBusy, message).hint(Hint::Made(format!(
            "stop that client first; or, for the moment: `{end}`"
        )))
    }

    /// The slot is being made, and its maker still waits for open transactions.
    pub(crate) fn slot_in_creation(slot: &SlotInfo) -> Self {
        let name = &slot.name;
        let by = by(slot);
        let message = format!("replication slot \"{name}\" is just being created{by}");
        Self::new(Exit::SlotBusy, message).hint(Hint::Made(
            "it is there as soon as every transaction that was open before has ended".to_owned(),
        ))
    }

    /// The publication is missing, and would be younger than the slot.
    pub(crate) fn slot_before_publication(slot: &SlotName, publication: &PublicationName) -> Self {
        let message = format!(
            "publication \"{publication}\" does not exist, and replication slot \"{slot}\" does: \
             it could not read what was written before the publication is created"
        );
        Self::new(Exit::SlotLost, message).hint(Hint::Made(format!(
            "`outflow publication create && outflow slot advance {slot} --to now`; what waits in \
             the slot until then is not sent"
        )))
    }

    /// A slot only moves forward.
    pub(crate) fn slot_is_past(name: &SlotName, at: Lsn, to: Lsn) -> Self {
        let message = format!(
            "cannot advance replication slot \"{name}\" to {to}: it is at {at} and never goes back"
        );
        Self::new(Exit::Usage, message).hint(Hint::Made(
            "`outflow slot show` shows where it is".to_owned(),
        ))
    }

    /// There is no such position yet.
    pub(crate) fn beyond_the_end(name: &SlotName, end: Lsn, to: Lsn) -> Self {
        let message =
            format!("cannot advance replication slot \"{name}\" to {to}: the WAL ends at {end}");
        Self::new(Exit::Usage, message)
            .hint(Hint::Made("`--to now` advances it to the end".to_owned()))
    }

    /// What was typed on the command line is no name of a slot.
    pub(crate) fn no_name(
        what: &str,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::new(Exit::Usage, format!("this is no name of a {what}")).because(error)
    }

    /// Something is to be confirmed, and nobody can be asked.
    pub(crate) fn unconfirmed(doing: &str) -> Self {
        let message = format!("cannot ask whether to {doing}: standard input is no terminal");
        Self::new(Exit::Usage, message)
            .hint(Hint::Made("`--yes` does it without asking".to_owned()))
    }

    /// Somebody was asked, and did not confirm.
    pub(crate) fn declined(doing: &str) -> Self {
        Self::new(Exit::Other, format!("not confirmed: did not {doing}"))
    }

    /// A signal ended the wait for open transactions.
    pub(crate) fn creation_interrupted(name: &SlotName) -> Self {
        Self::new(
            Exit::Other,
            format!("interrupted: replication slot \"{name}\" was not created"),
        )
    }
}

/// Says what a reason of an invalidation means, and what keeps the next slot from it (PostgreSQL
/// manual, "pg_replication_slots").
pub(crate) fn invalidation(reason: &str) -> Option<(&'static str, &'static str)> {
    Some(match reason {
        "wal_removed" => (
            "max_slot_wal_keep_size was exceeded",
            "raise it, so that the WAL of the longest outage has room: `psql -c \"ALTER SYSTEM SET \
             max_slot_wal_keep_size = '100GB'\" -c \"SELECT pg_reload_conf()\"`",
        ),
        "idle_timeout" => (
            "idle_replication_slot_timeout was exceeded",
            "raise it above the longest outage, or turn it off: `psql -c \"ALTER SYSTEM SET \
             idle_replication_slot_timeout = 0\" -c \"SELECT pg_reload_conf()\"`",
        ),
        "rows_removed" => (
            "rows of the catalog that it needs were removed",
            "set hot_standby_feedback = on on the standby, and primary_slot_name to a physical slot \
             of the primary",
        ),
        "wal_level_insufficient" => (
            "wal_level was lowered on the primary",
            "set wal_level = logical on the primary, and restart it",
        ),
        "conflict with recovery" => (
            "recovery on the standby removed what it needs",
            "set hot_standby_feedback = on on the standby, and wal_level = logical on the primary",
        ),
        _ => return None,
    })
}

/// Says who uses a slot.
fn by(slot: &SlotInfo) -> String {
    let Some(reader) = &slot.reader else {
        return String::new();
    };
    let application = reader
        .application
        .as_deref()
        .unwrap_or("a client without a name");
    let from = reader
        .address
        .as_ref()
        .map(|address| format!(" from {address}"));
    format!(
        " by {application}{} (pid {})",
        from.unwrap_or_default(),
        reader.pid
    )
}

/// Says how to take another slot.
fn another(name: &str) -> String {
    format!(
        "take a slot of another name: `outflow slot create {name}_2`, and set postgres.slot = \
         \"{name}_2\""
    )
}
