//! Real Kafka brokers: one node in KRaft mode, shared by a whole run, or for a single test.

mod own;
mod reader;
mod record;
mod secured;
mod server;
mod settings;

use std::env;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;

pub use self::own::OwnBroker;
pub use self::reader::Reader;
pub use self::record::Consumed;
pub use self::secured::{Listener, Operation, SecuredBroker, Security};
use self::server::Server;
use crate::must::must;
use crate::runtime::block_on;

/// A running broker. What all tests share can't be stopped: see [`OwnBroker`] for that.
///
/// It creates no topics by itself; a topic that is created without a number of partitions gets three.
#[derive(Debug)]
pub struct Broker {
    /// Its address.
    bootstrap: String,
    /// The process, unless the broker was running before.
    server: Option<Server>,
}

impl Broker {
    /// The broker that all tests of the run share; the first caller starts it.
    ///
    /// A broker that is named by `OUTFLOW_TEST_KAFKA` is taken in its place.
    #[must_use]
    pub fn shared() -> &'static Self {
        static BROKER: OnceLock<Broker> = OnceLock::new();
        BROKER.get_or_init(|| match env::var("OUTFLOW_TEST_KAFKA") {
            Ok(bootstrap) => Self {
                bootstrap,
                server: None,
            },
            Err(_) => must(Self::started(&[], settings::QUICK_JVM)),
        })
    }

    /// Starts a broker for one test alone, with settings of `server.properties` beside the harness's.
    #[must_use]
    pub fn own(settings: &[(&str, &str)]) -> OwnBroker {
        OwnBroker::new(must(Self::started(settings, settings::QUICK_JVM)))
    }

    /// As [`own`](Self::own), for measurements: a Java that compiles in full and has 512 MiB.
    #[must_use]
    pub fn full_speed(settings: &[(&str, &str)]) -> OwnBroker {
        OwnBroker::new(must(Self::started(settings, settings::FULL_JVM)))
    }

    /// A new broker.
    fn started(settings: &[(&str, &str)], jvm: &'static [&'static str]) -> anyhow::Result<Self> {
        let server = Server::create(settings, jvm, &[], &[]);
        Ok(Self::of(server.context("cannot start a Kafka broker")?))
    }

    /// A new broker with further listeners, formatted with further arguments.
    fn listening(
        settings: &[(&str, &str)],
        listeners: &[&'static str],
        format: &[String],
    ) -> anyhow::Result<Self> {
        let server = Server::create(settings, settings::QUICK_JVM, listeners, format);
        Ok(Self::of(
            server.context("cannot start a secured Kafka broker")?,
        ))
    }

    /// Takes over a broker that runs.
    fn of(server: Server) -> Self {
        Self {
            bootstrap: server.bootstrap(),
            server: Some(server),
        }
    }

    /// Its address, as `kafka.brokers` takes it.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// What the broker logged so far.
    #[must_use]
    pub fn logs(&self) -> String {
        self.server
            .as_ref()
            .map_or_else(String::new, |server| must(server.logs()))
    }

    /// A librdkafka configuration for a client of this broker, which comes back quickly after it was away.
    #[must_use]
    pub fn client_config(&self) -> ClientConfig {
        client_config(&self.bootstrap)
    }

    /// Makes a topic.
    #[track_caller]
    pub fn create_topic(&self, name: &str, partitions: i32, config: &[(&str, &str)]) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (name, value) in config {
            topic = topic.set(name, value);
        }
        must(
            self.administer(|admin| block_on(admin.create_topics([&topic], &patient())))
                .with_context(|| format!("cannot create the topic {name}")),
        );
    }

    /// Removes a topic.
    #[track_caller]
    pub fn delete_topic(&self, name: &str) {
        must(
            self.administer(|admin| block_on(admin.delete_topics(&[name], &patient())))
                .with_context(|| format!("cannot delete the topic {name}")),
        );
    }

    /// Does something as an administrator, on one topic.
    fn administer(
        &self,
        what: impl FnOnce(
            &AdminClient<DefaultClientContext>,
        ) -> rdkafka::error::KafkaResult<Vec<rdkafka::admin::TopicResult>>,
    ) -> anyhow::Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.client_config().create()?;
        for result in what(&admin)? {
            result.map_err(|(topic, code)| anyhow::anyhow!("{topic}: {code}"))?;
        }
        Ok(())
    }

    /// Reads topics from their beginning, until the condition holds for what was read so far; records of one partition
    /// come in its order.
    ///
    /// # Panics
    /// At the deadline, with the number of what was read.
    #[track_caller]
    #[must_use]
    pub fn consume(
        &self,
        topics: &[&str],
        deadline: Duration,
        condition: impl FnMut(&[Consumed]) -> bool,
    ) -> Vec<Consumed> {
        let mut reader = self.reader(topics);
        reader.until(deadline, condition);
        reader.into_records()
    }

    /// Everything that is in these topics now; a topic that does not exist has nothing.
    #[track_caller]
    #[must_use]
    pub fn records(&self, topics: &[&str]) -> Vec<Consumed> {
        let mut reader = self.reader(topics);
        reader.to_the_end(crate::PATIENCE);
        reader.into_records()
    }

    /// A reader of these topics from their beginning. They may come into being, or get more partitions, later.
    #[must_use]
    pub fn reader(&self, topics: &[&str]) -> Reader {
        must(Reader::new(&self.client_config(), topics).context("cannot make a consumer"))
    }
}

/// As [`Broker::client_config`].
fn client_config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "200")
        .set("retry.backoff.ms", "20")
        .set("allow.auto.create.topics", "false");
    config
}

/// Time for an administrator's request.
fn patient() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(crate::PATIENCE))
        .operation_timeout(Some(crate::PATIENCE))
}
