//! Real PostgreSQL 14 to 18, a real Kafka broker and the real `outflow` process, for tests, the demo and benchmarks.
//!
//! Invariants:
//! - Nothing is left behind: whatever happens to this process, its [`guard`]ian ends every server and program that it
//!   started and removes their files.
//! - Nothing sleeps: every wait is for a condition, has a deadline, and says at its end what it waited for. The one
//!   place that pauses between two looks is [`wait_until`].
//! - A missing part or a server that does not start fails the test with the reason; nothing is ever skipped.
//!
//! Everything here blocks, so a plain `#[test]` reads from top to bottom; it also works inside an async test. Failures
//! are panics, because all callers are tests or tools that can only give up.
//!
//! ```no_run
//! use harness::{Broker, Major, Outflow, PATIENCE, Postgres};
//!
//! // Given an outbox, and outflow on it.
//! let database = Postgres::shared(Major::V17).database();
//! database.create_outbox();
//! let topic = database.topic("order");
//! let outflow = Outflow::command(["run", "--create"])
//!     .args(["-d", &database.url(), "-b", Broker::shared().bootstrap()])
//!     .start();
//! // When an event is committed, then it is in Kafka.
//! database.sql().batch("INSERT INTO outbox (aggregate_type) VALUES ('order')");
//! let records = Broker::shared().consume(&[&topic], PATIENCE, |seen| seen.len() == 1);
//! assert_eq!(records.len(), 1);
//! drop(outflow);
//! ```

mod broker;
pub mod compat;
pub mod guard;
mod history;
mod must;
pub mod parts;
mod ports;
mod postgres;
mod process;
mod proxy;
mod runtime;
pub mod scripted;
mod wait;

pub use broker::{
    Broker, Consumed, Listener, Operation, OwnBroker, Reader, SecuredBroker, Security,
};
pub use history::{History, Writers, check_topic};
pub use postgres::{Database, Major, OwnPostgres, Postgres, Sql, Stop};
pub use process::{Line, Outflow, OutflowCommand, Output};
pub use proxy::{Direction, Proxy};
pub use wait::{Outcome, PATIENCE, wait_until};
