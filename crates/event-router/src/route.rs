//! From the values of a row to the number of its topic.

use std::collections::HashMap;
use std::fmt;

use crate::TopicId;
use crate::plan::{Part, Plan, TopicPlan};
use crate::poison::PoisonReason;
use crate::scratch::{Scratch, Span};
use crate::topic::{TopicName, Topics};
use crate::topic_rule::RegexRule;

/// The topics that are known, and what led to them. `Debug` shows the topics only.
#[derive(Default)]
pub(crate) struct Routes {
    /// Every topic that a row led to.
    topics: Topics,
    /// Topics by aggregate type, where they come from a pattern; forgotten when too many.
    by_value: HashMap<Box<[u8]>, TopicId>,
}

/// A row without a topic: why, and the invalid name if it came to one.
pub(crate) struct NoTopic {
    /// Why there is none.
    pub(crate) reason: PoisonReason,
    /// The name that Kafka would refuse.
    pub(crate) name: Option<Span>,
}

impl Routes {
    /// The names of the topics.
    pub(crate) fn topics(&self) -> &Topics {
        &self.topics
    }

    /// Adds a topic by its name.
    pub(crate) fn intern(&mut self, name: TopicName) -> TopicId {
        self.topics.intern(name)
    }

    /// The topic of a row whose fields are in the scratch.
    pub(crate) fn find(&mut self, plan: &Plan, scratch: &mut Scratch) -> Result<TopicId, NoTopic> {
        match &plan.topic {
            TopicPlan::Template(part) => self.by_template(plan, part, scratch),
            TopicPlan::Regex(field, rule) => {
                let value = scratch
                    .field(*field)
                    .ok_or_else(|| no_route(plan, *field))?;
                self.by_regex(rule, value, scratch)
            }
        }
    }

    /// The topic by a template.
    fn by_template(
        &mut self,
        plan: &Plan,
        part: &Part,
        scratch: &mut Scratch,
    ) -> Result<TopicId, NoTopic> {
        let null = |field| no_route(plan, field);
        let name = part.render(scratch).map_err(null)?;
        let name = name.ok_or_else(|| null(part.lone_field().unwrap_or_default()))?;
        match self.topics.find(name.of(scratch.bytes())) {
            Some(id) => Ok(id),
            None => self.add(name, scratch),
        }
    }

    /// The topic by a pattern, which is asked only about values that were not seen lately.
    fn by_regex(
        &mut self,
        rule: &RegexRule,
        value: Span,
        scratch: &mut Scratch,
    ) -> Result<TopicId, NoTopic> {
        if let Some(id) = self.by_value.get(value.of(scratch.bytes())) {
            return Ok(*id);
        }
        let key: Box<[u8]> = value.of(scratch.bytes()).into();
        let name = scratch.append(|out| rule.apply(&key, out));
        let id = self.add(name, scratch)?;
        if self.by_value.len() >= MAX_VALUES {
            self.by_value.clear();
        }
        if key.len() <= MAX_VALUE_BYTES {
            self.by_value.insert(key, id);
        }
        Ok(id)
    }

    /// Checks a name and adds it.
    fn add(&mut self, name: Span, scratch: &Scratch) -> Result<TopicId, NoTopic> {
        match TopicName::from_bytes(name.of(scratch.bytes())) {
            Ok(checked) => Ok(self.topics.intern(checked)),
            Err(error) => Err(NoTopic {
                reason: PoisonReason::InvalidTopic(error),
                name: Some(name),
            }),
        }
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes")
            .field("topics", &self.topics)
            .finish_non_exhaustive()
    }
}

/// A topic that is made of a field that is NULL.
fn no_route(plan: &Plan, field: usize) -> NoTopic {
    let column = plan.field_name(field).to_owned();
    NoTopic {
        reason: PoisonReason::NoRoute { column },
        name: None,
    }
}

/// How many aggregate types are remembered.
const MAX_VALUES: usize = 4096;

/// How long an aggregate type may be to be remembered.
const MAX_VALUE_BYTES: usize = 256;
