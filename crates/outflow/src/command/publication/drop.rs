//! `outflow publication drop`.

use outflow_replication_slot::PublicationName;
use outflow_replication_slot::catalog::{self, ServerFacts, SlotInfo, Table};
use serde_json::json;
use tokio_postgres::Client;

use super::Session;
use crate::args::Output;
use crate::command::confirm::{confirm, print_sql};
use crate::exit::Failure;
use crate::{human, output};

/// Drops a publication, after saying who may miss it.
pub(super) async fn drop(
    session: &Session<'_>,
    name: &PublicationName,
    yes: bool,
    dry_run: bool,
) -> Result<(), Failure> {
    let (client, facts) = session.connect().await?;
    let found = session.find(&client, name, &facts).await?;
    let published = found.tables(&client).await?;
    let tables: Vec<String> = published
        .iter()
        .map(|published| Table::to_string(&published.table))
        .collect();
    say_loss(&client, &facts, name, &tables).await?;
    if dry_run {
        let sql = [catalog::drop_publication_sql(name)];
        return print_sql("publication.drop", &sql, session.output);
    }
    confirm(
        &format!("drop the publication \"{name}\""),
        name.as_str(),
        yes,
    )?;
    catalog::drop_publication(&client, name).await?;
    match session.output {
        Output::Human => output::print(&format!("publication \"{name}\" dropped\n")),
        Output::Json => output::print_json(&json!({
            "schema": "outflow.publication.drop/v1",
            "dropped": true,
            "name": name.as_str(),
            "tables": tables,
        })),
    }
}

/// Says who may miss it.
async fn say_loss(
    client: &Client,
    facts: &ServerFacts,
    name: &PublicationName,
    tables: &[String],
) -> Result<(), Failure> {
    human::say(format!(
        "publication \"{name}\" of database \"{}\" publishes {}; a stream through it stops, and \
         what is written until it is there again can't be read through it",
        facts.database,
        if tables.is_empty() {
            "no table".to_owned()
        } else {
            tables.join(", ")
        },
    ));
    for slot in SlotInfo::list(client).await? {
        if slot.is_active() && slot.database == facts.database && slot.plugin == "pgoutput" {
            human::warn(format!(
                "slot \"{}\" is being read, maybe through it",
                slot.name
            ));
        }
    }
    Ok(())
}
