//! Looking at what waits in a slot, without consuming it.

use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream;
use outflow_pgoutput::Lsn;
use tokio_postgres::{Client, RowStream};

use super::CatalogError;
use super::fields::Fields;
use crate::name::{PublicationName, SlotName, quote_ident};

/// The messages that wait in a slot, one at a time.
pub struct Peek(Pin<Box<RowStream>>);

/// Begins to read pgoutput messages (protocol version 1) from where the slot stands; with `emitted`
/// also those of `pg_logical_emit_message`.
///
/// The server stops at the first commit at which it has given `messages` of them, and keeps what it
/// decoded in its own files meanwhile; here is one message at a time. Text is converted as in a
/// stream: in a `SQL_ASCII` database it comes as it is stored.
///
/// # Errors
/// [`CatalogError`]: 55006 where the slot is in use, 42704 where slot or publication is missing,
/// 55000 where it is lost or of another database.
///
/// # Cancel safety
/// Safe: nothing is consumed.
pub async fn peek(
    client: &Client,
    slot: &SlotName,
    publication: &PublicationName,
    messages: u32,
    emitted: bool,
) -> Result<Peek, CatalogError> {
    let failed = |error| CatalogError::of(ACTION, slot.as_str(), error);
    client.execute(AS_STORED, &[]).await.map_err(failed)?;
    client.batch_execute(AS_STREAMED).await.map_err(failed)?;
    let messages = i32::try_from(messages).unwrap_or(i32::MAX);
    // A slot's name consists of a-z, 0-9 and _, so it is the same in every encoding.
    let publication = quote_ident(publication.as_str());
    let statement = client.prepare(PEEK).await.map_err(failed)?;
    let emitted = if emitted { "true" } else { "false" };
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&slot.as_str(), &messages, &publication, &emitted];
    let rows = client
        .query_raw(&statement, parameters)
        .await
        .map_err(failed)?;
    Ok(Peek(Box::pin(rows)))
}

impl Peek {
    /// Gives the next message and its position.
    ///
    /// # Errors
    /// As [`peek`]: most errors come only here, with the first message.
    ///
    /// # Cancel safety
    /// Safe: the message is given by the next call.
    pub async fn next(&mut self) -> Result<Option<(Lsn, Vec<u8>)>, CatalogError> {
        let row = poll_fn(|context| self.0.as_mut().poll_next(context)).await;
        let Some(row) = row
            .transpose()
            .map_err(|error| CatalogError::new(ACTION, error))?
        else {
            return Ok(None);
        };
        let fields = Fields::new(&row, ACTION);
        Ok(Some((
            fields.lsn("lsn")?.unwrap_or(Lsn::ZERO),
            fields.read("data")?,
        )))
    }
}

impl std::fmt::Debug for Peek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Peek")
    }
}

/// The question.
const PEEK: &str = "\
SELECT lsn::text, data
  FROM pg_catalog.pg_logical_slot_peek_binary_changes(
           $1::text::name, NULL, $2::int4, 'proto_version', '1', 'publication_names', $3::text,
           'messages', $4::text)";

/// Turns conversion off where the server does not know its own encoding.
const AS_STORED: &str = "\
SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', false)
 WHERE current_setting('server_encoding') = 'SQL_ASCII'";

/// Makes values print as they do in a stream.
const AS_STREAMED: &str = "\
SET DateStyle = ISO; SET IntervalStyle = postgres; SET TimeZone = 'UTC'; SET extra_float_digits = 1; SET bytea_output = hex";

/// What it is for.
const ACTION: &str = "look into the replication slot";
