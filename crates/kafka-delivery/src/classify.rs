//! What an answer of librdkafka or a broker means for the stream.
//!
//! The set of codes is open, so the one catch-all arm is [`Class::Retry`]: an answer that is not
//! known ends the session and is tried again, and never skips a record.

use rdkafka::error::RDKafkaErrorCode;

/// What happens after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// End the session, back off, and start again from what the slot has confirmed.
    Retry,
    /// Stop: nothing but a change of the configuration or of the cluster's version helps.
    Fatal,
    /// This record can never be delivered as it is: the policy of `errors` decides.
    Poison,
}

/// Classifies a code that a delivery, or the handing over of a record, failed with.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the set is open: what is unknown is retried"
)]
pub const fn classify(code: RDKafkaErrorCode) -> Class {
    use RDKafkaErrorCode as Code;
    match code {
        // The record itself is refused, and would be at every further attempt.
        Code::MessageSizeTooLarge
        | Code::InvalidMessageSize
        | Code::MessageBatchTooLarge
        | Code::InvalidRecord
        | Code::InvalidTimestamp
        | Code::PolicyViolation
        | Code::UnsupportedForMessageFormat
        | Code::InvalidTopic
        | Code::UnknownPartition => Class::Poison,

        // The cluster cannot do what is configured.
        Code::UnsupportedFeature
        | Code::UnsupportedVersion
        | Code::UnsupportedCompressionType
        | Code::UnsupportedSASLMechanism
        | Code::InvalidRequiredAcks => Class::Fatal,

        // Everything else is waited for, among it what an operator mends meanwhile:
        // authorisation, a topic that is missing, too few replicas, a full disk.
        _ => Class::Retry,
    }
}

/// Classifies a code with which a topic could not be found or created.
///
/// Here `PolicyViolation` and the like are about the topic and not about a record, and the topic
/// can still be made by hand, so nothing is poison but a name that Kafka does not take.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the set is open: what is unknown is retried"
)]
pub const fn classify_topic(code: RDKafkaErrorCode) -> Class {
    use RDKafkaErrorCode as Code;
    match code {
        Code::InvalidTopic => Class::Poison,
        Code::InvalidConfig
        | Code::InvalidPartitions
        | Code::UnsupportedVersion
        | Code::UnsupportedFeature => Class::Fatal,
        _ => Class::Retry,
    }
}

/// Says whether a report of this code only follows from another failure and names no cause.
pub(crate) const fn is_consequence(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::PurgeQueue
            | Code::PurgeInflight
            | Code::Fatal
            | Code::GaplessGuarantee
            | Code::InvalidDifferentRecord
            | Code::BrokerDestroy
            | Code::DestroyBroker
    )
}

#[cfg(test)]
mod tests {
    use rdkafka::error::RDKafkaErrorCode as Code;

    use super::{Class, classify, classify_topic, is_consequence};

    /// Every row of the table of deliveries, and what the rest must stay.
    const DELIVERY: &[(Code, Class)] = &[
        (Code::MessageSizeTooLarge, Class::Poison),
        (Code::InvalidMessageSize, Class::Poison),
        (Code::MessageBatchTooLarge, Class::Poison),
        (Code::InvalidRecord, Class::Poison),
        (Code::InvalidTimestamp, Class::Poison),
        (Code::PolicyViolation, Class::Poison),
        (Code::UnsupportedForMessageFormat, Class::Poison),
        (Code::InvalidTopic, Class::Poison),
        (Code::UnknownPartition, Class::Poison),
        (Code::UnsupportedFeature, Class::Fatal),
        (Code::UnsupportedVersion, Class::Fatal),
        (Code::UnsupportedCompressionType, Class::Fatal),
        (Code::UnsupportedSASLMechanism, Class::Fatal),
        (Code::InvalidRequiredAcks, Class::Fatal),
        (Code::Unknown, Class::Retry),
        (Code::BrokerTransportFailure, Class::Retry),
        (Code::AllBrokersDown, Class::Retry),
        (Code::Resolve, Class::Retry),
        (Code::SSL, Class::Retry),
        (Code::Authentication, Class::Retry),
        (Code::SaslAuthenticationFailed, Class::Retry),
        (Code::TopicAuthorizationFailed, Class::Retry),
        (Code::ClusterAuthorizationFailed, Class::Retry),
        (Code::TransactionalIdAuthorizationFailed, Class::Retry),
        (Code::MessageTimedOut, Class::Retry),
        (Code::OperationTimedOut, Class::Retry),
        (Code::RequestTimedOut, Class::Retry),
        (Code::UnknownTopic, Class::Retry),
        (Code::UnknownTopicOrPartition, Class::Retry),
        (Code::UnknownTopicId, Class::Retry),
        (Code::LeaderNotAvailable, Class::Retry),
        (Code::NotLeaderForPartition, Class::Retry),
        (Code::NotEnoughReplicas, Class::Retry),
        (Code::NotEnoughReplicasAfterAppend, Class::Retry),
        (Code::KafkaStorageError, Class::Retry),
        (Code::InvalidMessage, Class::Retry),
        (Code::ThrottlingQuotaExceeded, Class::Retry),
        (Code::OutOfOrderSequenceNumber, Class::Retry),
        (Code::UnknownProducerId, Class::Retry),
        (Code::InvalidProducerEpoch, Class::Retry),
        (Code::Fenced, Class::Retry),
        (Code::ProducerFenced, Class::Retry),
        (Code::Inconsistent, Class::Retry),
        (Code::GaplessGuarantee, Class::Retry),
        (Code::Fatal, Class::Retry),
        (Code::PurgeQueue, Class::Retry),
        (Code::PurgeInflight, Class::Retry),
        (Code::InvalidDifferentRecord, Class::Retry),
        (Code::QueueFull, Class::Retry),
        (Code::RebootstrapRequired, Class::Retry),
    ];

    /// Every row of the table of topics.
    const TOPIC: &[(Code, Class)] = &[
        (Code::InvalidTopic, Class::Poison),
        (Code::InvalidConfig, Class::Fatal),
        (Code::InvalidPartitions, Class::Fatal),
        (Code::UnsupportedVersion, Class::Fatal),
        (Code::UnsupportedFeature, Class::Fatal),
        (Code::InvalidReplicationFactor, Class::Retry),
        (Code::PolicyViolation, Class::Retry),
        (Code::UnknownTopicOrPartition, Class::Retry),
        (Code::TopicAuthorizationFailed, Class::Retry),
        (Code::ClusterAuthorizationFailed, Class::Retry),
        (Code::NotController, Class::Retry),
        (Code::BrokerTransportFailure, Class::Retry),
        (Code::OperationTimedOut, Class::Retry),
    ];

    #[test]
    fn every_known_code_has_its_class() {
        for (code, class) in DELIVERY {
            assert_eq!(classify(*code), *class, "{code:?}");
        }
        for (code, class) in TOPIC {
            assert_eq!(classify_topic(*code), *class, "{code:?}");
        }
    }

    #[test]
    fn a_consequence_is_never_poison() {
        for (code, class) in DELIVERY {
            assert!(!is_consequence(*code) || *class == Class::Retry, "{code:?}");
        }
    }
}
