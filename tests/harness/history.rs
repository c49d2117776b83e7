//! What was committed against what is in Kafka: nothing missing, nothing invented, order by key.

use std::collections::{HashMap, HashSet};
use std::thread::JoinHandle;

use crate::{Broker, Consumed, Database, PATIENCE, Sql, wait_until};

/// Events that were committed, each key's in commit order.
#[derive(Debug, Default)]
pub struct History {
    /// Each key's events, in commit order: a key has one writer.
    by_key: HashMap<String, Vec<String>>,
    /// Events that were rolled back.
    rolled_back: HashSet<String>,
}

impl History {
    /// What the table says was committed: rows `(key, id)`, each key's in commit order.
    #[must_use]
    pub fn of_rows(rows: impl Iterator<Item = (String, String)>) -> Self {
        let mut history = Self::default();
        for (key, id) in rows {
            history.by_key.entry(key).or_default().push(id);
        }
        history
    }

    /// Says whether nothing was committed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Counts the committed events.
    #[must_use]
    pub fn len(&self) -> usize {
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
    pub fn check(&self, records: &[Consumed]) -> usize {
        let delivered: Vec<(String, String)> = records
            .iter()
            .map(|record| (record.header("id").unwrap_or_default(), record.key_text()))
            .collect();
        let delivered = delivered
            .iter()
            .map(|(id, key)| (id.as_str(), key.as_str()));
        self.verdict(delivered)
            .unwrap_or_else(|violation| panic!("{violation}"))
    }

    /// Judges deliveries, each an id and a key, in the order in which they lie in their partitions.
    fn verdict<'a>(
        &'a self,
        delivered: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<usize, String> {
        let mut place = HashMap::new();
        for (key, ids) in &self.by_key {
            for (at, id) in ids.iter().enumerate() {
                place.insert(id.as_str(), (key.as_str(), at));
            }
        }
        // For each key, how many events have arrived, and what the last delivery was.
        let mut progress: HashMap<&str, (usize, usize)> = HashMap::new();
        let mut repeats = 0;
        for (id, under) in delivered {
            if self.rolled_back.contains(id) {
                return Err(format!("{id} was rolled back and is in Kafka"));
            }
            let Some(&(key, at)) = place.get(id) else {
                return Err(format!("{id} is in Kafka and was never committed"));
            };
            if under != key {
                return Err(format!("{id} has the key {under}, not {key}"));
            }
            match progress.get_mut(key) {
                None if at == 0 => {
                    progress.insert(key, (1, 0));
                }
                None => {
                    return Err(format!(
                        "{id} is delivered first for key {key}, before {at} others"
                    ));
                }
                Some((arrived, last)) => {
                    if at > *arrived {
                        return Err(format!(
                            "{id} is out of order for key {key}: {} are missing before it",
                            at - *arrived
                        ));
                    }
                    // A repeat goes back to some event, and from there on all come again.
                    if at > *last + 1 {
                        return Err(format!(
                            "{id} is repeated alone for key {key}: not as part of a suffix"
                        ));
                    }
                    if at < *arrived {
                        repeats += 1;
                    }
                    *arrived = (*arrived).max(at + 1);
                    *last = at;
                }
            }
        }
        let arrived: usize = progress.values().map(|(arrived, _)| arrived).sum();
        match place.len() - arrived {
            0 => Ok(repeats),
            missing => Err(format!("of {} events {missing} are missing", place.len())),
        }
    }
}

/// Writers that commit events under keys of their own, some of them rolled back.
#[derive(Debug)]
pub struct Writers(Vec<JoinHandle<History>>);

impl Writers {
    /// Starts so many writers, which commit `events` events in all.
    #[must_use]
    pub fn start(database: &Database, aggregate: &str, writers: usize, events: usize) -> Self {
        let start = |writer| {
            let (sql, aggregate) = (database.connect(), aggregate.to_owned());
            std::thread::spawn(move || write(&sql, &aggregate, writer, events / writers))
        };
        Self((0..writers).map(start).collect())
    }

    /// Waits for all of them.
    ///
    /// # Panics
    /// Where one has failed.
    #[must_use]
    pub fn wait(self) -> History {
        let mut history = History::default();
        for writer in self.0 {
            match writer.join() {
                Ok(share) => history.merge(share),
                Err(failure) => std::panic::resume_unwind(failure),
            }
        }
        history
    }

