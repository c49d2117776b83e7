//! `outflow slot peek`.

use outflow_event_router::{Routed, Router};
use outflow_pgoutput::{Lsn, Message};
use outflow_replication_slot::catalog::{self, Publication, ServerFacts};
use outflow_replication_slot::{EventId, SlotName};
use tokio_postgres::Client;

use super::Session;
use crate::exit::{Exit, Failure};
use crate::setup::{check_publication, check_slot, missing_publication};
use crate::sink::stdout::write_line;
use crate::{human, output};

/// Prints what waits in a slot, as the stdout sink would, and consumes nothing.
///
/// The server stops only at commits, and counts messages rather than events: it is asked for a few
/// messages first, and again for more until there are enough events or no more messages.
pub(super) async fn peek(
    session: &Session<'_>,
    name: &SlotName,
    limit: u64,
) -> Result<(), Failure> {
    let client = session.connect().await?;
    check(session, &client, name).await?;
    let mut look = Look::new(limit);
    let mut messages = u32::try_from(limit.saturating_mul(4).saturating_add(16)).unwrap_or(MOST);
    while look.printed < limit && look.run(session, &client, name, messages).await? >= messages {
        if messages == MOST {
            break;
        }
        messages = messages.saturating_mul(4).min(MOST);
    }
    if look.printed == 0 {
        human::say(format!("no event waits in slot \"{name}\""));
    }
    Ok(())
}

/// Checks that the slot can be looked into, and that it shows outboxes.
async fn check(session: &Session<'_>, client: &Client, name: &SlotName) -> Result<(), Failure> {
    let facts = ServerFacts::read(client).await?;
    let slot = session.find(client, name).await?;
    check_slot(&slot, &facts)?;
    if slot.is_active() {
        return Err(Failure::slot_active(&slot, "look into"));
    }
    let (publication, outbox) = (&session.config.postgres.publication, &session.config.outbox);
    let Some(found) = Publication::find(client, publication).await? else {
        return Err(missing_publication(client, publication, outbox, &facts.database).await?);
    };
    check_publication(client, &found, outbox, &facts.database).await?;
    Ok(())
}

/// What was seen so far.
struct Look {
    /// How many events are wanted.
    limit: u64,
    /// How many were printed.
    printed: u64,
    /// The last that was printed: an event is known by its transaction and its place in there.
    last: Option<EventId>,
    /// Lines that are not written yet.
    lines: Vec<u8>,
}

impl Look {
    /// Begins to look.
    const fn new(limit: u64) -> Self {
        Self {
            limit,
            printed: 0,
            last: None,
            lines: Vec::new(),
        }
    }

    /// Goes through the slot from its beginning, prints what was not printed yet, and says how many
    /// messages came.
    async fn run(
        &mut self,
        session: &Session<'_>,
        client: &Client,
        name: &SlotName,
        messages: u32,
    ) -> Result<u32, Failure> {
        let publication = &session.config.postgres.publication;
        let mut router = Router::new(session.config.outbox.clone());
        let mut event = EventId {
            commit_lsn: Lsn::ZERO,
            ordinal: 0,
        };
        let mut seen: u32 = 0;
        let emitted = session.config.outbox.messages.is_wanted();
        let mut peek = catalog::peek(client, name, publication, messages, emitted).await?;
        while self.printed < self.limit {
            let Some((_, message)) = peek.next().await? else {
                break;
            };
            seen = seen.saturating_add(1);
            self.take(&mut router, &mut event, &message)?;
            if self.lines.len() >= CHUNK_BYTES {
                self.write()?;
            }
        }
        self.write()?;
        Ok(seen)
    }

    /// Handles one message.
    fn take(
        &mut self,
        router: &mut Router,
        event: &mut EventId,
        message: &[u8],
    ) -> Result<(), Failure> {
        let undecodable = |error| Failure::from_error(Exit::Bug, &error);
        match Message::decode(message).map_err(undecodable)? {
            Message::Begin(begin) => {
                *event = EventId {
                    commit_lsn: begin.final_lsn,
                    ordinal: 0,
                };
            }
            Message::Type(described) => router.describe_type(&described),
            Message::Relation(relation) => {
                router
                    .relation(&relation)
                    .map_err(|error| Failure::from_error(Exit::Config, &error))?;
            }
            Message::Insert(insert) => {
                event.ordinal += 1;
                let new = self.last.is_none_or(|last| *event > last);
                let routed = router
                    .insert(&insert)
                    .map_err(|error| Failure::from_error(Exit::Bug, &error))?;
                if new {
                    self.print(routed, *event);
                }
            }
            Message::Message(message) if message.transactional => {
                event.ordinal += 1;
                let new = self.last.is_none_or(|last| *event > last);
                let routed = router
                    .message(&message)
                    .map_err(|error| Failure::from_error(Exit::Config, &error))?;
                if new {
                    self.print(routed, *event);
                }
            }
            Message::Commit(_)
            | Message::Origin(_)
            | Message::Update(_)
            | Message::Delete(_)
            | Message::Truncate(_)
            | Message::Message(_)
            | Message::StreamAbort(_) => {}
        }
        Ok(())
    }

    /// Prints an event, or why there is none.
    fn print(&mut self, routed: Routed<'_>, event: EventId) {
        match routed {
            Routed::Record(record) => write_line(&record, &mut self.lines),
            Routed::Skipped(_) => return,
            Routed::Poison(poison) => {
                human::warn(format!(
                    "an event can't be delivered, and stops the stream: {poison}"
                ));
            }
        }
        self.printed += 1;
        self.last = Some(event);
    }

    /// Writes the lines that wait.
    fn write(&mut self) -> Result<(), Failure> {
        output::print_bytes(&self.lines)?;
        self.lines.clear();
        Ok(())
    }
}

/// How many lines are written at once, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// The most messages that the server takes a number for.
const MOST: u32 = i32::MAX.unsigned_abs();
