//! What librdkafka tells: delivery reports, errors of brokers, log lines, statistics.

use std::sync::Arc;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use tracing::{debug, info, trace, warn};

use crate::inbox::{Inbox, Report};
use crate::link::Link;

/// Receives what the producer's librdkafka tells, on the delivery thread.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where reports go.
    pub(crate) inbox: Arc<Inbox>,
    /// Where the state of the brokers goes.
    pub(crate) link: Arc<Link>,
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let refused = match result {
            Ok(_) => {
                self.link.answered();
                None
            }
            Err((error, _)) => Some(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)),
        };
        self.inbox.push(Report { opaque, refused });
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        // A listener that wants TLS just closes the connection; librdkafka tells its log only.
        if facility == "FAIL" && line.contains("Disconnected") {
            self.link.disconnected(line);
        }
        log(level, facility, line);
    }

    /// Called twice for each event by rdkafka 0.39, so nothing here may count.
    fn error(&self, error: KafkaError, text: &str) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        debug!(target: "librdkafka", error = %error, "{text}");
        self.link.failed(code, text);
        if !is_about_a_connection(code) {
            // It may be fatal, which rdkafka does not tell: the session asks.
            self.inbox.nudge();
        }
    }

    fn stats_raw(&self, json: &[u8]) {
        trace!(target: "librdkafka::statistics", "{}", String::from_utf8_lossy(json));
    }
}

/// Receives the log lines of the client that creates topics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogOnly;

impl ClientContext for LogOnly {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log(level, facility, line);
    }

    fn error(&self, error: KafkaError, text: &str) {
        debug!(target: "librdkafka", error = %error, "{text}");
    }
}

/// Says whether an error only means that a broker could not be reached.
const fn is_about_a_connection(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::Resolve
            | Code::SSL
            | Code::Authentication
            | Code::OperationTimedOut
    )
}

/// Passes a log line on. Nothing that librdkafka calls an error is one here, because the session
/// recovers from it.
fn log(level: RDKafkaLogLevel, facility: &str, line: &str) {
    if is_known(facility, line) {
        debug!(target: "librdkafka", "{facility}: {line}");
        return;
    }
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning => warn!(target: "librdkafka", "{facility}: {line}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            info!(target: "librdkafka", "{facility}: {line}");
        }
        RDKafkaLogLevel::Debug => debug!(target: "librdkafka", "{facility}: {line}"),
    }
}

/// Says whether a line tells nothing new: what is fatal to a producer is reported by the session
/// that ends with it, a setting of ours is called experimental, and a producer id that is asked for
/// again and again is what a broker that has just started makes of it.
fn is_known(facility: &str, line: &str) -> bool {
    facility == "FATAL"
        || (facility == "CONFWARN" && line.contains("enable.gapless.guarantee"))
        || (facility == "GETPID" && line.ends_with("retrying"))
}
