//! The servers, the proxy and outflow, and what is done to them.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use harness::{
    Broker, Database, History, Major, Outflow, OwnBroker, OwnPostgres, PATIENCE, Postgres, Proxy,
    Sql, Stop, wait_until,
};
use nix::sys::signal::Signal;

use crate::fault::Fault;

/// All that can fail.
pub(crate) struct Rig {
    /// PostgreSQL.
    postgres: OwnPostgres,
    /// Its database.
    database: Database,
    /// The database's address, past the proxy.
    url: String,
    /// What stands between it and outflow.
    proxy: Proxy,
    /// Kafka.
    broker: OwnBroker,
    /// outflow, while it runs.
    outflow: Option<Outflow>,
    /// The largest resident memory seen, in bytes.
    peak_bytes: u64,
    /// The longest time from the end of a fault until the slot had moved.
    longest_stall: Duration,
}

/// What a run came to.
pub(crate) struct Report {
    /// How many events were committed.
    events: usize,
    /// How many deliveries were repeats.
    repeats: usize,
    /// The longest time from the end of a fault until the slot had moved.
    longest_stall: Duration,
    /// The largest resident memory, in bytes.
    peak_bytes: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:>8}  events committed", self.events)?;
        writeln!(out, "{:>8}  repeated", self.repeats)?;
        writeln!(out, "{:>8}  MiB at most", self.peak_bytes >> 20)?;
        writeln!(
            out,
            "{:>8.1}  s at most until the slot moved again",
            self.longest_stall.as_secs_f64()
        )?;
        write!(out, "missing 0\nout of order 0")
    }
}

impl Rig {
    /// Starts all of it.
    pub(crate) fn start() -> Self {
        let postgres = Postgres::own(Major::V17, &[]);
        let database = postgres.database();
        database.create_outbox();
        // What tells each key's events apart and orders them.
        database
            .sql()
            .batch("CREATE INDEX ON outbox (((payload->>'n')::int))");
        database.create_slot();
        let proxy = Proxy::before(postgres.port());
        let broker = Broker::own(&[]);
        broker.create_topic(TOPIC, 3, &[]);
        let mut rig = Self {
            postgres,
            url: database.url(),
            database,
            proxy,
            broker,
            outflow: None,
            peak_bytes: 0,
            longest_stall: Duration::ZERO,
        };
        rig.recover();
        rig
    }

    /// The database, past the proxy.
    pub(crate) fn database_url(&self) -> &str {
        &self.url
    }

    /// Lets a fault happen, and end.
    pub(crate) fn suffer(&mut self, fault: &Fault) {
        match *fault {
            Fault::Kill => self.end(Signal::SIGKILL),
            Fault::Stop => self.end(Signal::SIGTERM),
            Fault::Freeze(time) => {
                self.signal(Signal::SIGSTOP);
                lasting(time);
                self.signal(Signal::SIGCONT);
            }
            Fault::Cut => self.proxy.cut(),
            Fault::CutAfter(bytes, time) => {
                self.proxy.cut_after(harness::Direction::ToClient, bytes);
                self.proxy.cut();
                lasting(time);
            }
            Fault::Stall(direction, time) => {
                self.proxy.stall(direction);
                lasting(time);
            }
            Fault::Silence(time) => {
                self.proxy.go_silent();
                lasting(time);
            }
            Fault::Distance(time) => {
                self.proxy
                    .delay(harness::Direction::ToClient, Duration::from_millis(20));
                self.proxy
                    .delay(harness::Direction::ToServer, Duration::from_millis(20));
                lasting(time);
            }
            Fault::PostgresFast => {
                self.postgres.stop(Stop::Fast);
                self.postgres.start();
            }
            Fault::PostgresKilled => {
                self.postgres.kill9();
                self.postgres.start();
            }
            Fault::KafkaRestart => {
                self.broker.stop();
                self.broker.start();
            }
            Fault::KafkaKilled => {
                self.broker.kill9();
                self.broker.start();
            }
            Fault::KafkaFreeze(time) => {
                self.broker.signal(Signal::SIGSTOP);
                lasting(time);
                self.broker.signal(Signal::SIGCONT);
            }
        }
        self.proxy.heal();
    }

