//! A shop that writes orders and their events, each pair in one transaction.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use harness::{Database, Sql};

/// The shop's own table.
pub(crate) const TABLE: &str =
    "CREATE TABLE orders (id integer PRIMARY KEY, state text NOT NULL, total integer NOT NULL)";

/// An event that was committed.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    /// Its id.
    pub(crate) id: String,
    /// Where it has to appear.
    pub(crate) topic: &'static str,
    /// Its key.
    pub(crate) key: String,
    /// When its transaction was about to commit, in milliseconds since 1970.
    pub(crate) at_ms: i64,
}

/// What the shop has done so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The events that were committed, in commit order.
    pub(crate) committed: Vec<Committed>,
    /// The ids of events that were rolled back.
    pub(crate) rolled_back: Vec<String>,
}

/// A shop at work.
pub(crate) struct Shop {
    ledger: Arc<Mutex<Ledger>>,
    closing: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Shop {
    /// Opens: orders are placed, paid and shipped until `orders` are done or it is closed.
    pub(crate) fn open(database: &Database, orders: u32) -> Self {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let closing = Arc::new(AtomicBool::new(false));
        let (sql, log, stop) = (
            database.connect(),
            Arc::clone(&ledger),
            Arc::clone(&closing),
        );
        let thread = std::thread::spawn(move || work(&sql, orders, &log, &stop));
        Self {
            ledger,
            closing,
            thread,
        }
    }

    /// Gives the number of events committed so far.
    pub(crate) fn committed(&self) -> usize {
        self.look(|ledger| ledger.committed.len())
    }

    /// Looks at what was done so far.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for the last order, and gives what was done.
    pub(crate) fn wait(self) -> Ledger {
        if self.thread.join().is_err() {
            self.closing.store(true, Ordering::Relaxed);
        }
        std::mem::take(&mut *self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes orders through their three states, several at a time; some steps roll back.
fn work(sql: &Sql, orders: u32, log: &Mutex<Ledger>, stop: &AtomicBool) {
    let mut events = 0_u64;
    let mut event = |order: u32, topic: &'static str, aggregate: &str, kind: &str| {
        events += 1;
        let id = format!("00000000-0000-4000-8000-{events:012x}");
        let insert = format!(
            "INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload) VALUES \
             ('{id}', '{aggregate}', '{order}', '{kind}', '{{\"order\": {order}, \"total\": {}}}');",
            order * 7 % 500 + 1
        );
        (
            insert,
            Committed {
                id,
                topic,
                key: order.to_string(),
                at_ms: 0,
            },
        )
    };
    for step in 1..=orders + 2 * LEAD {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let due = [
            (step, "placed", "OrderPlaced"),
            (step.saturating_sub(LEAD), "paid", "OrderPaid"),
            (step.saturating_sub(2 * LEAD), "shipped", "OrderShipped"),
        ];
        for (order, state, kind) in due
            .into_iter()
            .filter(|&(order, ..)| (1..=orders).contains(&order))
        {
            // One step in ten fails at first, after its event was written, and is done again.
            for end in if order % 10 == 0 {
                &["ROLLBACK", "COMMIT"][..]
            } else {
                &["COMMIT"]
            } {
                let mut statements = format!(
                    "BEGIN; INSERT INTO orders VALUES ({order}, '{state}', {}) ON CONFLICT (id) DO UPDATE SET state = '{state}';",
                    order * 7 % 500 + 1
                );
                let mut made = vec![event(order, "order.events", "order", kind)];
                if state == "paid" {
                    made.push(event(order, "payment.events", "payment", "PaymentReceived"));
                }
                for (insert, _) in &made {
                    statements.push_str(insert);
                }
                let at_ms = now_ms();
                sql.batch(&format!("{statements} {end}"));
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                for (_, committed) in made {
                    match *end {
                        "COMMIT" => log.committed.push(Committed { at_ms, ..committed }),
                        _ => log.rolled_back.push(committed.id),
                    }
                }
            }
        }
    }
}

/// Gives the time in milliseconds since 1970.
fn now_ms() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// How many orders lie between two states of one order.
const LEAD: u32 = 50;
