//! How the harness's brokers are configured.

/// The identity of the cluster: 16 bytes in base64, the same for all, as none knows another.
pub(super) const CLUSTER: &str = "b3V0Zmxvdy10ZXN0cy0tLQ";

/// A Java that is small and quick to start rather than fast in the long run.
pub(super) const QUICK_JVM: &[&str] = &[
    "-Xms64m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
];

/// A Java to measure with: as brokers run, but for the size.
pub(super) const FULL_JVM: &[&str] = &["-Xms512m", "-Xmx512m", "-XX:+ExitOnOutOfMemoryError"];

/// Warnings and worse go to the log.
pub(super) const LOG4J: &str = "\
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c: %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
";

/// Settings of every broker: one node, no waiting, little memory, topics only on request.
pub(super) const DEFAULTS: &[(&str, &str)] = &[
    ("process.roles", "broker,controller"),
    ("node.id", "1"),
    ("controller.listener.names", "CONTROLLER"),
    ("auto.create.topics.enable", "false"),
    ("num.partitions", "3"),
    ("offsets.topic.num.partitions", "4"),
    ("offsets.topic.replication.factor", "1"),
    ("transaction.state.log.num.partitions", "4"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("share.coordinator.state.topic.num.partitions", "1"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
    ("group.initial.rebalance.delay.ms", "0"),
    // After a kill the controller keeps the broker's place for the session's length, 9 s by default.
    ("broker.session.timeout.ms", "2000"),
    ("broker.heartbeat.interval.ms", "200"),
    ("log.cleaner.dedupe.buffer.size", "4194304"),
    ("num.network.threads", "2"),
    ("num.io.threads", "4"),
];