    /// Waits until the slot moves again; outflow is started where it does not run.
    pub(crate) fn recover(&mut self) {
        if self.outflow.is_none() {
            let port = self.postgres.port();
            let url = self
                .database_url()
                .replace(&format!(":{port}/"), &format!(":{}/", self.proxy.port()));
            let settings = format!(
                "name = \"{}\"\n[postgres]\nurl = \"{url}\"\nwal_sender_timeout = \"5s\"\n[kafka]\nbrokers = [\"{}\"]\n",
                self.database.slot(),
                self.broker.bootstrap()
            );
            self.outflow = Some(Outflow::command(["run"]).config(&settings).start());
        }
        let start = Instant::now();
        let mut connection = None;
        let mut ask = |what: &str| {
            let sql = connection
                .take()
                .or_else(|| Sql::open(self.database_url()).ok())?;
            let answer = sql.try_text(what).ok()?;
            connection = Some(sql);
            answer
        };
        let end = wait_until(PATIENCE, "PostgreSQL to come back", || {
            ask("SELECT pg_current_wal_flush_lsn()::text")
        });
        let passed = format!(
            "SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE slot_name = '{}'",
            self.database.slot()
        );
        wait_until(PATIENCE * 2, "the slot to move again", || {
            let exited = self.outflow.as_ref().and_then(Outflow::exited);
            assert!(exited.is_none(), "outflow ended: {}", self.logs());
            ask(&passed).as_deref() == Some("t")
        });
        self.longest_stall = self.longest_stall.max(start.elapsed());
        self.note_memory();
    }

    /// Ends outflow in good order, and holds the topic against the table.
    ///
    /// # Panics
    /// With what is missing, invented, or out of order.
    pub(crate) fn judge(mut self) -> Report {
        self.recover();
        self.end(Signal::SIGTERM);
        let sql = wait_until(PATIENCE, "PostgreSQL", || {
            Sql::open(self.database_url()).ok()
        });
        let rows = sql.rows(
            "SELECT aggregate_id, id::text FROM outbox ORDER BY (payload->>'n')::int",
            &[],
        );
        let committed = rows.iter().map(|row| (row.get(0), row.get(1)));
        let history = History::of_rows(committed);
        let records = self.broker.records(&[TOPIC]);
        Report {
            events: history.len(),
            repeats: history.check(&records),
            longest_stall: self.longest_stall,
            peak_bytes: self.peak_bytes,
        }
    }

    /// Ends outflow.
    fn end(&mut self, signal: Signal) {
        self.note_memory();
        if let Some(outflow) = self.outflow.take() {
            outflow.signal(signal);
            let status = outflow.wait_exit(PATIENCE);
            assert!(
                signal == Signal::SIGKILL || status.success(),
                "outflow did not stop well: {}",
                outflow.stderr()
            );
        }
    }

    /// Sends outflow a signal.
    fn signal(&self, signal: Signal) {
        if let Some(outflow) = &self.outflow {
            outflow.signal(signal);
        }
    }

    /// Takes note of how large outflow has been.
    fn note_memory(&mut self) {
        if let Some(outflow) = &self.outflow {
            self.peak_bytes = self.peak_bytes.max(outflow.peak_rss_bytes());
        }
    }

    /// What outflow said.
    fn logs(&self) -> String {
        self.outflow
            .as_ref()
            .map(Outflow::stderr)
            .unwrap_or_default()
    }
}

/// Lets a fault last.
fn lasting(time: Duration) {
    thread::sleep(time);
}

/// Where the events go.
const TOPIC: &str = "chaos.events";
