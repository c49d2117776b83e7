//! Making a slot: it waits for every open transaction of the server, and must not leak.

use std::time::Duration;

use outflow_pgoutput::Lsn;
use outflow_replication_slot::SlotName;
use outflow_replication_slot::catalog::{self, CatalogError, OpenTransaction};
use outflow_replication_slot::connect::ConnectConfig;
use tokio::time::{Instant, interval_at, timeout};
use tokio_postgres::Client;

use super::Trouble;
use crate::connection;

/// A slot to be made.
#[derive(Debug)]
pub(crate) struct SlotCreation<'a> {
    /// How to connect a second time, to look at what holds it up.
    pub connect: &'a ConnectConfig,
    /// The connection that makes it.
    pub client: &'a Client,
    /// Its name.
    pub name: &'a SlotName,
}

/// How a creation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    /// The slot is there; what commits from this position on is delivered.
    At(Lsn),
    /// Somebody else made one of this name in the meantime.
    ByOther,
    /// It was interrupted, and there is no slot.
    Interrupted,
}

impl SlotCreation<'_> {
    /// Makes the slot; tells `waiting` which transactions are waited for, from two seconds on; and
    /// makes none where `interrupt` comes first.
    ///
    /// # Errors
    /// [`Trouble::Catalog`], as [`catalog::create_slot`].
    ///
    /// # Cancel safety
    /// Dropping the future, and then the client, ends the creation within a second.
    pub(crate) async fn run(
        self,
        mut waiting: impl FnMut(&[OpenTransaction]),
        interrupt: impl Future<Output = ()>,
    ) -> Result<Created, Trouble> {
        let pid = catalog::backend_pid(self.client).await?;
        let mut creation = std::pin::pin!(catalog::create_slot(self.client, self.name));
        let mut interrupt = std::pin::pin!(interrupt);
        let mut look = interval_at(Instant::now() + FIRST_LOOK, NEXT_LOOK);
        let mut told: Option<Vec<Option<i32>>> = None;
        loop {
            tokio::select! {
                created = &mut creation => return outcome(created),
                () = &mut interrupt => break,
                _ = look.tick() => {}
            }
            // The creation goes on in the server meanwhile.
            let open = tokio::select! {
                open = self.blockers(pid) => open.unwrap_or_default(),
                () = &mut interrupt => break,
            };
            // The same transactions are told once.
            let pids = Some(open.iter().map(|open| open.pid).collect());
            if pids != told {
                waiting(&open);
                told = pids;
            }
        }
        self.cancel(pid).await;
        match timeout(LAST_WORD, creation).await.map(outcome) {
            Ok(Ok(Created::At(_))) => {
                // It was made in the same moment: nobody reads it, and nobody wants it any more.
                catalog::drop_slot(self.client, self.name).await?;
                Ok(Created::Interrupted)
            }
            // Where the server gives no answer, it finds the connection closed.
            Ok(Ok(Created::Interrupted)) | Err(_) => Ok(Created::Interrupted),
            Ok(other) => other,
        }
    }

    /// Asks which transactions are in the way, over a connection of its own.
    async fn blockers(&self, pid: i32) -> Result<Vec<OpenTransaction>, Trouble> {
        let client = connection::sql(self.connect).await?;
        Ok(catalog::open_transactions(&client, pid).await?)
    }

    /// Cancels the creation. Where that fails, the server finds the connection closed.
    async fn cancel(&self, pid: i32) {
        let canceled: Result<(), Trouble> = async {
            let client = connection::sql(self.connect).await?;
            let canceled: Result<(), CatalogError> = catalog::cancel(&client, pid).await;
            Ok(canceled?)
        }
        .await;
        if let Err(error) = canceled {
            tracing::debug!(?error, "the creation of the slot could not be cancelled");
        }
    }
}

/// Sorts the end of a creation.
fn outcome(created: Result<Lsn, CatalogError>) -> Result<Created, Trouble> {
    match created {
        Ok(lsn) => Ok(Created::At(lsn)),
        Err(error) if error.code() == Some(DUPLICATE_OBJECT) => Ok(Created::ByOther),
        Err(error) if error.code() == Some(QUERY_CANCELED) => Ok(Created::Interrupted),
        Err(error) => Err(error.into()),
    }
}

/// After how long the wait is worth a word.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// How often it is looked at again.
const NEXT_LOOK: Duration = Duration::from_secs(5);
/// How long the server may take to end what was cancelled.
const LAST_WORD: Duration = Duration::from_secs(5);
/// The SQLSTATE of a name that is taken.
const DUPLICATE_OBJECT: &str = "42710";
/// The SQLSTATE of what was cancelled.
const QUERY_CANCELED: &str = "57014";
