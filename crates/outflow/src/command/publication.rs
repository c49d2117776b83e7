//! `outflow publication`: what to know of publications, and what to do with them.

mod create;
mod drop;
mod show;

use outflow_event_router::TableName;
use outflow_replication_slot::PublicationName;
use outflow_replication_slot::catalog::{Publication, ServerFacts};
use outflow_replication_slot::connect::ConnectConfig;
use tokio_postgres::Client;

use crate::args::{Output, PublicationCommand};
use crate::config::Config;
use crate::connection;
use crate::exit::Failure;
use crate::setup::missing_publication;

pub(super) use create::make;

/// Carries out one verb of `outflow publication`.
///
/// # Errors
/// [`Failure`] with the exit code of what went wrong.
pub(crate) async fn publication(
    config: Config,
    args: PublicationCommand,
    output: Output,
) -> Result<(), Failure> {
    let connect = connection::connect_config(&config)?;
    let session = Session {
        config: &config,
        connect: &connect,
        output,
    };
    match args {
        PublicationCommand::Show { publication } => {
            show::show(&session, &session.name(publication)?).await
        }
        PublicationCommand::Create {
            publication,
            table,
            dry_run,
        } => {
            let (name, tables) = (session.name(publication)?, tables(&table)?);
            create::create(&session, &name, &tables, dry_run).await
        }
        PublicationCommand::Drop {
            publication,
            yes,
            dry_run,
        } => drop::drop(&session, &session.name(publication)?, yes, dry_run).await,
    }
}

/// Reads the names of tables on the command line.
///
/// # Errors
/// A usage error with the first that is none.
pub(super) fn tables(names: &[String]) -> Result<Vec<TableName>, Failure> {
    names
        .iter()
        .map(|name| {
            TableName::parse(name)
                .map_err(|error| Failure::no_name(&format!("table: {name:?}"), error))
        })
        .collect()
}

/// What every verb works with.
struct Session<'a> {
    /// The configuration.
    config: &'a Config,
    /// How to connect.
    connect: &'a ConnectConfig,
    /// How to print.
    output: Output,
}

impl Session<'_> {
    /// Connects, and asks what server it is.
    async fn connect(&self) -> Result<(Client, ServerFacts), Failure> {
        let client = connection::sql(self.connect).await?;
        let facts = ServerFacts::read(&client).await?;
        Ok((client, facts))
    }

    /// Takes the name that was given, or the configured one.
    fn name(&self, given: Option<String>) -> Result<PublicationName, Failure> {
        match given {
            Some(name) => {
                PublicationName::new(name).map_err(|error| Failure::no_name("publication", error))
            }
            None => Ok(self.config.postgres.publication.clone()),
        }
    }

    /// Finds a publication that must be there.
    async fn find(
        &self,
        client: &Client,
        name: &PublicationName,
        facts: &ServerFacts,
    ) -> Result<Publication, Failure> {
        match Publication::find(client, name).await? {
            Some(found) => Ok(found),
            None => {
                let outbox = &self.config.outbox;
                Err(missing_publication(client, name, outbox, &facts.database).await?)
            }
        }
    }
}
