//! `outflow run`: the service, and the one-shot that ends when all is delivered.

use std::collections::HashSet;

use outflow_event_router::Router;
use outflow_kafka_delivery::{ProducerConfig, TopicMemory};
use outflow_replication_slot::connect::ConnectConfig;
use outflow_replication_slot::{Acknowledge, EventId, StartOptions, start};

use crate::args::{RunArgs, Sink as SinkName};
use crate::config::Config;
use crate::connection::connect_config;
use crate::exit::{Exit, Failure};
use crate::pipeline::{Failed, Goal, Outcome, Pipeline, Prober};
use crate::preflight::{Preflight, preflight};
use crate::progress::Display;
use crate::shutdown::Shutdown;
use crate::sink::kafka::KafkaSink;
use crate::sink::stdout::StdoutSink;
use crate::supervisor::{Supervisor, Verdict};

/// Streams events until it is stopped, or caught up.
///
/// # Errors
/// [`Failure`] with the exit code of what went wrong.
///
/// # Cancel safety
/// Not cancelled: signals end it in good order.
pub(crate) async fn run(config: Config, args: RunArgs) -> Result<(), Failure> {
    let mut shutdown = Shutdown::listen()
        .map_err(|error| Failure::new(Exit::Other, "cannot listen for signals").because(error))?;
    let mut run = Run::new(&config, &args)?;
    let mut supervisor = Supervisor::new(args.until_caught_up);
    loop {
        let ended = run.session(supervisor.caution(), &mut shutdown).await;
        match supervisor.judge(ended, &mut shutdown).await {
            Verdict::Again => {}
            Verdict::Done => return Ok(()),
            Verdict::Failed(failure) => return Err(failure),
        }
    }
}

/// What one session after the other is made of.
struct Run<'c> {
    /// What the user wants.
    config: &'c Config,
    /// How the user called it.
    args: &'c RunArgs,
    /// Where PostgreSQL is.
    connect: ConnectConfig,
    /// From rows to records.
    router: Router,
    /// When to end.
    goal: Option<Goal>,
    /// Topics that were seen: one that vanishes is not created again.
    topics: TopicMemory,
    /// The number of the session.
    number: u64,
    /// What was said already.
    warned: HashSet<String>,
}

impl<'c> Run<'c> {
    /// Checks what can be checked without a server.
    fn new(config: &'c Config, args: &'c RunArgs) -> Result<Self, Failure> {
        if args.sink == SinkName::Kafka {
            config.require_kafka()?;
        }
        Ok(Self {
            config,
            args,
            connect: connect_config(config)?,
            router: Router::new(config.outbox.clone()),
            goal: (!args.until_caught_up).then(Goal::service),
            topics: TopicMemory::new(),
            number: 0,
            warned: HashSet::new(),
        })
    }

    /// Runs one session: look, connect, stream.
    async fn session(
        &mut self,
        caution: Option<EventId>,
        shutdown: &mut Shutdown,
    ) -> Result<Outcome, Failed> {
        self.number = self.number.saturating_add(1);
        let start = async {
            let found = self.look().await?;
            let connect = self.connect.clone().with_client_encoding(encoding(&found));
            let started = start(&connect, &self.start_options()).await?;
            Ok::<_, Failed>((found, started))
        };
        let (found, (connection, session)) = tokio::select! {
            started = start => started?,
            () = shutdown.signalled() => return Ok(Outcome::Stopped),
        };
        tracing::info!(
            slot = %self.config.postgres.slot,
            publication = %self.config.postgres.publication,
            session = self.number,
            lsn = %session.flushed().as_lsn(),
            "streaming"
        );
        let target = found.server.current_lsn;
        let caught_up = || Goal::caught_up(target, Display::new());
        let goal = self.goal.get_or_insert_with(caught_up);
        let (drain, prober) = (
            self.config.limits.shutdown,
            Prober::new(self.connect.clone().with_host(connection.host().clone())),
        );
        let router = &mut self.router;
        match self.args.sink {
            SinkName::Kafka => {
                let sink = start_kafka(self.config, self.number, &self.topics)?;
                let pipeline = Pipeline {
                    connection,
                    session,
                    router,
                    sink,
                    goal,
                    drain,
                    caution,
                    prober,
                };
                pipeline.run(shutdown).await
            }
            SinkName::Stdout => {
                let sink = start_stdout()?;
                let pipeline = Pipeline {
                    connection,
                    session,
                    router,
                    sink,
                    goal,
                    drain,
                    caution,
                    prober,
                };
                pipeline.run(shutdown).await
            }
        }
    }

    /// Looks whether the server has what streaming needs, and says once what may not be meant.
    async fn look(&mut self) -> Result<Preflight, Failed> {
        let postgres = &self.config.postgres;
        let found = preflight(
            &self.connect,
            &postgres.slot,
            &postgres.publication,
            &self.config.outbox,
            self.args.create,
        )
        .await?;
        for warning in &found.warnings {
            if self.warned.insert(warning.clone()) {
                tracing::warn!("{warning}");
            }
        }
        Ok(found)
    }

    /// Says what the stream is started with.
    fn start_options(&self) -> StartOptions {
        let postgres = &self.config.postgres;
        StartOptions {
            slot: postgres.slot.clone(),
            publication: postgres.publication.clone(),
            messages: self.config.outbox.messages.is_wanted(),
            session: self.number,
            status_interval: postgres.status_interval,
            wal_sender_timeout: postgres.wal_sender_timeout,
            acknowledge: match self.args.sink == SinkName::Kafka || self.args.ack {
                true => Acknowledge::Settled,
                false => Acknowledge::Never,
            },
        }
    }
}

/// Chooses the session's encoding: a database without one gives its bytes as they are.
fn encoding(found: &Preflight) -> &'static str {
    match found.server.server_encoding.as_str() {
        "SQL_ASCII" => "SQL_ASCII",
        _ => "UTF8",
    }
}

/// Starts the Kafka sink, with secrets as they are now.
fn start_kafka(config: &Config, session: u64, topics: &TopicMemory) -> Result<KafkaSink, Failed> {
    let kafka = config.require_kafka().map_err(Failed::Fatal)?;
    let unreadable = |error| {
        let failure = Failure::new(Exit::Config, "a secret of kafka.properties can't be read");
        Failed::Fatal(failure.because(error))
    };
    let producer = ProducerConfig {
        brokers: kafka.brokers.clone(),
        name: config.name.clone(),
        properties: kafka.read_properties().map_err(unreadable)?,
        topics: kafka.topics.clone(),
        in_flight_bytes: config.limits.in_flight_bytes,
    };
    KafkaSink::start(&producer, session, topics)
}

/// Starts the stdout sink.
fn start_stdout() -> Result<StdoutSink, Failed> {
    StdoutSink::start().map_err(|error| {
        Failed::Fatal(Failure::new(Exit::Other, "cannot start the writing thread").because(error))
    })
}
