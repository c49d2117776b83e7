//! A PostgreSQL logical replication slot, as its client sees it.
//!
//! - [`Session`] is the protocol without I/O: frames and `now` in, events and bytes to send out.
//! - [`Ledger`] says how far the slot may move: behind what is settled, and nowhere else.
//! - [`connect`] gets a connection to PostgreSQL, by libpq's rules; [`Connection`] is the thin
//!   tokio driver of a stream on it.
//!
//! What the crate promises: a position that was not derived from settled records in the order of
//! the stream cannot be confirmed, which the compiler checks (see [`ledger`]); the status timer
//! depends on nothing but time; and no input from the server panics.

pub mod catalog;
pub mod connect;
pub mod ledger;

mod client;
mod event;
mod excerpt;
mod inbox;
mod name;
mod pace;
mod proof;
mod session;
mod wire;

pub use client::{Connection, StartError, StartOptions, StreamError, start};
pub use event::EventId;
pub use excerpt::Excerpt;
pub use inbox::Inbox;
pub use ledger::{FlushLsn, Ledger, Ticket};
pub use name::{NameError, PublicationName, SlotName, quote_ident, quote_literal};
pub use proof::{BrokerAck, Settlement, SkipReason, WriterAck};
pub use session::{Acknowledge, Ended, Event, Session, SessionConfig, SessionError};
pub use wire::{RawFrame, StatusUpdate, WireError};

/// The code of the crate's README, so that it is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
