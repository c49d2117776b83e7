//! Which words of librdkafka lead to which setting; that these are its words is tested on a broker.

use rdkafka::error::RDKafkaErrorCode as Code;

use super::{Advisor, Doing};
use crate::config::{ProducerConfig, TopicPolicy};

/// An advisor for these properties.
fn advisor(properties: &[(&str, &str)]) -> Advisor {
    Advisor::new(&ProducerConfig {
        brokers: vec!["a:9092".to_owned(), "b:9092".to_owned()],
        name: "orders".to_owned(),
        properties: properties
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
        topics: TopicPolicy::default(),
        in_flight_bytes: 1 << 20,
    })
}

#[test]
fn an_access_list_is_mended_by_a_command() {
    let scram = advisor(&[
        ("sasl.mechanisms", "SCRAM-SHA-512"),
        ("sasl.username", "it's"),
    ]);
    assert_eq!(
        scram.topic(Code::TopicAuthorizationFailed, "order.events", Doing::Write),
        Some(
            "kafka-acls.sh --bootstrap-server a:9092,b:9092 --add --allow-principal \
             'User:it'\\''s' --operation Write --topic 'order.events'"
                .to_owned()
        )
    );
    let tls = advisor(&[("security.protocol", "ssl")]);
    let hint = tls
        .producer(Code::ClusterAuthorizationFailed)
        .expect("a hint");
    assert!(
        hint.contains("'User:<principal>' --operation IdempotentWrite --cluster"),
        "{hint}"
    );
    assert_eq!(tls.producer(Code::AllBrokersDown), None);
    assert_eq!(tls.topic(Code::PolicyViolation, "t", Doing::Create), None);
}

#[test]
fn what_is_not_known_is_passed_on() {
    let advice = advisor(&[]).connection("a:9092: the moon is full");
    assert_eq!(advice.text, "a:9092: the moon is full");
    assert_eq!(advice.hint, None);
}

#[test]
fn a_certificate_is_looked_at_where_it_is() {
    let text = "ssl://kafka.example:9093/bootstrap: SSL handshake failed: error:0A000086:SSL \
                routines::certificate verify failed";
    let hint = advisor(&[]).connection(text).hint.expect("a hint");
    assert!(hint.contains("-connect kafka.example:9093 "), "{hint}");
    assert!(hint.contains("-verify_hostname kafka.example "), "{hint}");
}
