//! What must be there in PostgreSQL before events flow: a server that decodes, a publication of
//! outbox tables, a slot. Checks, and what makes the missing parts.
//!
//! The commands and [`preflight`](crate::preflight) share it. It prints nothing.

mod create;
mod outbox;
mod publication;
mod server;
mod slot;
mod trouble;

pub(crate) use create::{Created, SlotCreation};
pub(crate) use outbox::{Candidates, router_verdict};
pub(crate) use publication::{check_publication, missing_publication};
pub(crate) use server::check_server;
pub(crate) use slot::{check_slot, check_usable, of_this_database};
pub(crate) use trouble::Trouble;
