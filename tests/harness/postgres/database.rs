//! A database for one test, with names that no other test has.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio_postgres::Config;

use super::{Postgres, Sql};
use crate::must::must;
use crate::wait::try_until;

/// A database of its own. Dropping it drops its slots, ends its sessions and removes it, if its server is up.
#[derive(Debug)]
pub struct Database {
    /// The name of the database, and of what else is its own.
    name: String,
    /// How to connect to it as the superuser.
    config: Config,
    /// How to connect to the server's maintenance database.
    admin: Config,
    /// Its URL over TCP.
    url: String,
    /// The test's first connection.
    sql: Sql,
}

impl Database {
    /// Makes a database with a fresh name, and with options of `CREATE DATABASE`.
    pub(super) fn create(server: &Postgres, options: &str) -> anyhow::Result<Self> {
        let name = fresh_name();
        let admin = server.admin.clone();
        let sql = Sql::connect(&admin).context("cannot connect to PostgreSQL")?;
        sql.try_batch(&format!("CREATE DATABASE {name} {options}"))
            .context("cannot make a database")?;
        let mut config = admin.clone();
        config.dbname(&name);
        let sql = Sql::connect(&config).context("cannot connect to the new database")?;
        Ok(Self {
            url: server.url(&name),
            name,
            config,
            admin,
            sql,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name for the test's slot: made by nobody yet, unless by [`create_slot`](Self::create_slot).
    #[must_use]
    pub fn slot(&self) -> &str {
        &self.name
    }

    /// The name for the test's publication.
    #[must_use]
    pub fn publication(&self) -> &str {
        &self.name
    }

    /// A topic, or an aggregate type, that no other test has.
    #[must_use]
    pub fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }

    /// Its URL over TCP, as the superuser.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The test's connection.
    #[must_use]
    pub fn sql(&self) -> &Sql {
        &self.sql
    }

    /// Another connection.
    #[must_use]
    pub fn connect(&self) -> Sql {
        must(Sql::connect(&self.config).context("cannot connect to PostgreSQL"))
    }

    /// Connects the test's own connection again, after the server was away.
    pub fn reconnect(&mut self) {
        self.sql = self.connect();
    }

    /// Makes the table `outbox` with the usual columns, and the publication of its inserts.
    #[track_caller]
    pub fn create_outbox(&self) {
        self.sql.batch(&format!(
            "CREATE TABLE outbox (
                 id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                 aggregate_type text NOT NULL,
                 aggregate_id text NOT NULL,
                 event_type text NOT NULL DEFAULT 'Tested',
                 payload jsonb,
                 created_at timestamptz NOT NULL DEFAULT now()
             );
             CREATE PUBLICATION {} FOR TABLE outbox WITH (publish = 'insert')",
            self.publication()
        ));
    }

    /// Makes the slot.
    #[track_caller]
    pub fn create_slot(&self) {
        let slot = self.slot();
        self.sql.batch(&format!(
            "SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')"
        ));
    }

    /// The position that the slot has confirmed, as text; none if there is no such slot.
    #[must_use]
    pub fn confirmed_flush_lsn(&self) -> Option<String> {
        let slot = self.slot();
        self.sql.text(&format!(
            "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '{slot}'"
        ))
    }

    /// Whether the slot has confirmed everything up to this position.
    #[must_use]
    pub fn has_confirmed(&self, lsn: &str) -> bool {
        let slot = self.slot();
        let passed = self.sql.text(&format!(
            "SELECT confirmed_flush_lsn >= '{lsn}' FROM pg_replication_slots WHERE slot_name = '{slot}'"
        ));
        passed.as_deref() == Some("t")
    }

    /// The end of the WAL now, as text.
    #[track_caller]
    #[must_use]
    pub fn wal_end(&self) -> String {
        must(
            self.sql
                .text("SELECT pg_current_wal_lsn()")
                .context("no position"),
        )
    }

    /// Removes the slots and the database; a slot's reader may need a moment to leave.
    fn remove(&self) -> anyhow::Result<()> {
        let mut admin = self.admin.clone();
        admin.connect_timeout(REMOVAL);
        let sql = Sql::connect(&admin)?;
        let name = &self.name;
        try_until(REMOVAL, "the database to be removed", || {
            sql.try_batch(&format!(
                "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
                 WHERE database = '{name}' AND active"
            ))?;
            sql.try_batch(&format!(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
                 WHERE database = '{name}'"
            ))?;
            sql.try_batch(&format!("DROP DATABASE {name} WITH (FORCE)"))
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Without its server there is nothing to remove; and the run's end removes shared servers whole.
        drop(self.remove());
    }
}

/// A name for a database, a slot, a publication and topics: of the test's thread, this process and a counter.
fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let thread = std::thread::current();
    let test = thread
        .name()
        .unwrap_or_default()
        .rsplit("::")
        .next()
        .unwrap_or_default();
    let test: String = test
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(36)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    format!(
        "t_{test}_{}_{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// How long a removal may take.
const REMOVAL: Duration = Duration::from_secs(10);