    /// Says whether all have ended.
    #[must_use]
    pub fn have_ended(&self) -> bool {
        self.0.iter().all(JoinHandle::is_finished)
    }
}

/// Commits a writer's share in transactions of one to ten events, some of five hundred; every ninth is rolled back, and
/// in every seventh a savepoint.
fn write(sql: &Sql, aggregate: &str, writer: usize, events: usize) -> History {
    let mut history = History::default();
    let mut number = 0;
    let mut transaction = 0;
    while history.len() < events {
        transaction += 1;
        let usual = if transaction % 100 == 50 {
            500
        } else {
            transaction % 10 + 1
        };
        let size = usual.min(events - history.len());
        let mut statements = vec!["BEGIN".to_owned()];
        if transaction % 7 == 0 {
            let (insert, undone) = insert(aggregate, writer, &mut number, 3);
            statements.extend(["SAVEPOINT s".to_owned(), insert, "ROLLBACK TO s".to_owned()]);
            history
                .rolled_back
                .extend(undone.into_iter().map(|(_, id)| id));
        }
        let (insert, made) = insert(aggregate, writer, &mut number, size);
        let commit = transaction % 9 != 0;
        statements.extend([
            insert,
            if commit { "COMMIT" } else { "ROLLBACK" }.to_owned(),
        ]);
        sql.batch(&statements.join("; "));
        for (key, id) in made {
            match commit {
                true => history.by_key.entry(key).or_default().push(id),
                false => drop(history.rolled_back.insert(id)),
            }
        }
    }
    history
}

/// Gives the statement that inserts the next `size` events, and their keys and ids.
fn insert(
    aggregate: &str,
    writer: usize,
    number: &mut usize,
    size: usize,
) -> (String, Vec<(String, String)>) {
    let mut values = Vec::new();
    let mut made = Vec::new();
    for _ in 0..size {
        *number += 1;
        let id = format!("{writer:08x}-0000-4000-8000-{number:012x}");
        let key = format!("{writer}-{}", *number % 7);
        values.push(format!(
            "('{id}', '{aggregate}', '{key}', 'Tested', '{{\"n\": {number}}}')"
        ));
        made.push((key, id));
    }
    let insert = format!(
        "INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload) VALUES {}",
        values.join(", ")
    );
    (insert, made)
}

/// Waits until the slot has passed all that is committed, then reads a topic and checks it.
///
/// # Panics
/// With what is missing, invented, or out of order.
#[track_caller]
pub fn check_topic(database: &Database, broker: &Broker, topic: &str, history: &History) -> usize {
    let end = database.wal_end();
    wait_until(
        PATIENCE * 2,
        "the slot to pass all that is committed",
        || database.has_confirmed(&end),
    );
    history.check(&broker.records(&[topic]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A history of two keys, `a` with three events and `b` with one, and one that was rolled back.
    fn example() -> History {
        let ids = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
        History {
            by_key: HashMap::from([
                ("a".to_owned(), ids(&["a0", "a1", "a2"])),
                ("b".to_owned(), ids(&["b0"])),
            ]),
            rolled_back: HashSet::from(["undone".to_owned()]),
        }
    }

    #[test]
    fn the_checker_finds_what_is_planted() {
        let history = example();
        let judge = |delivered: &[&'static str]| {
            let keyed = delivered
                .iter()
                .map(|id| (*id, id.get(..1).unwrap_or_default()));
            history.verdict(keyed)
        };
        assert_eq!(judge(&["a0", "b0", "a1", "a2"]), Ok(0));
        assert_eq!(
            judge(&["a0", "a1", "b0", "a0", "a1", "b0", "a2"]),
            Ok(3),
            "a suffix comes again"
        );
        assert_eq!(
            judge(&["a0", "a1", "a1", "a2", "b0", "a1", "a2"]),
            Ok(3),
            "twice"
        );
        let refused = |delivered: &[&'static str]| judge(delivered).unwrap_err();
        assert!(
            refused(&["a0", "a1", "b0"]).contains("1 are missing"),
            "a loss at the end"
        );
        assert!(
            refused(&["a0", "a2", "b0"]).contains("out of order"),
            "a loss in between"
        );
        assert!(
            refused(&["a0", "a2", "a1", "b0"]).contains("out of order"),
            "a swap"
        );
        assert!(
            refused(&["a1", "a0", "a2", "b0"]).contains("before 1 others"),
            "a swap at the start"
        );
        assert!(
            refused(&["a0", "a1", "a2", "a0", "a2", "b0"]).contains("not as part of a suffix"),
            "a lone repeat"
        );
        assert!(
            refused(&["a0", "a1", "a2", "b0", "b9"]).contains("never committed"),
            "a phantom"
        );
        assert!(
            refused(&["a0", "a1", "a2", "b0", "undone"]).contains("rolled back"),
            "what was undone"
        );
        assert!(
            history
                .verdict([("a0", "b")].into_iter())
                .unwrap_err()
                .contains("has the key b")
        );
    }
}
