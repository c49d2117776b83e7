//! A slot as it is shown, to people and to machines.

use outflow_pgoutput::Lsn;
use outflow_replication_slot::catalog::{SlotInfo, WalStatus};
use serde_json::{Value as Json, json};

use crate::exit::invalidation;
use crate::human::{bytes, count, duration, some_bytes};

/// The columns of [`row`].
pub(super) const HEADER: &[&str] = &[
    "NAME",
    "DATABASE",
    "PLUGIN",
    "ACTIVE",
    "BY",
    "CONFIRMED",
    "BEHIND",
    "LAG",
    "RETAINED",
    "ROOM",
    "STATE",
];

/// Makes the line of a slot in a list.
pub(super) fn row(slot: &SlotInfo) -> Vec<String> {
    let time = slot
        .flush_lag
        .or_else(|| slot.inactive_for.filter(|_| !slot.is_active()));
    vec![
        slot.name.clone(),
        slot.database.clone(),
        slot.plugin.clone(),
        if slot.is_active() { "yes" } else { "no" }.to_owned(),
        reader(slot),
        lsn(slot.confirmed_flush_lsn),
        some_bytes(slot.behind_bytes),
        time.map_or_else(dash, duration),
        some_bytes(slot.retained_bytes),
        room(slot),
        state(slot),
    ]
}

/// Makes the lines of a slot that is shown alone: names and values.
pub(super) fn rows(slot: &SlotInfo) -> Vec<Vec<String>> {
    let yes = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let active = match (slot.is_active(), slot.inactive_for, &slot.inactive_since) {
        (true, ..) => format!("yes, by {}", reader(slot)),
        (false, Some(time), Some(since)) => format!("no, for {} (since {since})", duration(time)),
        (false, ..) => "no".to_owned(),
    };
    let confirmed = match slot.behind_bytes {
        Some(behind) => format!(
            "{} ({} behind)",
            lsn(slot.confirmed_flush_lsn),
            bytes(behind)
        ),
        None => lsn(slot.confirmed_flush_lsn),
    };
    let retained = match slot.restart_lsn {
        Some(from) => format!("{} (from {from})", some_bytes(slot.retained_bytes)),
        None => "nothing".to_owned(),
    };
    let mut rows = vec![
        ("name", slot.name.clone()),
        ("database", slot.database.clone()),
        ("plugin", slot.plugin.clone()),
        ("active", active),
        ("confirmed", confirmed),
        ("lag", slot.flush_lag.map_or_else(dash, duration)),
        ("retained", retained),
        ("room", room(slot)),
        ("state", state(slot)),
        ("two-phase", two_phase(slot)),
        ("catalog xmin", catalog_xmin(slot)),
    ];
    // Only as many lines as the version knows.
    let conflicting = slot.conflicting.map(yes);
    rows.extend(conflicting.map(|conflicting| ("conflicting", conflicting)));
    rows.extend(failover(slot).map(|failover| ("failover", failover.to_owned())));
    rows.extend(synced(slot).map(|synced| ("synced", synced.to_owned())));
    rows.into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect()
}

/// Makes a slot's JSON: base units, positions as text.
///
/// `columns` has them as the server's version has them, whatever else this one knows.
pub(super) fn json(slot: &SlotInfo) -> Json {
    let reader = slot.reader.as_ref();
    let columns: Json = serde_json::from_str(&slot.columns).unwrap_or_default();
    json!({
        "name": slot.name,
        "plugin": slot.plugin,
        "database": slot.database,
        "temporary": slot.temporary,
        "active": slot.is_active(),
        "active_pid": reader.map(|reader| reader.pid),
        "application_name": reader.and_then(|reader| reader.application.as_deref()),
        "client_addr": reader.and_then(|reader| reader.address.as_deref()),
        "confirmed_flush_lsn": slot.confirmed_flush_lsn.map(|lsn| lsn.to_string()),
        "restart_lsn": slot.restart_lsn.map(|lsn| lsn.to_string()),
        "behind_bytes": slot.behind_bytes,
        "retained_bytes": slot.retained_bytes,
        "safe_wal_bytes": slot.safe_wal_bytes,
        "lag_seconds": slot.flush_lag.map(|lag| lag.as_secs_f64()),
        "inactive_since": slot.inactive_since,
        "inactive_seconds": slot.inactive_for.map(|time| time.as_secs_f64()),
        "wal_status": slot.wal_status.as_str(),
        "lost": slot.is_lost(),
        "invalidation_reason": slot.lost_reason(),
        "remedy": slot.lost_reason().and_then(invalidation).map(|(_, remedy)| remedy),
        "conflicting": slot.conflicting,
        "catalog_xmin": slot.catalog_xmin,
        "catalog_xmin_age": slot.catalog_xmin_age,
        "two_phase": slot.two_phase,
        "two_phase_at": slot.two_phase_at.map(|lsn| lsn.to_string()),
        "failover": slot.failover,
        "synced": slot.synced,
        "columns": columns,
    })
}

