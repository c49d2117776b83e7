//! Whether a publication sends outboxes, and all of them.

use outflow_event_router::{OutboxConfig, PlanError, TableName};
use outflow_replication_slot::PublicationName;
use outflow_replication_slot::catalog::{Publication, PublishedTable, Table, TableKind};
use tokio_postgres::Client;

use super::{Candidates, Trouble, router_verdict};
use crate::exit::Failure;

/// Checks that a publication sends the inserts of outbox tables: of all that are configured, or, if
/// none is, of nothing else. Where messages are events, it may send no table at all. Gives those tables, and what works but should be known.
///
/// # Errors
/// [`Trouble::Refused`] with what is in the way, and what mends it.
///
/// # Cancel safety
/// Safe: it only reads.
pub(crate) async fn check_publication(
    client: &Client,
    publication: &Publication,
    outbox: &OutboxConfig,
    database: &str,
) -> Result<(Vec<Table>, Vec<String>), Trouble> {
    let name = &publication.name;
    let published = publication.tables(client).await?;
    // pgoutput sends messages whatever the publication holds.
    if published.is_empty() && outbox.messages.is_wanted() && outbox.tables.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    if !publication.insert {
        return Err(Failure::publishes_no_inserts(name, database).into());
    }
    if published.is_empty() {
        return Err(Failure::publication_empty(name, database).into());
    }
    if let Some(unmatched) = unmatched(outbox, &published) {
        let candidates = Candidates::read(client, outbox, database).await?;
        return Err(not_published(name, database, unmatched, &published, &candidates).into());
    }
    let taken: Vec<&PublishedTable> = published
        .iter()
        .filter(|published| outbox.takes(&published.table.schema, &published.table.name))
        .collect();
    all_outboxes(name, outbox, &taken)?;
    let warnings = warnings(publication, &taken);
    Ok((
        taken
            .into_iter()
            .map(|published| published.table.clone())
            .collect(),
        warnings,
    ))
}

/// Makes the failure for a publication that does not exist: with the tables it would be made of,
/// where that is clear.
///
/// # Errors
/// [`Trouble::Catalog`] where the tables can't be read.
///
/// # Cancel safety
/// Safe: it only reads.
pub(crate) async fn missing_publication(
    client: &Client,
    name: &PublicationName,
    outbox: &OutboxConfig,
    database: &str,
) -> Result<Failure, Trouble> {
    let tables = match outbox.tables.as_slice() {
        [] => {
            let candidates = Candidates::read(client, outbox, database).await?;
            candidates
                .outboxes()
                .iter()
                .map(|table| table.to_string())
                .collect()
        }
        named => named.iter().map(TableName::to_string).collect::<Vec<_>>(),
    };
    Ok(Failure::no_publication(name, database, &tables))
}

/// Finds a configured table that the publication does not send under its name.
fn unmatched<'a>(outbox: &'a OutboxConfig, published: &[PublishedTable]) -> Option<&'a TableName> {
    let is_sent = |name: &&TableName| {
        published
            .iter()
            .any(|p| name.matches(&p.table.schema, &p.table.name))
    };
    outbox.tables.iter().find(|name| !is_sent(name))
}

/// Says why a configured table is not sent under its name.
fn not_published(
    publication: &PublicationName,
    database: &str,
    name: &TableName,
    published: &[PublishedTable],
    candidates: &Candidates<'_>,
) -> Failure {
    let partitions: Vec<String> = published
        .iter()
        .filter(|p| match &p.table.kind {
            TableKind::Partition {
                root_schema,
                root_name,
            } => name.matches(root_schema, root_name),
            TableKind::Plain | TableKind::Partitioned => false,
        })
        .map(|p| p.table.to_string())
        .collect();
    match (partitions.as_slice(), candidates.find(name)) {
        ([], Ok(table)) => Failure::table_not_published(publication, database, table),
        ([], Err(failure)) => failure,
        (partitions, _) => {
            Failure::needs_via_root(publication, database, &name.to_string(), partitions)
        }
    }
}

/// Checks that every table is an outbox.
fn all_outboxes(
    name: &PublicationName,
    outbox: &OutboxConfig,
    tables: &[&PublishedTable],
) -> Result<(), Failure> {
    let mut errors: Vec<PlanError> = Vec::new();
    let mut outboxes = Vec::new();
    for published in tables {
        match router_verdict(outbox, &published.table) {
            Ok(_) => outboxes.push(published.table.to_string()),
            Err(error) => errors.push(error),
        }
    }
    match errors.as_slice() {
        [] => Ok(()),
        errors => Err(Failure::not_outboxes(name, errors, &outboxes)),
    }
}

/// Lists what works, and may not be meant.
fn warnings(publication: &Publication, tables: &[&PublishedTable]) -> Vec<String> {
    let Publication { name, .. } = publication;
    let mut warnings = Vec::new();
    if publication.all_tables {
        warnings.push(format!(
            "publication \"{name}\" is of all tables: the server decodes and sends every insert of \
             the database, and outflow needs the outbox alone"
        ));
    }
    if publication.update || publication.delete || publication.truncate {
        warnings.push(format!(
            "publication \"{name}\" publishes more than inserts, of which outflow makes no event; \
             and without a replica identity the application's own updates and deletes fail"
        ));
    }
    for PublishedTable { table, row_filter } in tables {
        if let Some(filter) = row_filter {
            warnings.push(format!(
                "only those rows of {table} are sent that meet {filter}"
            ));
        }
    }
    let partition = tables
        .iter()
        .find_map(|published| match &published.table.kind {
            TableKind::Partition {
                root_schema,
                root_name,
            } => Some(format!("{root_schema}.{root_name}")),
            TableKind::Plain | TableKind::Partitioned => None,
        });
    if let Some(root) = partition {
        warnings.push(format!(
            "publication \"{name}\" sends the partitions of {root} under their own names; \
             publish_via_partition_root = true sends them as {root}"
        ));
    }
    warnings
}
