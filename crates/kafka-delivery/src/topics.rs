//! The topics of a session: found, or created, before their first record is enqueued.
//!
//! The session asks for a topic's state and never waits for it: a thread of its own asks Kafka,
//! creates what may be created, and tries again for as long as it takes.

mod backoff;
mod cluster;
mod memory;
mod resolution;
mod resolver;

use outflow_event_router::{TopicId, TopicName};
use rdkafka::error::RDKafkaErrorCode;

pub(crate) use self::cluster::KafkaCluster;
pub use self::memory::TopicMemory;
pub(crate) use self::resolver::Resolver;
use crate::classify::{Class, classify_topic};

/// What is known of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicState<'a> {
    /// Its records can be enqueued.
    Ready {
        /// How many partitions it had when it was looked at.
        partitions: u32,
    },
    /// It is being looked at, for the first time in this session.
    Resolving,
    /// It cannot be used yet; it is looked at again and again.
    Waiting(&'a TopicTrouble),
}

/// Why a topic cannot be used yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("topic {topic:?} cannot be used yet: {text}")]
pub struct TopicTrouble {
    /// Its name.
    pub topic: String,
    /// What Kafka or librdkafka answered.
    pub code: RDKafkaErrorCode,
    /// What that means, for people.
    pub text: String,
    /// What mends it, where that is known.
    pub hint: Option<String>,
}

impl TopicTrouble {
    /// Says what has to happen; [`Class::Retry`] means that it is waited for.
    pub const fn class(&self) -> Class {
        classify_topic(self.code)
    }
}

/// The topics of a session, by their router's numbers.
#[derive(Debug)]
pub(crate) struct Topics {
    /// What is known of each, by its number: nothing is hashed for a record.
    slots: Vec<Option<Slot>>,
    /// Who finds out.
    resolver: Resolver,
}

/// What is known of one topic.
#[derive(Debug)]
struct Slot {
    /// Its name.
    name: String,
    /// What is known.
    state: SlotState,
}

/// What is known of one topic; see [`TopicState`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SlotState {
    /// It was asked for.
    Resolving,
    /// It was found, with this many partitions.
    Ready(u32),
    /// It cannot be used yet.
    Waiting(TopicTrouble),
}

impl Topics {
    /// Makes the table of a session that has seen no topic.
    pub(crate) const fn new(resolver: Resolver) -> Self {
        Self {
            slots: Vec::new(),
            resolver,
        }
    }

    /// Gives what is known of a topic, and asks for it the first time.
    pub(crate) fn state(&mut self, id: TopicId, name: &TopicName) -> TopicState<'_> {
        if !self.is_ready(id) {
            self.catch_up();
            self.ask(id, name);
        }
        match self.slot(id).map(|slot| &slot.state) {
            Some(SlotState::Ready(partitions)) => TopicState::Ready {
                partitions: *partitions,
            },
            Some(SlotState::Waiting(trouble)) => TopicState::Waiting(trouble),
            Some(SlotState::Resolving) | None => TopicState::Resolving,
        }
    }

    /// Says whether records of a topic can be enqueued.
    pub(crate) fn is_ready(&self, id: TopicId) -> bool {
        matches!(
            self.slot(id),
            Some(Slot {
                state: SlotState::Ready(_),
                ..
            })
        )
    }

    /// Gives the name of a topic that was asked for.
    pub(crate) fn name(&self, id: TopicId) -> &str {
        self.slot(id).map_or("", |slot| slot.name.as_str())
    }

    /// Asks whether any broker answers, by way of a topic that was asked for.
    pub(crate) fn probe(&mut self) {
        if let Some(slot) = self.slots.iter().flatten().next() {
            self.resolver.probe(&slot.name);
        }
    }

    /// Takes over what the resolver has found out.
    fn catch_up(&mut self) {
        for (id, state) in self.resolver.news() {
            if let Some(Some(slot)) = self.slots.get_mut(id.index()) {
                slot.state = state;
            }
        }
    }

    /// Asks the resolver for a topic that was not asked for yet.
    fn ask(&mut self, id: TopicId, name: &TopicName) {
        if self.slot(id).is_some() {
            return;
        }
        if self.slots.len() <= id.index() {
            self.slots
                .resize_with(id.index().saturating_add(1), || None);
        }
        let state = match self.resolver.resolve(id, name.as_str()) {
            Ok(()) => SlotState::Resolving,
            Err(trouble) => SlotState::Waiting(trouble),
        };
        if let Some(slot) = self.slots.get_mut(id.index()) {
            *slot = Some(Slot {
                name: name.as_str().to_owned(),
                state,
            });
        }
    }

    /// Finds a topic by its number.
    fn slot(&self, id: TopicId) -> Option<&Slot> {
        self.slots.get(id.index())?.as_ref()
    }
}
