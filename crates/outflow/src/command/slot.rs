//! `outflow slot`: what to know of slots, and what to do with them.

mod advance;
mod create;
mod drop;
mod list;
mod loss;
mod peek;
mod view;

use outflow_replication_slot::SlotName;
use outflow_replication_slot::catalog::SlotInfo;
use outflow_replication_slot::connect::ConnectConfig;
use tokio_postgres::Client;

use crate::args::{Output, SlotCommand};
use crate::config::Config;
use crate::connection;
use crate::exit::Failure;

/// Carries out one verb of `outflow slot`.
///
/// # Errors
/// [`Failure`] with the exit code of what went wrong.
pub(crate) async fn slot(config: Config, args: SlotCommand, output: Output) -> Result<(), Failure> {
    let connect = connection::connect_config(&config)?;
    let session = Session {
        config: &config,
        connect: &connect,
        output,
    };
    match args {
        SlotCommand::List => list::list(&session).await,
        SlotCommand::Show { slot } => list::show(&session, &session.name(slot)?).await,
        SlotCommand::Create {
            slot,
            publication,
            table,
            dry_run,
        } => {
            let name = session.name(slot)?;
            let tables = super::publication::tables(&table)?;
            let wanted = create::Wanted {
                publication: publication.then_some(tables),
                dry_run,
            };
            create::create(&session, &name, wanted).await
        }
        SlotCommand::Drop { slot, yes, dry_run } => {
            drop::drop(&session, &session.name(slot)?, yes, dry_run).await
        }
        SlotCommand::Advance {
            slot,
            to,
            yes,
            dry_run,
        } => advance::advance(&session, &session.name(slot)?, to, yes, dry_run).await,
        SlotCommand::Peek { slot, limit } => {
            peek::peek(&session, &session.name(slot)?, limit).await
        }
    }
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
    /// Connects.
    async fn connect(&self) -> Result<Client, Failure> {
        Ok(connection::sql(self.connect).await?)
    }

    /// Takes the name that was given, or the configured one.
    fn name(&self, given: Option<String>) -> Result<SlotName, Failure> {
        match given {
            Some(name) => SlotName::new(name).map_err(|error| Failure::no_name("slot", error)),
            None => Ok(self.config.postgres.slot.clone()),
        }
    }

    /// Finds a slot that must be there.
    async fn find(&self, client: &Client, name: &SlotName) -> Result<SlotInfo, Failure> {
        let found = SlotInfo::find(client, name).await?;
        found.ok_or_else(|| Failure::slot_missing(name.as_str()))
    }
}