/// Makes what somebody should know who looks at a slot.
pub(super) fn warning(slot: &SlotInfo) -> Option<String> {
    let SlotInfo { name, .. } = slot;
    let idle = slot
        .inactive_for
        .map(|time| format!(" for {}", duration(time)))
        .unwrap_or_default();
    if let Some(reason) = slot.lost_reason() {
        let (why, remedy) = match invalidation(reason) {
            Some((why, remedy)) => (format!(": {why}"), format!("; for the next one, {remedy}")),
            None => (String::new(), String::new()),
        };
        return Some(format!(
            "{name} is lost ({reason}{why}) and can't be read any more: \
             `outflow slot drop {name}`{remedy}"
        ));
    }
    if slot.two_phase && slot.plugin == "pgoutput" {
        return Some(format!(
            "{name} sends prepared transactions, so that `outflow run` refuses it"
        ));
    }
    match &slot.wal_status {
        WalStatus::Unreserved => Some(format!(
            "{name} is lost at one of the next checkpoints, unless it is read before"
        )),
        WalStatus::Extended if !slot.is_active() => Some(format!(
            "{name} keeps {} of WAL, and nobody has read it{idle}",
            some_bytes(slot.retained_bytes)
        )),
        WalStatus::Extended | WalStatus::Reserved | WalStatus::Lost | WalStatus::Other(_) => None,
    }
}

/// Says who reads the slot.
fn reader(slot: &SlotInfo) -> String {
    let Some(reader) = &slot.reader else {
        return dash();
    };
    let application = reader.application.as_deref().unwrap_or("?");
    match &reader.address {
        Some(address) => format!("{application} (pid {}, {address})", reader.pid),
        None => format!("{application} (pid {})", reader.pid),
    }
}

/// Says how much may be written before the slot is in danger, by max_slot_wal_keep_size.
fn room(slot: &SlotInfo) -> String {
    match (slot.is_lost(), slot.safe_wal_bytes) {
        (true, _) => dash(),
        (false, Some(room)) => bytes(room),
        (false, None) => "no limit".to_owned(),
    }
}

/// Says how the slot is.
fn state(slot: &SlotInfo) -> String {
    let status = match slot.lost_reason() {
        Some(reason) => format!("lost: {reason}"),
        None => slot.wal_status.to_string(),
    };
    match (slot.temporary, slot.is_copy(), slot.failover) {
        (true, ..) => format!("{status}, temporary"),
        (false, true, _) => format!("{status}, copy of the primary's"),
        (false, false, Some(true)) => format!("{status}, failover"),
        (false, false, _) => status,
    }
}

/// Says whether and from where it sends prepared transactions.
fn two_phase(slot: &SlotInfo) -> String {
    match (slot.two_phase, slot.two_phase_at) {
        (false, _) => "no".to_owned(),
        (true, None) => "yes".to_owned(),
        (true, Some(at)) => format!("yes, from {at}"),
    }
}

/// Says since when it holds up the vacuuming of the catalogs.
fn catalog_xmin(slot: &SlotInfo) -> String {
    match (slot.catalog_xmin, slot.catalog_xmin_age) {
        (Some(xmin), Some(age)) => format!("{xmin} ({} ago)", count(age, "transaction")),
        (Some(xmin), None) => xmin.to_string(),
        (None, _) => dash(),
    }
}

/// Says what becomes of the slot when a standby takes over.
fn failover(slot: &SlotInfo) -> Option<&'static str> {
    Some(match slot.failover? {
        true => {
            "yes: standbys with sync_replication_slots = on keep a copy, which a promotion frees"
        }
        false => "no: a standby that takes over does not have it",
    })
}

/// Says whether it is a copy.
fn synced(slot: &SlotInfo) -> Option<&'static str> {
    Some(match (slot.synced?, slot.on_standby) {
        (true, true) => "yes: the primary's slot, copied; nobody can read it before a promotion",
        (true, false) => "yes: it was copied from the former primary",
        (false, _) => "no",
    })
}

/// Shows a position.
fn lsn(lsn: Option<Lsn>) -> String {
    lsn.map_or_else(dash, |lsn| lsn.to_string())
}

