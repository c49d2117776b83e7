//! Counting what waits in a slot, without consuming it.

use outflow_pgoutput::Lsn;
use tokio_postgres::Client;

use super::CatalogError;
use super::fields::Fields;
use crate::name::{PublicationName, SlotName, quote_ident};

/// What waits in a slot, as far as it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// So many inserts, and emitted messages, that the publication lets through.
    pub events: u64,
    /// Whether these are all, rather than the first.
    pub all: bool,
    /// When the oldest of their transactions was committed, in UTC as ISO 8601.
    pub oldest_commit: Option<String>,
}

/// Up to where, and how far at most, is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingLimits {
    /// Only transactions that commit before this position; `None`: all.
    pub upto: Option<Lsn>,
    /// Stops at the first commit after so many messages of pgoutput.
    pub messages: u32,
    /// Whether messages of `pg_logical_emit_message` count.
    pub emitted: bool,
}

/// Counts on the server: no event leaves it. It takes as long as decoding takes, so that a caller
/// sets a limit with [`limit_statements`](super::limit_statements) first.
///
/// # Errors
/// [`CatalogError`]: 57014 where it took too long, 55006 where the slot is in use, 42704 where slot
/// or publication is missing.
///
/// # Cancel safety
/// Safe: nothing is consumed.
pub async fn waiting(
    client: &Client,
    slot: &SlotName,
    publication: &PublicationName,
    limits: WaitingLimits,
) -> Result<Waiting, CatalogError> {
    let failed = |error| CatalogError::of(ACTION, slot.as_str(), error);
    client.execute(AS_STORED, &[]).await.map_err(failed)?;
    let messages = i32::try_from(limits.messages).unwrap_or(i32::MAX);
    let upto = limits.upto.map(|lsn| lsn.to_string());
    let publication = quote_ident(publication.as_str());
    let emitted = if limits.emitted { "true" } else { "false" };
    let row = client
        .query_one(
            COUNT,
            &[&slot.as_str(), &upto, &messages, &publication, &emitted],
        )
        .await
        .map_err(failed)?;
    let fields = Fields::new(&row, ACTION);
    let seen = fields.unsigned("messages")?.unwrap_or_default();
    Ok(Waiting {
        events: fields.unsigned("events")?.unwrap_or_default(),
        all: seen < u64::from(limits.messages),
        oldest_commit: fields.read("oldest_commit")?,
    })
}

/// The question. 66 is Begin, with the commit's time in its bytes 10 to 17; 73 is Insert; 77 is a
/// logical message, followed by whether it is transactional.
const COUNT: &str = "\
SELECT count(*) AS messages,
       count(*) FILTER (WHERE get_byte(data, 0) = 73
                           OR (get_byte(data, 0) = 77 AND get_byte(data, 1) = 1)) AS events,
       to_char((timestamptz '2000-01-01 00:00:00+00' + interval '1 microsecond' *
                min(('x' || encode(substring(data FROM 10 FOR 8), 'hex'))::bit(64)::bigint)
                    FILTER (WHERE get_byte(data, 0) = 66)) AT TIME ZONE 'UTC',
               'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS oldest_commit
  FROM pg_catalog.pg_logical_slot_peek_binary_changes(
           $1::text::name, $2::text::pg_lsn, $3::int4, 'proto_version', '1',
           'publication_names', $4::text, 'messages', $5::text)";

/// Turns conversion off where the server does not know its own encoding.
const AS_STORED: &str = "\
SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', false)
 WHERE current_setting('server_encoding') = 'SQL_ASCII'";

/// What it is for.
const ACTION: &str = "count what waits in the replication slot";
