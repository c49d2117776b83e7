//! From the values that count to a [`Config`]: parsed, compared with each other, all errors kept.

use std::time::Duration;

use outflow_replication_slot::{PublicationName, SlotName};

use super::problem::Problem;
use super::setting::duration;
use super::tree::Origin;
use super::value::{Item, Located, Value};
use super::walk::Values;
use super::{Config, Limits, Log, LogFormat, Postgres, ReceiveBuffer, Secret};

mod connection;
mod kafka;
mod outbox;

/// Makes the configuration; the values gain what is derived from others.
///
/// # Errors
/// Everything that is wrong, in reading and here.
pub(super) fn resolve(values: &mut Values) -> Result<Config, Vec<Problem>> {
    derive(values);
    let mut resolver = Resolver {
        values,
        problems: values.problems.clone(),
    };
    let config = resolver.config();
    let mut problems = resolver.problems;
    problems.sort_by_key(Problem::place);
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

/// Sets what is derived from other values, where no layer has set it.
fn derive(values: &mut Values) {
    let text = |values: &Values, key: &str| match values.set.get(key) {
        Some(Located {
            value: Value::Text(text),
            ..
        }) => Some(text.clone()),
        _ => None,
    };
    let word = |c: char| {
        if matches!(c, 'a'..='z' | '0'..='9' | '_') {
            c
        } else {
            '_'
        }
    };
    let slot = text(values, "name").map(|name| name.chars().map(word).collect::<String>());
    for (key, value) in [("postgres.slot", slot), ("postgres.publication", None)] {
        let value = value.or_else(|| text(values, "postgres.slot"));
        if let (Some(value), false) = (value, values.set.contains_key(key)) {
            let located = Located {
                value: Value::Text(value),
                origin: Origin::Default,
            };
            values.set.insert(key, located);
        }
    }
}

/// Reads values and collects what is wrong with them.
struct Resolver<'v> {
    /// The values that count.
    values: &'v Values,
    /// What is wrong.
    problems: Vec<Problem>,
}

impl<'v> Resolver<'v> {
    /// Makes the whole; none where something of it can't be made.
    fn config(&mut self) -> Option<Config> {
        let name = self.name();
        let postgres = self.postgres();
        let outbox = self.outbox();
        let kafka = self.kafka();
        let log = self.log();
        let limits = self.limits();
        Some(Config {
            name: name?,
            postgres: postgres?,
            outbox: outbox?,
            kafka: kafka?,
            log: log?,
            limits: limits?,
        })
    }

    /// The pipeline's name.
    fn name(&mut self) -> Option<String> {
        let name = self.text("name")?;
        if (1..=63).contains(&name.value.len()) && !name.value.chars().any(char::is_control) {
            return Some(name.value.to_owned());
        }
        self.refuse(
            "name",
            "`name` takes 1 to 63 bytes without control characters",
            &name.origin,
        );
        None
    }

    /// The `[postgres]` section.
    fn postgres(&mut self) -> Option<Postgres> {
        let slot = self.parsed("postgres.slot", SlotName::new);
        let publication = self.parsed("postgres.publication", PublicationName::new);
        let connection = self.connection();
        self.check_status_interval();
        Some(Postgres {
            connection: connection?,
            password: self.secret("postgres.password"),
            slot: slot?,
            publication: publication?,
            status_interval: self.duration("postgres.status_interval")?,
            wal_sender_timeout: self.duration("postgres.wal_sender_timeout")?,
            receive_buffer: if let Value::Size(bytes) = self.get("postgres.receive_buffer")?.value {
                ReceiveBuffer::Bytes(u32::try_from(bytes).ok()?)
            } else {
                ReceiveBuffer::Auto
            },
        })
    }

    /// The server must hear of us well before it gives up.
    fn check_status_interval(&mut self) {
        let keys = ["postgres.status_interval", "postgres.wal_sender_timeout"];
        let [Some(interval), Some(timeout)] = keys.map(|key| self.duration(key)) else {
            return;
        };
        if interval * 2 < timeout {
            return;
        }
        let [interval_at, timeout_at] = keys.map(|key| self.origin(key));
        let (interval, timeout) = (duration(interval), duration(timeout));
        let message = format!(
            "`{}` ({interval}) takes less than half of `{}` ({timeout})",
            keys[0], keys[1]
        );
        // The one that was set is at fault.
        let problem = if interval_at == Origin::Default {
            Problem::new(keys[1], message, &timeout_at).label(format!("the interval is {interval}"))
        } else {
            Problem::new(keys[0], message, &interval_at)
                .label("the interval")
                .other(&timeout_at, "the timeout")
        };
        self.problems.push(problem);
    }

    /// The `[log]` section.
    fn log(&mut self) -> Option<Log> {
        let level = self.text("log.level")?.value.parse().ok()?;
        let format = match self.text("log.format")?.value {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => LogFormat::Auto,
        };
        Some(Log { level, format })
    }

    /// The `[limits]` section.
    fn limits(&mut self) -> Option<Limits> {
        let Value::Size(in_flight_bytes) = self.get("limits.in_flight")?.value else {
            return None;
        };
        Some(Limits {
            in_flight_bytes,
            shutdown: self.duration("limits.shutdown")?,
        })
    }

    /// Gives a value, if it is set.
    fn get(&self, key: &str) -> Option<&'v Located<Value>> {
        self.values.set.get(key)
    }

    /// Gives where a value was set.
    fn origin(&self, key: &str) -> Origin {
        self.get(key)
            .map_or(Origin::Default, |located| located.origin.clone())
    }

    /// Gives text.
    fn text(&self, key: &str) -> Option<Located<&'v str>> {
        match self.get(key)? {
            Located {
                value: Value::Text(text),
                origin,
            } => Some(Located {
                value: text,
                origin: origin.clone(),
            }),
            _ => None,
        }
    }

    /// Gives a duration.
    fn duration(&self, key: &str) -> Option<Duration> {
        let Value::Duration(duration) = self.get(key)?.value else {
            return None;
        };
        Some(duration)
    }

    /// Gives a secret.
    fn secret(&self, key: &str) -> Option<Secret> {
        let Value::Secret(secret) = &self.get(key)?.value else {
            return None;
        };
        Some(secret.clone())
    }

    /// Gives names of the user's choice.
    fn items(&self, key: &str) -> &'v [Item] {
        match self.get(key) {
            Some(Located {
                value: Value::Open { items, .. },
                ..
            }) => items,
            _ => &[],
        }
    }

    /// Gives what a text means, or says why it means nothing.
    fn parsed<T, E: std::error::Error>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&'v str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(key)?;
        self.taken(key, &text.origin, parse(text.value))
    }

    /// Gives a result, or says why there is none.
    fn taken<T, E: std::error::Error>(
        &mut self,
        key: &str,
        origin: &Origin,
        result: Result<T, E>,
    ) -> Option<T> {
        result
            .map_err(|error| {
                let problem = Problem::new(key, format!("`{key}` is not valid"), origin);
                self.problems.push(problem.because(&error));
            })
            .ok()
    }

    /// Says that a value is refused, and why.
    fn refuse(&mut self, key: &str, why: &str, origin: &Origin) {
        let problem = Problem::new(key, format!("`{key}` {why}"), origin);
        self.problems.push(problem.label("not this"));
    }
}
