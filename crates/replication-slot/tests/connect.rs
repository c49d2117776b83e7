//! The connection layer against a server that a test plays itself.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail the test"
)]

#[path = "connect/certificates.rs"]
mod certificates;
#[path = "connect/fake_server.rs"]
mod fake_server;
#[path = "connect/login.rs"]
mod login;
#[path = "connect/nonsense.rs"]
mod nonsense;
#[path = "connect/probe.rs"]
mod probe;
#[path = "connect/route.rs"]
mod route;
#[path = "connect/sql.rs"]
mod sql;
#[path = "connect/tls.rs"]
mod tls;
#[path = "connect/wire.rs"]
mod wire;
