//! What PostgreSQL's catalogs say of slots, publications and tables, and the commands that change
//! them.
//!
//! Invariants:
//! - Nothing here prints, waits or tries again: each function is one question or one command over an
//!   ordinary SQL connection.
//! - Every command that writes gives its SQL as text too, and that text does the same.
//! - One set of questions serves PostgreSQL 14 to 18: a column that a version does not have is
//!   `None`, not an error.

mod activity;
mod again;
mod error;
mod fields;
mod ident;
mod peek;
mod publication;
mod server;
mod slot;
mod slot_command;
mod table;
mod waiting;

pub use activity::{OpenTransaction, backend_pid, cancel, limit_statements, open_transactions};
pub use again::insert_again_sql;
pub use error::CatalogError;
pub use ident::ident;
pub use peek::{Peek, peek};
pub use publication::{
    Publication, PublishedTable, add_table_sql, create_publication, create_publication_sql,
    drop_publication, drop_publication_sql, publish_inserts_sql, via_root_sql,
};
pub use server::ServerFacts;
pub use slot::{SlotClient, SlotInfo, WalStatus};
pub use slot_command::{
    advance_slot, advance_slot_sql, create_slot, create_slot_sql, drop_slot, drop_slot_sql,
};
pub use table::{RowCount, Table, TableColumn, TableKind, count_rows, tables};
pub use waiting::{Waiting, WaitingLimits, waiting};
