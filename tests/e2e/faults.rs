//! Faults between outflow and PostgreSQL. A number is a row of docs/faults.md.

use std::time::Duration;

use harness::{
    Broker, Database, Direction, Major, Outflow, PATIENCE, Postgres, Proxy, Writers, check_topic,
    wait_until,
};

use crate::service::config;

/// A database with an outbox and a slot, reached by outflow through a proxy.
struct Rig {
    /// The database, reached directly.
    database: Database,
    /// What stands before it.
    proxy: Proxy,
    /// The type of its events.
    aggregate: String,
}

impl Rig {
    /// Sets it up.
    fn new() -> Self {
        let postgres = Postgres::shared(Major::V17);
        let database = postgres.database();
        database.create_outbox();
        database.create_slot();
        let aggregate = database.topic("order");
        let proxy = Proxy::before(postgres.port());
        Self {
            database,
            proxy,
            aggregate,
        }
    }

    /// The topic of its events.
    fn topic(&self) -> String {
        format!("{}.events", self.aggregate)
    }

    /// Starts outflow behind the proxy, with a server that is patient for that long.
    fn start(&self, patience: &str) -> Outflow {
        let port = Postgres::shared(Major::V17).port();
        let settings = config(&self.database, Broker::shared())
            .replace(&format!(":{port}/"), &format!(":{}/", self.proxy.port()))
            .replace(
                "[kafka]",
                &format!("wal_sender_timeout = \"{patience}\"\n[kafka]"),
            );
        Outflow::command(["run"]).config(&settings).start()
    }

    /// Lets writers commit events, makes trouble meanwhile, and checks that all arrived in order.
    fn check_with(&self, events: usize, trouble: impl FnOnce(&Outflow)) {
        let outflow = self.start("15s");
        outflow.wait_for_line("streaming", PATIENCE);
        let writers = Writers::start(&self.database, &self.aggregate, 2, events);
        trouble(&outflow);
        let history = writers.wait();
        check_topic(&self.database, Broker::shared(), &self.topic(), &history);
        assert!(outflow.stop().success());
        let logged = outflow.stderr();
        assert!(!logged.contains("panicked"), "{logged}");
    }
}

#[test]
fn row_48_a_reset_in_mid_message_discards_what_was_begun() {
    let rig = Rig::new();
    rig.check_with(3_000, |_| {
        // Login and catalog queries take a thousand bytes or two; some cuts fall into them, others into the stream.
        for bytes in [1_500, 3_001, 30_011] {
            let before = rig.proxy.connections();
            rig.proxy.cut_after(Direction::ToClient, bytes);
            rig.proxy.cut();
            wait_until(PATIENCE, "outflow to come back", || {
                rig.proxy.connections() > before
            });
        }
        rig.proxy.heal();
        rig.proxy.cut();
    });
}

#[test]
fn row_49_garbled_bytes_are_never_taken_for_an_event() {
    let rig = Rig::new();
    rig.check_with(3_000, |_| {
        // The types and lengths of frames, on either side; a garbled payload is the network's to notice, or TLS's.
        for (direction, byte) in [
            (Direction::ToClient, 0),
            (Direction::ToClient, 1),
            (Direction::ToClient, 9),
            (Direction::ToServer, 3),
        ] {
            let before = rig.proxy.connections();
            rig.proxy.flip(direction, byte);
            rig.proxy.cut();
            wait_until(PATIENCE, "outflow to come back", || {
                rig.proxy.connections() > before
            });
        }
        rig.proxy.heal();
        rig.proxy.cut();
    });
}

#[test]
fn row_50_a_server_that_reads_nothing_does_not_hold_a_session() {
    let rig = Rig::new();
    let outflow = rig.start("3s");
    outflow.wait_for_line("streaming", PATIENCE);
    // What outflow says arrives nowhere, so the server ends the stream; what the server says still arrives.
    rig.proxy.stall(Direction::ToServer);
    let seen = outflow.seen();
    let writers = Writers::start(&rig.database, &rig.aggregate, 1, 500);
    outflow.wait_for_line_after(seen, "trying again", Duration::from_secs(30));
    rig.proxy.heal();
    rig.proxy.cut();
    let history = writers.wait();
    check_topic(&rig.database, Broker::shared(), &rig.topic(), &history);
    assert!(outflow.stop().success());
}

#[test]
fn a_slow_and_distant_server_delays_and_loses_nothing() {
    let rig = Rig::new();
    rig.check_with(2_000, |_| {
        rig.proxy
            .delay(Direction::ToServer, Duration::from_millis(30));
        rig.proxy
            .delay(Direction::ToClient, Duration::from_millis(30));
        rig.proxy.throttle(Direction::ToClient, 400_000);
    });
}
