//! What was committed against what is in Kafka: nothing missing, nothing invented, order by key.

use std::collections::{HashMap, HashSet};
use std::thread::JoinHandle;

use harness::{Broker, Consumed, Database, PATIENCE, Sql, wait_until};

/// Events that were committed, each key's in commit order.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Each key's events, in commit order: a key has one writer.
    by_key: HashMap<String, Vec<String>>,
    /// Events that were rolled back.
    rolled_back: HashSet<String>,
}

impl History {
    /// Counts the committed events.
    pub(crate) fn len(&self) -> usize {
        self.by_key.values().map(Vec::len).sum()
    }

    /// Takes over another writer's keys.
    fn merge(&mut self, other: Self) {
        self.by_key.extend(other.by_key);
        self.rolled_back.extend(other.rolled_back);
    }

    /// Holds it against a topic, and gives the number of repeats.
    ///
    /// # Panics
    /// With what is missing, invented, or out of order.
    #[track_caller]
    pub(crate) fn check(&self, records: &[Consumed]) -> usize {
        let mut place = HashMap::new();
        for (key, ids) in &self.by_key {
            for (at, id) in ids.iter().enumerate() {
                place.insert(id.as_str(), (key.as_str(), at));
            }
        }
        let mut seen = HashSet::new();
        let mut next: HashMap<&str, usize> = HashMap::new();
        let mut repeats = 0;
        for record in records {
            let id = record.header("id").unwrap_or_default();
            assert!(
                !self.rolled_back.contains(&id),
                "{id} was rolled back and is in Kafka"
            );
            let Some((found, &(key, at))) = place.get_key_value(id.as_str()) else {
                panic!("{id} is in Kafka and was never committed");
            };
            assert_eq!(record.key_text(), key, "the key of {id}");
            if !seen.insert(*found) {
                repeats += 1;
                continue;
            }
            let expected = next.entry(key).or_insert(0);
            assert_eq!(
                at, *expected,
                "the first delivery of {id} is out of order for key {key}"
            );
            *expected += 1;
        }
        let missing = place.len() - seen.len();
        assert_eq!(
            missing,
            0,
            "of {} events {missing} are missing",
            place.len()
        );
        repeats
    }
}

/// Writers that commit events under keys of their own, some of them rolled back.
pub(crate) struct Writers(Vec<JoinHandle<History>>);

impl Writers {
    /// Starts so many writers, which commit `events` events in all.
    pub(crate) fn start(
        database: &Database,
        aggregate: &str,
        writers: usize,
        events: usize,
    ) -> Self {
        let start = |writer| {
            let (sql, aggregate) = (database.connect(), aggregate.to_owned());
            std::thread::spawn(move || write(&sql, &aggregate, writer, events / writers))
        };
        Self((0..writers).map(start).collect())
    }

    /// Waits for all of them.
    pub(crate) fn wait(self) -> History {
        let mut history = History::default();
        for writer in self.0 {
            history.merge(writer.join().expect("a writer failed"));
        }
        history
    }

    /// Says whether all have ended.
    pub(crate) fn have_ended(&self) -> bool {
        self.0.iter().all(JoinHandle::is_finished)
    }
}

/// Commits a writer's share in transactions of one to ten events; every ninth is rolled back.
fn write(sql: &Sql, aggregate: &str, writer: usize, events: usize) -> History {
    let mut history = History::default();
    let mut number = 0;
    let mut transaction = 0;
    while history.len() < events {
        transaction += 1;
        let size = (transaction % 10 + 1).min(events - history.len());
        let mut values = Vec::new();
        let mut made = Vec::new();
        for _ in 0..size {
            number += 1;
            let id = format!("{writer:08x}-0000-4000-8000-{number:012x}");
            let key = format!("{writer}-{}", number % 7);
            values.push(format!(
                "('{id}', '{aggregate}', '{key}', 'Tested', '{{\"n\": {number}}}')"
            ));
            made.push((key, id));
        }
        let commit = transaction % 9 != 0;
        let end = if commit { "COMMIT" } else { "ROLLBACK" };
        sql.batch(&format!(
            "BEGIN; INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload) VALUES {}; {end}",
            values.join(", ")
        ));
        for (key, id) in made {
            match commit {
                true => history.by_key.entry(key).or_default().push(id),
                false => drop(history.rolled_back.insert(id)),
            }
        }
    }
    history
}

/// Waits until the slot has passed all that is committed, then reads a topic and checks it.
#[track_caller]
pub(crate) fn check_topic(
    database: &Database,
    broker: &Broker,
    topic: &str,
    history: &History,
) -> usize {
    let end = database.wal_end();
    wait_until(
        PATIENCE * 2,
        "the slot to pass all that is committed",
        || database.has_confirmed(&end),
    );
    history.check(&broker.records(&[topic]))
}
