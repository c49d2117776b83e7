//! Scripts of answers, and what a resolution makes of them.

use std::collections::VecDeque;

use rdkafka::error::RDKafkaErrorCode as Code;

use super::{Cluster, Failure, Next, Resolution, View};
use crate::classify::Class;
use crate::config::TopicPolicy;
use crate::topics::TopicMemory;

/// A cluster that answers by a script.
#[derive(Default)]
struct Script {
    /// The answers to looks, in order.
    looks: VecDeque<Result<View, Failure>>,
    /// The answers to creations, in order.
    creations: VecDeque<Result<(), Failure>>,
    /// How often a creation was asked for.
    created: usize,
}

impl Cluster for Script {
    fn look(&mut self, _topic: &str) -> Result<View, Failure> {
        self.looks.pop_front().expect("a look too many")
    }

    fn create(&mut self, _topic: &str, _policy: &TopicPolicy) -> Result<(), Failure> {
        self.created += 1;
        self.creations.pop_front().expect("a creation too many")
    }
}

/// A failure with this code.
fn failure(code: Code) -> Failure {
    Failure {
        code,
        text: "no".to_owned(),
        hint: None,
    }
}

/// A topic with that many partitions, all with leaders.
const fn present(partitions: u32) -> Result<View, Failure> {
    Ok(View::Present {
        partitions,
        leaderless: 0,
    })
}

/// Runs one resolution for as many attempts as there are looks, and gives what the session sees:
/// the code of its trouble, `None` for silence, the partitions at the end.
fn run(script: &mut Script, policy: &TopicPolicy, memory: &TopicMemory) -> Vec<String> {
    let mut resolution = Resolution::new("orders".to_owned());
    let mut seen = Vec::new();
    while !script.looks.is_empty() {
        seen.push(match resolution.attempt(script, policy, memory) {
            Next::Ready { partitions } => format!("{partitions} partitions"),
            Next::Again { trouble: None, .. } => "silence".to_owned(),
            Next::Again {
                trouble: Some(trouble),
                ..
            } => format!("{:?}", trouble.code),
        });
    }
    seen
}

/// The default policy, but creating nothing.
fn never_create() -> TopicPolicy {
    TopicPolicy {
        create: false,
        ..TopicPolicy::default()
    }
}

#[test]
fn a_topic_that_is_there_is_ready_even_with_a_partition_down() {
    let mut script = Script::default();
    script.looks.push_back(Ok(View::Present {
        partitions: 3,
        leaderless: 1,
    }));
    let memory = TopicMemory::new();
    assert_eq!(
        run(&mut script, &TopicPolicy::default(), &memory),
        ["3 partitions"]
    );
    assert!(memory.knows("orders"));
}

#[test]
fn a_missing_topic_is_created_once_and_waited_for_until_every_partition_has_a_leader() {
    let mut script = Script::default();
    script.creations.push_back(Ok(()));
    script.looks.extend([
        Ok(View::Absent),
        Ok(View::Absent),
        Ok(View::Present {
            partitions: 0,
            leaderless: 0,
        }),
        Ok(View::Present {
            partitions: 3,
            leaderless: 2,
        }),
        present(3),
    ]);
    let memory = TopicMemory::new();
    let seen = run(&mut script, &TopicPolicy::default(), &memory);
    assert_eq!(
        seen,
        ["silence", "silence", "silence", "silence", "3 partitions"]
    );
    assert_eq!(script.created, 1);
}

#[test]
fn a_leader_that_does_not_know_yet_is_waited_for_whoever_created_the_topic() {
    let mut script = Script::default();
    script
        .looks
        .extend([Ok(View::Settling), Ok(View::Settling), present(3)]);
    let memory = TopicMemory::new();
    let seen = run(&mut script, &TopicPolicy::default(), &memory);
    assert_eq!(seen, ["silence", "silence", "3 partitions"]);
    assert!(memory.knows("orders"));
}

#[test]
fn a_topic_that_somebody_else_creates_meanwhile_is_fine() {
    let mut script = Script::default();
    script
        .creations
        .push_back(Err(failure(Code::TopicAlreadyExists)));
    script.looks.extend([Ok(View::Absent), present(1)]);
    let seen = run(&mut script, &TopicPolicy::default(), &TopicMemory::new());
    assert_eq!(seen, ["silence", "1 partitions"]);
}

#[test]
fn a_missing_topic_that_may_not_be_created_is_waited_for() {
    let mut script = Script::default();
    script
        .looks
        .extend([Ok(View::Absent), Ok(View::Absent), present(2)]);
    let seen = run(&mut script, &never_create(), &TopicMemory::new());
    assert_eq!(
        seen,
        [
            "UnknownTopicOrPartition",
            "UnknownTopicOrPartition",
            "2 partitions"
        ]
    );
}

#[test]
fn a_topic_that_was_seen_and_is_gone_is_not_created_again() {
    let mut script = Script::default();
    let memory = TopicMemory::new();
    memory.remember("orders");
    script.looks.extend([Ok(View::Absent), present(1)]);
    let seen = run(&mut script, &TopicPolicy::default(), &memory);
    assert_eq!(seen, ["UnknownTopicOrPartition", "1 partitions"]);
    assert_eq!(script.created, 0);
}

#[test]
fn a_creation_that_is_refused_is_tried_again() {
    let mut script = Script::default();
    script
        .creations
        .extend([Err(failure(Code::PolicyViolation)), Ok(())]);
    script
        .looks
        .extend([Ok(View::Absent), Ok(View::Absent), present(1)]);
    let seen = run(&mut script, &TopicPolicy::default(), &TopicMemory::new());
    assert_eq!(seen, ["PolicyViolation", "silence", "1 partitions"]);
    assert_eq!(script.created, 2);
}

#[test]
fn no_answer_is_shown_and_asked_for_again() {
    let mut script = Script::default();
    script.looks.extend([
        Err(failure(Code::BrokerTransportFailure)),
        Err(failure(Code::TopicAuthorizationFailed)),
        present(1),
    ]);
    let seen = run(&mut script, &TopicPolicy::default(), &TopicMemory::new());
    assert_eq!(
        seen,
        [
            "BrokerTransportFailure",
            "TopicAuthorizationFailed",
            "1 partitions"
        ]
    );
}

#[test]
fn a_creation_that_does_not_settle_is_shown_in_the_end() {
    let mut script = Script::default();
    script.creations.push_back(Ok(()));
    script.looks.extend((0..12).map(|_| Ok(View::Absent)));
    let seen = run(&mut script, &TopicPolicy::default(), &TopicMemory::new());
    assert_eq!(seen.first().map(String::as_str), Some("silence"));
    assert_eq!(
        seen.last().map(String::as_str),
        Some("UnknownTopicOrPartition")
    );
    assert_eq!(script.created, 1);
}

#[test]
fn trouble_says_what_it_means_and_what_class_it_has() {
    let mut script = Script::default();
    script.looks.push_back(Ok(View::Absent));
    let mut resolution = Resolution::new("orders".to_owned());
    let next = resolution.attempt(&mut script, &never_create(), &TopicMemory::new());
    let Next::Again {
        trouble: Some(trouble),
        ..
    } = next
    else {
        panic!("{next:?}")
    };
    assert_eq!(trouble.class(), Class::Retry);
    insta::assert_snapshot!(
        trouble,
        @r#"topic "orders" cannot be used yet: it does not exist, and kafka.topics.create is false"#
    );
}