/// Stands where there is nothing to show.
fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use outflow_replication_slot::catalog::SlotClient;

    use super::*;
    use crate::human::table;

    /// A slot that is read.
    fn slot() -> SlotInfo {
        SlotInfo {
            name: "outflow".to_owned(),
            plugin: "pgoutput".to_owned(),
            database: "shop".to_owned(),
            temporary: false,
            reader: Some(SlotClient {
                pid: 812,
                application: Some("outflow".to_owned()),
                address: Some("10.0.0.3".to_owned()),
            }),
            restart_lsn: Some(Lsn::new(0x16_B374_0000)),
            confirmed_flush_lsn: Some(Lsn::new(0x16_B374_D848)),
            wal_status: WalStatus::Reserved,
            safe_wal_bytes: None,
            two_phase: false,
            two_phase_at: None,
            catalog_xmin: Some(742),
            catalog_xmin_age: Some(1),
            conflicting: None,
            inactive_since: None,
            inactive_for: None,
            invalidation_reason: None,
            failover: None,
            synced: None,
            on_standby: false,
            behind_bytes: Some(12 * 1024),
            retained_bytes: Some(48 << 20),
            flush_lag: Some(Duration::from_millis(38)),
            columns: r#"{"slot_name": "outflow", "datoid": "16384"}"#.to_owned(),
        }
    }

    /// A slot that nobody reads, on PostgreSQL 17.
    fn idle() -> SlotInfo {
        SlotInfo {
            name: "old_debezium".to_owned(),
            reader: None,
            wal_status: WalStatus::Extended,
            safe_wal_bytes: Some(1 << 30),
            inactive_since: Some("2026-11-17T14:02:00Z".to_owned()),
            inactive_for: Some(Duration::from_secs(3 * 86_400 + 4 * 3600)),
            failover: Some(true),
            synced: Some(false),
            behind_bytes: Some(37 << 30),
            retained_bytes: Some(38 << 30),
            flush_lag: None,
            ..slot()
        }
    }

    #[test]
    fn a_list_is_aligned() {
        let lost = SlotInfo {
            name: "gone".to_owned(),
            wal_status: WalStatus::Lost,
            restart_lsn: None,
            retained_bytes: None,
            ..idle()
        };
        let slots = [slot(), idle(), lost];
        insta::assert_snapshot!(table(HEADER, slots.iter().map(row).collect()));
        let warnings: Vec<_> = slots.iter().filter_map(warning).collect();
        insta::assert_snapshot!(warnings.join("\n"), @r#"
        old_debezium keeps 38.0 GiB of WAL, and nobody has read it for 3d 4h
        gone is lost (wal_removed: max_slot_wal_keep_size was exceeded) and can't be read any more: `outflow slot drop gone`; for the next one, raise it, so that the WAL of the longest outage has room: `psql -c "ALTER SYSTEM SET max_slot_wal_keep_size = '100GB'" -c "SELECT pg_reload_conf()"`
        "#);
    }

    #[test]
    fn one_slot_is_told_at_length() {
        insta::assert_snapshot!(table(&[], rows(&slot())));
        insta::assert_snapshot!(table(&[], rows(&idle())));
    }

    #[test]
    fn every_reason_of_an_invalidation_has_a_remedy() {
        let reasons = [
            "wal_removed",
            "rows_removed",
            "wal_level_insufficient",
            "idle_timeout",
            "of a later version",
        ];
        let warnings: Vec<_> = reasons
            .into_iter()
            .filter_map(|reason| {
                warning(&SlotInfo {
                    invalidation_reason: Some(reason.to_owned()),
                    ..idle()
                })
            })
            .collect();
        assert_eq!(warnings.len(), reasons.len());
        insta::assert_snapshot!(warnings.join("\n"));
    }

    #[test]
    fn a_copy_is_told_from_what_was_one() {
        let copy = SlotInfo {
            synced: Some(true),
            on_standby: true,
            ..idle()
        };
        assert_eq!(state(&copy), "extended, copy of the primary's");
        let promoted = SlotInfo {
            on_standby: false,
            ..copy.clone()
        };
        assert_eq!(state(&promoted), "extended, failover");
        let said = [copy, promoted, idle()].map(|slot| synced(&slot).unwrap_or_default());
        insta::assert_snapshot!(said.join("\n"), @r"
        yes: the primary's slot, copied; nobody can read it before a promotion
        yes: it was copied from the former primary
        no
        ");
    }

    #[test]
    fn json_has_base_units() {
        insta::assert_snapshot!(format!("{:#}", json(&idle())));
    }
}
