//! A PostgreSQL logical replication slot, as its client sees it.
//!
//! - [`Ledger`] says how far the slot may move: behind what is settled, and nowhere else.
//!
//! What the crate promises: a position that was not derived from settled records in the order of
//! the stream cannot be confirmed, which the compiler checks (see [`ledger`]); the status timer
//! depends on nothing but time; and no input from the server panics.

pub mod ledger;

mod event;
mod inbox;
mod name;
mod pace;
mod proof;
mod wire;

pub use event::EventId;
pub use inbox::Inbox;
pub use ledger::{FlushLsn, Ledger, Ticket};
pub use name::{NameError, PublicationName, SlotName, quote_ident, quote_literal};
pub use pace::Pace;
pub use proof::{BrokerAck, Settlement, SkipReason, WriterAck};
pub use wire::{RawFrame, StatusUpdate, WireError};
