//! `outflow slot advance`.

use outflow_pgoutput::Lsn;
use outflow_replication_slot::SlotName;
use outflow_replication_slot::catalog::{self, ServerFacts, SlotInfo};
use serde_json::json;

use super::loss::Loss;
use super::{Session, view};
use crate::args::{AdvanceTo, Output};
use crate::command::confirm::{confirm, print_sql};
use crate::exit::Failure;
use crate::setup::{check_usable, of_this_database};
use crate::{human, output};

/// Moves a slot forward, after saying what is lost by it.
pub(super) async fn advance(
    session: &Session<'_>,
    name: &SlotName,
    to: AdvanceTo,
    yes: bool,
    dry_run: bool,
) -> Result<(), Failure> {
    let client = session.connect().await?;
    let facts = ServerFacts::read(&client).await?;
    let slot = session.find(&client, name).await?;
    of_this_database(&slot, &facts)?;
    check_usable(&slot)?;
    if slot.is_active() {
        return Err(Failure::slot_active(&slot, "advance"));
    }
    let (from, to) = way(name, &slot, to, facts.current_lsn)?;
    let loss = Loss::find(session, &slot, Some(to)).await;
    human::say(match to == from {
        true => format!("slot \"{name}\" is at {from} already"),
        false => loss.of_advance(session, &slot, to),
    });
    if dry_run {
        let sql = (to != from).then(|| catalog::advance_slot_sql(name, to));
        return print_sql("slot.advance", sql.as_slice(), session.output);
    }
    let mut reached = from;
    if to != from {
        confirm(&format!("advance the slot \"{name}\""), name.as_str(), yes)?;
        reached = catalog::advance_slot(&client, name, to).await?;
    }
    match session.output {
        Output::Human if to == from => Ok(()),
        Output::Human => output::print(&format!("slot \"{name}\" advanced to {reached}\n")),
        Output::Json => output::print_json(&json!({
            "schema": "outflow.slot.advance/v1",
            "from_lsn": from.to_string(),
            "to_lsn": reached.to_string(),
            "passed_bytes": reached.distance_from(from),
            "lost": loss.json(),
            "slot": view::json(&session.find(&client, name).await?),
        })),
    }
}

/// Works out from where to where it goes.
fn way(name: &SlotName, slot: &SlotInfo, to: AdvanceTo, end: Lsn) -> Result<(Lsn, Lsn), Failure> {
    let from = slot.confirmed_flush_lsn.unwrap_or(Lsn::ZERO);
    let to = match to {
        AdvanceTo::Now => end.max(from),
        AdvanceTo::Lsn(to) => to,
    };
    if to < from {
        return Err(Failure::slot_is_past(name, from, to));
    }
    if to > end.max(from) {
        return Err(Failure::beyond_the_end(name, end, to));
    }
    Ok((from, to))
}
