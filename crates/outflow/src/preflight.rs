//! The look at PostgreSQL before each session: whether events can flow, and if not, what mends it.
//!
//! It connects, asks, and closes the connection again: a standing one would hold up a smart shutdown
//! of the server. It changes nothing unless it is told to create what is missing.

use std::time::Duration;

use outflow_event_router::OutboxConfig;
use outflow_replication_slot::catalog::{
    self, OpenTransaction, Publication, ServerFacts, SlotInfo, Table,
};
use outflow_replication_slot::connect::ConnectConfig;
use outflow_replication_slot::{PublicationName, SlotName};
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::connection;
use crate::exit::Failure;
use crate::pipeline::{Cause, Failed, classify};
use crate::setup::{
    Candidates, Created, SlotCreation, Trouble, check_publication, check_server, check_slot,
    missing_publication,
};

/// What was found, all of it in order.
#[derive(Clone, Debug)]
pub(crate) struct Preflight {
    /// The server and the role.
    pub server: ServerFacts,
    /// The slot.
    pub slot: SlotInfo,
    /// The outbox tables that are sent.
    pub tables: Vec<Table>,
    /// What works, and may not be meant: worth saying once.
    pub warnings: Vec<String>,
}

/// Checks everything that a session needs of PostgreSQL; with `create` it makes the publication and
/// the slot where they are missing.
///
/// # Errors
/// [`Failed::Fatal`] with what is in the way and what mends it; [`Failed::Retry`] where PostgreSQL
/// can't be reached or asked.
///
/// # Cancel safety
/// Cancelling it closes the connection; a slot that was being made is then not made.
pub(crate) async fn preflight(
    connect: &ConnectConfig,
    slot: &SlotName,
    publication: &PublicationName,
    outbox: &OutboxConfig,
    create: bool,
) -> Result<Preflight, Failed> {
    let look = Look {
        connect,
        slot,
        publication,
        outbox,
        create,
    };
    // A creation waits for as long as it takes; a server that is silent otherwise is away.
    let found = match create {
        true => look.run().await?,
        false => timeout(PATIENCE, look.run())
            .await
            .unwrap_or_else(|_| Err(Trouble::Silent(PATIENCE)))?,
    };
    tracing::debug!(
        %slot,
        behind_bytes = found.slot.behind_bytes,
        tables = found.tables.len(),
        version = %found.server.version,
        "PostgreSQL has what streaming needs"
    );
    Ok(found)
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Connect(error) => error.into(),
            Trouble::Catalog(error) => {
                // The kind of failure is by SQLSTATE, as everywhere; the words are the question's.
                let server = error.server_error().cloned();
                match server.map(|server| classify(server, String::new())) {
                    Some(Self::Retry(retry)) => Self::retry(retry.cause, error.into()),
                    Some(Self::Fatal(_)) => Self::Fatal(error.into()),
                    _ => Self::retry(Cause::Other, error.into()),
                }
            }
            Trouble::Silent(_) => Self::retry(Cause::Other, trouble.into()),
            Trouble::Refused(failure) => Self::Fatal(failure),
            Trouble::Busy(failure) => Self::retry(Cause::SlotBusy, failure),
        }
    }
}

/// What is looked for.
struct Look<'a> {
    /// How to connect.
    connect: &'a ConnectConfig,
    /// The slot.
    slot: &'a SlotName,
    /// The publication.
    publication: &'a PublicationName,
    /// What an outbox is.
    outbox: &'a OutboxConfig,
    /// Whether what is missing is made.
    create: bool,
}

impl Look<'_> {
    /// Looks at one after the other, the publication before the slot.
    async fn run(&self) -> Result<Preflight, Trouble> {
        let client = connection::sql(self.connect).await?;
        let server = ServerFacts::read(&client).await?;
        check_server(&server)?;
        let publication = self.publication(&client, &server).await?;
        let (tables, mut warnings) =
            check_publication(&client, &publication, self.outbox, &server.database).await?;
        if self.outbox.messages.is_wanted() && server.server_encoding != "UTF8" {
            let encoding = &server.server_encoding;
            warnings.push(format!(
                "the database is in {encoding}, and PostgreSQL passes on the content of messages \
                 unchanged: they have to be written as UTF-8, as outbox_emit of sql/messages.sql does"
            ));
        }
        let slot = self.slot(&client).await?;
        check_slot(&slot, &server)?;
        Ok(Preflight {
            server,
            slot,
            tables,
            warnings,
        })
    }

    /// Finds the publication, or makes it.
    async fn publication(
        &self,
        client: &Client,
        server: &ServerFacts,
    ) -> Result<Publication, Trouble> {
        let (name, database) = (self.publication, &server.database);
        if let Some(found) = Publication::find(client, name).await? {
            return Ok(found);
        }
        if !self.create {
            return Err(missing_publication(client, name, self.outbox, database)
                .await?
                .into());
        }
        if SlotInfo::find(client, self.slot).await?.is_some() {
            return Err(Failure::slot_before_publication(self.slot, name).into());
        }
        let candidates = Candidates::read(client, self.outbox, database).await?;
        let tables = candidates.choose(&self.outbox.tables)?;
        create_publication(client, name, &tables).await?;
        let found = Publication::find(client, name).await?;
        found.ok_or_else(|| Failure::no_publication(name, database, &[]).into())
    }

    /// Finds the slot, or makes it.
    async fn slot(&self, client: &Client) -> Result<SlotInfo, Trouble> {
        if let Some(found) = SlotInfo::find(client, self.slot).await? {
            return Ok(found);
        }
        if !self.create {
            return Err(Failure::slot_missing(self.slot.as_str()).into());
        }
        let creation = SlotCreation {
            connect: self.connect,
            client,
            name: self.slot,
        };
        let waiting = |open: &[OpenTransaction]| {
            let pids: Vec<_> = open.iter().filter_map(|open| open.pid).collect();
            tracing::warn!(
                slot = %self.slot,
                ?pids,
                "the slot can only be created once these transactions have ended"
            );
        };
        if let Created::At(lsn) = creation.run(waiting, std::future::pending()).await? {
            tracing::warn!(
                slot = %self.slot,
                %lsn,
                "the slot was missing and was created: what was committed before is not sent; if \
                 there was a slot of this name, the events since it was last read are not sent \
                 either (without --create a missing slot ends the run instead)"
            );
        }
        let found = SlotInfo::find(client, self.slot).await?;
        found.ok_or_else(|| Failure::slot_missing(self.slot.as_str()).into())
    }
}

/// Makes the publication, and says so; is content where somebody else made it meanwhile.
async fn create_publication(
    client: &Client,
    name: &PublicationName,
    tables: &[Table],
) -> Result<(), Trouble> {
    match catalog::create_publication(client, name, tables).await {
        Err(error) if error.code() != Some(DUPLICATE_OBJECT) => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let tables: Vec<String> = tables.iter().map(Table::to_string).collect();
    tracing::warn!(
        publication = %name,
        tables = %tables.join(", "),
        "the publication was missing and was created"
    );
    Ok(())
}

/// How long the whole look may take where nothing is made.
const PATIENCE: Duration = Duration::from_secs(30);
/// The SQLSTATE of a name that is taken.
const DUPLICATE_OBJECT: &str = "42710";
