//! One Kafka broker as a process with a folder.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::settings;
use crate::wait::try_until;
use crate::{PATIENCE, guard, parts, ports};

/// The broker's folder, and its process while it runs. Killed and removed when dropped.
#[derive(Debug)]
pub(super) struct Server {
    /// Holds the configuration, the data and the log.
    folder: PathBuf,
    /// The port of its clients.
    port: u16,
    /// Its further listeners with their ports.
    listeners: Vec<(&'static str, u16)>,
    /// The options of its Java.
    jvm: &'static [&'static str],
    /// The process, once it was started, until its end was seen.
    process: Mutex<Option<Child>>,
}

impl Server {
    /// Formats a folder and starts a broker on it.
    pub(super) fn create(
        settings: &[(&str, &str)],
        jvm: &'static [&'static str],
        listeners: &[&'static str],
        format: &[String],
    ) -> anyhow::Result<Self> {
        let folder = guard::folder("kafka");
        let server = Self {
            folder,
            port: ports::free()?,
            listeners: listeners
                .iter()
                .map(|name| Ok((*name, ports::free()?)))
                .collect::<anyhow::Result<_>>()?,
            jvm,
            process: Mutex::new(None),
        };
        fs::write(server.folder.join(PROPERTIES), server.properties(settings)?)?;
        fs::write(server.folder.join(LOG4J), settings::LOG4J)?;
        let output = server
            .java(settings::QUICK_JVM)?
            .args([
                "kafka.tools.StorageTool",
                "format",
                "-t",
                settings::CLUSTER,
                "-c",
                PROPERTIES,
            ])
            .args(format)
            .output()
            .context("cannot run java")?;
        if !output.status.success() {
            bail!(
                "cannot format its folder: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        server.start()?;
        Ok(server)
    }

    /// The address for clients.
    pub(super) fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port of a further listener.
    pub(super) fn port_of(&self, listener: &str) -> Option<u16> {
        let mut all = self.listeners.iter();
        all.find(|(name, _)| *name == listener)
            .map(|(_, port)| *port)
    }

    /// What the broker logged so far.
    pub(super) fn logs(&self) -> anyhow::Result<String> {
        let log = fs::read(self.folder.join(LOG)).context("cannot read the broker's log")?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }

    /// Starts the broker, and waits until it answers with metadata that name it.
    pub(super) fn start(&self) -> anyhow::Result<()> {
        let mut process = self.process();
        if process.is_some() {
            bail!("the broker runs already");
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(LOG))?;
        let child = self
            .java(self.jvm)?
            .args(["kafka.Kafka", PROPERTIES])
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log))
            .spawn()
            .context("cannot run java")?;
        let child = process.insert(child);
        let ended = try_until(PATIENCE, "the broker to be ready", || {
            match child.try_wait() {
                Ok(None) => self.is_ready().then_some(false),
                Ok(Some(_)) | Err(_) => Some(true),
            }
        });
        match ended {
            Ok(false) => Ok(()),
            Ok(true) => bail!("the broker ended at once:\n{}", self.logs()?),
            Err(late) => Err(late.context(self.logs()?)),
        }
    }

    /// Whether the broker takes connections, and has registered with its own controller.
    fn is_ready(&self) -> bool {
        if TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            return false;
        }
        let client: Result<BaseConsumer, _> = super::client_config(&self.bootstrap()).create();
        client
            .and_then(|client| client.fetch_metadata(None, Duration::from_secs(5)))
            .is_ok_and(|metadata| !metadata.brokers().is_empty())
    }

    /// Sends a signal.
    pub(super) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let process = self.process();
        let child = process.as_ref().context("the broker is not running")?;
        kill(Pid::from_raw(i32::try_from(child.id())?), signal).context("cannot signal the broker")
    }

    /// Sends a signal and waits for the broker's end.
    pub(super) fn end(&self, signal: Signal) -> anyhow::Result<()> {
        self.signal(signal)?;
        let mut process = self.process();
        let child = process.as_mut().context("the broker is not running")?;
        let ended = try_until(PATIENCE, "the broker to stop", || {
            child.try_wait().is_ok_and(|status| status.is_some())
        });
        ended.map_err(|late| late.context(self.logs().unwrap_or_default()))?;
        *process = None;
        Ok(())
    }

    /// A Java of the broker's, in its folder.
    fn java(&self, jvm: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new("java");
        command
            .args(jvm)
            .arg(format!("-Dlog4j2.configurationFile={LOG4J}"))
            .arg("-cp")
            .arg(parts::kafka_class_path()?)
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        Ok(command)
    }

    /// The content of `server.properties`.
    fn properties(&self, settings: &[(&str, &str)]) -> anyhow::Result<String> {
        let (port, controller) = (self.port, ports::free()?);
        let further = |host: &str| -> String {
            let all = self.listeners.iter();
            all.map(|(name, port)| format!(",{name}://{host}:{port}"))
                .collect()
        };
        let (bound, advertised) = (further("127.0.0.1"), further("localhost"));
        let mut text = format!(
            "listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{bound}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port}{advertised}\n\
             controller.quorum.voters=1@127.0.0.1:{controller}\n\
             log.dirs={}\n",
            self.folder.join("data").display()
        );
        for (name, value) in settings::DEFAULTS.iter().chain(settings) {
            text.push_str(&format!("{name}={value}\n"));
        }
        Ok(text)
    }

    /// The process; a test that failed while holding it leaves it as it is.
    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever fails here, the guardian does again at the end of the run.
        drop(self.end(Signal::SIGKILL));
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// The broker's configuration file.
const PROPERTIES: &str = "server.properties";
/// The logging configuration file.
const LOG4J: &str = "log4j2.properties";
/// What the broker printed.
const LOG: &str = "server.log";
