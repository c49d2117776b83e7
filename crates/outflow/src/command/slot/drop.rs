//! `outflow slot drop`.

use outflow_replication_slot::SlotName;
use outflow_replication_slot::catalog;
use serde_json::json;

use super::loss::Loss;
use super::{Session, view};
use crate::args::Output;
use crate::command::confirm::{confirm, print_sql};
use crate::exit::Failure;
use crate::{human, output};

/// Drops a slot, after saying what is lost with it.
pub(super) async fn drop(
    session: &Session<'_>,
    name: &SlotName,
    yes: bool,
    dry_run: bool,
) -> Result<(), Failure> {
    let client = session.connect().await?;
    let slot = session.find(&client, name).await?;
    if slot.is_active() {
        return Err(Failure::slot_active(&slot, "drop"));
    }
    let loss = Loss::find(session, &slot, None).await;
    human::say(loss.of_drop(session, &slot));
    if dry_run {
        return print_sql("slot.drop", &[catalog::drop_slot_sql(name)], session.output);
    }
    confirm(&format!("drop the slot \"{name}\""), name.as_str(), yes)?;
    catalog::drop_slot(&client, name)
        .await
        .map_err(Failure::from)?;
    match session.output {
        Output::Human => output::print(&format!("slot \"{name}\" dropped\n")),
        Output::Json => output::print_json(&json!({
            "schema": "outflow.slot.drop/v1",
            "dropped": true,
            "lost": loss.json(),
            "slot": view::json(&slot),
        })),
    }
}
