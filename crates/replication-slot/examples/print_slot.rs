//! Prints what a slot sends, as it comes, until it is interrupted; the slot stays where it is.
//!
//! ```text
//! psql -c "CREATE PUBLICATION my_publication FOR ALL TABLES"                  # needs wal_level = logical
//! psql -c "SELECT pg_create_logical_replication_slot('my_slot', 'pgoutput')"  # and now write something
//! cargo run --example print_slot -- postgresql://localhost/postgres my_slot my_publication
//! psql -c "SELECT pg_drop_replication_slot('my_slot')"                        # or it keeps WAL for ever
//! ```
//!
//! The first argument is a URL or key=value text, over the `PG*` environment, as psql takes it.

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use outflow_pgoutput::{Oid, OldTuple, Tuple, Value};
use outflow_replication_slot::connect::ConnectConfig;
use outflow_replication_slot::{
    Acknowledge, Event, PublicationName, Session, SlotName, StartOptions, start,
};
use tokio::time::{Instant, timeout_at};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, slot, publication] = arguments.as_slice() else {
        return Err("usage: print_slot URL SLOT PUBLICATION".into());
    };
    let config = ConnectConfig::parse(url, |name| env::var(name).ok())?;
    let options = StartOptions {
        slot: SlotName::new(slot)?,
        publication: PublicationName::new(publication)?,
        messages: true,
        session: 0,
        status_interval: Duration::from_secs(1),
        wal_sender_timeout: Duration::from_secs(60),
        acknowledge: Acknowledge::Never,
    };
    let (mut connection, mut session) = start(&config, &options).await?;
    let mut tables = Tables::default();
    loop {
        connection.transmit(&mut session).await?;
        while let Some(frame) = connection.frame()? {
            let length = frame.wire_len();
            let event = session.handle_frame(frame)?;
            if !tables.print(&event, &mut session)? {
                return Ok(());
            }
            connection.consume(length);
        }
        // The server is to hear from us also while it says nothing.
        let next = Instant::from_std(session.poll_timeout());
        if let Ok(received) = timeout_at(next, connection.receive()).await {
            received?;
        }
    }
}

/// The names of the tables that the stream has described.
#[derive(Default)]
struct Tables(HashMap<Oid, String>);

impl Tables {
    /// Prints an event, and says whether there will be another one.
    fn print(&mut self, event: &Event<'_>, session: &mut Session) -> io::Result<bool> {
        let mut out = io::stdout().lock();
        match event {
            Event::Relation(table) => {
                let name = format!("{}.{}", table.namespace, table.name);
                self.0.insert(table.id, name);
                return Ok(true);
            }
            Event::Insert(insert, id) => {
                let (table, new) = (self.name(insert.relation), row(insert.new));
                writeln!(out, "{id} insert {table} {new}")?;
            }
            Event::Update(update, id) => {
                let (table, new) = (self.name(update.relation), row(update.new));
                writeln!(out, "{id} update {table} {new}")?;
            }
            Event::Delete(delete, id) => {
                let (OldTuple::Key(old) | OldTuple::Full(old)) = delete.old;
                let (table, old) = (self.name(delete.relation), row(old));
                writeln!(out, "{id} delete {table} {old}")?;
            }
            Event::Truncate(truncate, id) => {
                let tables = truncate.relations.iter().map(|table| self.name(table));
                let tables: Vec<&str> = tables.collect();
                writeln!(out, "{id} truncate {}", tables.join(", "))?;
            }
            Event::Message(message, id) => {
                let content = String::from_utf8_lossy(message.content);
                let id = id.map_or_else(|| "(no transaction)".to_owned(), |id| id.to_string());
                writeln!(out, "{id} message {} {content:?}", message.prefix)?;
            }
            Event::Committed { changes, .. } => {
                writeln!(out, "committed: {changes} changes")?;
                return Ok(true);
            }
            Event::Ended(how) => {
                writeln!(out, "ended: {how:?}")?;
                return Ok(false);
            }
            Event::Nothing | Event::Type(_) => return Ok(true),
        }
        // It was a change, and nobody is to settle it. A message of no transaction is none.
        if !matches!(event, Event::Message(_, None)) {
            session.pass();
        }
        Ok(true)
    }

    /// Gives a table's name.
    fn name(&self, table: Oid) -> &str {
        self.0.get(&table).map_or("(unknown)", String::as_str)
    }
}

/// Writes a row's values.
fn row(row: Tuple<'_>) -> String {
    let text = |value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Unchanged => "(unchanged)".to_owned(),
        Value::Text(text) | Value::Binary(text) => String::from_utf8_lossy(text).into_owned(),
    };
    let values: Vec<String> = row.iter().map(text).collect();
    format!("({})", values.join(", "))
}
