//! The thread that looks at topics, and how the session talks to it.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use outflow_event_router::TopicId;
use rdkafka::error::RDKafkaErrorCode;

use super::cluster::KafkaCluster;
use super::memory::TopicMemory;
use super::resolution::{Cluster, Next, Resolution};
use super::{SlotState, TopicTrouble};
use crate::config::TopicPolicy;
use crate::waker::Waker;

/// The session's side: starts the thread at the first question.
#[derive(Debug)]
pub(crate) struct Resolver {
    /// The thread's side until it is started.
    idle: Option<Worker>,
    /// Questions; the thread ends when this is dropped.
    questions: Sender<Question>,
    /// Answers.
    news: Receiver<(TopicId, SlotState)>,
}

/// What the thread is asked.
#[derive(Debug)]
enum Question {
    /// To see to a topic until it is usable.
    Resolve(TopicId, String),
    /// To look at a topic once, to see whether any broker answers.
    Probe(String),
}

impl Resolver {
    /// Makes a resolver whose thread is not started yet.
    pub(crate) fn new(
        cluster: KafkaCluster,
        policy: TopicPolicy,
        memory: TopicMemory,
        waker: Waker,
    ) -> Self {
        let (questions, asked) = mpsc::channel();
        let (found, news) = mpsc::channel();
        let work = BTreeMap::new();
        let worker = Worker {
            cluster,
            policy,
            memory,
            waker,
            asked,
            found,
            work,
        };
        Self {
            idle: Some(worker),
            questions,
            news,
        }
    }

    /// Asks for a topic.
    ///
    /// # Errors
    ///
    /// The thread could not be started, or is gone.
    pub(crate) fn resolve(&mut self, id: TopicId, topic: &str) -> Result<(), TopicTrouble> {
        let trouble = |text: String| TopicTrouble {
            topic: topic.to_owned(),
            code: RDKafkaErrorCode::CriticalSystemResource,
            text,
            hint: None,
        };
        if let Some(worker) = self.idle.take() {
            let thread = thread::Builder::new().name("kafka-topics".to_owned());
            thread
                .spawn(move || worker.run())
                .map_err(|error| trouble(error.to_string()))?;
        }
        let question = Question::Resolve(id, topic.to_owned());
        self.questions
            .send(question)
            .map_err(|_| trouble("the resolver has ended".to_owned()))
    }

    /// Asks whether any broker answers.
    pub(crate) fn probe(&self, topic: &str) {
        // Without a thread there is nobody to ask, and nothing that depends on the answer.
        self.questions.send(Question::Probe(topic.to_owned())).ok();
    }

    /// Takes what was found out since the last time.
    pub(crate) fn news(&self) -> impl Iterator<Item = (TopicId, SlotState)> {
        self.news.try_iter()
    }
}

/// The thread's side.
struct Worker {
    /// Kafka.
    cluster: KafkaCluster,
    /// What to do about a missing topic.
    policy: TopicPolicy,
    /// Which topics were seen.
    memory: TopicMemory,
    /// Wakes the session.
    waker: Waker,
    /// Questions.
    asked: Receiver<Question>,
    /// Answers.
    found: Sender<(TopicId, SlotState)>,
    /// The topics that are not usable yet.
    work: BTreeMap<TopicId, Task>,
}

/// One topic that is not usable yet.
#[derive(Debug)]
struct Task {
    /// When to look at it again.
    due: Instant,
    /// How far it is.
    resolution: Resolution,
    /// What the session was told last.
    told: Option<TopicTrouble>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Worker")
            .field("work", &self.work)
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// Works until the session is gone.
    fn run(mut self) {
        while let Some(question) = self.next() {
            match question {
                Some(Question::Resolve(id, topic)) => {
                    let resolution = Resolution::new(topic);
                    self.work.insert(
                        id,
                        Task {
                            due: Instant::now(),
                            resolution,
                            told: None,
                        },
                    );
                }
                Some(Question::Probe(topic)) => {
                    // The look itself tells the link whether a broker answers.
                    self.cluster.look(&topic).ok();
                }
                None => {}
            }
            self.attempt_next();
        }
    }

    /// Waits for a question, or until a topic is due (then `Some(None)`); `None` at the end.
    fn next(&self) -> Option<Option<Question>> {
        let due = self.work.values().map(|task| task.due).min();
        let wait = due.map_or(IDLE, |due| due.saturating_duration_since(Instant::now()));
        match self.asked.recv_timeout(wait) {
            Ok(question) => Some(Some(question)),
            Err(RecvTimeoutError::Timeout) => Some(None),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Makes an attempt for the topic that has been due for longest, if one is due.
    fn attempt_next(&mut self) {
        let Some((id, task)) = self.work.iter_mut().min_by_key(|(_, task)| task.due) else {
            return;
        };
        if task.due > Instant::now() {
            return;
        }
        let id = *id;
        match task
            .resolution
            .attempt(&mut self.cluster, &self.policy, &self.memory)
        {
            Next::Ready { partitions } => {
                self.work.remove(&id);
                self.tell(id, SlotState::Ready(partitions));
                if self.work.is_empty() {
                    self.cluster.rest();
                }
            }
            Next::Again { after, trouble } => {
                task.due = Instant::now() + after;
                if let Some(trouble) = trouble.filter(|new| task.told.as_ref() != Some(new)) {
                    task.told = Some(trouble.clone());
                    self.tell(id, SlotState::Waiting(trouble));
                }
            }
        }
    }

    /// Tells the session. If it is gone, the next question's absence says so.
    fn tell(&self, id: TopicId, state: SlotState) {
        self.found.send((id, state)).ok();
        self.waker.wake();
    }
}

/// How long the thread sleeps when there is nothing to do.
const IDLE: Duration = Duration::from_secs(3600);
