//! The `[kafka]` section.

use outflow_kafka_delivery::{ProducerConfig, TopicPolicy};
use secrecy::ExposeSecret;

use super::Resolver;
use crate::config::problem::Problem;
use crate::config::value::{Item, Located, Scalar, Value};
use crate::config::{Kafka, Property, Secret};

impl Resolver<'_> {
    /// The whole section; none within where no broker is named.
    pub(super) fn kafka(&mut self) -> Option<Option<Kafka>> {
        let brokers = self.brokers();
        let topics = self.topics();
        let properties = self.properties();
        let topics = topics?;
        Some(brokers.map(|brokers| Kafka {
            brokers,
            properties,
            topics,
        }))
    }

    /// The brokers' addresses, if there are any.
    fn brokers(&mut self) -> Option<Vec<String>> {
        let key = "kafka.brokers";
        let Located {
            value: Value::List(brokers),
            origin,
        } = self.get(key)?
        else {
            return None;
        };
        if brokers.is_empty() {
            self.refuse(key, "takes at least one address", origin);
        }
        for broker in brokers {
            if !is_address(&broker.value) {
                let message = format!("`{key}` takes addresses, host:port each");
                let problem = Problem::new(key, message, &broker.origin);
                self.problems.push(problem.label("this is not host:port"));
            }
        }
        Some(brokers.iter().map(|broker| broker.value.clone()).collect())
    }

    /// What is done about topics that do not exist.
    fn topics(&mut self) -> Option<TopicPolicy> {
        let Value::Flag(create) = self.get("kafka.topics.create")?.value else {
            return None;
        };
        let count = |key| {
            let Value::Count(count) = self.get(key)?.value else {
                return None;
            };
            i32::try_from(count).ok().filter(|count| *count > 0)
        };
        let config = self.items("kafka.topics.config").iter();
        Some(TopicPolicy {
            create,
            partitions: count("kafka.topics.partitions"),
            replication_factor: count("kafka.topics.replication_factor"),
            config: config
                .filter_map(|i| Some((i.name.clone(), i.value.text()?.to_owned())))
                .collect(),
        })
    }

    /// librdkafka's properties, each looked at by librdkafka itself.
    fn properties(&mut self) -> Vec<(String, Property)> {
        let items = self.items("kafka.properties");
        let checked = ProducerConfig {
            brokers: Vec::new(),
            name: String::new(),
            properties: items
                .iter()
                .map(|i| (i.name.clone(), i.value.stand_in()))
                .collect(),
            topics: TopicPolicy::default(),
            in_flight_bytes: 0,
        };
        for error in checked.check().err().unwrap_or_default() {
            let at = items.iter().rfind(|item| item.name == error.property);
            if let Some(Item { name, origin, .. }) = at {
                let message = format!("`kafka.properties.\"{name}\"` can't be set");
                let problem = Problem::new("kafka.properties", message, origin);
                self.problems.push(problem.reason(error.reason));
            }
        }
        items
            .iter()
            .map(|item| (item.name.clone(), item.value.property()))
            .collect()
    }
}

impl Scalar {
    /// Gives text that is no secret.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Secret(_) => None,
        }
    }

    /// Gives the text to look at in its place: a secret that is elsewhere is not read for it.
    fn stand_in(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Secret(Secret::Text(text)) => text.expose_secret().to_owned(),
            Self::Secret(Secret::File(_) | Secret::Env(_) | Secret::Credential(_)) => {
                "x".to_owned()
            }
        }
    }

    /// Gives it as the producer takes it.
    fn property(&self) -> Property {
        match self {
            Self::Text(text) => Property::Text(text.clone()),
            Self::Secret(secret) => Property::Secret(secret.clone()),
        }
    }
}

/// Whether a text looks like `host:port`, as librdkafka takes it: the port may be missing.
fn is_address(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        // A bare IPv6 address ends with a bracket.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (text, "9092"),
    };
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '"' | '\'');
    !host.is_empty() && !host.contains(odd) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in [
            "kafka:9092",
            "127.0.0.1:9092",
            "kafka",
            "[::1]:9092",
            "[::1]",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "", ":9092", "kafka:", "kafka:0", "kafka:x", "a, b", "[\"a\"", "k:99999",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
