//! What the configuration takes, what it refuses, and with which words.

use rdkafka::producer::BaseProducer;

use super::{ProducerConfig, TopicPolicy, message_max_bytes};

/// A configuration with these properties.
fn config(properties: &[(&str, &str)]) -> ProducerConfig {
    ProducerConfig {
        brokers: vec!["127.0.0.1:9".to_owned()],
        name: "orders".to_owned(),
        properties: properties
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
        topics: TopicPolicy::default(),
        in_flight_bytes: 1 << 20,
    }
}

/// What is wrong with these properties, a line each.
fn complaints(properties: &[(&str, &str)]) -> String {
    let errors = config(properties).check().expect_err("something is wrong");
    errors.iter().map(|error| format!("{error}\n")).collect()
}

#[test]
fn every_owned_property_is_refused_with_its_reason() {
    let owned = [
        ("acks", "1"),
        ("request.required.acks", "all"),
        ("enable.idempotence", "true"),
        ("enable.gapless.guarantee", "false"),
        ("retries", "3"),
        ("message.send.max.retries", "3"),
        ("message.timeout.ms", "5000"),
        ("delivery.timeout.ms", "5000"),
        ("partitioner", "random"),
        ("queuing.strategy", "lifo"),
        ("delivery.report.only.error", "true"),
        ("dr_cb", "x"),
        ("dr_msg_cb", "x"),
        ("queue.buffering.max.messages", "1"),
        ("queue.buffering.max.kbytes", "1"),
        ("bootstrap.servers", "b:9092"),
        ("metadata.broker.list", "b:9092"),
        ("client.id", "me"),
        ("transactional.id", "me"),
        ("transaction.timeout.ms", "1000"),
        ("allow.auto.create.topics", "true"),
        ("plugin.library.paths", "evil"),
        ("log_level", "7"),
        ("test.mock.num.brokers", "3"),
        ("ut_handle_ProduceResponse", "0xdeadbeef"),
    ];
    insta::assert_snapshot!(complaints(&owned));
}

#[test]
fn librdkafka_speaks_for_itself_and_of_everything_at_once() {
    insta::assert_snapshot!(complaints(&[
        ("compresion.type", "zstd"),
        ("compression.type", "brotli"),
        ("linger.ms", "5"),
        ("batch.size", "many"),
        ("batch.num.messages", "0"),
        ("socket.timeout.ms", "30s"),
        ("max.in.flight", "6"),
        ("queue.buffering.max.ms", "7"),
        ("group.id", "g"),
        ("sasl.username", "a\0b"),
    ]));
}

#[test]
fn ordinary_properties_are_taken() {
    let config = config(&[
        ("compression.type", "zstd"),
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", "10s"),
        ("sasl.password", "1secret"),
        ("linger.ms", "0.5"),
        ("max.in.flight", "1"),
        ("message.max.bytes", "2000000"),
        ("batch.size", "0x10000"),
    ]);
    assert_eq!(config.check(), Ok(()));
    assert_eq!(message_max_bytes(&config.producer()), Ok(2_000_000));
}

#[test]
fn librdkafka_agrees_with_what_is_fixed() {
    let config = config(&[("queue.buffering.max.ms", "20")]);
    config
        .producer()
        .create::<BaseProducer>()
        .expect("a producer");
    let native = config
        .producer()
        .create_native_config()
        .expect("a configuration");
    let value = |name| native.get(name).expect("a value");
    assert_eq!(value("linger.ms"), "20");
    assert_eq!(value("acks"), "-1");
    assert_eq!(value("enable.gapless.guarantee"), "true");
    assert_eq!(value("message.timeout.ms"), "0");
    assert_eq!(value("partitioner"), "murmur2_random");
    assert_eq!(value("allow.auto.create.topics"), "false");
    assert_eq!(value("client.id"), "orders");
    assert_eq!(message_max_bytes(&config.producer()), Ok(1_000_000));
}

#[test]
fn debug_shows_no_value() {
    let shown = format!("{:?}", config(&[("sasl.password", "hunter2")]));
    assert!(shown.contains("sasl.password"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
