//! Writers that go on whatever happens to their server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use harness::Sql;

/// Connections that commit events, until they are told to stop.
pub(crate) struct Load {
    /// Whether they are to stop.
    is_over: Arc<AtomicBool>,
    /// Their threads.
    writers: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts so many.
    pub(crate) fn start(url: &str, writers: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let start = |writer| {
            let (url, is_over) = (url.to_owned(), Arc::clone(&is_over));
            thread::spawn(move || write(&url, writer, &is_over))
        };
        Self {
            writers: (0..writers).map(start).collect(),
            is_over,
        }
    }

    /// Lets them finish what they have begun.
    pub(crate) fn stop(self) {
        self.is_over.store(true, Ordering::Release);
        for writer in self.writers {
            writer.join().ok();
        }
    }
}

/// Commits transactions of one to twenty events, some large, some undone in part or whole. Whether a transaction whose
/// connection broke was committed is for the table to say; its numbers are not used again.
fn write(url: &str, writer: usize, is_over: &AtomicBool) {
    let mut sql = None;
    let (mut transaction, mut number) = (0, 0);
    while !is_over.load(Ordering::Acquire) {
        // The pace of the load; a server that is away is asked again as often.
        thread::sleep(Duration::from_millis(3));
        let Some(connection) = sql.take().or_else(|| Sql::open(url).ok()) else {
            continue;
        };
        transaction += 1;
        let size = match transaction % 200 {
            150 => 2_000,
            other => other % 20 + 1,
        };
        let savepoint = match transaction % 7 {
            0 => format!(
                "SAVEPOINT s; {}; ROLLBACK TO s;",
                insert(writer, number + size, 3)
            ),
            _ => String::new(),
        };
        let end = if transaction % 9 == 0 {
            "ROLLBACK"
        } else {
            "COMMIT"
        };
        let insert = insert(writer, number, size);
        let done = connection.try_batch(&format!("BEGIN; {savepoint} {insert}; {end}"));
        number += size + 3;
        if done.is_ok() {
            sql = Some(connection);
        }
    }
}

/// Gives a statement that inserts `size` events from a number on; each key has one writer.
fn insert(writer: usize, from: usize, size: usize) -> String {
    format!(
        "INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) \
         SELECT 'chaos', '{writer}-' || n % 11, 'Changed', jsonb_build_object('n', n, 'text', repeat('x', 150)) \
         FROM generate_series({from}, {from} + {size} - 1) AS n"
    )
}
