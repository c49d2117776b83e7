//! `outflow publication create`, and the first step of `outflow slot create --publication`.

use std::fmt;

use outflow_event_router::TableName;
use outflow_replication_slot::PublicationName;
use outflow_replication_slot::catalog::{self, Publication, ServerFacts, SlotInfo, Table};
use serde_json::json;
use tokio_postgres::Client;

use super::{Session, show};
use crate::args::Output;
use crate::command::confirm::print_sql;
use crate::config::Config;
use crate::exit::Failure;
use crate::setup::{Candidates, check_publication};
use crate::{human, output};

/// A publication that was made, would be made, or is there.
#[derive(Debug)]
pub(in crate::command) struct Made {
    /// Its name.
    name: PublicationName,
    /// Its tables.
    pub(in crate::command) tables: Vec<Table>,
    /// The SQL that would be run, where nothing was done.
    pub(in crate::command) sql: Vec<String>,
    /// Whether it was there before.
    existed: bool,
}

/// Makes the publication; ends well where the very publication exists already.
pub(super) async fn create(
    session: &Session<'_>,
    name: &PublicationName,
    tables: &[TableName],
    dry_run: bool,
) -> Result<(), Failure> {
    let (client, facts) = session.connect().await?;
    let made = make(session.config, &client, &facts, name, tables, dry_run).await?;
    if dry_run {
        if made.existed {
            human::say(made.to_string());
        }
        return print_sql("publication.create", &made.sql, session.output);
    }
    if !made.existed {
        warn_of_slot(session, &client, name).await?;
    }
    match session.output {
        Output::Human => output::print(&format!("{made}\n")),
        Output::Json => {
            let found = session.find(&client, name, &facts).await?;
            output::print_json(&json!({
                "schema": "outflow.publication.create/v1",
                "created": !made.existed,
                "publication": show::json(session, &client, &found).await?,
            }))
        }
    }
}

/// Warns where the configured slot is older than its publication.
async fn warn_of_slot(
    session: &Session<'_>,
    client: &Client,
    name: &PublicationName,
) -> Result<(), Failure> {
    let postgres = &session.config.postgres;
    if *name != postgres.publication {
        return Ok(());
    }
    if let Some(slot) = SlotInfo::find(client, &postgres.slot).await? {
        human::warn(format!(
            "slot \"{0}\" is older than the publication, and may not be able to read what was \
             written before it: `outflow slot advance {0} --to now` passes that",
            slot.name
        ));
    }
    Ok(())
}

/// Makes a publication of the named tables, of the configured ones, or of the one table that looks
/// like an outbox.
///
/// # Errors
/// [`Failure`] where the tables can't be chosen, or another publication has this name.
pub(in crate::command) async fn make(
    config: &Config,
    client: &Client,
    facts: &ServerFacts,
    name: &PublicationName,
    named: &[TableName],
    dry_run: bool,
) -> Result<Made, Failure> {
    let outbox = &config.outbox;
    let named = if named.is_empty() {
        &outbox.tables
    } else {
        named
    };
    if let Some(found) = Publication::find(client, name).await? {
        let (tables, _) = check_publication(client, &found, outbox, &facts.database).await?;
        return Made::existing(name, tables, named, &facts.database);
    }
    let tables = Candidates::read(client, outbox, &facts.database)
        .await?
        .choose(named)?;
    let mut sql = Vec::new();
    match dry_run {
        true => sql.push(catalog::create_publication_sql(name, &tables)),
        false => catalog::create_publication(client, name, &tables).await?,
    }
    Ok(Made {
        name: name.clone(),
        tables,
        sql,
        existed: false,
    })
}

impl Made {
    /// Takes what is there, if it has the tables that are wanted.
    fn existing(
        name: &PublicationName,
        tables: Vec<Table>,
        wanted: &[TableName],
        database: &str,
    ) -> Result<Self, Failure> {
        let has = |wanted: &&TableName| {
            let is_it = |table: &Table| wanted.matches(&table.schema, &table.name);
            tables.iter().any(is_it)
        };
        if let Some(missing) = wanted.iter().find(|wanted| !has(wanted)) {
            let what = format!("it does not publish {missing}");
            return Err(Failure::publication_differs(name, database, &what));
        }
        Ok(Self {
            name: name.clone(),
            tables,
            sql: Vec::new(),
            existed: true,
        })
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            tables,
            sql,
            existed,
        } = self;
        let how = match (existed, sql.is_empty()) {
            (true, _) => "exists already",
            (false, true) => "created",
            (false, false) => "would be created",
        };
        let tables: Vec<_> = tables.iter().map(Table::to_string).collect();
        write!(
            f,
            "publication \"{name}\" {how}: inserts of {}",
            tables.join(", ")
        )
    }
}
