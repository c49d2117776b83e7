//! A connection to PostgreSQL, by libpq's rules: where it goes, how it is protected, who logs in.
//!
//! ```text
//! ConnectConfig ─ open ─► Opened (TCP, Unix or TLS) ─ login ─► Wire ─► CopyBoth, or ordinary SQL
//! ```
//! - [`ConnectConfig`] is what a URL or libpq's key=value text says, over the `PG*` environment.
//! - [`establish`] tries every host and every address of it, each time anew, until one takes the
//!   session; [`open()`] and [`login()`] are its halves.
//! - [`login()`] answers what the server asks for: SCRAM-SHA-256 (bound to the TLS channel where the
//!   server can), md5, a cleartext password, or nothing.
//! - [`sql()`] gives a `tokio_postgres` client for ordinary SQL over the same kind of connection.
//! - [`probe()`] asks whether a server takes connections.
//!
//! A password never shows in `Debug` or in an error. A parameter that is not supported is refused,
//! never ignored.

mod config;
mod conninfo;
mod error;
mod guard;
mod login;
mod open;
mod passfile;
mod private_file;
mod probe;
mod route;
mod server_error;
mod server_info;
mod service;
mod socket;
mod sql;
mod stream;
mod tls;
mod wire;

use config::DEFAULT_FOLDER;
pub use config::{
    ConnectConfig, Environment, Host, OsUser, PasswordSource, ReceiveBuffer, SslMode,
};
pub use conninfo::{ConnInfo, ConnInfoError, quote_value};
pub use error::{CertificateProblem, ConnectError};
pub use login::{Purpose, establish, login};
pub use open::{Opened, open};
pub use probe::{Probe, probe};
pub use server_error::ServerError;
pub use server_info::ServerInfo;
pub use sql::sql;
pub use stream::Stream;
pub use tls::TlsSocket;
pub use wire::{TextRow, Wire, WireFailure};
