//! What PostgreSQL's catalogs say of slots, publications and tables, and the commands that change
//! them.
//!
//! Invariants:
//! - Nothing here prints, waits or tries again: each function is one question or one command over an
//!   ordinary SQL connection.
//! - Every command that writes gives its SQL as text too, and that text does the same.
//! - One set of questions serves PostgreSQL 14 to 18: a column that a version does not have is
//!   `None`, not an error.

mod error;
mod fields;
mod ident;
mod server;
mod slot;

pub use error::CatalogError;
pub use ident::ident;
pub use server::ServerFacts;
pub use slot::{SlotClient, SlotInfo, WalStatus};
