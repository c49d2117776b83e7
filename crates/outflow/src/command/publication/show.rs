//! `outflow publication show`.

use outflow_event_router::OutboxConfig;
use outflow_replication_slot::PublicationName;
use outflow_replication_slot::catalog::{Publication, PublishedTable, Table, TableKind};
use serde_json::{Value as Json, json};
use tokio_postgres::Client;

use super::Session;
use crate::args::Output;
use crate::exit::Failure;
use crate::setup::{check_publication, router_verdict};
use crate::{human, output};

/// Shows a publication, its tables, and which of them are outboxes.
pub(super) async fn show(session: &Session<'_>, name: &PublicationName) -> Result<(), Failure> {
    let (client, facts) = session.connect().await?;
    let found = session.find(&client, name, &facts).await?;
    if session.output == Output::Json {
        let publication = json(session, &client, &found).await?;
        return output::print_json(
            &json!({ "schema": "outflow.publication.show/v1", "publication": publication }),
        );
    }
    let outbox = &session.config.outbox;
    let tables = found.tables(&client).await?;
    output::print(&human::table(&[], head(&found)))?;
    if tables.is_empty() {
        human::say("it publishes no table");
        return Ok(());
    }
    let rows = tables
        .iter()
        .map(|published| row(outbox, published))
        .collect();
    let header = ["TABLE", "KIND", "OUTBOX", "COLUMNS"];
    output::print(&format!("\n{}", human::table(&header, rows)))?;
    if let Ok((_, warnings)) = check_publication(&client, &found, outbox, &facts.database).await {
        warnings.iter().for_each(human::warn);
    }
    Ok(())
}

/// Makes a publication's JSON.
pub(super) async fn json(
    session: &Session<'_>,
    client: &Client,
    publication: &Publication,
) -> Result<Json, Failure> {
    let outbox = &session.config.outbox;
    let tables = publication.tables(client).await?;
    let table = |PublishedTable { table, row_filter }: &PublishedTable| {
        let verdict = router_verdict(outbox, table);
        json!({
            "schema": table.schema,
            "name": table.name,
            "kind": kind(table),
            "columns": table.columns.iter().map(|column| &column.name).collect::<Vec<_>>(),
            "row_filter": row_filter,
            "outbox": verdict.is_ok(),
            "problem": verdict.err().map(|error| error.to_string()),
        })
    };
    Ok(json!({
        "name": publication.name.as_str(),
        "all_tables": publication.all_tables,
        "publish": kinds(publication),
        "publish_via_partition_root": publication.via_root,
        "tables": tables.iter().map(table).collect::<Vec<_>>(),
    }))
}

/// Makes the lines above the tables.
fn head(publication: &Publication) -> Vec<Vec<String>> {
    let line = |name: &str, value: &str| vec![name.to_owned(), value.to_owned()];
    vec![
        line("name", publication.name.as_str()),
        line("publishes", &kinds(publication).join(", ")),
        line(
            "partitions",
            if publication.via_root {
                "as their root"
            } else {
                "by themselves"
            },
        ),
        line(
            "all tables",
            if publication.all_tables { "yes" } else { "no" },
        ),
    ]
}

/// Makes the line of a table: which columns play which part, or those that it has.
fn row(outbox: &OutboxConfig, PublishedTable { table, .. }: &PublishedTable) -> Vec<String> {
    let (is_outbox, columns) = match router_verdict(outbox, table) {
        Ok(used) if outbox.takes(&table.schema, &table.name) => ("yes", used.to_string()),
        Ok(used) => ("ignored", used.to_string()),
        Err(error) => ("no", error.columns().join(", ")),
    };
    vec![
        table.to_string(),
        kind(table).to_owned(),
        is_outbox.to_owned(),
        columns,
    ]
}

/// Lists what is published.
fn kinds(publication: &Publication) -> Vec<&'static str> {
    let Publication {
        insert,
        update,
        delete,
        truncate,
        ..
    } = *publication;
    let all = [
        (insert, "insert"),
        (update, "update"),
        (delete, "delete"),
        (truncate, "truncate"),
    ];
    all.into_iter()
        .filter(|(published, _)| *published)
        .map(|(_, name)| name)
        .collect()
}

/// Names the kind of a table.
const fn kind(table: &Table) -> &'static str {
    match table.kind {
        TableKind::Plain => "table",
        TableKind::Partitioned => "partitioned",
        TableKind::Partition { .. } => "partition",
    }
}
