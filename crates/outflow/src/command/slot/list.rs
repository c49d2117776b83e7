//! `outflow slot list` and `outflow slot show`.

use outflow_replication_slot::SlotName;
use outflow_replication_slot::catalog::SlotInfo;
use serde_json::{Value as Json, json};

use super::{Session, view};
use crate::args::Output;
use crate::exit::Failure;
use crate::{human, output};

/// Lists all logical slots of the server.
pub(super) async fn list(session: &Session<'_>) -> Result<(), Failure> {
    let client = session.connect().await?;
    let slots = SlotInfo::list(&client).await?;
    match session.output {
        Output::Json => {
            let slots: Vec<Json> = slots.iter().map(view::json).collect();
            output::print_json(&json!({ "schema": "outflow.slot.list/v1", "slots": slots }))
        }
        Output::Human if slots.is_empty() => {
            human::say("there are no logical replication slots; `outflow slot create` makes one");
            Ok(())
        }
        Output::Human => {
            output::print(&human::table(
                view::HEADER,
                slots.iter().map(view::row).collect(),
            ))?;
            slots.iter().filter_map(view::warning).for_each(human::warn);
            Ok(())
        }
    }
}

/// Shows one slot.
pub(super) async fn show(session: &Session<'_>, name: &SlotName) -> Result<(), Failure> {
    let client = session.connect().await?;
    let slot = session.find(&client, name).await?;
    match session.output {
        Output::Json => output::print_json(
            &json!({ "schema": "outflow.slot.show/v1", "slot": view::json(&slot) }),
        ),
        Output::Human => {
            output::print(&human::table(&[], view::rows(&slot)))?;
            view::warning(&slot).into_iter().for_each(human::warn);
            Ok(())
        }
    }
}
